"""What a decision says of the findings of a bill, over REST: which need a verdict, which may have one, and where it is kept."""

from typing import Any

import httpx
import pytest

from services.billing.review.tables import FINDING_VERDICT, REVIEW_DECISION
from tests.integration.billing.decisions.test_decisions import cut_to_be_seen
from tests.kits.billing import Desk, account, usage

HOME, AMOUNT, RISE = "billing.implausible_home", "billing.abnormal_amount", "billing.sudden_rise"
OWN_HOLD = "billing.held_by_reviewer"


async def said(desk: Desk, bill_id: str, decision: str = "approve", **verdicts: str) -> httpx.Response:
    """Decide on a bill with verdicts by the last part of their codes."""
    codes = {f"billing.{code}": verdict for code, verdict in verdicts.items()}
    body = {"decision": decision, "explanation": "looked at", "business_date": "2026-06-10", "verdicts": codes}
    async with desk.client() as client:
        seen = (await client.get(f"/v1/bills/{bill_id}")).headers["ETag"]
        return await client.post(f"/v1/bills/{bill_id}/decisions", json=body, headers={"If-Match": seen})


async def kept(desk: Desk, bill_id: str) -> list[dict[str, str]]:
    """Return the verdicts of each decision on a bill."""
    async with desk.client() as client:
        return [each["verdicts"] for each in (await client.get(f"/v1/bills/{bill_id}")).json()["decisions"]]


async def held(desk: Desk, kwh: int, *before: int) -> str:
    """A home's bill of so many kWh that a rule holds, after months of others."""
    await desk.open(account(1))
    for month, each in enumerate((*before, kwh), start=1):
        await desk.measure(usage(1, month, each))
    *_, (bill_id, status) = await desk.bills("bill_id", "status")
    assert status == "held"
    return str(bill_id)


def refusal(answer: httpx.Response) -> tuple[int, str, str]:
    problem = answer.json()
    return answer.status_code, problem["code"], problem["detail"]


@pytest.mark.parametrize("decision", ["approve", "correct", "cancel"])
async def test_a_decision_that_ends_a_review_says_of_each_rule_that_holds_the_bill_whether_it_was_right(
    desk: Desk, decision: str
) -> None:
    bill_id = await held(desk, 4000)
    before = await desk.bills()
    missing = (422, "bill.verdict_missing")
    assert refusal(await said(desk, bill_id, decision)) == (*missing, f"{AMOUNT}, {HOME}")
    assert refusal(await said(desk, bill_id, decision, implausible_home="right")) == (*missing, AMOUNT)
    assert (await desk.bills(), await desk.count(REVIEW_DECISION)) == (before, 0)
    answer = await said(desk, bill_id, decision, implausible_home="known", abnormal_amount="wrong")
    assert answer.status_code == 200, answer.text
    assert await kept(desk, bill_id) == [{HOME: "known", AMOUNT: "wrong"}]


async def test_a_finding_that_the_bill_does_not_have_is_refused(desk: Desk) -> None:
    bill_id = await held(desk, 1200)
    unknown = (422, "bill.unknown_finding")
    assert refusal(await said(desk, bill_id, implausible_home="right", sudden_fall="right")) == (
        *unknown,
        "billing.sudden_fall",
    )
    assert (await said(desk, bill_id, "hold")).status_code == 200
    # what a reviewer did is no finding of a rule
    answer = await said(desk, bill_id, implausible_home="right", held_by_reviewer="right")
    assert refusal(answer) == (*unknown, OWN_HOLD)
    assert (await said(desk, bill_id, implausible_home="perhaps")).json()["code"] == "request.invalid"
    assert await desk.count(REVIEW_DECISION) == 1


async def test_what_is_only_shown_may_have_a_verdict_and_so_may_a_decision_that_ends_no_review(desk: Desk) -> None:
    bill_id = await held(desk, 1150, 950)
    assert (await said(desk, bill_id, "hold", sudden_rise="known", implausible_home="wrong")).status_code == 200
    assert (await said(desk, bill_id, implausible_home="right")).status_code == 200
    assert await kept(desk, bill_id) == [{RISE: "known", HOME: "wrong"}, {HOME: "right"}]


