"""What stands of cases is one value: no day is billed twice for the same, in one case, across cases, at approval, in parallel."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from shared.events.billing import AdjustmentIssued, ChargeIssued
from tests.kits import billing as billing_kit
from tests.kits.billing import Desk, account
from tests.kits.cases import ask, got, listed, opened
from tests.kits.effort import in_turn
from tests.kits.standing_cases import DAY, approve, billed, calculated, end, propose, reopened

JANUARY, FEBRUARY = ("2026-01-01", "2026-02-01"), ("2026-02-01", "2026-03-01")
MID = ("2026-01-15", "2026-02-15")
TWICE = (409, "case.billed_twice")
PAIRS = (
    ("breach", "class_change", "change_of_use", "class_change"),
    ("high_usage", "capacity_without_contract", "breach", "capacity_without_contract"),
    ("theft", "theft", "wrong_multiplier", "wrong_multiplier"),
    ("wrong_wiring", "wrong_wiring", "theft", "theft"),
    ("wrong_multiplier", "wrong_multiplier", "meter_error", "meter_error"),
)
SHOP = {"customer_class": "commercial", "explanation": "a shop", "business_date": DAY}


async def two(desk: Desk, *kinds: str) -> list[str]:
    await desk.open(account(1))
    return [await opened(desk, kind) for kind in kinds]


async def detail(desk: Desk, path: str, body: dict[str, Any], seen: int) -> str:
    async with desk.client(subject="inspector-1") as client:
        answer = await client.post(f"/v1/{path}", json=body, headers={"If-Match": f'"{seen}"'})
    return str(answer.json()["detail"])


@in_turn("pair", PAIRS, ids=["-".join(pair) for pair in PAIRS])
async def test_the_same_days_are_not_billed_by_two_cases_of_a_point(desk: Desk, pair: tuple[str, ...]) -> None:
    kind, name, other_kind, other_name = pair
    first, second = await two(desk, kind, other_kind)
    await billed(desk, first, name, *JANUARY)
    twice = await calculated(desk, second, other_name, *MID)
    before = await got(desk, f"cases/{second}")
    assert await propose(desk, second, twice) == TWICE
    assert await got(desk, f"cases/{second}") == before
    body = {"calculation": twice, "explanation": "again", "business_date": DAY}
    told = await detail(desk, f"cases/{second}/proposal", body, before["row_version"])
    (stands, *_) = (await got(desk, f"cases/{first}"))["stands"]
    assert stands["number"] in told
    assert f"case {first}" in told
    # of other days it is billed
    assert (await propose(desk, second, await calculated(desk, second, other_name, *FEBRUARY)))[0] == 202
    assert await approve(desk, second) == ("done", None)


async def test_what_is_not_for_the_same_stands_beside_each_other(desk: Desk) -> None:
    theft, breach, use = await two(desk, "theft", "breach", "change_of_use")
    await billed(desk, theft, "theft", *JANUARY)
    await billed(desk, breach, "capacity_without_contract", *JANUARY)
    await billed(desk, use, "class_change", *JANUARY)
    assert len(await desk.published(ChargeIssued)) == 2 + 1 + 2


async def test_without_its_days_it_is_compared_with_all_before_it(desk: Desk) -> None:
    first, second, third = await two(desk, "wrong_multiplier", "meter_error", "wrong_wiring")
    await billed(desk, first, "wrong_multiplier")
    assert await propose(desk, second, await calculated(desk, second, "meter_error")) == TWICE
    assert await propose(desk, second, await calculated(desk, second, "meter_error", *JANUARY)) == TWICE
    # what was calculated by a day is not for days after it
    after = await calculated(desk, third, "wrong_wiring", "2026-05-01", "2026-06-01")
    assert (await propose(desk, third, after))[0] == 202


async def test_the_days_of_inputs_are_those_of_the_calculation(desk: Desk) -> None:
    (number,) = await two(desk, "theft")
    loads = [
        {"kw": "1", "use": "power", "from": "2026-01-05", "to": "2026-01-20"},
        {"kw": "1", "use": "power", "from": "2026-01-01", "to": "2026-01-10"},
    ]
    body = {"calculation": "theft", "breach_on": "2010-06-01", "input": {"price": "1", "loads": loads}}
    for other in ({"from": "2026-01-02"}, {"to": "2026-01-19"}):
        assert await ask(desk, f"cases/{number}/calculations", body | other, seen=1) == (
            *(422, "case.calculation_refused"),
        )
    _, told = await ask(desk, f"cases/{number}/calculations", body, seen=1)
    assert (told["from_day"], told["to_day"]) == ("2026-01-01", "2026-01-20")
    empty = {"input": {"price": "1", "kwh": "5"}, "from": "2026-02-01", "to": "2026-02-01"}
    assert await ask(desk, f"cases/{number}/calculations", body | empty, seen=2) == (422, "case.calculation_refused")


@pytest.mark.parametrize("charged_first", [True, False])
async def test_a_difference_is_billed_by_a_charge_or_by_another_class(desk: Desk, charged_first: bool) -> None:
    breach, use = await two(desk, "breach", "change_of_use")
    wanted = SHOP | {"from": "2026-01-15"}
    if charged_first:
        await billed(desk, breach, "class_change", *JANUARY)
        assert await ask(desk, f"cases/{use}/reclassing", wanted, seen=1) == TWICE
        assert (await got(desk, "accounts/A1"))["facts"][-1]["customer_class"] == "residential"
        # from the day on that the charge does not bill
        assert (await ask(desk, f"cases/{use}/reclassing", wanted | {"from": "2026-02-01"}, seen=1))[0] == 200
    else:
        assert (await ask(desk, f"cases/{use}/reclassing", wanted, seen=1))[0] == 200
        assert await propose(desk, breach, await calculated(desk, breach, "class_change", *JANUARY)) == TWICE
        before = await calculated(desk, breach, "class_change", "2026-01-01", "2026-01-15")
        assert (await propose(desk, breach, before))[0] == 202


async def test_of_two_that_wait_the_second_is_refused_at_its_approval(desk: Desk) -> None:
    first, second = await two(desk, "wrong_multiplier", "meter_error")
    for number, name in ((first, "wrong_multiplier"), (second, "meter_error")):
        assert (await propose(desk, number, await calculated(desk, number, name, *JANUARY)))[0] == 202
    assert await approve(desk, second) == ("done", None)
    assert await approve(desk, first) == ("refused", "case.billed_twice")
    assert (await got(desk, f"cases/{first}"))["state"] == "awaiting_approval"
    assert len(await desk.published(AdjustmentIssued)) == 1


async def test_another_class_that_waits_is_compared_at_its_approval(desk: Desk) -> None:
    breach, use = await two(desk, "breach", "change_of_use")
    assert (await propose(desk, breach, await calculated(desk, breach, "class_change", *JANUARY)))[0] == 202
    assert (await ask(desk, f"cases/{use}/reclassing", SHOP | {"from": "2026-01-15"}, seen=1))[0] == 200
    assert await approve(desk, breach) == ("refused", "case.billed_twice")
    assert await desk.published(ChargeIssued) == []


@pytest.mark.postgres
async def test_of_two_approvals_at_the_same_moment_one_is_refused(postgres_database: str, tmp_path: Path) -> None:
    async with billing_kit.desk(postgres_database, tmp_path) as desk:
        for n in range(1, 7):
            await desk.open(account(n))
            names = ("wrong_multiplier", "meter_error", "wrong_wiring")
            numbers = [await opened(desk, name, n) for name in names]
            for number, name in zip(numbers, names, strict=True):
                assert (await propose(desk, number, await calculated(desk, number, name, *JANUARY)))[0] == 202
            waiting = await listed(desk, "approvals", state="pending")
            mine = [each for each in waiting if each["subject_id"] in numbers]
            found = await asyncio.gather(*(desk.second(each) for each in mine))
            assert sorted(found) == [("done", None)] + [("refused", "case.billed_twice")] * 2
        assert len(await desk.published(AdjustmentIssued)) == 6


@pytest.mark.parametrize(
    ("kind", "name", "state"), [("theft", "theft", "charged"), ("meter_error", "meter_error", "adjusted")]
)
async def test_a_case_is_not_dismissed_while_money_stands_and_ends_with_it(
    desk: Desk, kind: str, name: str, state: str
) -> None:
    (number,) = await two(desk, kind)
    assert await end(desk, number, "confirmation") == (409, "case.nothing_stands")
    await billed(desk, number, name, *JANUARY)
    ended = await got(desk, f"cases/{number}")
    assert ended["outcome_fen"] == sum(one["amount_fen"] for one in ended["stands"])
    await reopened(desk, number)
    case = await got(desk, f"cases/{number}")
    assert (case["outcome_fen"], case["stands"]) == (None, ended["stands"])
    assert await end(desk, number, "dismissal") == (409, "case.money_stands")
    body = {"explanation": "nothing", "business_date": DAY}
    told = await detail(desk, f"cases/{number}/dismissal", body, case["row_version"])
    assert all(one["number"] in told for one in case["stands"])
    assert (await end(desk, number, "confirmation"))[0] == 200
    case = await got(desk, f"cases/{number}")
    assert (case["state"], case["outcome_fen"]) == (state, ended["outcome_fen"])
    assert [one["outcome_fen"] for one in await listed(desk)] == [ended["outcome_fen"]]


async def test_a_case_is_dismissed_once_all_of_it_is_withdrawn(desk: Desk) -> None:
    (number,) = await two(desk, "theft")
    await billed(desk, number, "theft", *JANUARY)
    await reopened(desk, number)
    said = {"cause": "mistaken", "explanation": "the neighbour's"}
    for charge in (await got(desk, f"cases/{number}"))["charges"]:
        assert await end(desk, number, "dismissal") == (409, "case.money_stands")
        _, told = await ask(desk, f"charges/{charge['charge_no']}/withdrawal", said)
        assert await desk.second(told) == ("done", None)
    assert (await end(desk, number, "dismissal"))[0] == 200
    case = await got(desk, f"cases/{number}")
    assert (case["state"], case["outcome_fen"], case["stands"]) == ("dismissed", 0, [])


async def test_what_is_rejected_and_what_is_taken_back_are_told_apart(desk: Desk) -> None:
    (number,) = await two(desk, "meter_error")
    _, told = await propose(desk, number, await calculated(desk, number, "meter_error", *JANUARY))
    async with desk.client(subject="inspector-1") as client:
        assert (await client.post(f"/v1/approvals/{told['approval_id']}/withdrawal")).status_code == 200
    _, told = await propose(desk, number, 1)
    assert await desk.second(told, decision="reject") == ("done", None)
    moves = (await got(desk, f"cases/{number}"))["moves"]
    assert [(one["event"], one["actor"]) for one in moves if one["event"].endswith("_back")] == [
        ("take_back", "inspector-1"),
        ("give_back", "second-1"),
    ]
