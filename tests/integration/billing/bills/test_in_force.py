"""Of usages that share a day the highest version is in force; the bills follow, in whatever order the facts come."""

from datetime import date
from itertools import permutations

import pytest

from services.billing.bills.domain.policy import STYLES
from services.billing.contracts.domain import Account, Contract
from shared.events.billing import BillCorrected, BillIssued
from shared.events.reading import UsageMeasured
from tests.kits.billing import Desk, account, month, part, usage, withdrawn
from tests.kits.effort import in_turn

FIRST, MIDDLE, END = month(1), date(2026, 1, 16), month(2)
MONTH = usage(1, 1, 100)
CUT = (part(1, FIRST, MIDDLE, 40), part(1, MIDDLE, END, 60))
GROUP = (withdrawn(MONTH), *CUT)


def until(n: int, to: date | None, start: date = date(2020, 1, 1), no: str = "") -> Account:
    """Account `A<n>` whose contract at `SP1` has these days."""
    (given,) = account(n).contracts
    contract = Contract(
        contract_no=given.contract_no,
        service_point_no="SP1",
        from_=start,
        to=to,
        assignments=given.assignments,
        opening=given.opening,
        cycle_months=1,
    )
    return account(n, contracts=(contract,))


async def in_force(desk: Desk) -> list[tuple[str, str, date, int]]:
    rows = await desk.bills("contract_no", "status", "period_from", "total_fen")
    return [row for row in rows if row[1] in ("ready", "held", "issued")]


@pytest.mark.parametrize("style", STYLES)
async def test_a_month_that_is_cut_into_two_contracts_is_billed_once(desk: Desk, style: str) -> None:
    desk.correct_by(style)
    desk.review_by(first_bill="off")
    await desk.open(until(1, None))
    await desk.released(MONTH)
    await desk.open(until(1, MIDDLE))
    await desk.open(until(2, None, MIDDLE))
    await desk.measure(*GROUP)
    await desk.work()
    assert await in_force(desk) == [
        ("C1", "issued", FIRST, 2152),
        ("C2", "issued", MIDDLE, 3228),
    ]  # 53.80 yuan, not 107.60
    (fact,) = await desk.published(BillCorrected)
    assert [bill.total_fen for bill in fact.reversals] == [5380]
    assert [bill.total_fen for bill in fact.replacements] == [2152], "the other contract's bill goes with its run"
    assert [f.bill.contract_no for f in await desk.published(BillIssued)] == ["C1", "C2"]
    totals = await desk.totals()
    assert totals["documents_fen"] == totals["issued_fen"] == 5380


@pytest.mark.parametrize("style", STYLES)
async def test_a_cut_within_one_contract_is_one_correction_of_other_periods(desk: Desk, style: str) -> None:
    desk.correct_by(style)
    await desk.open(account(1))
    await desk.released(MONTH)
    await desk.measure(*GROUP)
    (fact,) = await desk.published(BillCorrected)
    assert fact.reason == "cut"
    assert [(b.period_from, b.period_to, b.total_fen) for b in fact.reversals] == [(FIRST, END, 5380)]
    assert [(b.period_from, b.period_to, b.total_fen) for b in fact.replacements] == [
        (FIRST, MIDDLE, 2152),
        (MIDDLE, END, 3228),
    ]
    assert [(d.replacement_id, d.total_fen) for d in fact.differences] == ([(None, -5380)] if style == "delta" else [])
    assert [row[1] for row in await in_force(desk)] == ["issued", "issued"]
    await desk.work()
    assert len(await desk.published(BillIssued)) == 1, "what the correction issued is not issued again"
    totals = await desk.totals()
    assert totals["documents_fen"] == totals["issued_fen"] == 5380


@in_turn("order", list(permutations(range(4))))
async def test_every_order_of_arrival_ends_in_the_same_bills(desk: Desk, order: tuple[int, ...]) -> None:
    facts = (MONTH, *GROUP)
    await desk.open(account(1))
    for index in order:
        await desk.measure(facts[index])
        await desk.measure(facts[index])
    assert [(row[2], row[3]) for row in await in_force(desk)] == [(FIRST, 2152), (MIDDLE, 3228)]
    assert (await desk.totals())["usages_waiting"] == 0


