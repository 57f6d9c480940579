"""What a case comes to is charged by three people: proposed, approved twice; it is held where disputed, and withdrawn by two."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from services.billing.business_day import store as business_day
from services.billing.cases.tables import CASE_CHARGE
from shared.events.billing import ChargeHoldChanged, ChargeIssued, ChargeWithdrawn
from tests.integration.billing.cases.test_calculations import theft
from tests.kits.billing import Desk, account
from tests.kits.cases import ask, evidence, got, listed, opened

SAID = {"calculation": 1, "explanation": "the seal is broken", "business_date": "2026-02-20"}


async def calculated(desk: Desk, **more: Any) -> str:
    """Return a case of theft that is proven and comes to 648 yuan and three times that."""
    await desk.open(account(1))
    number = await opened(desk)
    await evidence(desk, number)
    assert (await ask(desk, f"cases/{number}/calculations", theft(**more), seen=1))[0] == 200
    return number


async def pending(desk: Desk, kind: str) -> dict[str, Any]:
    (found,) = await listed(desk, "approvals", state="pending", kind=kind)
    return dict(found)


async def charged(desk: Desk) -> str:
    number = await calculated(desk)
    status, told = await ask(desk, f"cases/{number}/proposal", SAID, seen=2)
    assert (status, told["state"]) == (202, "pending")
    assert await desk.second(told, subject="second-1") == ("done", None)
    assert await desk.second(await pending(desk, "case.charge.second"), subject="third-1") == ("done", None)
    return number


async def test_a_case_is_charged_by_three_people_as_two_documents(desk: Desk) -> None:
    number = await calculated(desk)
    async with desk.db.begin() as tx:
        await business_day.advance(tx, date(2026, 2, 25))
    _, told = await ask(desk, f"cases/{number}/proposal", SAID, seen=2)
    assert (await got(desk, f"cases/{number}"))["state"] == "awaiting_approval"
    first = await pending(desk, "case.charge")
    seen = first["content"]
    assert (seen["back_billing_fen"], seen["penalty_fen"], seen["account_no"]) == (64800, 194400, "A1")
    assert [each["name"] for each in seen["items"]] == ["kwh", "back_bill", "penalty"]
    # whoever had a hand in it decides on neither
    assert await desk.second(told, subject="inspector-1") == ("refused", "approval.own_request")
    assert await desk.second(told, subject="second-1") == ("done", None)
    assert await desk.published(ChargeIssued) == []
    second = await pending(desk, "case.charge.second")
    assert await desk.second(second, subject="second-1") == ("refused", "approval.own_request")
    assert await desk.second(second, subject="inspector-1") == ("refused", "case.had_a_hand")
    assert await desk.second(second, subject="third-1") == ("done", None)

    back, penalty = (fact.charge for fact in await desk.published(ChargeIssued))
    assert (back.component, back.amount_fen, penalty.component, penalty.amount_fen) == (
        *("back_billing", 64800),
        *("penalty", 194400),
    )
    assert {(c.issued_on, c.due_on, c.cycle) for c in (back, penalty)} == {
        (date(2026, 2, 25), date(2026, 3, 17), "2026-02")
    }
    assert (back.rule, back.policy, back.case_no) == ("theft", "CN/supply-rules@1996", number)
    case = await got(desk, f"cases/{number}")
    assert (case["state"], case["outcome_fen"], case["explanation"]) == ("charged", 259200, "the seal is broken")
    hands = {(one["proposed_by"], one["first_by"], one["second_by"]) for one in case["charges"]}
    assert hands == {("inspector-1", "second-1", "third-1")}
    totals = await desk.totals("2026-02")
    assert (totals["charges_issued"], totals["charges_fen"], totals["charges_withdrawn"]) == (2, 259200, 0)


async def test_the_database_holds_that_the_hands_are_different(desk: Desk) -> None:
    await charged(desk)
    for values in ({"first_by": "inspector-1"}, {"second_by": "second-1"}, {"second_by": "inspector-1"}):
        with pytest.raises(IntegrityError):
            async with desk.db.begin() as tx:
                await tx.execute(update(CASE_CHARGE).values(**values))


async def test_the_assignee_and_who_calculated_approve_nothing(desk: Desk) -> None:
    number = await calculated(desk)
    assert (await ask(desk, f"cases/{number}/assignment", {"assignee": "inspector-2"}))[0] == 200
    _, told = await ask(desk, f"cases/{number}/proposal", SAID, seen=2, subject="inspector-3")
    for subject in ("inspector-1", "inspector-2"):
        assert await desk.second(told, subject=subject) == ("refused", "case.had_a_hand")
    assert await desk.second(told, subject="second-1") == ("done", None)


@pytest.mark.parametrize("at", ["first", "second"])
async def test_what_is_rejected_goes_back_to_the_investigator(desk: Desk, at: str) -> None:
    number = await calculated(desk)
    _, told = await ask(desk, f"cases/{number}/proposal", SAID, seen=2)
    if at == "second":
        await desk.second(told, subject="second-1")
        told = await pending(desk, "case.charge.second")
    assert await desk.second(told, subject="third-1", decision="reject") == ("done", None)
    case = await got(desk, f"cases/{number}")
    assert (case["state"], case["charges"]) == ("investigating", [])
    assert await desk.published(ChargeIssued) == []
    _, again = await ask(desk, f"cases/{number}/proposal", SAID, seen=case["row_version"])
    assert again["state"] == "pending"


async def test_policy_may_want_one_approval_below_an_amount(desk: Desk) -> None:
    one = {"case__charge__second": [{"from_fen": 300_000, "second": "billing:release"}]}
    desk.two_people(**one)
    number = await calculated(desk)
    _, told = await ask(desk, f"cases/{number}/proposal", SAID, seen=2)
    assert await desk.second(told, subject="second-1") == ("done", None)
    (back, _) = (await got(desk, f"cases/{number}"))["charges"]
    assert (back["first_by"], back["second_by"]) == ("second-1", None)


async def test_nothing_is_charged_that_cannot_be(desk: Desk) -> None:
    number = await opened(desk)  # nobody is supplied there
    assert await ask(desk, f"cases/{number}/proposal", SAID, seen=1) == (404, "case.unknown_calculation")
    await ask(desk, f"cases/{number}/calculations", theft(input={"price": "0.3", "kwh": "0"}), seen=1)
    assert await ask(desk, f"cases/{number}/proposal", SAID, seen=2) == (422, "case.nothing_to_charge")
    await ask(desk, f"cases/{number}/calculations", theft(), seen=2)
    said = SAID | {"calculation": 2}
    assert await ask(desk, f"cases/{number}/proposal", said, seen=3) == (409, "case.account_unknown")


async def test_nothing_is_charged_without_evidence_that_stands(desk: Desk) -> None:
    await desk.open(account(1))
    number = await opened(desk)
    path = f"cases/{number}"
    assert (await ask(desk, f"{path}/calculations", theft(), seen=1))[0] == 200
    before = await got(desk, path)
    assert await ask(desk, f"{path}/proposal", SAID, seen=2) == (409, "case.no_evidence")
    assert await got(desk, path) == before
    await evidence(desk, number)
    assert (await ask(desk, f"{path}/evidence/PHOTO-1/withdrawal", {"reason": "of another meter"}))[0] == 200
    assert await ask(desk, f"{path}/proposal", SAID, seen=2) == (409, "case.no_evidence")
    assert await listed(desk, "approvals", state="pending") == []
    await evidence(desk, number, "PHOTO-2")
    assert (await ask(desk, f"{path}/proposal", SAID, seen=2))[0] == 202
    assert (await pending(desk, "case.charge"))["content"]["evidence"] == ["PHOTO-2"]


async def test_nothing_is_charged_without_evidence_where_policy_wants_no_approval_either(desk: Desk) -> None:
    desk.two_people(case__charge=[])
    await desk.open(account(1))
    number = await opened(desk)
    assert (await ask(desk, f"cases/{number}/calculations", theft(), seen=1))[0] == 200
    assert await ask(desk, f"cases/{number}/proposal", SAID, seen=2) == (409, "case.no_evidence")
    assert await desk.published(ChargeIssued) == []
    await evidence(desk, number)
    assert (await ask(desk, f"cases/{number}/proposal", SAID, seen=2))[0] == 200
    assert len(await desk.published(ChargeIssued)) == 2


async def test_a_charge_is_withdrawn_by_two_people_and_the_case_may_be_charged_anew(desk: Desk) -> None:
    number = await charged(desk)
    back, penalty = (await got(desk, f"cases/{number}"))["charges"]
    said = {"cause": "appeal_upheld", "explanation": "half of the load was the neighbour's"}
    async with desk.db.begin() as tx:
        await business_day.advance(tx, date(2026, 3, 9))
    status, told = await ask(desk, f"charges/{penalty['charge_no']}/withdrawal", said)
    assert status == 202
    assert await desk.second(told, subject="inspector-1") == ("refused", "approval.own_request")
    assert await desk.second(told, subject="second-1") == ("done", None)
    (fact,) = await desk.published(ChargeWithdrawn)
    issued = {one.charge.charge_no: one.charge for one in await desk.published(ChargeIssued)}
    assert fact.charge == issued[penalty["charge_no"]]
    assert (fact.withdrawn_on, fact.cause) == (date(2026, 3, 9), "appeal_upheld")
    assert await ask(desk, f"charges/{penalty['charge_no']}/withdrawal", said) == (409, "charge.withdrawn")
    case = await got(desk, f"cases/{number}")
    assert case["outcome_fen"] == 64800
    totals = await desk.totals("2026-02")
    assert (totals["charges_issued"], totals["charges_fen"], totals["charges_withdrawn_fen"]) == (1, 64800, 194400)
    # anew only once all of it is withdrawn
    path = f"cases/{number}"
    await ask(desk, f"{path}/reopening", {"reason": "the load was measured again"}, seen=case["row_version"])
    seen = case["row_version"] + 1
    await ask(desk, f"{path}/calculations", theft(input={"price": "0.3", "kwh": "1000"}), seen=seen)
    again = SAID | {"calculation": 2, "business_date": "2026-03-10"}
    assert await ask(desk, f"{path}/proposal", again, seen=seen + 1) == (409, "case.charges_stand")
    _, told = await ask(desk, f"charges/{back['charge_no']}/withdrawal", said)
    await desk.second(told, subject="second-1")
    # what was charged once is not charged again: it is refused before anybody is asked
    assert await ask(desk, f"{path}/proposal", SAID | again | {"calculation": 1}, seen=seen + 1) == (
        *(409, "case.charged_before"),
    )
    assert (await got(desk, path))["state"] == "calculated"
    assert (await ask(desk, f"{path}/proposal", again, seen=seen + 1))[0] == 202


async def test_a_disputed_charge_is_held_for_as_long_as_the_policy_says(desk: Desk) -> None:
    number = await charged(desk)
    (back, _) = (await got(desk, f"cases/{number}"))["charges"]
    path = f"charges/{back['charge_no']}/hold"
    said = {"held_until": "2026-03-20", "explanation": "objects in writing"}
    assert (await ask(desk, path, said))[0] == 200
    assert (await ask(desk, path, said))[0] == 200  # said again it changes nothing
    assert await ask(desk, path, said | {"held_until": "2026-06-20"}) == (422, "charge.held_too_long")
    assert [one["charge_no"] for one in await listed(desk, "charges", held_on="2026-03-01")] == [back["charge_no"]]
    assert (await ask(desk, path, said | {"held_until": None}))[0] == 200
    told = [(fact.version, fact.held_until) for fact in await desk.published(ChargeHoldChanged)]
    assert told == [(1, date(2026, 3, 20)), (2, None)]
    elsewhere = {"org_units": ["zj/ningbo"]}
    assert await ask(desk, path, said, **elsewhere) == (404, "charge.unknown")
    assert await listed(desk, "charges", who=elsewhere) == []


async def test_a_charge_is_traced_to_its_working(desk: Desk) -> None:
    number = await charged(desk)
    (back, _) = (await got(desk, f"cases/{number}"))["charges"]
    node = (await got(desk, f"trace/charge/{back['charge_no']}"))["document"]
    assert (node["working"]["calculation"], node["amount_fen"]) == ("theft", 64800)
    documents = await got(desk, "control-documents/document?cycle=2026-02")
    assert {(one["id"], one["amount"], one["stands"]) for one in documents["items"]} >= {
        (back["charge_no"], 64800, True)
    }


async def test_evidence_that_changes_after_the_proposal_makes_it_stale_and_none_is_withdrawn_after_the_end(
    desk: Desk,
) -> None:
    number = await calculated(desk)
    path, seal = f"cases/{number}", {"kind": "seal", "reference": "SEAL-77", "seen_on": "2026-02-11"}
    gone = (f"{path}/evidence/E1/withdrawal", {"reason": "smudged"})
    assert (await ask(desk, f"{path}/evidence", {"items": [seal | {"evidence_no": "E1"}]}))[0] == 200
    _, told = await ask(desk, f"{path}/proposal", SAID, seen=2)
    assert (await pending(desk, "case.charge"))["content"]["evidence"] == ["E1", "PHOTO-1"]
    assert (await ask(desk, *gone, subject="inspector-9"))[0] == 200
    assert await desk.second(told, subject="second-1") == ("refused", "case.changed_meanwhile")
    assert await desk.second(told, subject="second-1", decision="reject") == ("done", None)
    assert (await ask(desk, f"{path}/evidence", {"items": [seal | {"evidence_no": "E2"}]}))[0] == 200
    seen = (await got(desk, path))["row_version"]
    _, told = await ask(desk, f"{path}/proposal", SAID, seen=seen)
    assert await desk.second(told, subject="second-1") == ("done", None)
    assert await desk.second(await pending(desk, "case.charge.second"), subject="third-1") == ("done", None)
    after = f"{path}/evidence/E2/withdrawal"
    assert await ask(desk, after, {"reason": "smudged"}) == (409, "case.not_possible")
