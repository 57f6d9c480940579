"""Each kind of document that came of a bill is calculated again, drawn by the daily job, and what was changed of it is found."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import pytest

from services.billing.bills.domain.policy import DELTA, REVERSAL_AND_NEW
from services.billing.business_day import store as business_day
from services.billing.replays import jobs as replay_jobs
from services.billing.replays.use_cases import documents
from shared.db import jobs
from shared.events.billing import AdjustmentIssued, BillCorrected, ChargeIssued
from tests.integration.billing.cases import test_adjustments, test_reclass
from tests.integration.billing.cases.test_charges import SAID, pending
from tests.integration.billing.closings.test_going_out import ended
from tests.integration.billing.replays.test_replays import (
    _adjusted,
    _tested,
    correcting,
    differing,
    planted,
    replayed,
)
from tests.kits.billing import Desk, account, usage
from tests.kits.cases import ask, evidence, got, opened
from tests.kits.closings import READ_ON, advance, final_usage

BREACH = {"case": "private", "tariff": "other", "kva": "3"}
MULTIPLIER = {"kwh": "3000", "used": "30", "true": "40", "price": "1"}
Made = tuple[str, str | None, date]
"""A document, a bill that it came of, and the day on which it was issued."""


async def charge(desk: Desk) -> Made:
    """Charge a penalty in the case that a finding of a bill has opened."""
    number = await test_reclass.a_workshop(desk)
    await evidence(desk, number)
    given = {"calculation": "capacity_without_contract", "breach_on": "2010-06-01", "input": BREACH}
    seen = (await got(desk, f"cases/{number}"))["row_version"]
    assert (await ask(desk, f"cases/{number}/calculations", given, seen=seen))[0] == 200
    said = SAID | {"business_date": "2026-03-10"}
    _, told = await ask(desk, f"cases/{number}/proposal", said, seen=seen + 1)
    assert await desk.second(told, subject="second-1") == ("done", None)
    assert await desk.second(await pending(desk, "case.charge.second"), subject="third-1") == ("done", None)
    one = (await desk.published(ChargeIssued))[-1].charge
    ((bill_id,),) = await desk.bills("bill_id", cycle="2026-01")
    return one.charge_no, bill_id, one.issued_on


async def adjustment_of_a_case(desk: Desk) -> Made:
    """Adjust for a wrong multiplier, and once more for another one, by which the first is taken back."""
    await desk.open(account(1))
    number = await opened(desk, "wrong_multiplier")
    await desk.second(await test_adjustments.proposed(desk, number, "wrong_multiplier", MULTIPLIER))
    seen = (await got(desk, f"cases/{number}"))["row_version"]
    async with desk.db.begin() as tx:
        await business_day.advance(tx, date(2026, 2, 27))
    assert (await ask(desk, f"cases/{number}/reopening", {"reason": "read again"}, seen=seen))[0] == 200
    again = MULTIPLIER | {"true": "45"}
    await desk.second(await test_adjustments.proposed(desk, number, "wrong_multiplier", again, calculation=2))
    facts = await desk.published(AdjustmentIssued)
    assert [fact.reverses is not None for fact in facts] == [False, True, False]
    return facts[-1].adjustment_id, None, facts[-1].issued_on


async def adjustment_of_a_test(desk: Desk) -> Made:
    """Adjust for a meter that erred."""
    await desk.open(account(1))
    for cycle in (1, 2):
        await desk.released(usage(1, cycle, 103))
    await _tested(desk, "3.0")
    await _adjusted(desk, "2026-03-10")
    (fact,) = await desk.published(AdjustmentIssued)
    ((bill_id,),) = await desk.bills("bill_id", cycle="2026-01")
    return fact.adjustment_id, bill_id, fact.issued_on


async def correction(desk: Desk, style: str = REVERSAL_AND_NEW) -> Made:
    """Correct a bill for a read that was wrong."""
    correcting(desk, style)
    await desk.open(account(1))
    await desk.released(usage(1))
    await desk.measure(usage(1, 1, 220, version=2, usage_id="U-v2", replaces_reason="reread"))
    await desk.work()
    (fact,) = await desk.published(BillCorrected)
    ((bill_id,),) = await desk.bills("bill_id", version=1)
    return fact.correction_id, bill_id, fact.corrected_on


async def difference(desk: Desk) -> Made:
    """Correct a bill by the difference."""
    return await correction(desk, DELTA)


async def cancellation(desk: Desk) -> Made:
    """Take a bill back and put nothing in its place: its days were measured for nobody."""
    correcting(desk, REVERSAL_AND_NEW)
    await desk.open(account(1))
    await desk.released(usage(1))
    await desk.measure(usage(1, 1, 200, version=2, usage_id="U-v2", withdrawn=True, replaces_reason="wrong_point"))
    await desk.work()
    (fact,) = await desk.published(BillCorrected)
    assert fact.replacements == ()
    return fact.correction_id, fact.reversals[0].bill_id, fact.corrected_on


async def change_of_class(desk: Desk) -> Made:
    """Correct the bills of a home that is classed as a workshop."""
    number = await test_reclass.a_workshop(desk)
    seen = (await got(desk, f"cases/{number}"))["row_version"]
    assert (await ask(desk, f"cases/{number}/reclassing", test_reclass.RECLASS, seen=seen))[0] == 200
    await desk.approve_all("2026-03-12")
    (fact,) = await desk.published(BillCorrected)
    ((bill_id,),) = await desk.bills("bill_id", cycle="2026-01", version=1)
    return fact.correction_id, bill_id, fact.corrected_on


async def final_bill(desk: Desk) -> Made:
    """Close a contract, and send its final bill out."""
    desk.review_by(zeros_in_a_row="off")  # the bills before it go out without a visit
    closing = await ended(desk)
    await desk.measure(final_usage(kwh=7))
    day = READ_ON + timedelta(days=1)
    assert await advance(desk, day) == {"billed": 1}
    found = await got(desk, f"closings/{closing['closing_no']}")
    return closing["closing_no"], found["bill_id"], day


KINDS: list[tuple[Callable[[Desk], Awaitable[Made]], str, str, set[str]]] = [
    (charge, "charge", "UPDATE case_charge SET amount_fen = amount_fen + 1", {"amount_fen"}),
    (charge, "charge", "UPDATE case_charge SET rule = 'theft'", {"rule"}),
    (charge, "charge", "UPDATE case_calculation SET penalty_fen = penalty_fen + 1", {"penalty_fen"}),
    (charge, "charge", "UPDATE case_calculation SET policy_hash = 'x'", {"policy_hash"}),
    (
        adjustment_of_a_case,
        "adjustment",
        "UPDATE adjustment SET total_fen = total_fen + 1 WHERE number = 3",
        {"total_fen"},
    ),
    (adjustment_of_a_case, "adjustment", "UPDATE case_calculation SET items = '[]'", {"item 1", "item 2"}),
    (adjustment_of_a_test, "adjustment", "UPDATE adjustment SET energy_wh = energy_wh + 1", {"energy_wh"}),
    (correction, "correction", "UPDATE correction SET replaced_fen = replaced_fen + 1", {"replaced_fen"}),
    (cancellation, "correction", "UPDATE correction SET reversed_fen = reversed_fen + 1", {"reversed_fen"}),
    (change_of_class, "correction", "UPDATE correction SET replaced_fen = replaced_fen + 1", {"replaced_fen"}),
    (difference, "difference", "UPDATE difference SET total_fen = total_fen + 1", {"total_fen"}),
    (final_bill, "final_bill", "UPDATE closing SET final_fen = final_fen + 1", {"final_fen"}),
]


async def sampled(desk: Desk, on: date, document_id: str) -> dict[str, Any]:
    """Run the job of a day, once more where it was run; return what came out of a document."""
    await planted(desk, "DELETE FROM job_run")
    await jobs.run(desk.db, replay_jobs.replay_sample(desk.context), on)
    async with desk.client() as client:
        items = (await client.get("/v1/replays")).json()["items"]
    (found,) = [item for item in items if item["document_id"] == document_id]
    return dict(found)


@pytest.mark.parametrize(("make", "kind", "change", "names"), KINDS)
async def test_what_was_changed_of_a_later_document_is_found(
    desk: Desk, make: Callable[[Desk], Awaitable[Made]], kind: str, change: str, names: set[str]
) -> None:
    document_id, bill_id, day = await make(desk)
    for asked in (document_id, bill_id):
        if asked is not None:
            found = await replayed(desk, asked)
            assert found["result"] == "equal", (differing(found), found)
            assert kind in {one["kind"] for one in found["documents"]}
    drawn = await sampled(desk, day, document_id)
    assert (drawn["result"], drawn["reason"], drawn["bill_id"] is None) == ("equal", "", bill_id is None)

    await planted(desk, change)
    for asked in (document_id, bill_id):
        if asked is not None:
            found = await replayed(desk, asked)
            assert set(differing(found)) == {(kind, name) for name in names}
    # what people approve is of the latest day, also after its jobs: it is drawn on the next one
    assert (await sampled(desk, day + timedelta(days=1), document_id))["result"] == "differs"
    async with desk.client() as client:
        assert "wattline_replays_failing 0.0" not in (await client.get("/metrics")).text


@pytest.mark.parametrize(
    ("make", "change", "reason"),
    [
        (charge, "DELETE FROM case_calculation", "calculation_missing"),
        (charge, "UPDATE case_calculation SET input = '{}'", "calculation_refused"),
        (adjustment_of_a_case, "DELETE FROM case_calculation", "calculation_missing"),
        (adjustment_of_a_test, "DELETE FROM meter_test", "test_missing"),
        (adjustment_of_a_test, "UPDATE adjustment SET working = replace(working, '@', '#')", "rules_missing"),
        (correction, "UPDATE correction SET replacements = '[\"none\"]'", "bill_missing"),
        (final_bill, "UPDATE closing SET bill_id = 'none'", "bill_missing"),
    ],
)
async def test_what_cannot_be_calculated_again_says_why(
    desk: Desk, make: Callable[[Desk], Awaitable[Made]], change: str, reason: str
) -> None:
    document_id, _, day = await make(desk)
    await planted(desk, change)
    found = await replayed(desk, document_id)
    assert (found["result"], {one["reason"] for one in found["documents"]} - {""}) == ("failed", {reason})
    drawn = await sampled(desk, day, document_id)
    assert (drawn["result"], drawn["reason"]) == ("failed", reason)


async def test_the_fate_of_a_case_is_shown_to_whom_it_concerns(desk: Desk) -> None:
    document_id, _, _ = await adjustment_of_a_case(desk)
    async with desk.client("billing:read", org_units=["zj/ningbo"]) as client:
        assert (await client.get(f"/v1/replays/{document_id}")).status_code == 404
        assert (await client.get("/v1/replays/none")).status_code == 404


async def test_documents_of_all_kinds_are_calculated_again_in_as_many_statements(desk: Desk) -> None:
    correcting(desk, DELTA)
    await desk.open(*(account(n) for n in range(1, 21)))
    await desk.released(*(usage(n) for n in range(1, 21)))
    await desk.measure(*(usage(n, 1, 220, version=2, usage_id=f"U{n}-v2", replaces_reason="x") for n in range(1, 21)))
    await desk.work()
    facts = await desk.published(BillCorrected)
    assert len(facts) == 20
    counts = []
    for few in (facts[:2], facts):
        ids = [fact.correction_id for fact in few] + [fact.reversals[0].bill_id for fact in few]
        async with desk.db.view() as view:
            seen = desk.watch()
            found = await documents.by_id(view, ids, context=desk.context)
            counts.append(len(seen))
        assert len(found) == len(ids)
        assert {one.result for each in found.values() for one in each.replayed} == {"equal"}
    assert counts[0] == counts[1] <= 20
