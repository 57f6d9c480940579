"""What happens at once ends in the same books as one after the other."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.collection.ledger import tables
from services.collection.payments.tables import PAYMENT
from tests.kits import collection as collection_kit
from tests.kits.collection import Kit, account, bill, corrected, issued

ROUNDS = 5  # each round is another interleaving; the locks must hold in all of them


@pytest.fixture
async def kit(database_url: str, tmp_path: Path) -> AsyncIterator[Kit]:
    async with collection_kit.started(database_url, tmp_path) as made:
        yield made
        await made.check_books()


async def test_payments_of_one_account_at_once_settle_it_as_one_after_the_other(kit: Kit) -> None:
    for number in (f"A{i}" for i in range(ROUNDS)):
        await kit.give(account(number))
        await kit.give(issued(bill(f"B{number}", 1_000, account_no=number)))

        await asyncio.gather(*(kit.pay(300, number) for _ in range(5)))

        assert await kit.money(number) == (0, 500)
        cleared = [f for f in await kit.facts("collection.receivable_cleared.v1") if f["account_no"] == number]
        assert len(cleared) == 1


async def test_a_payment_beside_a_bill_is_never_left_idle(kit: Kit) -> None:
    for number in (f"A{i}" for i in range(ROUNDS)):
        await kit.give(account(number))

        await asyncio.gather(
            kit.pay(700, number),
            kit.give(*(issued(bill(f"B{number}{i}", 400, account_no=number)) for i in range(2))),
            kit.pay(200, number),
        )

        assert await kit.money(number) == (0, 100)


async def test_one_callback_at_once_is_one_payment(kit: Kit) -> None:
    await kit.give(account("A1"))
    await kit.give(issued(bill("B1", 10_000)))
    for i in range(ROUNDS):
        order_id = await kit.order(1_000) if i else "nowhere"

        answers = await asyncio.gather(*(kit.call_back(order_id, 1_000, f"T{i}") for _ in range(4)))

        assert sorted(answer.json()["status"] for answer in answers) == ["already_done"] * 3 + ["done"]
    assert len(await kit.rows(PAYMENT)) == ROUNDS
    assert await kit.money() == (6_000, 0)


async def test_two_transactions_for_one_order_at_once_pay_it_once(kit: Kit) -> None:
    await kit.give(account("A1"))
    order_id = await kit.order(1_000)

    answers = await asyncio.gather(*(kit.call_back(order_id, 1_000, f"T{i}") for i in range(3)))

    assert sorted(answer.json()["payment_status"] for answer in answers) == ["posted", "suspense", "suspense"]


async def test_one_reversal_at_once_is_one_reversal(kit: Kit) -> None:
    await kit.give(account("A1"))
    payment = await kit.pay(1_000)

    async def reverse(key: str) -> int:
        answer = await kit.clerk.post(
            f"/v1/payments/{payment['payment_id']}/reversal", json={"reason": "x"}, headers={"Idempotency-Key": key}
        )
        return answer.status_code

    assert sorted(await asyncio.gather(reverse("a"), reverse("b"), reverse("c"))) == [200, 409, 409]
    assert await kit.money() == (0, 0)


async def test_a_correction_beside_a_payment_ends_in_the_same_balance(kit: Kit) -> None:
    for number in (f"A{i}" for i in range(ROUNDS)):
        await kit.give(account(number))
        old = bill(f"B{number}", 1_000, account_no=number)
        await kit.give(issued(old))

        await asyncio.gather(
            kit.pay(900, number), kit.give(corrected(f"K{number}", [old], [bill(f"C{number}", 700, account_no=number)]))
        )

        assert await kit.money(number) == (0, 200)


async def test_an_opening_item_beside_its_account_is_never_left_waiting(kit: Kit) -> None:
    item = {"amount_fen": 100, "issued_on": "2025-12-01", "due_on": "2025-12-20", "posted_on": "2026-03-01"}
    for number in (f"A{i}" for i in range(ROUNDS)):
        body = {"items": [item | {"document_no": f"O{number}", "account_no": number}]}

        await asyncio.gather(kit.clerk.put("/v1/opening-receivables", json=body), kit.give(account(number)))

        assert await kit.money(number) == (100, 0)


async def test_nothing_is_posted_in_a_month_after_it_was_closed(kit: Kit) -> None:
    await kit.give(*(account(f"A{i}") for i in range(20)))

    async def march() -> object:
        return (await kit.clerk.get("/v1/trial-balance?as_of=2026-03-31")).json()["lines"]

    kit.two_people({"month.closing": []})  # one person closes

    async def close() -> object:
        assert (await kit.clerk.post("/v1/months/2026-03/close")).status_code == 200
        return await march()

    def give(numbers: range) -> list[Coroutine[Any, Any, None]]:
        bills = [bill(f"B{i}", 10, account_no=f"A{i}", issued_on=date(2026, 3, 3)) for i in numbers]
        return [kit.give(issued(one)) for one in bills]

    results = await asyncio.gather(*give(range(10)), close(), *give(range(10, 20)))

    assert results[10] == await march()
    assert len(await kit.rows(tables.TRANSACTION)) == 20


async def test_a_month_does_not_close_while_something_is_posted_in_it(kit: Kit) -> None:
    await kit.give(account("A1"))
    kit.two_people({"month.closing": []})
    async with kit.posting(issued(bill("B1", 10, issued_on=date(2026, 3, 3)))):
        closing = asyncio.create_task(kit.clerk.post("/v1/months/2026-03/close"))
        done, _ = await asyncio.wait({closing}, timeout=0.5)
        assert not done

    assert (await closing).status_code == 200
    (row,) = await kit.rows(tables.TRANSACTION)
    assert row["accounting_date"] == date(2026, 3, 3)