async def test_a_reviewers_own_hold_needs_no_verdict(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1))
    ((bill_id,),) = await desk.bills("bill_id")
    assert (await said(desk, bill_id, "hold")).status_code == 200
    assert (await said(desk, bill_id)).status_code == 200
    assert await desk.count(FINDING_VERDICT) == 0


async def test_what_could_not_be_rated_needs_no_verdict(desk: Desk) -> None:
    await desk.open(account(1, tariff="CN-ZJ/residential/time-of-use"))  # and the meter has one register
    await desk.measure(usage(1))
    ((bill_id,),) = await desk.bills("bill_id")
    answer = await said(desk, bill_id, "correct", usage_without_amount="right")
    assert refusal(answer) == (422, "bill.unknown_finding", "billing.usage_without_amount"), (
        "it has no figures to judge"
    )
    assert (await said(desk, bill_id, "correct")).status_code == 200
    assert await desk.count(FINDING_VERDICT) == 0


async def test_a_proposal_of_changed_account_data_needs_no_verdict(desk: Desk) -> None:
    await desk.open(account(1))
    for month in (1, 2, 3, 4):
        await desk.released(usage(1, month, 900))
    await desk.open(account(1, people=6))
    (proposal,) = await desk.bills(status="proposed")
    assert (await said(desk, proposal.bill_id)).status_code == 200, proposal.findings


async def test_a_decision_on_what_was_proposed_together_says_the_same_of_a_finding_in_each_bill(desk: Desk) -> None:
    first, second = await cut_to_be_seen(desk)  # the rule holds the second half alone
    answer = await said(desk, first.bill_id)
    assert (answer.json()["code"], HOME in answer.json()["detail"]) == ("bill.verdict_missing", True)
    assert (await said(desk, first.bill_id, **await _all(desk, first.bill_id, "wrong"))).status_code == 200
    ((of_first,), (of_second,)) = await kept(desk, first.bill_id), await kept(desk, second.bill_id)
    assert (HOME in of_first, of_second[HOME]) == (False, "wrong")


async def _all(desk: Desk, bill_id: str, verdict: str) -> dict[str, Any]:
    found = await desk.verdicts(bill_id, verdict=verdict)
    return {code.removeprefix("billing."): each for code, each in found.items()}


async def test_an_issued_bill_is_cancelled_without_a_word_on_what_once_held_it(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 1200))
    ((bill_id,),) = await desk.bills("bill_id")
    await desk.decide(bill_id, "approve", "2026-02-05", "right")
    await desk.work()
    assert (await said(desk, bill_id, "cancel")).status_code == 200
    assert await kept(desk, bill_id) == [{HOME: "right"}, {}]


async def test_verdicts_are_a_part_of_what_a_second_person_approves(desk: Desk) -> None:
    desk.two_people()
    bill_id = await held(desk, 1200)
    asked = await said(desk, bill_id, implausible_home="known")
    assert asked.status_code == 202
    other = await said(desk, bill_id, implausible_home="right")
    assert (other.status_code, other.json()["code"]) == (409, "approval.asked_already")
    assert await desk.count(FINDING_VERDICT) == 0
    async with desk.client() as client:
        (told,) = (await client.get("/v1/approvals?kind=bill.release")).json()["items"]
    assert told["content"]["verdicts"] == {HOME: "known"}
    assert await desk.second(asked.json()) == ("done", None)
    assert await kept(desk, bill_id) == [{HOME: "known"}]


async def test_nobody_is_asked_for_what_lacks_a_verdict(desk: Desk) -> None:
    desk.two_people()
    bill_id = await held(desk, 1200)
    assert (await said(desk, bill_id)).json()["code"] == "bill.verdict_missing"
    async with desk.client() as client:
        assert (await client.get("/v1/approvals")).json()["items"] == []
