"""Supply that was cut explains that nothing was used: in whatever order the cut, its end and the usages are told."""

from datetime import UTC, date, datetime
from itertools import permutations
from typing import Any

import orjson
import pytest

from shared.events.billing import SiteOrderRequested
from shared.events.fact import Fact
from shared.events.reading import UsageMeasured
from shared.events.supply import SupplySwitched
from tests.kits import effort
from tests.kits.billing import Desk, account, closed, usage
from tests.kits.closings import find, hear, months, unused

ZERO, IN_A_ROW, FALL, RISE = (
    f"billing.{name}" for name in ("zero_usage", "zeros_in_a_row", "sudden_fall", "sudden_rise")
)


def switched(action: str, on: date, n: int | str = 1, hour: int = 2, **more: Any) -> SupplySwitched:
    """The supply of a point was cut or restored on a day, at ten o'clock of it."""
    values: dict[str, Any] = {"order_no": f"O-{n}-{action}-{on}", "account_no": f"A{n}", "service_point_no": f"SP{n}"}
    values |= {"org_unit": "zj/hangzhou", "action": action, "sequence": 1, "by": "person"}
    return SupplySwitched(**values | {"switched_at": datetime(on.year, on.month, on.day, hour, tzinfo=UTC)} | more)


async def codes(desk: Desk) -> dict[str, dict[str, dict[str, Any]]]:
    """Return by cycle the findings of the bill in force, by code."""
    rows = await desk.bills("cycle", "status", "findings")
    return {
        cycle: {each["code"]: each for each in orjson.loads(text)}
        for cycle, status, text in rows
        if status in ("ready", "held", "issued")
    }


CUT, RESTORED = switched("cut", date(2026, 1, 28)), switched("restore", date(2026, 3, 1))


@effort.in_turn("order", permutations((CUT, RESTORED, usage(1, 2, 0), usage(1, 3, 90))))
async def test_a_cycle_within_a_cut_has_no_finding_of_zero_use_in_any_order(
    desk: Desk, order: tuple[Fact, ...]
) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1, 1, 100))
    await hear(desk, *order)
    await hear(desk, *order)
    found = await codes(desk)
    assert not found["2026-02"].keys() & {ZERO, IN_A_ROW, FALL}
    assert not found["2026-03"].keys() & {ZERO, RISE, FALL}


async def test_without_a_cut_the_same_is_found(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1, 1, 100), usage(1, 2, 0))
    assert {ZERO, FALL} <= (await codes(desk))["2026-02"].keys()


@pytest.mark.parametrize("cut_first", [True, False])
async def test_a_cycle_that_was_cut_in_part_says_so_and_expects_less(desk: Desk, cut_first: bool) -> None:
    await desk.open(account(1), account(2))
    await desk.measure(usage(1, 1, 310), usage(2, 1, 310))
    facts: list[Fact] = [switched("cut", date(2026, 2, 15)), switched("cut", date(2026, 2, 15), 2)]
    used: list[Fact] = [usage(1, 2, 140), usage(2, 2, 0)]
    await hear(desk, *([*facts, *used] if cut_first else [*used, *facts]))
    rows = {
        row[0]: orjson.loads(row[1])
        for row in await desk.bills("contract_no", "findings", "cycle")
        if row[2] == "2026-02"
    }
    assert FALL not in {each["code"] for each in rows["C1"]}
    (zero,) = [each for each in rows["C2"] if each["code"] == ZERO]
    assert zero["values"]["cut_days"] == 14


@pytest.mark.parametrize("cut_first", [True, False])
async def test_cycles_within_a_cut_neither_count_nor_end_the_row(desk: Desk, cut_first: bool) -> None:
    await desk.open(account(1))
    cut = [switched("cut", date(2026, 2, 1)), switched("restore", date(2026, 4, 1))]
    told: list[UsageMeasured] = [usage(1, month, 0) for month in range(1, 7)]
    await hear(desk, *([*cut, *told] if cut_first else [*told, *cut]))
    found = await codes(desk)
    assert [cycle for cycle, of in found.items() if IN_A_ROW in of] == ["2026-05"], "January, April, May"
    if cut_first:
        assert [asked.cycle for asked in await desk.published(SiteOrderRequested)] == ["2026-05"]


async def test_an_issued_bill_stays_as_it_is_when_a_cut_is_told_late(desk: Desk) -> None:
    desk.review_by(zeros_in_a_row="off")
    await desk.open(account(1))
    await desk.released(usage(1, 1, 0))
    before = await desk.bills("bill_id", "status", "findings", "row_version")
    await hear(desk, switched("cut", date(2025, 12, 20)))
    await desk.work()
    assert await desk.bills("bill_id", "status", "findings", "row_version") == before


async def test_six_months_of_which_some_were_cut_are_no_unused_supply(desk: Desk) -> None:
    desk.review_by(zeros_in_a_row="off")
    await desk.open(account(1), account(2))
    await desk.measure(*months(1), *months(2))
    await find(desk)
    assert [row["contract_no"] for row in await unused(desk)] == ["C1", "C2"]
    await hear(desk, switched("cut", date(2026, 3, 1)))
    await find(desk, date(2026, 7, 3))
    assert {row["contract_no"]: row["state"] for row in await unused(desk)} == {"C1": "withdrawn", "C2": "open"}


async def test_what_was_switched_is_counted_by_its_month_and_listed(desk: Desk) -> None:
    await desk.open(account(1))
    await hear(desk, CUT, RESTORED, CUT)
    async with desk.client() as client:
        totals = [(await client.get("/v1/control-totals", params={"cycle": f"2026-0{n}"})).json() for n in (1, 2, 3)]
        answer = await client.get("/v1/control-documents/supply_switched", params={"cycle": "2026-01"})
    assert [each["supplies_switched"] for each in totals] == [1, 0, 1]
    assert [(item["id"], item["subject"], item["amount"]) for item in answer.json()["items"]] == [
        (CUT.order_no, "SP1", 1)
    ]


async def test_a_run_is_closed_with_bills_of_cut_points_as_with_others(desk: Desk) -> None:
    await desk.open(account(1))
    await hear(desk, switched("cut", date(2026, 1, 1)))
    await desk.measure(usage(1, 1, 0))
    await desk.close(closed([usage(1, 1, 0)]))
    await desk.work()
    assert [status for (status,) in await desk.bills("status")] == ["issued"]
