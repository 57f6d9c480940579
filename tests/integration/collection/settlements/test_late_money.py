"""What comes to a closed account is listed with a code until two people pay it out, or the account is opened again."""

import random
from datetime import date
from typing import Any

import pytest

from shared.events.billing import AccountChanged
from tests.integration.collection.settlements.test_settlements import final, last_bill, settle
from tests.kits.approvals import decided
from tests.kits.collection import Kit, account, bill, corrected
from tests.kits.effort import walks

CLOSED_ON = date(2026, 3, 4)


def closed(account_no: str = "A1", version: int = 2) -> AccountChanged:
    return account(account_no, version).model_copy(update={"closed_on": CLOSED_ON})


async def left(kit: Kit, **query: str) -> list[tuple[str, str, int, int]]:
    items = (await kit.clerk.get("/v1/closed-accounts", params=query)).json()["items"]
    return [(each["account_no"], each["code"], each["prepaid_fen"], each["outstanding_fen"]) for each in items]


async def gauge(kit: Kit, name: str) -> float:
    text = (await kit.admin.get("/metrics")).text
    (line,) = [line for line in text.splitlines() if line.startswith(f"wattline_closed_accounts_with_{name} ")]
    return float(line.split()[-1])


async def settled_and_closed(kit: Kit) -> None:
    await kit.pay(5_000, on="2026-02-20", key="before")
    await kit.give(last_bill())
    await kit.give(final())
    assert await settle(kit, "2026-03-04") == {"settled": 1}
    await kit.give(closed())
    assert await left(kit) == []


async def pay_out(kit: Kit, account_no: str = "A1", **what: Any) -> Any:
    body = {"explanation": "back to who has paid it"} | what
    return await kit.clerk.post(f"/v1/closed-accounts/{account_no}/payout", json=body)


async def test_money_that_arrives_later_is_listed_and_paid_out_by_two_whatever_its_amount(kit: Kit) -> None:
    await settled_and_closed(kit)
    order = await kit.order(800)
    assert (await kit.call_back(order, 800, paid_on="2026-03-20")).status_code < 300
    assert await left(kit) == [("A1", "money", 800, 0)]
    assert await gauge(kit, "money") == 1
    asked = await pay_out(kit)
    assert asked.status_code == 202, asked.text
    assert await decided(kit.clerk, [asked.json()]) == ["approval.own_request"]
    assert await left(kit) == [("A1", "money", 800, 0)]
    assert await decided(kit.second, [asked.json()]) == ["done"]
    assert (await left(kit), await kit.money(), await gauge(kit, "money")) == ([], (0, 0), 0)
    await kit.pay(50, on="2026-04-02")
    again = await pay_out(kit)
    assert await decided(kit.second, [again.json()]) == ["done"], "each payout is a document of its own"
    assert (await left(kit), await kit.money()) == ([], (0, 0))
    nothing = await pay_out(kit)
    assert (nothing.status_code, nothing.json()["code"]) == (409, "account.nothing_to_pay_out")
    await kit.check_books()


async def test_a_payment_that_bounces_after_the_payout_and_a_correction_are_listed_as_debts(kit: Kit) -> None:
    await settled_and_closed(kit)
    (payment,) = (await kit.clerk.get("/v1/payments?account_no=A1")).json()["items"]
    body = {"reason": "the cheque bounced", "reversed_on": "2026-03-10"}
    path = f"/v1/payments/{payment['payment_id']}/reversal"
    answer = await kit.clerk.post(path, json=body, headers={"Idempotency-Key": "bounced"})
    assert answer.status_code == 200, answer.text
    assert await left(kit) == [("A1", "debt", 0, 5_000)]
    assert (await gauge(kit, "debt"), await gauge(kit, "money")) == (1, 0)
    assert (await pay_out(kit)).json()["code"] == "account.nothing_to_pay_out"
    await kit.pay(5_000, on="2026-03-12")
    assert await left(kit) == []
    more = bill("B-more", 900, issued_on=date(2026, 3, 15), due_on=date(2026, 4, 4), cycle="2026-03")
    old = bill("B-A1", 377, issued_on=date(2026, 3, 2), cycle="2026-03")
    await kit.give(corrected("K1", [old], [more], date(2026, 3, 15)))
    assert await left(kit, code="debt") == [("A1", "debt", 0, 523)]
    await kit.check_books()


