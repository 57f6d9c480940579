"""A private change of class ends, in one case, in another class and a penalty: the difference is billed by corrections, once."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.billing.contracts.domain import Assignment
from services.billing.tariffs import examples
from shared.events.billing import BillCorrected, ChargeIssued
from tests.integration.billing.cases.test_reclass import RECLASS, a_workshop
from tests.kits.billing import Desk, account, closed, usage
from tests.kits.cases import ask, bring, got, listed, opened, tip
from tests.kits.standing_cases import DAY, approve, calculated, end, propose, reopened

QUARTER = ("2026-01-01", "2026-04-01")
ANEW = {
    "from": "2026-01-01",
    "customer_class": "commercial",
    "tariff": "test/high",
    "explanation": "a shop at the price of homes",
    "business_date": DAY,
}


def flat(name: str, price: str) -> dict[str, Any]:
    return {
        **{key: value for key, value in examples.TARIFF.items() if key != "ladders"},
        "id": name,
        "effective": {"from": "2020-01-01", "to": None},
        "charges": [{"name": "energy", "zh": "电度电费", "kind": "energy", "price": price}],
    }


async def a_shop(desk: Desk) -> str:
    """Return a breach of an account that was billed 200, 200 and 250 kWh at 0.5 yuan."""
    await desk.activate(flat("test/low", "0.5"), flat("test/high", "0.8"))
    await desk.open(account(1, tariff="test/low"))
    number = await opened(desk, "breach")
    for cycle, kwh in ((1, 200), (2, 200), (3, 250)):
        used = usage(1, cycle, kwh)
        await desk.measure(used)
        for (held,) in await desk.bills("bill_id", status="held"):
            await desk.decide(held, "approve", f"2026-0{cycle + 1}-02", verdict="known")
        await desk.close(closed([used]))
        await desk.work()
    assert [row[0] for row in await desk.bills("total_fen", status="issued")] == [10_000, 10_000, 12_500]
    return number


async def anew(desk: Desk, number: str, **more: Any) -> tuple[int, Any]:
    seen = (await got(desk, f"cases/{number}"))["row_version"]
    return await ask(desk, f"cases/{number}/reclassing", ANEW | more, seen=seen)


@pytest.mark.parametrize("corrected_first", [True, False])
async def test_the_published_change_of_class_is_a_difference_by_bills_and_a_penalty(
    desk: Desk, corrected_first: bool
) -> None:
    number = await a_shop(desk)
    worked = await calculated(desk, number, "class_change", *QUARTER)
    assert await propose(desk, number, worked, penalty_only=True) == (409, "case.difference_not_billed")
    assert (await anew(desk, number, goes_on=True))[0] == 200
    assert (await got(desk, f"cases/{number}"))["state"] == "calculated"
    # the difference of these days is billed already: the penalty alone is left
    assert await propose(desk, number, worked) == (409, "case.billed_twice")
    if corrected_first:
        await desk.approve_all("2026-04-12")
    assert (await propose(desk, number, worked, penalty_only=True))[0] == 202
    (asked,) = await listed(desk, "approvals", state="pending", kind="case.charge")
    content = asked["content"]
    assert (content["penalty_only"], content["back_billing_fen"], content["penalty_fen"]) == (True, 0, 39_000)
    assert await approve(desk, number) == ("done", None)
    (charge,) = [fact.charge for fact in await desk.published(ChargeIssued)]
    assert (charge.component, charge.amount_fen) == ("penalty", 39_000)
    if not corrected_first:
        assert (await got(desk, f"cases/{number}"))["outcome_fen"] is None
        await desk.approve_all("2026-04-12")
    case = await got(desk, f"cases/{number}")
    # 650 kWh at 0.3 yuan more, and twice that
    assert (case["state"], case["outcome_fen"]) == ("charged", 19_500 + 39_000)
    assert [(one["kind"], one["amount_fen"]) for one in case["stands"]] == [
        ("class_change", 19_500),
        ("penalty", 39_000),
    ]
    (fact,) = await desk.published(BillCorrected)
    assert sum(bill.total_fen for bill in fact.replacements) - sum(bill.total_fen for bill in fact.reversals) == 19_500


async def test_a_penalty_alone_is_for_days_whose_difference_the_new_class_bills(desk: Desk) -> None:
    number = await a_shop(desk)
    assert (await anew(desk, number, goes_on=True, **{"from": "2026-02-01"}))[0] == 200
    for days in (QUARTER, ()):
        worked = await calculated(desk, number, "class_change", *days)
        assert await propose(desk, number, worked, penalty_only=True) == (409, "case.difference_not_billed")
    theirs = await calculated(desk, number, "class_change", "2026-02-01", "2026-04-01")
    assert (await propose(desk, number, theirs, penalty_only=True))[0] == 202


async def test_what_waits_for_a_second_person_goes_on_to_its_penalty(desk: Desk) -> None:
    number = await a_shop(desk)
    desk.two_people(bill__decision=[], bill__release=[])
    worked = await calculated(desk, number, "class_change", *QUARTER)
    assert (await anew(desk, number, goes_on=True))[0] == 202
    (asked,) = await listed(desk, "approvals", state="pending", kind="account.billed_days")
    assert await desk.second(asked, subject="second-1") == ("done", None)
    case = await got(desk, f"cases/{number}")
    assert (case["state"], case["reclassings"][0]["proposed_bills"]) == ("investigating", 3)
    # who only decided on the class had no hand in the case
    assert (await propose(desk, number, worked, penalty_only=True))[0] == 202
    (asked,) = await listed(desk, "approvals", state="pending", kind="case.charge")
    assert await desk.second(asked, subject="second-1") == ("done", None)


async def test_another_class_comes_to_its_own_corrections_and_to_nothing_while_one_waits(desk: Desk) -> None:
    number = await a_shop(desk)
    await desk.activate(flat("test/other", "0.9"))
    assert (await anew(desk, number))[0] == 200
    case = await got(desk, f"cases/{number}")
    assert (case["state"], case["outcome_fen"], case["reclassings"][0]["difference_fen"]) == ("reclassed", None, None)
    await desk.approve_all("2026-04-12")
    case = await got(desk, f"cases/{number}")
    assert (case["outcome_fen"], case["reclassings"][0]["difference_fen"]) == (19_500, 19_500)
    # another tariff since March, told later, is no matter of the case
    whole = account(1, tariff="test/low")
    (contract,), (terms,) = whole.contracts, whole.facts
    since = ((date(2026, 1, 1), "test/high"), (date(2026, 3, 1), "test/other"))
    assigned = (*contract.assignments, *(Assignment(day, tariff) for day, tariff in since))
    facts = (terms, replace(terms, from_=date(2026, 1, 1), customer_class="commercial"))
    (outcome,) = await desk.open(replace(whole, facts=facts, contracts=(replace(contract, assignments=assigned),)))
    assert outcome.status == "done"
    await desk.approve_all("2026-04-14")
    assert len(await desk.published(BillCorrected)) > 1
    case = await got(desk, f"cases/{number}")
    assert (case["outcome_fen"], len(case["reclassings"][0]["corrections"])) == (19_500, 1)
    # looked at again it is not dismissed, and ends with what stands
    await reopened(desk, number)
    assert await end(desk, number, "dismissal") == (409, "case.money_stands")
    assert (await end(desk, number, "confirmation"))[0] == 200
    case = await got(desk, f"cases/{number}")
    assert (case["state"], case["outcome_fen"]) == ("reclassed", 19_500)


async def test_two_cases_do_not_wait_for_the_same_change_of_class(desk: Desk) -> None:
    first = await a_workshop(desk)
    (outcome,) = await bring(desk, tip(7, 1, date(2026, 2, 20), "breach"))
    desk.two_people(bill__decision=[], bill__release=[])
    assert (await ask(desk, f"cases/{first}/reclassing", RECLASS, seen=1))[0] == 202
    path = f"cases/{outcome['id']}"
    assert await ask(desk, f"{path}/reclassing", RECLASS, seen=1) == (409, "case.reclassing_asked")
    assert (await got(desk, path))["state"] == "open"
    # given back, the other one may ask
    (asked,) = await listed(desk, "approvals", state="pending", kind="account.billed_days")
    assert await desk.second(asked, decision="reject") == ("done", None)
    assert (await ask(desk, f"{path}/reclassing", RECLASS, seen=1))[0] == 202


async def test_a_case_takes_as_many_statements_with_many_changes_of_class_as_with_one(desk: Desk) -> None:
    await desk.open(account(1))
    number = await opened(desk, "breach")
    counts = []
    for many in (1, 3):
        for _ in range(many):
            seen = (await got(desk, f"cases/{number}"))["row_version"]
            kind = "industrial" if seen % 2 else "commercial"
            wanted = {"from": "2026-03-01", "customer_class": kind, "explanation": "again", "business_date": DAY}
            assert (await ask(desk, f"cases/{number}/reclassing", wanted | {"goes_on": True}, seen=seen))[0] == 200
        seen_statements = desk.watch()
        await got(desk, f"cases/{number}")
        counts.append(len(seen_statements))
    assert counts[0] == counts[1]
