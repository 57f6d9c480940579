"""Account data and contracts that are changed for days which are billed: the bills follow."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.billing.bills.domain.policy import CORRECT, STYLES
from services.billing.contracts.domain import Account, AccountTerms, Assignment
from shared.events.billing import BillCorrected, BillIssued
from tests.kits.billing import PLAIN, Desk, account, month, part, usage, withdrawn

SINCE_2020 = AccountTerms(date(2020, 1, 1), "residential", 3, 1)
FIVE_SINCE_MARCH = (SINCE_2020, AccountTerms(month(3), "residential", 5, 1))
TIME_OF_USE = "CN-ZJ/residential/time-of-use"


async def four_months(desk: Desk, kwh: int = 900, *, accounts: int = 1) -> None:
    """Four issued bills; of the fourth 840 kWh lie above the 2,760 kWh of the first tier."""
    await desk.open(*(account(n) for n in range(1, accounts + 1)))
    for cycle in (1, 2, 3, 4):
        await desk.released(*(usage(n, cycle, kwh, energy_wh=energy(kwh)) for n in range(1, accounts + 1)))


def energy(kwh: int) -> dict[str, int]:
    return {"import": kwh * 1000, "import.peak": kwh * 600, "import.valley": kwh * 400}


async def queue(desk: Desk) -> list[dict[str, Any]]:
    async with desk.client() as client:
        found: list[dict[str, Any]] = (await client.get("/v1/review-queue")).json()["items"]
    return sorted(found, key=lambda item: str(item["cycle"]))


@pytest.mark.parametrize("style", STYLES)
async def test_a_household_of_billed_days_is_proposed_listed_and_approved_as_one(desk: Desk, style: str) -> None:
    desk.correct_by(style)
    await four_months(desk)
    await desk.open(account(1, facts=FIVE_SINCE_MARCH))
    (item,) = await queue(desk)
    assert (item["cycle"], item["status"], [f["code"] for f in item["findings"]]) == (
        "2026-04",
        "proposed",
        ["billing.corrected", "billing.account_changed"],
    )
    assert await desk.published(BillCorrected) == [], "what was issued is in force until somebody decides"
    await desk.decide(item["bill_id"], "approve", "2026-05-10")
    (fact,) = await desk.published(BillCorrected)
    assert (fact.reason, [b.cycle for b in fact.reversals]) == ("account_changed", ["2026-04"])
    assert [b.total_fen for b in fact.replacements] == [48420]
    assert await queue(desk) == []


async def test_under_a_policy_that_corrects_at_once_nobody_is_asked(desk: Desk) -> None:
    desk.correct_by(changed_facts=CORRECT)
    await four_months(desk)
    await desk.open(account(1, facts=FIVE_SINCE_MARCH))
    (fact,) = await desk.published(BillCorrected)
    assert [b.total_fen for b in fact.replacements] == [48420]
    assert await queue(desk) == []


async def test_a_bill_that_is_not_out_yet_is_calculated_again_at_once(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1, 1, 2000))  # an implausible home
    assert await desk.bills("status") == [("held",)]
    await desk.open(account(1, facts=(AccountTerms(date(2020, 1, 1), "commercial", 0, 1),)))
    assert await desk.bills("status") == [("replaced",), ("ready",)]
    await desk.open(account(1, facts=(AccountTerms(date(2020, 1, 1), "commercial", 0, 2),)))
    assert await desk.bills("status") == [("replaced",), ("ready",)], "the same lines: the bill stays"


def with_contract(**changes: Any) -> Account:
    (contract,) = account(1).contracts
    return account(1, contracts=(replace(contract, **changes),))


@pytest.mark.parametrize(
    ("changed", "cycles"),
    [
        ({"assignments": (Assignment(date(2020, 1, 1), PLAIN), Assignment(month(3), TIME_OF_USE))}, [3, 4]),
        ({"opening": {"ladders": {"year": {"year": 2026, "used_wh": [500_000, 0, 0]}}}}, [3, 4]),
        ({"from_": month(1), "reason": "the key was handed over later"}, []),
        ({"assignments": (Assignment(date(2020, 1, 1), PLAIN), Assignment(month(9), TIME_OF_USE))}, []),
        ({"curve_minutes": 60}, []),
    ],
)
async def test_the_contract_of_billed_days_is_followed_where_it_changes_a_bill(
    desk: Desk, changed: dict[str, Any], cycles: list[int]
) -> None:
    await four_months(desk)
    outcomes = await desk.open(with_contract(**changed))
    assert [o.status for o in outcomes] == ["done"]
    assert [item["cycle"] for item in await queue(desk)] == [f"2026-{n:02}" for n in cycles]


async def test_what_was_changed_back_is_proposed_no_more(desk: Desk) -> None:
    await four_months(desk)
    await desk.open(account(1, facts=FIVE_SINCE_MARCH))
    await desk.open(account(1))
    assert await queue(desk) == []
    assert await desk.bills("status") == [("issued",)] * 4 + [("replaced",)]


@pytest.mark.parametrize("style", STYLES)
async def test_what_reading_tells_anew_and_what_changed_here_are_one_correction(desk: Desk, style: str) -> None:
    desk.correct_by(style)
    await four_months(desk)
    await desk.open(account(1, facts=FIVE_SINCE_MARCH))
    march, middle = usage(1, 3, 900), date(2026, 3, 16)
    await desk.measure(withdrawn(march), part(1, month(3), middle, 500), part(1, middle, month(4), 600))
    assert await desk.published(BillCorrected) == [], "the policy keeps all of it for a reviewer"
    proposed = await queue(desk)
    assert [item["cycle"] for item in proposed] == ["2026-03", "2026-03", "2026-04"]
    await desk.decide(proposed[0]["bill_id"], "approve", "2026-05-10")
    (fact,) = await desk.published(BillCorrected)
    assert sorted(b.cycle for b in fact.reversals) == ["2026-03", "2026-04"]
    assert [b.energy_wh for b in fact.replacements] == [500_000, 600_000, 900_000]
    (in_force,) = {total for (total,) in await desk.bills("total_fen", status="issued", cycle="2026-04")}
    assert in_force == 48420 + 40 * 5, "3,800 kWh, where five people since March have 3,760 kWh in the first tier"
    for cycle in ("2026-03", "2026-04"):
        totals = await desk.totals(cycle)
        assert totals["documents_fen"] == totals["issued_fen"]
        assert totals["usage_in_force_wh"] == totals["billed_wh"]


async def test_the_next_month_goes_out_while_a_change_of_earlier_ones_waits(desk: Desk) -> None:
    await four_months(desk)
    await desk.open(account(1, facts=FIVE_SINCE_MARCH))
    await desk.released(usage(1, 5, 850))
    assert [(f.bill.cycle, f.bill.total_fen) for f in await desk.published(BillIssued)][-1] == ("2026-05", 45730)
    (item,) = await queue(desk)
    await desk.decide(item["bill_id"], "approve", "2026-06-10")
    (fact,) = await desk.published(BillCorrected)
    # April's 840 kWh of the second tier move into the first, so that 690 kWh of May's lie above its 3,760 kWh
    assert [(b.cycle, b.total_fen) for b in fact.replacements] == [("2026-04", 48420), ("2026-05", 45730 + 690 * 5)]


async def test_a_correction_of_an_earlier_month_does_not_pass_by_the_reviewer(desk: Desk) -> None:
    await four_months(desk)
    await desk.open(account(1, facts=FIVE_SINCE_MARCH))
    await desk.measure(usage(1, 1, 1000, version=2, replaces_reason="reread"))
    assert await desk.published(BillCorrected) == []
    assert [item["cycle"] for item in await queue(desk)] == ["2026-01", "2026-04"]
    await desk.approve_all("2026-05-10")
    (fact,) = await desk.published(BillCorrected)
    assert [(b.cycle, b.energy_wh) for b in fact.replacements] == [("2026-01", 1_000_000), ("2026-04", 900_000)]


async def test_a_bill_that_is_cancelled_leaves_what_is_proposed_for_it(desk: Desk) -> None:
    await four_months(desk)
    await desk.open(account(1, facts=FIVE_SINCE_MARCH))
    (april,) = await desk.bills("bill_id", cycle="2026-04", status="issued")
    await desk.decide(april[0], "cancel", "2026-05-10")
    assert await queue(desk) == []
    assert await desk.bills("status", cycle="2026-04") == [("reversed",), ("replaced",)]


async def test_corrections_of_many_accounts_take_as_many_statements_as_those_of_one(desk: Desk) -> None:
    await four_months(desk, accounts=31)
    seen = desk.watch()
    desk.correct_by(changed_facts=CORRECT)
    counts = []
    for numbers in ([1], [2], range(3, 32)):
        before = len(seen)
        await desk.open(*(account(n, facts=FIVE_SINCE_MARCH) for n in numbers))
        counts.append(len(seen) - before)
    assert counts[1] == counts[2], counts  # the first of a process keeps what its bills rest on
    assert len(await desk.published(BillCorrected)) == 31
