"""Site orders are asked for by persons and facts, once each, given to persons, listed and counted."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from shared.business_calendar import folder
from tests.kits.orders import ask, assign, order, registers, report, requested, reread, shown, tell, withdraw
from tests.kits.reading import UNIT, Kit, Statements, running


async def test_what_a_person_asks_for_is_due_by_the_calendar_and_asked_again_changes_nothing(kit: Kit) -> None:
    await kit.district()
    assert await ask(kit.clerk, order(asked_on="2026-02-13")) == ["done"]

    found = await shown(kit)
    assert (found["state"], found["requested_by"], found["origin"]) == ("open", "clerk", "person")
    # 2026-02-14 is worked (调休), the spring festival is 15 to 23 February
    assert found["due_on"] == "2026-02-27"
    assert await ask(kit.clerk, order(asked_on="2026-02-13")) == ["already_done"]
    assert await ask(kit.clerk, order(asked_on="2026-02-13", reason="other")) == ["conflicting_duplicate"]
    assert await ask(kit.client("clerk-2", "reading:write"), order(asked_on="2026-02-13")) == ["conflicting_duplicate"]
    assert await shown(kit) == found
    audit = await kit.admin.get("/v1/audit-entries", params={"entity_kind": "site_order", "entity_id": "O1"})
    assert [(entry["action"], entry["actor"]) for entry in audit.json()["items"]] == [("site_order.asked", "clerk")]


async def test_what_cannot_be_asked_for_is_refused_by_itself(kit: Kit) -> None:
    await kit.district()
    elsewhere = kit.client("clerk", "reading:write", org_units=["zj/ningbo"])
    codes = await ask(
        kit.clerk,
        order("O1", service_point_no="S9"),
        order("O2", asked_on="2026-12-01"),
        order("O3", asked_on="2019-02-03"),
        order("O4"),
        order("O5"),
        order("O5", "use_check"),
    )
    assert codes == [
        "reading.unknown_service_point",
        "business_date.in_the_future",
        "calendar.year_unknown",
        "done",
        *["request.repeated_in_batch"] * 2,
    ]
    assert await ask(elsewhere, order("O6")) == ["auth.other_org_unit"]
    assert [each["order_no"] for each in await kit.items("site-orders")] == ["O4"]


async def test_requests_of_billing_become_orders_under_their_own_number(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    await kit.give(requested("Q2"), requested("Q2"))
    await kit.give(requested("Q2"))
    await kit.give(reread("Q1"))

    rows = await kit.items("site-orders", reference="B1")
    assert [(row["order_no"], row["kind"], row["origin"], row["due_on"]) for row in rows] == [
        ("Q1", "reread", "billing", "2026-02-06"),
        ("Q2", "use_check", "billing", "2026-02-24"),
    ]
    assert [task["reread"] for task in await kit.items("tasks")] == [True]
    assert await kit.items("findings") == []


async def test_another_request_under_a_known_number_is_found_and_changes_nothing(kit: Kit) -> None:
    await kit.district()
    await kit.give(requested("Q1"), requested("Q1", "inspection"))
    await kit.give(requested("Q1", "closing_check"))

    assert (await shown(kit, "Q1"))["kind"] == "use_check"
    (finding,) = await kit.items("findings", code="reading.conflicting_duplicate")
    assert (finding["entity_kind"], finding["entity_id"]) == ("site_order", "Q1")


async def test_a_request_without_its_day_counts_from_the_latest_business_date(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    await kit.close("2026-02-02")
    await kit.give(reread("Q1", asked_on=None))
    found = await shown(kit, "Q1")
    assert (found["asked_on"], found["due_on"]) == ("2026-02-02", "2026-02-05")


async def test_orders_are_given_to_persons_while_they_are_open(kit: Kit) -> None:
    await kit.district()
    await ask(kit.clerk, order(), order("O2", "closing_check"))
    assert await assign(kit.clerk, O1="reader-7", O2="clerk", O9="reader-7") == [
        "done",
        "reading.order_needs_another_person",
        "reading.unknown_order",
    ]
    assert await assign(kit.clerk, O1="reader-7") == ["already_done"]
    elsewhere = kit.client("clerk", "reading:write", org_units=["zj/ningbo"])
    assert await assign(elsewhere, O1="reader-8") == ["reading.unknown_order"]
    assert await tell(kit.client("reader-8", "reading:field"), report()) == ["reading.other_assignee"]
    assert await assign(kit.clerk, O1=None) == ["done"]
    assert await tell(kit.client("reader-8", "reading:field"), report()) == ["done"]
    assert await assign(kit.clerk, O1="reader-7") == ["reading.order_closed"]


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({}, ["O1", "O2", "O3"]),
        ({"state": "open"}, ["O1", "O3"]),
        ({"kind": "inspection"}, ["O1", "O2"]),
        ({"assignee": "reader-7"}, ["O1"]),
        ({"unassigned": "true"}, ["O2", "O3"]),
        ({"due_by": "2026-02-10"}, ["O1", "O2"]),
        ({"due_by": "2026-02-09"}, []),
        ({"overdue": "true", "state": "open"}, ["O1"]),
        ({"org_unit": "zj"}, ["O1", "O2", "O3"]),
        ({"org_unit": "zj/hang"}, []),
        ({"service_point_no": "S0002"}, ["O3"]),
        ({"reference": "C-7"}, ["O3"]),
    ],
)
async def test_the_work_list_is_filtered_counted_and_paged(kit: Kit, query: dict[str, str], numbers: list[str]) -> None:
    await kit.district(2)
    await ask(kit.clerk, order(), order("O2"), order("O3", "use_check", service_point_no="S0002", reference="C-7"))
    await assign(kit.clerk, O1="reader-7")
    await tell(kit.client("reader-8", "reading:field"), report("O2"))
    await kit.job("find-overdue-orders", "2026-02-11")

    assert [each["order_no"] for each in await kit.items("site-orders", **query)] == numbers
    counts = (await kit.clerk.get("/v1/site-order-counts", params=query)).json()["items"]
    assert sum(each["orders"] for each in counts) == len(numbers)
    page = (await kit.clerk.get("/v1/site-orders", params=query | {"limit": "1"})).json()
    assert [each["order_no"] for each in page["items"]] == numbers[:1]
    assert (page["next_cursor"] is None) == (len(numbers) < 2)
    elsewhere = kit.client("reader-9", "reading:field", org_units=["zj/ningbo"])
    assert (await elsewhere.get("/v1/site-orders", params=query)).json()["items"] == []
    assert (await elsewhere.get("/v1/site-order-counts", params=query)).json()["items"] == []
    assert (await elsewhere.get("/v1/site-orders/O1")).status_code == 404


async def test_overdue_orders_are_told_once_and_a_gauge_shows_the_oldest(kit: Kit) -> None:
    await kit.district(2)
    await ask(kit.clerk, order(), order("O2", "use_check"))
    assert (await kit.job("find-overdue-orders", "2026-02-10"))["reason"] == "the first site order is due on 2026-02-10"
    assert (await kit.job("find-overdue-orders", "2026-02-11"))["counts"] == {"overdue": 1}
    assert (await kit.job("find-overdue-orders", "2026-02-12"))["reason"] == "all that are overdue were found"

    (told,) = await kit.published("reading.site_order_overdue.v1")
    assert (told["order_no"], told["due_on"], told["found_on"]) == ("O1", "2026-02-10", "2026-02-11")
    assert (await shown(kit))["overdue_on"] == "2026-02-11"
    counts = (await kit.clerk.get("/v1/site-order-counts")).json()["items"]
    assert [(each["kind"], each["orders"], each["overdue"]) for each in counts] == [
        ("inspection", 1, 1),
        ("use_check", 1, 0),
    ]
    metrics = (await kit.bare().get("/metrics")).text
    # the clock of the test stands at noon of 15 November 2026, and the first day on which one was due ended on 10 February
    assert "wattline_site_orders_overdue_oldest_seconds 2.3976e+07" in metrics
    assert "wattline_site_orders_open 2.0" in metrics


async def test_an_order_of_a_year_without_calendar_gets_its_day_when_the_calendar_comes(
    database_url: str, tmp_path: Path
) -> None:
    years = tmp_path / "years"
    years.mkdir()
    async with running(database_url, tmp_path, WATTLINE_BUSINESS_CALENDAR=str(years)) as kit:
        await kit.district()
        await kit.give(requested())
        assert (await shown(kit, "Q1"))["due_on"] is None
        assert (await kit.job("find-overdue-orders", "2026-02-10"))["counts"] == {"overdue": 0}
    for document in folder.DOCUMENTS.iterdir():
        (years / document.name).write_bytes(document.read_bytes())
    async with running(database_url, tmp_path, WATTLINE_BUSINESS_CALENDAR=str(years)) as kit:
        await kit.job("find-overdue-orders", "2026-02-11")
        assert (await shown(kit, "Q1"))["due_on"] == "2026-02-24"


async def test_the_number_of_statements_is_the_same_for_10_and_1000_orders(kit: Kit) -> None:
    await kit.district(1000)
    counts: list[tuple[int, ...]] = []
    for day, first, many in ((1, 1, 10), (2, 11, 990)):
        points = [f"{number:04}" for number in range(first, first + many)]
        with Statements(kit) as asking:
            await ask(kit.clerk, *(order(f"O{no}", service_point_no=f"S{no}") for no in points))
        with Statements(kit) as assigning:
            assert set(await assign(kit.clerk, **{f"O{no}": "reader-7" for no in points})) == {"done"}
        with Statements(kit) as finding:
            found = await kit.job("find-overdue-orders", str(date(2026, 3, day)))
        assert found["counts"] == {"overdue": first - 1 + many}  # with those of the facts before
        facts: list[Any] = [reread(f"Q{no}", f"S{no}") for no in points]
        with Statements(kit) as heard:
            await kit.give(*facts)
        with Statements(kit) as listing:
            await kit.items("site-orders", overdue="true", org_unit=UNIT, limit="500")
            await kit.clerk.get("/v1/site-order-counts", params={"org_unit": UNIT})
        with Statements(kit) as withdrawing:
            gone = [{"order_no": f"O{no}", "reason": "solved"} for no in points]
            assert set(await withdraw(kit.clerk, *gone)) == {"done"}
        counted = (asking, assigning, finding, heard, listing, withdrawing)
        counts.append(tuple(len(each.texts) for each in counted))
    assert counts[0] == counts[1]


async def test_what_is_not_needed_any_more_is_withdrawn_by_who_may_and_told(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    await ask(kit.clerk, order("O1"), order("O2", "final_read"), order("O3", "reread", cycle="2026-01"))
    await kit.give(requested("Q1"))
    await tell(kit.client("reader-7", "reading:field"), report("O2", "read", **registers("120.00")))
    gone = [{"order_no": number, "reason": "solved"} for number in ("O1", "O2", "O3", "Q1", "O9")]
    assert await withdraw(kit.clerk, *gone) == [
        "done",
        "reading.order_closed",
        "done",
        "reading.order_of_billing",
        "reading.unknown_order",
    ]
    assert (await shown(kit, "O1"))["state"] == "withdrawn"
    assert await withdraw(kit.clerk, gone[0]) == ["already_done"]
    assert await withdraw(kit.clerk, gone[0], gone[0]) == ["request.repeated_in_batch"] * 2
    elsewhere = kit.client("clerk", "reading:write", org_units=["zj/ningbo"])
    assert await withdraw(elsewhere, gone[0]) == ["reading.unknown_order"]
    told = await kit.published("reading.site_order_withdrawn.v1")
    assert [(fact["order_no"], fact["reason"]) for fact in told] == [("O1", "solved"), ("O3", "solved")]
    assert await tell(kit.client("reader-7", "reading:field"), report("O1")) == ["reading.order_closed"]
    await kit.push_one("M0001", "2026-02-01", "120.00")
    assert (await shown(kit, "O3"))["state"] == "withdrawn", "a read that comes answers nothing any more"
