"""Which read of a day counts, on which days routes are read, and what belongs to a closed route."""

from typing import Any

import pytest

from shared.events.billing import RereadRequested
from tests.kits.reading import UNIT, Kit, read
from tests.kits.usages import in_force, month, periods, sign


async def _route(kit: Kit, **more: Any) -> None:
    await kit.put("routes", [{"route_no": "R1", "org_unit": UNIT, "read_day": 1} | more])


async def test_of_two_reads_of_equal_rank_and_distance_the_lower_id_stands_whichever_comes_first(kit: Kit) -> None:
    await kit.district(2)
    await kit.plan("2026-02-01")
    before, after = "2026-01-31T23:59:30+08:00", "2026-02-01T00:00:30+08:00"
    await kit.push_one("M0001", "", "210.00", read_at=before)
    await kit.push_one("M0001", "", "211.00", read_at=after)
    await kit.push_one("M0002", "", "211.00", read_at=after)
    await kit.push_one("M0002", "", "210.00", read_at=before)
    for point in ("S0001", "S0002"):
        assert await periods(kit, point) == [("2026-01-01", "2026-02-01", "actual", 110_000)]


async def test_of_two_reads_of_a_day_the_higher_rank_stands_before_the_nearer_one(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    await kit.push(
        read("M0001", "", "212.00", "site", read_at="2026-02-01T16:00:00+08:00"),
        read("M0001", "", "211.00", "site", read_at="2026-02-01T09:00:00+08:00"),
        read("M0001", "2026-02-01", "210.00"),
    )
    assert await periods(kit) == [("2026-01-01", "2026-02-01", "actual", 111_000)]


async def test_a_read_that_answers_a_request_to_read_again_ranks_above_one_on_site_that_comes_after_it(
    kit: Kit,
) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    await kit.push_one("M0001", "", "950.00", "site", read_at="2026-02-01T09:00:00+08:00")
    request = {"account_no": "A1", "request_id": "Q1", "service_point_no": "S0001", "org_unit": UNIT, "bill_id": "B1"}
    fact = request | {"cycle": "2026-01", "reason": "implausible", "requested_by": "r-1"}
    await kit.give(RereadRequested.model_validate(fact))
    await kit.push_one("M0001", "", "150.00", "site", read_at="2026-02-01T16:00:00+08:00")
    await kit.push_one("M0001", "", "940.00", "site", read_at="2026-02-01T08:00:00+08:00")
    assert await periods(kit) == [("2026-01-01", "2026-02-01", "actual", 50_000)]


async def test_where_the_best_read_of_a_day_is_suspect_the_next_best_counts(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    await kit.push(read("M0001", "2026-02-01", "20.00", "site"), read("M0001", "2026-02-01", "210.00"))
    assert await periods(kit) == [("2026-01-01", "2026-02-01", "actual", 110_000)]
    (finding,) = await kit.items("findings")
    assert (finding["code"], finding["entity_id"]) == ("reading.negative_usage", "M0001~20260131T160000Z~site")


async def test_one_wrong_read_among_many_is_the_suspect_one_and_not_those_after_it(kit: Kit) -> None:
    await kit.district()
    for day, shown in (("2026-02-01", "200.00"), ("2026-03-01", "2900.00"), ("2026-04-01", "380.00")):
        await kit.plan(day)
        await kit.push_one("M0001", day, shown)
    await kit.plan("2026-05-01")
    await kit.push_one("M0001", "2026-05-01", "470.00")
    found_ = {f["code"]: f["entity_id"] for f in await kit.items("findings") if f["entity_kind"] == "read"}
    assert found_["reading.negative_usage"] == "M0001~20260331T160000Z~remote", (
        "it came alone against one that was told"
    )
    assert found_["reading.contradicted"] == "M0001~20260228T160000Z~remote", "two agree against it now"
    await kit.close("2026-05-02")
    standing = await periods(kit)
    assert sum(wh for _, _, _, wh in standing) == 370_000
    assert standing[-1] == ("2026-04-01", "2026-05-01", "actual", 90_000)


@pytest.mark.parametrize("read_day", [29, 30, 31])
async def test_a_read_day_from_29_on_is_the_last_day_of_months_that_have_none(kit: Kit, read_day: int) -> None:
    await kit.district()
    await _route(kit, read_day=read_day)
    days = [f"2026-01-{read_day}", "2026-02-28", f"2026-03-{read_day}", f"2026-04-{min(read_day, 30)}"]
    for n, day in enumerate(days):
        await kit.plan(day)
        await kit.push_one("M0001", day, f"{200 + n * 10}.00")
    assert await periods(kit) == [
        ("2026-01-01", days[0], "actual", 100_000),
        (days[0], days[1], "actual", 10_000),
        (days[1], days[2], "actual", 10_000),
        (days[2], days[3], "actual", 10_000),
    ]
    assert [u["cycle"] for u in await in_force(kit)] == ["2026-01", "2026-02", "2026-03", "2026-04"]


async def test_a_read_day_that_is_moved_leaves_no_day_out_and_gives_each_cycle_one_period(kit: Kit) -> None:
    await kit.district()
    await _route(kit, read_day=15)
    await month(kit, "2026-01-15", "120.00")
    await kit.move(1, "2026-02")
    await month(kit, "2026-03-01", "220.00")
    await month(kit, "2026-04-01", "250.00")
    assert [(u["period_to"], u["energy_wh"]["import"], u["cycle"], u["months"]) for u in await in_force(kit)] == [
        ("2026-01-15", 20_000, "2026-01", 1),
        ("2026-03-01", 100_000, "2026-02", 1),
        ("2026-04-01", 30_000, "2026-03", 1),
    ]


@pytest.mark.parametrize(("months", "first_month"), [(2, 1), (3, 1), (3, 3)])
async def test_the_usages_of_a_route_carry_its_months_and_one_over_a_missed_date_those_of_both(
    kit: Kit, months: int, first_month: int
) -> None:
    await kit.district()
    await _route(kit, months=months, first_month=first_month)
    planned = [f"2026-{m:02}-01" for m in range(2, 11)]
    for day in planned:
        await kit.plan(day)
    dates = [day for n, day in enumerate(planned, 2) if (n - first_month) % months == 0]
    assert [t["read_date"] for t in await kit.items("tasks")] == dates
    missed, read_on, unread = dates[:3]
    await month(kit, missed)  # there is nothing to estimate by
    await month(kit, read_on, "400.00")
    await month(kit, unread)
    standing = [(u["period_from"], u["period_to"], u["months"], u["quality"]) for u in await in_force(kit)]
    assert standing == [("2026-01-01", read_on, 2 * months, "actual"), (read_on, unread, months, "estimated")]


async def test_an_asked_end_splits_a_month_whose_cycle_has_one_month_in_all_of_its_usages(kit: Kit) -> None:
    await kit.district()
    await kit.put(
        "asked-ends", [{"service_point_no": "S0001", "day": "2026-01-20", "kind": "final", "reason": "asked"}]
    )
    await kit.push_one("M0001", "2026-01-10", "120.00", "self")
    await kit.push_one("M0001", "2026-01-20", "140.00", "site")
    await month(kit, "2026-02-01", "200.00")
    standing = await in_force(kit)
    assert [(u["period_to"], u["energy_wh"]["import"], u["cycle"], u["months"]) for u in standing] == [
        ("2026-01-20", 40_000, "2026-01", 1),
        ("2026-02-01", 60_000, "2026-01", 1),
    ]


async def test_a_usage_that_is_told_after_its_route_was_closed_is_late_and_not_in_its_totals(kit: Kit) -> None:
    await kit.district(2)
    await kit.plan("2026-02-01")
    await kit.push_one("M0001", "2026-02-01", "200.00")
    await kit.close("2026-02-02")
    await kit.push_one("M0002", "2026-02-01", "150.00", "site")
    (closed,) = await kit.published("reading.route_closed.v1")
    assert (closed["expected"], closed["usages"], closed["sum_wh"], closed["missed"]) == (2, 1, 100_000, 1)
    told = [(f["service_point_no"], f["late"]) for f in await kit.published("reading.usage_measured.v1")]
    assert told == [("S0001", False), ("S0002", True)]
    shown = (await kit.clerk.get("/v1/routes/R1/cycles/2026-01")).json()
    assert (shown["sum_wh"], shown["closed_on"]) == (100_000, "2026-02-02")


async def test_a_usage_that_is_told_late_for_a_read_has_the_latest_business_date_and_one_for_a_contract_has_none(
    kit: Kit,
) -> None:
    await kit.district(2)
    await kit.plan("2026-02-01")
    await kit.push_one("M0001", "2026-02-01", "200.00")
    await kit.close("2026-02-05")
    await kit.push_one("M0002", "2026-02-01", "150.00", "site")
    await sign(kit, "A", "2026-01-01", "2026-01-15")
    told = [(f["period_to"], f["late"], f["told_on"]) for f in await kit.published("reading.usage_measured.v1")]
    assert told[:2] == [("2026-02-01", False, None), ("2026-02-01", True, "2026-02-05")]
    assert set(told[2:]) == {
        ("2026-02-01", False, None),  # withdrawn, as it was told
        ("2026-01-15", True, None),
        ("2026-02-01", True, None),
    }


async def test_what_closing_estimates_is_not_late_and_in_its_totals(kit: Kit) -> None:
    await kit.district()
    await month(kit, "2026-02-01", "200.00")
    await month(kit, "2026-03-01")
    assert [u["late"] for u in await in_force(kit)] == [False, False]
    closed = (await kit.published("reading.route_closed.v1"))[1]
    assert (closed["usages"], closed["sum_wh"]) == (1, 90_320)