async def test_the_bills_after_a_withdrawn_one_begin_where_it_began(desk: Desk) -> None:
    await desk.open(account(1))
    first = usage(1, 1, 2760)
    await desk.released(first, usage(1, 2, 100))
    before = {row[2]: row[3] for row in await in_force(desk)}
    assert before[END] == 5380 + 100 * 5  # above tier 1
    await desk.measure(withdrawn(first))
    assert [(row[2], row[3]) for row in await in_force(desk)] == [(END, 5380)]


async def test_a_bill_is_withdrawn_without_a_contract_and_its_energy_waits(desk: Desk) -> None:
    await desk.open(until(1, None))
    await desk.released(MONTH)
    await desk.open(until(1, FIRST))
    await desk.measure(usage(1, 1, 100, version=2))
    assert await in_force(desk) == []
    (fact,) = await desk.published(BillCorrected)
    assert (len(fact.reversals), fact.replacements) == (1, ())
    assert (await desk.totals())["usages_waiting"] == 1


async def test_a_withdrawn_period_waits_no_more(desk: Desk) -> None:
    await desk.measure(MONTH)
    assert (await desk.totals())["usages_waiting"] == 1
    await desk.measure(withdrawn(MONTH))
    assert (await desk.totals())["usages_waiting"] == 0
    await desk.open(account(1))
    assert await desk.bills() == []


async def test_a_bill_that_was_not_issued_is_replaced_by_those_of_the_new_cut(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(MONTH)
    await desk.measure(*GROUP)
    assert [row[1] for row in await in_force(desk)] == ["ready", "ready"]
    assert await desk.bills("status", period_to=END, period_from=FIRST) == [("replaced",)]
    assert await desk.published(BillCorrected) == []


async def test_a_bill_that_is_held_is_replaced_and_only_the_implausible_part_of_the_new_cut_is_held(desk: Desk) -> None:
    await desk.open(account(1))
    whole = usage(1, 1, 5000)
    await desk.measure(whole)
    assert await desk.bills("status") == [("held",)]
    await desk.measure(withdrawn(whole), part(1, FIRST, MIDDLE, 100), part(1, MIDDLE, END, 4900))
    assert [(row[1], row[2]) for row in await in_force(desk)] == [("ready", FIRST), ("held", MIDDLE)]
    assert await desk.bills("status", period_from=FIRST, period_to=END) == [("replaced",)]
    assert await desk.published(BillCorrected) == []


async def test_a_late_first_version_does_not_keep_a_run_open(desk: Desk) -> None:
    await desk.open(account(1), account(2))
    late: UsageMeasured = usage(2, 1, 50, late=True)
    await desk.measure(MONTH, late)
    await desk.released(MONTH)
    assert [f.bill.contract_no for f in await desk.published(BillIssued)] == ["C1", "C2"]


async def test_months_of_a_bill_are_those_of_its_usage(desk: Desk) -> None:
    await desk.open(account(1, tariff="CN-ZJ/residential"))
    await desk.measure(usage(1, 2, 200, period_from=FIRST, months=2))
    ((findings, status),) = await desk.bills("findings", "status")
    assert (findings, status) == ("[]", "ready")


async def test_a_contract_of_two_months_on_a_monthly_route_is_held_with_a_code(desk: Desk) -> None:
    (given,) = account(1).contracts
    values = {name: getattr(given, name) for name in given.__dataclass_fields__} | {"cycle_months": 2}
    await desk.open(account(1, contracts=(Contract(**values),)))
    await desk.measure(usage(1, 2, 200))
    ((findings, status),) = await desk.bills("findings", "status")
    assert status == "held"
    assert '"months_differ"' in findings
    await desk.measure(usage(1, 2, 400, period_from=FIRST, months=2, version=2))
    assert await desk.bills("status", "energy_wh", status="ready") == [("ready", 400_000)]


async def test_a_version_that_is_outdated_itself_still_puts_older_ones_out_of_force(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(MONTH)
    await desk.measure(usage(1, 2, 300, version=3))
    await desk.measure(usage(1, 2, 400, period_from=FIRST, months=2, version=2))
    assert [(row[2], row[3]) for row in await in_force(desk)] == [(END, 16140)], (
        "January's third version is still to come"
    )
