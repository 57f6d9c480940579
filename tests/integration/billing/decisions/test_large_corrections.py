"""Corrections of large issued bills that rest on reads: proposed, and decided by two people, whoever corrected the read."""

from typing import Any

import orjson
import pytest

from services.billing.review.domain.findings import ACCOUNT_CHANGED, LARGE_CORRECTION, TAKEN_BACK
from shared.events.billing import BillCorrected
from tests.kits.billing import Desk, account, usage, withdrawn

LARGE = 9000
"""kWh of a month that is more than 5,000 yuan: the amount from which on two people decide, as shipped."""


async def issued(desk: Desk, *kwh: int) -> None:
    """Issue January, February, … of so many kWh each, what a rule holds by two reviewers."""
    await desk.open(account(1))
    for month, each in enumerate(kwh, start=1):
        await desk.released(usage(1, month, each))
        for row in await desk.bills():
            if row.status == "held":
                asked = await _decided(desk, row, "approve")
                assert asked is None or await desk.second(asked) == ("done", None)
        await desk.work()
    assert {status for (status,) in await desk.bills("status")} == {"issued"}


async def _decided(desk: Desk, row: Any, kind: str) -> dict[str, Any] | None:
    """Decide on a bill; return what a second person is asked for, None where one was enough."""
    body = {"decision": kind, "explanation": "read again", "verdicts": await desk.verdicts(row.bill_id, kind)}
    async with desk.client(subject="reviewer-3") as first:
        seen = {"If-Match": f'"{row.row_version}"'}
        answer = await first.post(f"/v1/bills/{row.bill_id}/decisions", json=body, headers=seen)
    assert answer.status_code in (200, 202), answer.text
    return answer.json() if answer.status_code == 202 else None


async def proposed(desk: Desk) -> list[Any]:
    return [row for row in await desk.bills() if row.status == "proposed"]


def codes(row: Any) -> set[str]:
    return {found["code"] for found in orjson.loads(row.findings)}


async def approved_by_two(desk: Desk) -> None:
    """Have what is proposed approved by two reviewers."""
    row, *_ = await proposed(desk)
    asked = await _decided(desk, row, "approve")
    assert asked is not None
    assert await desk.second(asked, subject="reviewer-4") == ("done", None)


@pytest.mark.parametrize("kwh", [(LARGE, 10), (200, LARGE)], ids=["large made small", "small made large"])
async def test_what_a_read_changes_of_a_large_bill_is_decided_by_two(desk: Desk, kwh: tuple[int, int]) -> None:
    before, after = kwh
    await issued(desk, before)
    (first,) = await desk.bills()
    await desk.measure(usage(1, 1, after, version=2))
    (row,) = await proposed(desk)
    assert LARGE_CORRECTION in codes(row)
    assert await desk.published(BillCorrected) == []
    await approved_by_two(desk)
    (fact,) = await desk.published(BillCorrected)
    assert [bill.bill_id for bill in fact.reversals] == [first.bill_id]
    assert [bill.total_fen for bill in fact.replacements] == [row.total_fen]


async def test_what_a_read_changes_of_a_small_bill_goes_out_by_itself(desk: Desk) -> None:
    await issued(desk, 200)
    await desk.measure(usage(1, 1, 210, version=2))
    assert await proposed(desk) == []
    assert len(await desk.published(BillCorrected)) == 1


async def test_a_large_bill_whose_period_is_no_more_is_taken_back_by_two(desk: Desk) -> None:
    """Who takes a read back does not take the bill back alone either."""
    await issued(desk, LARGE, LARGE)
    await desk.measure(withdrawn(usage(1, 2, LARGE)))
    (row,) = await proposed(desk)
    assert (row.total_fen, codes(row)) == (0, {TAKEN_BACK, LARGE_CORRECTION})
    assert await desk.published(BillCorrected) == []
    await approved_by_two(desk)
    (fact,) = await desk.published(BillCorrected)
    assert ([bill.cycle for bill in fact.reversals], fact.replacements) == (["2026-02"], ())
    assert sorted(await desk.bills("cycle", "status")) == [
        ("2026-01", "issued"),
        ("2026-02", "replaced"),
        ("2026-02", "reversed"),
    ]


async def test_a_period_that_comes_again_takes_the_proposal_to_take_its_bill_back_along(desk: Desk) -> None:
    await issued(desk, LARGE)
    await desk.measure(withdrawn(usage(1, 1, LARGE)))
    await desk.measure(usage(1, 1, LARGE, version=3))
    assert await proposed(desk) == []
    assert await desk.published(BillCorrected) == []
    assert sorted(await desk.bills("version", "status")) == [(1, "issued"), (2, "replaced")]


async def test_what_is_proposed_for_a_read_is_calculated_again_with_whatever_comes_for_its_days(desk: Desk) -> None:
    await issued(desk, 200)
    await desk.measure(usage(1, 1, LARGE, version=2))
    (first,) = await proposed(desk)
    await desk.open(account(1, people=6))
    (row,) = await proposed(desk)
    assert (row.version, codes(row) >= {LARGE_CORRECTION, ACCOUNT_CHANGED}) == (3, True)
    assert row.total_fen < first.total_fen, "a larger household has a longer first tier"


async def test_a_decision_on_a_small_bill_does_not_let_a_large_proposal_of_later_days_out(desk: Desk) -> None:
    await issued(desk, 200, 200)
    await desk.measure(usage(1, 2, LARGE, version=2))
    january = next(row for row in await desk.bills() if row.cycle == "2026-01")
    asked = await _decided(desk, january, "correct")
    assert asked is not None
    assert await desk.published(BillCorrected) == []


async def test_a_decision_of_one_does_not_make_a_small_bill_large(desk: Desk) -> None:
    """What the facts make of it is known after the decision only: it is proposed, for two."""
    await issued(desk, 200)
    await desk.measure(usage(1, 1, LARGE, version=2))
    await desk.decide((await proposed(desk))[0].bill_id, "cancel", "2026-06-20")
    (row,) = [row for row in await desk.bills() if row.status == "issued"]
    assert await _decided(desk, row, "correct") is None
    assert (await proposed(desk))[0].total_fen > 500_000
    assert await desk.published(BillCorrected) == []
