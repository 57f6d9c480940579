"""When routes are read: on which day, in which months, and which points."""

from shared.events.billing import AccountChanged, RereadRequested
from tests.kits.reading import UNIT, Kit, read


async def put_route(kit: Kit, **more: int) -> None:
    (outcome,) = await kit.put("routes", [{"route_no": "R1", "org_unit": UNIT, "read_day": 1} | more])
    assert outcome["status"] == "done", outcome


async def read_dates(kit: Kit) -> list[str]:
    return sorted({task["read_date"] for task in await kit.items("tasks")})


async def test_a_route_is_read_on_the_last_day_of_a_month_that_has_no_31st(kit: Kit) -> None:
    await kit.district()
    await put_route(kit, read_day=31)
    for day in ("2026-01-31", "2026-02-27", "2026-02-28", "2026-03-30", "2026-04-30"):
        await kit.plan(day)
    assert await read_dates(kit) == ["2026-01-31", "2026-02-28", "2026-04-30"]


async def test_a_route_of_two_months_is_read_in_its_months_alone(kit: Kit) -> None:
    await kit.district()
    await put_route(kit, months=2, first_month=2)
    for month in range(2, 8):
        await kit.plan(f"2026-{month:02}-03")
    assert await read_dates(kit) == ["2026-02-01", "2026-04-01", "2026-06-01"]
    (shown,) = await kit.items("routes")
    assert (shown["months"], shown["first_month"]) == (2, 2)
    bad = await kit.put("routes", [{"route_no": "R2", "org_unit": UNIT, "read_day": 1, "months": 2, "first_month": 3}])
    assert bad[0]["code"] == "reading.bad_first_month"


async def test_a_request_to_read_again_is_for_the_point_of_its_cycle(kit: Kit) -> None:
    await kit.district()
    await put_route(kit, read_day=15)
    await kit.plan("2026-01-15")
    await kit.move(1, "2026-02")
    await kit.plan("2026-03-01")
    await kit.push(read("M0001", "2026-01-15", "120.00"), read("M0001", "2026-03-01", "950.00"))
    request = {"account_no": "A1", "request_id": "Q1", "service_point_no": "S0001", "org_unit": UNIT, "bill_id": "B1"}
    fact = request | {"cycle": "2026-02", "reason": "implausible", "requested_by": "r-1"}
    await kit.give(RereadRequested.model_validate(fact))
    assert [(t["read_date"], t["reread"]) for t in await kit.items("tasks")] == [
        ("2026-01-15", False),
        ("2026-03-01", True),
    ]
    await kit.push_one("M0001", "2026-03-01", "150.00", "site")
    assert [r["state"] for r in await kit.items("site-orders")] == ["done"]


async def test_a_read_date_is_for_each_point_where_a_meter_stood_since_the_one_before(kit: Kit) -> None:
    await kit.district(4)
    await kit.plan("2026-02-01")
    gone = {"unit": "kWh", "installed_on": "2026-01-01", "opening": {"import": "100.00"}}
    gone |= {"closing": {"import": "110.00"}}
    for number, removed_on in (("0001", "2026-02-01"), ("0002", "2026-02-02"), ("0003", "2026-03-01")):
        item = gone | {"service_point_no": f"S{number}", "meter_no": f"M{number}", "removed_on": removed_on}
        assert (await kit.put("installations", [item]))[0]["status"] == "done"
    await kit.plan("2026-03-01")
    march = [t["service_point_no"] for t in await kit.items("tasks", cycle="2026-02")]
    assert march == ["S0002", "S0003", "S0004"]


async def test_a_contract_that_begins_on_the_read_date_leaves_it_a_read_date(kit: Kit) -> None:
    await kit.district()
    contract = {"contract_no": "C1", "service_point_no": "S0001", "from": "2026-02-01"}
    account = {"account_no": "A1", "org_unit": UNIT, "customer_class": "residential", "version": 1}
    await kit.give(AccountChanged.model_validate(account | {"opened_on": "2026-02-01", "contracts": [contract]}))
    await kit.plan("2026-02-01")
    assert [t["kind"] for t in await kit.items("tasks")] == ["cycle"]
    await kit.close("2026-02-02")
    (closed,) = await kit.published("reading.route_closed.v1")
    assert (closed["expected"], closed["missed"]) == (1, 1)


async def test_a_job_that_has_nothing_to_do_says_why(kit: Kit) -> None:
    await kit.district()
    await put_route(kit, read_day=3)
    assert (await kit.plan("2000-01-01"))["reason"] == "the first policy holds from 2000-01-01"
    assert (await kit.close("2000-01-01"))["reason"] == "the first policy holds from 2000-01-01"
    assert (await kit.plan("2026-02-02"))["reason"] == "no route has its read day in 2026-02 by 2026-02-02"
    assert (await kit.close("2026-02-03"))["reason"] == "no route is planned that is not closed"
    assert (await kit.plan("2026-02-03"))["reason"] is None
    assert (await kit.close("2026-02-03"))["reason"] == "windows are open until 2026-02-04"
