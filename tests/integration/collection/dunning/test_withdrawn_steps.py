"""A step of dunning is withdrawn with the last of its debts, in the unit of work that settles it; holds stop cases that wait."""

from datetime import date

from tests.integration.collection.dunning.test_cases import bounce, cases, run
from tests.kits import cuts
from tests.kits.collection import Kit, account, bill, corrected, counted, issued

GONE = "collection.dunning_step_withdrawn.v1"


async def gone(kit: Kit) -> list[tuple[str, str, str]]:
    return [(fact["account_no"], fact["action"], fact["reason"]) for fact in await kit.facts(GONE)]


async def test_a_step_is_withdrawn_once_the_last_of_its_debts_is_settled_and_not_before(kit: Kit) -> None:
    dues = [date(2026, 2, 20), date(2026, 2, 21)]
    await kit.give(*(issued(bill(f"B{n}", 1_000, due_on=due)) for n, due in enumerate(dues)))
    await run(kit, "2026-02-26")
    await kit.pay(1_000)
    await kit.pay(999)
    assert await gone(kit) == []
    cuts.at(kit, "2026-03-02", "06:30")  # the 1st in UTC
    await kit.pay(1)
    (step,) = await kit.facts("collection.dunning_step_due.v1")
    (fact,) = await kit.facts(GONE)
    names = ("account_no", "step_id", "org_unit", "action")
    assert {name: fact[name] for name in names} == {name: step[name] for name in names}
    assert (fact["reason"], fact["withdrawn_on"]) == ("settled", "2026-03-02")


async def test_a_bill_that_is_corrected_away_withdraws_its_steps_and_what_people_do_is_no_notice(kit: Kit) -> None:
    await cuts.in_arrears(kit)
    asked = [(f["account_no"], f["action"]) for f in await kit.facts("collection.dunning_step_due.v1")]
    assert {"approval", "cut"} & {action for _, action in asked}
    await kit.give(corrected("K1", [bill("B1", 100_000)], []))
    told = [(account_no, action, "settled") for account_no, action in asked if action in ("notice", "call", "visit")]
    assert sorted(await gone(kit)) == sorted(told)


async def test_what_is_owed_again_has_new_steps_and_those_are_withdrawn_by_themselves(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000)))
    await run(kit, "2026-02-26")
    payment = await kit.pay(1_000)
    await run(kit, "2026-03-02")
    await bounce(kit, payment)
    await run(kit, "2026-03-03")
    await kit.pay(1_000)
    first, second = [fact["step_id"] for fact in await kit.facts("collection.dunning_step_due.v1")]
    assert [fact["step_id"] for fact in await kit.facts(GONE)] == [first, *sorted([first, second])]


async def test_withdrawing_steps_takes_as_many_statements_for_one_as_for_many(kit: Kit) -> None:
    numbers = [f"N{n:02}" for n in range(24)]
    await kit.give(*(account(no) for no in numbers))
    await kit.give(*(issued(bill(f"B-{no}", 1_000, account_no=no)) for no in numbers))
    await run(kit, "2026-02-26")
    counts = []
    for part in (numbers[:2], numbers[2:]):
        with counted(kit) as statements:
            await kit.give(*(corrected(f"K-{no}", [bill(f"B-{no}", 1_000, account_no=no)], []) for no in part))
        counts.append(len(statements))
    assert counts[0] == counts[1]
    assert len(await gone(kit)) == len(numbers)


async def test_a_case_that_waits_for_people_is_held_with_its_debts_goes_on_after_and_falls_back(kit: Kit) -> None:
    await cuts.in_arrears(kit)
    (case,) = await cases(kit)
    assert (case["state"], case["action"]) == ("waiting", "approval")
    stage = case["stage"]
    cuts.at(kit, "2026-03-28", "08:00")
    answer = await kit.clerk.post("/v1/accounts/A1/dunning-holds", json={"reason": "claim", "until": "2026-03-30"})
    assert answer.status_code == 201, answer.text
    await run(kit, "2026-03-28")
    (case,) = await cases(kit)
    assert (case["state"], case["held_fen"], case["stage"]) == ("held", 100_000, stage)
    cuts.at(kit, "2026-04-02", "08:00")
    await run(kit, "2026-03-31")
    (case,) = await cases(kit)
    assert (case["state"], case["held_fen"], case["stage"]) == ("waiting", 0, stage)
    await kit.give(issued(bill("B2", 3_000, issued_on=date(2026, 3, 2), due_on=date(2026, 3, 28), cycle="2026-02")))
    await run(kit, "2026-04-01")
    await kit.pay(100_000, on="2026-03-28")
    await run(kit, "2026-04-02")
    (case,) = await cases(kit)
    assert (case["state"], case["stage"], case["outstanding_fen"], case["due_on"]) == ("open", 1, 3_000, "2026-03-28")