async def test_what_two_people_keep_is_told_apart_and_more_that_arrives_is_money_again(kit: Kit) -> None:
    await kit.pay(900_377, on="2026-02-20")
    await kit.give(last_bill())
    await kit.give(final())
    assert await settle(kit, "2026-03-03") == {"asked": 1}
    pending = (await kit.clerk.get("/v1/approvals?state=pending")).json()["items"]
    assert await decided(kit.second, pending, decision="reject") == ["done"]
    await kit.give(closed())
    assert await left(kit) == [("A1", "kept", 900_000, 0)]
    assert await gauge(kit, "money") == 0
    await kit.pay(1, on="2026-03-20")
    assert await left(kit, code="money") == [("A1", "money", 900_001, 0)]


async def test_an_account_that_is_opened_again_takes_its_money_up_and_nobody_pays_it_out(kit: Kit) -> None:
    await settled_and_closed(kit)
    await kit.pay(800, on="2026-03-20")
    asked = (await pay_out(kit)).json()
    await kit.give(account(version=3))
    assert await left(kit) == []
    assert await decided(kit.second, [asked]) == ["settlement.changed_meanwhile"]
    assert await kit.money() == (0, 800)
    assert (await pay_out(kit)).json()["code"] == "account.nothing_to_pay_out"


async def test_another_amount_is_not_what_was_asked_for(kit: Kit) -> None:
    await settled_and_closed(kit)
    await kit.pay(800, on="2026-03-20")
    asked = (await pay_out(kit)).json()
    await kit.pay(1, on="2026-03-21")
    assert await decided(kit.second, [asked]) == ["settlement.changed_meanwhile"]
    assert (await pay_out(kit)).json()["code"] == "approval.asked_already"


async def test_an_account_that_was_closed_without_a_closing_is_listed_too(kit: Kit) -> None:
    await kit.pay(70, on="2026-02-20")
    await kit.give(closed())
    assert await left(kit) == [("A1", "money", 70, 0)]
    assert await decided(kit.second, [(await pay_out(kit)).json()]) == ["done"]


async def test_another_bureau_sees_and_pays_out_nothing(kit: Kit) -> None:
    await kit.pay(70, on="2026-02-20")
    await kit.give(closed())
    other = kit.client("other", "collection:write", org_units=("zj/ningbo",))
    assert (await other.get("/v1/closed-accounts")).json()["items"] == []
    refused = await other.post("/v1/closed-accounts/A1/payout", json={"explanation": "mine"})
    assert (refused.status_code, refused.json()["code"]) == (404, "account.unknown")


@walks(*range(4))
async def test_any_order_of_what_comes_late_ends_in_the_same_list(kit: Kit, seed: int) -> None:
    draw = random.Random(seed)

    async def settled() -> None:
        await kit.pay(5_000, on="2026-02-20")
        await kit.give(last_bill())
        await kit.give(final())
        await settle(kit, "2026-03-04")

    more = bill("B-more", 900, issued_on=date(2026, 3, 15), due_on=date(2026, 4, 4), cycle="2026-03")
    old = bill("B-A1", 377, issued_on=date(2026, 3, 2), cycle="2026-03")
    await settled()
    deeds: list[Any] = [
        lambda: kit.give(closed()),
        lambda: kit.give(account()),
        lambda: kit.pay(800, on="2026-03-20"),
        lambda: kit.give(corrected("K1", [old], [more], date(2026, 3, 15))),
    ]
    draw.shuffle(deeds)
    for deed in deeds:
        await deed()
    assert await left(kit) == [("A1", "money", 277, 0)]
    await kit.check_books()


@pytest.mark.parametrize("code", ["money", "debt"])
async def test_the_list_is_paged(kit: Kit, code: str) -> None:
    for number in range(5):
        name = f"P{number}"
        await kit.give(closed(name))
        if code == "money":
            await kit.pay(10, name, on="2026-03-20")
        else:
            await kit.give(last_bill(name, 10))
    first = (await kit.clerk.get("/v1/closed-accounts", params={"code": code, "limit": 3})).json()
    after = (await kit.clerk.get("/v1/closed-accounts", params={"limit": 3, "cursor": first["next_cursor"]})).json()
    assert [row["account_no"] for row in (*first["items"], *after["items"])] == [f"P{n}" for n in range(5)]
