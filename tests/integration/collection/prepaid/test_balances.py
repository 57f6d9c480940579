"""What is left of what was paid in, less what is owed, less what was used since the last bill: not posted, told once a level."""

import random
from datetime import date
from typing import Any

import pytest

from services.collection.ledger.tables import ENTRY
from tests.kits import prepaid
from tests.kits.collection import Kit, account, bill, counted, issued
from tests.kits.effort import walks
from tests.kits.prepaid import estimate, judge, said, used

APRIL = {"cycle": "2026-04", "issued_on": date(2026, 5, 2), "due_on": date(2026, 5, 22)}


def april(fen: int) -> Any:
    """The bill of A1 for April."""
    made = bill("B4", fen, **APRIL)  # type: ignore[arg-type]
    return made.model_copy(update={"period_from": date(2026, 4, 1), "period_to": date(2026, 5, 1)})


async def test_what_is_left_is_what_was_paid_in_less_what_is_owed_and_used_and_is_posted_nowhere(kit: Kit) -> None:
    await kit.pay(10_000, on="2026-04-14")
    before = len(await kit.rows(ENTRY))
    await used(kit, 3_000)
    found = await prepaid.account(kit)
    assert (found["available_fen"], found["prepaid_fen"], found["owed_fen"], found["estimate_fen"]) == (
        7_000,
        10_000,
        0,
        3_000,
    )
    assert (found["state"], found["estimates"][0]["amount_fen"]) == ("enough", 3_000)
    assert len(await kit.rows(ENTRY)) == before
    assert await kit.money() == (0, 10_000), "the ledger knows nothing of it"
    await kit.check_books()


@pytest.mark.parametrize("versions", [(1, 2), (2, 1)])
async def test_the_highest_version_counts_in_any_order(kit: Kit, versions: tuple[int, int]) -> None:
    for version in versions:
        await used(kit, version * 1_000, version)
    assert (await prepaid.account(kit))["estimate_fen"] == 2_000


async def test_a_bill_takes_the_place_of_the_estimate_of_its_days_so_that_no_month_counts_twice(kit: Kit) -> None:
    await kit.pay(10_000, on="2026-04-14")
    await used(kit, 3_000)
    await kit.give(issued(april(3_100)))
    await judge(kit)
    found = await prepaid.account(kit)
    assert (found["available_fen"], found["estimate_fen"]) == (6_900, 0)
    await used(kit, 200, 2, period_from=date(2026, 5, 1), through=date(2026, 5, 2))
    assert (await prepaid.account(kit))["available_fen"] == 6_700
    assert await said(kit) == []


async def test_a_bill_of_days_before_leaves_the_estimate(kit: Kit) -> None:
    await kit.pay(10_000, on="2026-04-14")
    await used(kit, 3_000)
    await kit.give(issued(bill("B1", 1_000)))
    assert (await prepaid.account(kit))["available_fen"] == 6_000


async def test_each_level_is_told_once_until_there_is_more_again(kit: Kit) -> None:
    await kit.pay(10_000, on="2026-04-14")
    for version, fen in enumerate((4_000, 5_500, 6_000, 8_100, 8_500), 1):
        await used(kit, fen, version)
    assert await said(kit) == [("low 1", 4_500), ("low 2", 1_900)]
    await kit.pay(2_000, on="2026-04-15")
    await judge(kit)
    await used(kit, 10_500, 6)
    assert (await said(kit))[2:] == [("low 2", 1_500)], (
        "above the second level in between, below the first one all the time"
    )
    await kit.pay(9_000, on="2026-04-15")
    await judge(kit)
    assert (await said(kit))[-1] == ("recovered", 10_500)
    await used(kit, 16_500, 7)
    assert ("low 1", 4_500) in (await said(kit))[3:]


async def test_that_nothing_is_left_is_told_once_and_that_there_is_enough_again(kit: Kit) -> None:
    await kit.pay(10_000, on="2026-04-14")
    await used(kit, 12_000)
    await used(kit, 12_500, 2)
    (fact,) = await kit.facts("collection.prepaid_balance_overdrawn.v1")
    assert (fact["available_fen"], fact["cut_after_minutes"], fact["service_point_no"]) == (-2_000, 7 * 1440, "S-A1")
    await kit.pay(1_000, on="2026-04-15")
    await judge(kit)
    assert (await prepaid.account(kit))["state"] == "overdrawn"
    await kit.pay(2_000, on="2026-04-15")
    assert (await kit.facts("collection.prepaid_balance_recovered.v1"))[-1]["available_fen"] == 500
    assert (await prepaid.account(kit))["overdrawn_on"] is None


