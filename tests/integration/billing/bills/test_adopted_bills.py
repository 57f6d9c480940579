"""After a restore billing keeps its bills as collection has posted them; what is right now goes out above them."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import delete

from services.billing.bills.domain.bills import bill_id
from services.billing.bills.tables import BILL, BILL_DOCUMENT
from shared.events.billing import BillCorrected, BillIssued
from tests.kits.billing import Desk, account, part, usage

DOCUMENT = {
    "document_kind": "bill",
    "document_id": "019c-nobodys",
    "issued_on": "2026-02-02",
    "due_on": "2026-02-22",
} | {
    "total_fen": 0,
    "components": [],
    "stands": True,
}


async def issued(desk: Desk) -> dict[str, Any]:
    """A bill of 200 kWh that went out, as collection would have posted it."""
    await desk.open(account(1))
    await desk.released(usage(1))
    (fact,) = await desk.published(BillIssued)
    return posted(fact.bill)


def posted(bill: Any, *, stands: bool = True, **more: Any) -> dict[str, Any]:
    return {
        "document_kind": "bill",
        "document_id": bill.bill_id,
        "issued_on": str(bill.issued_on),
        "due_on": str(bill.due_on),
        "total_fen": bill.total_fen,
        "components": [{"component": part.component, "amount_fen": part.amount_fen} for part in bill.components],
        "stands": stands,
    } | more


async def adopt(desk: Desk, *items: dict[str, Any], status: int = 200, **client: Any) -> list[Any]:
    async with desk.client(**client) as caller:
        answer = await caller.post("/v1/posted-documents", json={"account_no": "A1", "items": list(items)})
    assert answer.status_code == status, answer.text
    return [(each["status"], each.get("code")) for each in answer.json().get("outcomes", ())]


def of(fen: int) -> dict[str, Any]:
    return {"total_fen": fen, "components": [{"component": "energy", "amount_fen": fen}]}


async def heads(desk: Desk) -> list[Any]:
    return await desk.bills("version", "status", "total_fen")


async def test_a_bill_that_is_out_as_posted_stays_as_it_is(desk: Desk) -> None:
    one = await issued(desk)
    assert await adopt(desk, one) == [("already_done", None)]
    assert await heads(desk) == [(1, "issued", 10760)]
    assert await desk.published(BillCorrected) == []


async def test_a_bill_that_is_not_out_yet_is_out_if_it_is_the_one_that_was_posted(desk: Desk) -> None:
    one = await issued(desk)
    await desk.open(account(1))
    await desk.measure(usage(1, 2))
    ((later,),) = await desk.bills("bill_id", status="ready")
    out = one | {"document_id": later, "issued_on": "2026-03-02", "due_on": "2026-03-22"}
    assert await adopt(desk, out) == [("done", None)]
    assert await desk.bills("status", "issued_on", bill_id=later) != []
    assert await heads(desk) == [(1, "issued", 10760), (1, "issued", 10760)]
    assert await desk.published(BillCorrected) == []
    async with desk.client() as client:
        assert (await client.get(f"/v1/bills/{later}")).json()["lines"] != []


async def test_what_issued_a_bill_is_kept_too(desk: Desk) -> None:
    """Customers are told of bills of runs and of corrections by notices of their own."""
    one = await issued(desk)
    assert await adopt(desk, one | {"correction_id": "019c-correction"}) == [("done", None)]
    assert await adopt(desk, one | {"correction_id": "019c-correction"}) == [("already_done", None)]
    assert (await desk.totals())["bills_issued_first"] == 0
    assert await adopt(desk, one) == [("done", None)]
    assert (await desk.totals())["bills_issued_first"] == 1
    assert [fact.bill.bill_id for fact in await desk.published(BillIssued)] == [one["document_id"]] * 2


async def test_another_content_stands_as_posted_and_is_corrected(desk: Desk) -> None:
    one = await issued(desk)
    assert await adopt(desk, one | of(9999)) == [("done", None)]
    assert await heads(desk) == [(1, "reversed", 9999), (2, "issued", 10760)]
    (fact,) = await desk.published(BillCorrected)
    assert [(b.bill_id, b.total_fen) for b in fact.reversals] == [(one["document_id"], 9999)]
    assert [b.total_fen for b in fact.replacements] == [10760]
    assert await adopt(desk, posted(fact.reversals[0], stands=False)) == [("already_done", None)]
    totals = await desk.totals()
    assert (totals["documents_fen"], totals["issued_fen"], totals["reversed_fen"]) == (10760, 10760, 9999)


async def test_a_version_that_is_not_known_is_kept_and_what_it_replaced_is_taken_back(desk: Desk) -> None:
    """Before the restore the bill had been corrected from 90.00 to 95.00 yuan; made again it is at once 107.60."""
    await desk.open(account(1))
    await desk.released(usage(1))
    await desk.released(usage(1, 2))
    first, second = await desk.published(BillIssued)
    await desk.released(usage(1, 1, 220, version=2, usage_id="U-v2", replaces_reason="reread"))
    (correction,) = await desk.published(BillCorrected)
    lost = correction.replacements[0]
    # what collection holds: version 1 of 90.00 taken back, version 2 of 95.00
    items = [posted(first.bill, stands=False, **of(9000)), posted(lost, **of(9500)), posted(second.bill)]
    assert [status for status, _ in await adopt(desk, *items)] == ["done", "done", "already_done"]
    assert await desk.bills("version", "status", "total_fen", cycle="2026-01") == [
        (1, "reversed", 9000),
        (2, "reversed", 9500),
        (3, "issued", lost.total_fen),
    ]
    *_, fact = await desk.published(BillCorrected)
    assert [b.total_fen for b in fact.reversals] == [9500]


async def test_a_bill_of_which_nothing_is_known_is_kept_under_its_key(desk: Desk) -> None:
    one = await issued(desk)
    await desk.released(usage(1, 2))
    _, second = await desk.published(BillIssued)
    fresh = posted(second.bill)
    async with desk.db.begin() as tx:
        for table in (BILL, BILL_DOCUMENT):
            await tx.execute(delete(table).where(table.c.bill_id == fresh["document_id"]))
    assert await adopt(desk, one, fresh) == [("already_done", None), ("done", None)]
    assert await desk.bills("version", "status", "total_fen", cycle="2026-02") == [
        (1, "reversed", 10760),
        (2, "issued", 10760),
    ]


async def test_what_was_made_in_its_place_since_is_taken_back(desk: Desk) -> None:
    """The month was billed in one; made again it came in two halves, and both have gone out beside it."""
    start, middle, end = date(2026, 1, 1), date(2026, 1, 16), date(2026, 2, 1)
    one = await issued(desk)
    ((whole,),) = await desk.bills("bill_id")
    halves = [part(1, start, middle, 90), part(1, middle, end, 110)]
    async with desk.db.begin() as tx:
        for table in (BILL, BILL_DOCUMENT):
            await tx.execute(delete(table).where(table.c.bill_id == whole))
    await desk.measure(*halves)
    await desk.work()
    made = await desk.bills("period_from", "status", "total_fen")
    assert [status for _, status, _ in made] == ["issued", "issued"]
    assert await adopt(desk, one) == [("done", None)]
    assert await desk.bills("period_from", "period_to", "status", "total_fen") == [
        (start, middle, "issued", 4842),
        (start, end, "reversed", 10760),
        (middle, end, "issued", 5918),
    ]
    (fact,) = await desk.published(BillCorrected)
    assert [b.bill_id for b in fact.reversals] == [whole]
    assert fact.replacements == ()


async def test_another_version_that_went_out_since_is_taken_back(desk: Desk) -> None:
    """Version 2 had been posted, of 95.00 yuan; made again as version 1, of 107.60, the bill went out beside it."""
    one = await issued(desk)
    ((_, contract_no, from_, to),) = await desk.bills("bill_id", "contract_no", "period_from", "period_to")
    lost = one | {"document_id": bill_id(contract_no, from_, to, 2), "correction_id": "019c-correction"} | of(9500)
    assert await adopt(desk, one, lost) == [("already_done", None), ("done", None)]
    assert await desk.bills("version", "status", "total_fen") == [
        (1, "reversed", 10760),
        (2, "reversed", 9500),
        (3, "issued", 10760),
    ]
    (fact,) = await desk.published(BillCorrected)
    assert sorted(b.total_fen for b in fact.reversals) == [9500, 10760]


async def test_a_bill_that_was_taken_back_is_not_billed_anew(desk: Desk) -> None:
    one = await issued(desk)
    assert await adopt(desk, one | {"stands": False}) == [("done", None)]
    await desk.work()
    assert await heads(desk) == [(1, "reversed", 10760)]


async def test_what_no_contract_of_the_account_covers_any_more_is_billed_for_the_one_that_does(desk: Desk) -> None:
    """A move was told again after the restore; the cut that the bill of the first account awaits was told before it."""
    desk.review_by(first_bill="off")
    one = await issued(desk)
    (here,) = account(1).contracts
    there = replace(here, contract_no="C2", from_=date(2026, 1, 1))
    await desk.open(account(1, contracts=(replace(here, to=there.from_),)), account(2, contracts=(there,)))
    assert await adopt(desk, one) == [("already_done", None)]
    await desk.work()
    assert await desk.bills("account_no", "status", "total_fen") == [("A1", "reversed", 10760), ("A2", "issued", 10760)]


@pytest.mark.parametrize("given", [{}, of(9999)], ids=["alike", "otherwise"])
async def test_a_document_that_is_given_twice_is_refused_and_the_others_are_kept(
    desk: Desk, given: dict[str, Any]
) -> None:
    one = await issued(desk)
    ((_, contract_no, from_, to),) = await desk.bills("bill_id", "contract_no", "period_from", "period_to")
    lost = one | {"document_id": bill_id(contract_no, from_, to, 2), "correction_id": "019c-correction"}
    repeated = ("refused", "request.repeated_in_batch")
    assert await adopt(desk, one, lost, lost | given) == [("already_done", None), repeated, repeated]
    assert await heads(desk) == [(1, "issued", 10760)]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"document_id": "019c-nobodys"}, "bill.key_unknown"),
        ({"document_kind": "difference"}, "bill.is_a_difference"),
    ],
)
async def test_what_cannot_be_kept_is_refused(desk: Desk, changed: dict[str, Any], code: str) -> None:
    one = await issued(desk)
    assert await adopt(desk, one | changed) == [("refused", code)]
    assert await heads(desk) == [(1, "issued", 10760)]


@pytest.mark.parametrize(
    "components",
    [
        [{"component": "energy", "amount_fen": 1}],
        [],
        [{"component": "energy", "amount_fen": fen} for fen in (10_000, 760)],
        [{"component": f"levy-{n}", "amount_fen": 0} for n in range(40)],
    ],
    ids=["another sum", "none", "one twice", "more than a bill has"],
)
async def test_what_is_no_whole_bill_is_refused(desk: Desk, components: list[dict[str, Any]]) -> None:
    one = await issued(desk)
    await adopt(desk, one | {"components": components}, status=422)
    assert await heads(desk) == [(1, "issued", 10760)]


async def test_a_difference_of_many_components_stops_no_bill(desk: Desk) -> None:
    one = await issued(desk)
    parts = [{"component": f"levy-{n}", "amount_fen": 0} for n in range(40)]
    wide = one | {"document_id": "019c-wide", "document_kind": "difference", "components": parts}
    assert await adopt(desk, wide, one) == [("refused", "bill.is_a_difference"), ("already_done", None)]


async def test_an_account_that_is_not_there_is_told(desk: Desk) -> None:
    await adopt(desk, DOCUMENT, status=404)
