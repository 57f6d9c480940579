"""Instalment plans: agreed by two, judged by what is settled, and what they cover is held as long as they are kept."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from services.collection.plans import store
from services.collection.plans.tables import PLAN
from shared.dated import Period
from shared.db import jobs
from tests.integration.collection.dunning.test_cases import bounce, cases, told
from tests.kits.approvals import decided
from tests.kits.collection import Kit, account, bill, counted, issued

PLANS = "/v1/accounts/A1/plans"
BILLS = (issued(bill("B1", 1_000)), issued(bill("B2", 500, cycle="2026-02")))
PARTS = [("2026-04-20", 600), ("2026-05-20", 900)]


async def run(kit: Kit, job: str, *days: str) -> dict[str, int]:
    """Run a job for days that have not come by the clock of the kit."""
    counts: dict[str, int] = {}
    for day in days:
        result = await jobs.run(kit.database, kit.service.app.state.web.jobs[job], date.fromisoformat(day))
        counts = dict(result.counts)
    return counts


async def owed(kit: Kit, *documents: str) -> list[str]:
    found = (await kit.clerk.get("/v1/receivables?account_no=A1")).json()["items"]
    return [one["receivable_id"] for one in found if one["document_id"] in documents]


async def propose(kit: Kit, status: int = 202, **changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"explanation": "two pay days", "receivable_ids": await owed(kit, "B1", "B2")}
    body["instalments"] = [{"due_on": day, "amount_fen": fen} for day, fen in PARTS]
    answer = await kit.clerk.post(PLANS, json=body | changes)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


async def agreed(kit: Kit, **changes: Any) -> None:
    assert await decided(kit.second, [await propose(kit, **changes)]) == ["done"]


async def plan(kit: Kit) -> dict[str, Any]:
    (one,) = (await kit.clerk.get("/v1/plans?account_no=A1")).json()["items"]
    return dict(one)


async def test_a_plan_is_agreed_by_another_person_and_holds_what_it_covers_and_nothing_else(kit: Kit) -> None:
    await kit.give(*BILLS, issued(bill("B3", 70, cycle="2026-03")))
    asked = await propose(kit)
    await run(kit, "remind", "2026-04-14")
    assert (await told(kit))[-1] == ("2026-04-14", 1, "notice", 1_570), "proposed, it holds nothing"
    assert await decided(kit.clerk, [asked]) == ["approval.own_request"]
    assert (await plan(kit))["state"] == "proposed"
    assert await decided(kit.second, [asked]) == ["done"]
    one = await plan(kit)
    assert (one["state"], one["agreed_on"], one["agreed_by"], one["covered_fen"]) == (
        "agreed",
        "2026-04-15",
        "second",
        1_500,
    )
    (hold,) = (await kit.clerk.get("/v1/dunning-holds?account_no=A1&reason=plan")).json()["items"]
    assert (hold["held_until"], hold["receivable_ids"]) == ("2026-05-23", sorted(one["receivable_ids"]))
    ended = await kit.clerk.post(f"/v1/accounts/A1/dunning-holds/{hold['hold_no']}/end", json={"reason": "x"})
    assert (ended.status_code, ended.json()["code"]) == (409, "hold.of_plan")
    await run(kit, "remind", "2026-04-26", "2026-05-06")
    assert [fen for *_, fen in await told(kit)][1:] == [70, 70]
    facts = await kit.facts("collection.plan_changed.v1")
    assert [(fact["state"], fact["version"]) for fact in facts] == [("proposed", 1), ("agreed", 2)]


async def test_no_plan_is_agreed_by_who_proposed_it_in_the_database_either(kit: Kit) -> None:
    await kit.give(*BILLS)
    await propose(kit)
    with pytest.raises(IntegrityError):
        async with kit.database.begin() as tx:
            await tx.execute(update(PLAN).values(agreed_by=PLAN.c.proposed_by))


async def test_a_plan_that_is_kept_is_completed_once_all_is_settled(kit: Kit) -> None:
    await kit.give(*BILLS)
    await agreed(kit)
    await kit.pay(600, on="2026-04-15")
    assert await run(kit, "judge-plans", "2026-04-24", "2026-05-23") == {"broken": 0, "completed": 0}
    await kit.pay(900, on="2026-04-15")
    assert await run(kit, "judge-plans", "2026-05-24") == {"broken": 0, "completed": 1}
    one = await plan(kit)
    assert (one["state"], one["ended_on"]) == ("completed", "2026-05-24")
    assert (await kit.facts("collection.plan_changed.v1"))[-1]["state"] == "completed"


async def test_a_plan_that_is_broken_lets_dunning_go_on_where_it_was(kit: Kit) -> None:
    await kit.give(*BILLS)
    await run(kit, "remind", "2026-02-25", "2026-03-09")
    await agreed(kit)
    await kit.pay(599, on="2026-04-15")
    await run(kit, "remind", "2026-04-20")
    assert [one["state"] for one in await cases(kit)] == ["held"]
    assert await run(kit, "judge-plans", "2026-04-23", "2026-04-23") == {}
    assert (await plan(kit))["state"] == "agreed", "the days of grace"
    assert await run(kit, "judge-plans", "2026-04-24") == {"broken": 1, "completed": 0}
    await run(kit, "remind", "2026-04-24")
    assert (await told(kit))[-1] == ("2026-04-24", 3, "call", 901)
    one = await plan(kit)
    assert (one["state"], one["ended_on"]) == ("broken", "2026-04-24")
    async with kit.database.view() as view:
        periods = await store.held_periods(view, one["receivable_ids"])
    held = [Period(date(2026, 4, 15), date(2026, 4, 24))]
    assert periods == dict.fromkeys(one["receivable_ids"], held)


async def test_a_payment_that_bounces_breaks_the_plan_that_it_kept(kit: Kit) -> None:
    await kit.give(*BILLS)
    await agreed(kit)
    payment = await kit.pay(600, on="2026-04-15")
    await run(kit, "judge-plans", "2026-04-24")
    await bounce(kit, payment)
    assert await run(kit, "judge-plans", "2026-04-25") == {"broken": 1, "completed": 0}


@pytest.mark.parametrize("decision", ["reject", "withdraw"])
async def test_a_plan_that_nobody_agrees_to_holds_nothing_and_another_may_be_proposed(kit: Kit, decision: str) -> None:
    await kit.give(*BILLS)
    asked = await propose(kit)
    assert (await propose(kit, 409))["code"] == "plan.covered_already"
    who = kit.second if decision == "reject" else kit.clerk
    if decision == "reject":
        assert await decided(who, [asked], decision="reject") == ["done"]
    else:
        answer = await who.post(f"/v1/approvals/{asked['approval_id']}/withdrawal")
        assert answer.is_success, answer.text
    assert (await plan(kit))["state"] == "rejected"
    await propose(kit)
    assert (await kit.clerk.get("/v1/dunning-holds")).json()["items"] == []


async def test_a_plan_of_what_is_owed_no_more_is_not_agreed(kit: Kit) -> None:
    await kit.give(*BILLS)
    asked = await propose(kit)
    await kit.pay(1)
    assert await decided(kit.second, [asked]) == ["plan.changed_meanwhile"]


DAY = "2026-04-20"


@pytest.mark.parametrize(
    ("parts", "status", "code"),
    [
        ([(DAY, 1_499)], 422, "plan.does_not_add_up"),
        ([(DAY, 1_501)], 422, "plan.does_not_add_up"),
        ([("2026-04-14", 1_500)], 422, "plan.days_wrong"),
        ([(DAY, 750), (DAY, 750)], 422, "plan.days_wrong"),
        ([("2026-05-20", 750), (DAY, 750)], 422, "plan.days_wrong"),
        ([("2027-04-16", 1_500)], 422, "plan.too_long"),
        ([(f"2026-05-{day:02}", 1) for day in range(1, 15)], 422, "plan.too_long"),
    ],
)
async def test_a_plan_that_cannot_be_is_refused_with_its_code(
    kit: Kit, parts: list[tuple[str, int]], status: int, code: str
) -> None:
    await kit.give(*BILLS)
    instalments = [{"due_on": day, "amount_fen": fen} for day, fen in parts]
    assert (await propose(kit, status, instalments=instalments))["code"] == code
    assert (await kit.clerk.get("/v1/plans")).json()["items"] == []


async def test_a_plan_of_others_debts_or_for_another_bureau_is_refused(kit: Kit) -> None:
    await kit.give(*BILLS)
    assert (await propose(kit, 409, receivable_ids=["nobody's"]))["code"] == "plan.not_owed"
    elsewhere = kit.client("clerk", "collection:write", org_units=["zj/ningbo"])
    body = {"explanation": "x", "receivable_ids": ["r"], "instalments": [{"due_on": DAY, "amount_fen": 1}]}
    foreign = await elsewhere.post(PLANS, json=body)
    assert (foreign.status_code, foreign.json()["code"]) == (404, "account.unknown")
    assert (await elsewhere.get("/v1/plans")).json()["items"] == []


async def test_plans_are_judged_in_as_many_statements_for_one_as_for_many(kit: Kit) -> None:
    found = []
    for prefix, count, day in (("W", 1, "2026-04-24"), ("X", 2, "2026-04-25"), ("Y", 20, "2026-04-26")):
        numbers = [f"{prefix}{n:02}" for n in range(count)]
        await kit.give(*(account(no) for no in numbers))
        await kit.give(*(issued(bill(f"B{no}", 100, account_no=no)) for no in numbers))
        for no in numbers:
            (one,) = (await kit.clerk.get(f"/v1/receivables?account_no={no}")).json()["items"]
            body = {"explanation": "x", "receivable_ids": [one["receivable_id"]]}
            body |= {"instalments": [{"due_on": DAY, "amount_fen": 100}]}
            asked = await kit.clerk.post(f"/v1/accounts/{no}/plans", json=body)
            assert await decided(kit.second, [asked.json()]) == ["done"]
        with counted(kit) as seen:
            assert await run(kit, "judge-plans", day) == {"broken": count, "completed": 0}
        found.append(len(seen))
    assert found[1] == found[2]