async def test_who_has_enough_again_but_less_than_a_level_is_not_warned_of_it_once_more(kit: Kit) -> None:
    await kit.pay(10_000, on="2026-04-14")
    for version, fen in enumerate((6_000, 11_000), 1):
        await used(kit, fen, version)
    await kit.pay(5_000, on="2026-04-15")
    await judge(kit)
    assert (await prepaid.account(kit))["state"] == "low"
    assert await said(kit) == [("low 1", 4_000), ("overdrawn", -1_000), ("recovered", 4_000)]


def test_of_one_batch_estimates_are_heard_before_the_bills_that_take_their_place(kit: Kit) -> None:
    assert kit.service.consumer is not None
    heard = list(kit.service.consumer.handlers)
    assert heard.index("billing.daily_charge_estimated.v1") < heard.index("billing.bill_issued.v1")


async def test_money_that_is_reversed_is_left_no_more(kit: Kit) -> None:
    paid = await kit.pay(10_000, on="2026-04-14")
    await used(kit, 3_000)
    key = {"Idempotency-Key": "back"}
    answer = await kit.clerk.post(
        f"/v1/payments/{paid['payment_id']}/reversal", json={"reason": "bounced"}, headers=key
    )
    assert answer.is_success, answer.text
    await judge(kit)
    assert await said(kit) == [("overdrawn", -3_000)]


async def test_an_account_that_becomes_known_later_is_judged_then(kit: Kit) -> None:
    await used(kit, 3_000, account_no="A7")
    assert await said(kit) == []
    await kit.give(account("A7"))
    assert await judge(kit) == 1
    assert await said(kit) == [("overdrawn", -3_000)]


async def test_who_is_prepaid_is_not_dunned_and_who_is_so_no_more_is(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000)))
    await used(kit, 3_000)
    remind = "/v1/jobs/remind/runs"
    assert (await kit.admin.post(remind, json={"business_date": "2026-04-14"})).is_success
    assert await kit.facts("collection.dunning_step_due.v1") == []
    assert (await prepaid.account(kit))["available_fen"] == -4_000
    await used(kit, 0, 2, mode="postpaid")
    assert (await prepaid.account(kit))["mode"] == "postpaid"
    assert (await kit.facts("collection.prepaid_balance_recovered.v1"))[-1]["available_fen"] == -1_000
    assert (await kit.admin.post(remind, json={"business_date": "2026-04-15"})).is_success
    assert len(await kit.facts("collection.dunning_step_due.v1")) == 1


async def test_accounts_are_listed_by_state_to_who_may_see_them(kit: Kit) -> None:
    await kit.give(account("A2"))
    await kit.pay(10_000, on="2026-04-14")
    await kit.give(estimate(12_000), estimate(100, account_no="A2"))
    assert await judge(kit) == 2
    listed = (await kit.clerk.get("/v1/prepaid-accounts?state=overdrawn")).json()["items"]
    assert [one["account_no"] for one in listed] == ["A1", "A2"]
    elsewhere = kit.client("n", "collection:read", org_units=["zj/ningbo"])
    assert (await elsewhere.get("/v1/prepaid-accounts")).json()["items"] == []
    assert (await elsewhere.get("/v1/prepaid-accounts/A1")).json()["code"] == "prepaid_account.unknown"


@pytest.mark.parametrize("count", [2, 60])
async def test_any_number_of_accounts_takes_as_many_statements(kit: Kit, count: int) -> None:
    numbers = [f"N{n:03}" for n in range(count)]
    await kit.give(*[account(no) for no in numbers])
    with counted(kit) as hearing:
        await kit.give(*[estimate(500, account_no=no) for no in numbers])
    with counted(kit) as judging:
        assert await judge(kit) == count
    assert (len(hearing), len(judging)) <= (8, 16), (hearing, judging)


@walks(1, 2, 3, 4)
async def test_any_order_ends_in_the_same_balance(kit: Kit, seed: int) -> None:
    chosen = random.Random(seed)
    facts: list[Any] = [estimate(1_000 * v, v) for v in (1, 2)]
    facts += [estimate(300, 3, period_from=date(2026, 5, 1), through=date(2026, 5, 3))]
    facts += [issued(april(2_200)), issued(bill("B1", 1_000))]
    given = [(lambda fact=fact: kit.give(fact)) for fact in facts]  # type: ignore[misc]
    given += [lambda: kit.pay(5_000, on="2026-04-14", key="p1"), lambda: kit.pay(700, on="2026-04-15", key="p2")]
    chosen.shuffle(given)
    for do in given:
        await do()
        if chosen.random() < 0.5:
            await judge(kit)
    await judge(kit)
    found = await prepaid.account(kit)
    names = ("available_fen", "prepaid_fen", "owed_fen", "estimate_fen", "state")
    assert [found[name] for name in names] == [2_200, 2_500, 0, 300, "low"]
    await kit.check_books()
