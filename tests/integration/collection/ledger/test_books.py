"""Books that are loaded and saved at every step are the books that never left the memory."""

import random
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.collection.ledger import tables
from services.collection.ledger.domain import transactions
from services.collection.ledger.domain.books import Books
from services.collection.ledger.domain.documents import BILL, DIFFERENCE, PAYMENT, Account, Correction, Debt, History
from services.collection.payments.use_cases import counter, reversal
from services.collection.payments.use_cases.decisions import Decision
from services.collection.receivables.use_cases import bills, corrections
from tests.kits import collection as collection_kit
from tests.kits.collection import POLICY, TODAY, Kit, account
from tests.kits.effort import walks

ACCOUNTS = ("A1", "A2", "A3")
STEPS = 120


@pytest.fixture
async def kit(database_url: str, tmp_path: Path) -> AsyncIterator[Kit]:
    async with collection_kit.started(database_url, tmp_path) as made:
        await made.give(*(account(number) for number in ACCOUNTS))
        yield made


class Twin:
    """The stored books and the same books in memory, told the same things."""

    def __init__(self, kit: Kit, seed: int) -> None:
        self.kit = kit
        self.random = random.Random(seed)
        accounts = [
            Account(account_no=number, org_unit="zj/hangzhou", prepaid_fen=0, history=History()) for number in ACCOUNTS
        ]
        self.memory = Books(policy=POLICY, open_from=None, accounts=accounts)
        self.bills: dict[str, list[Debt]] = defaultdict(list)
        self.by_difference: dict[str, list[Debt]] = defaultdict(list)
        self.payments: dict[str, list[str]] = defaultdict(list)
        self.count = 0

    def debt(self, number: str) -> Debt:
        self.count += 1
        day = date(2026, 1, 1) + timedelta(days=self.random.randint(0, 60))
        parts = [("energy", self.random.randint(-400, 900)), ("tax", self.random.randint(0, 50))]
        total_fen = sum(amount_fen for _, amount_fen in parts)
        due_on = day + timedelta(days=20)
        return Debt(
            document_kind=BILL,
            document_id=f"B{self.count:04}",
            account_no=number,
            cycle="2026-01",
            issued_on=day,
            due_on=due_on,
            posted_on=day,
            total_fen=total_fen,
            components=parts,
        )

    async def step(self) -> None:
        number, kind = (
            self.random.choice(ACCOUNTS),
            self.random.choice(["bills", "pay", "reverse", "correct", "adjust"]),
        )
        if kind == "bills":
            issued = [self.debt(self.random.choice(ACCOUNTS)) for _ in range(self.random.randint(1, 3))]
            for one in issued:
                self.memory.issue(one)
                self.bills[one.account_no].append(one)
            async with self.kit.database.begin() as tx:
                await bills.post_bills(tx, policy=POLICY, bills=issued)
        elif kind == "pay":
            await self.pay(number, self.random.randint(1, 1_500))
        elif kind == "reverse" and self.payments[number]:
            payment_id = self.payments[number].pop(self.random.randrange(len(self.payments[number])))
            self.memory.reverse_payment(payment_id, self.memory.cause(PAYMENT, payment_id, TODAY), "1001")
            async with self.kit.database.begin() as tx:
                decision = Decision(
                    payment_id=payment_id,
                    decided_on=TODAY,
                    today=TODAY,
                    reason="test",
                    actor="checker",
                    sees=lambda _: True,
                )
                await reversal.reverse(tx, policy=POLICY, decision=decision)
        elif kind == "correct" and self.bills[number]:
            await self.correct(number)
        elif kind == "adjust":
            await self.adjust(number)

    async def pay(self, number: str, amount_fen: int) -> None:
        self.count += 1
        day = date(2026, 3, 1) + timedelta(days=self.count % 40)
        async with self.kit.database.begin() as tx:
            payment_id = await counter.take_at_counter(
                tx,
                policy=POLICY,
                account_no=number,
                amount_fen=amount_fen,
                key=f"receipt-{self.count}",
                received_on=day,
                today=TODAY,
                actor="cashier",
                sees=lambda _: True,
            )
        cause = self.memory.cause(PAYMENT, payment_id, day)
        self.memory.receive(number, cause, amount_fen, "1001", transactions.RECEIPT)
        self.payments[number].append(payment_id)

    async def correct(self, number: str) -> None:
        standing = self.bills[number]
        taken = [standing.pop(self.random.randrange(len(standing))) for _ in range(min(2, len(standing)))]
        new = [self.debt(number) for _ in taken]
        standing += new
        await self.post(number, taken, new, [])

    async def adjust(self, number: str) -> None:
        """Correct by difference: what is in force then is no document, and can only be adjusted again."""
        standing = self.by_difference[number] if self.random.random() < 0.5 else self.bills[number]
        taken = [standing.pop(self.random.randrange(len(standing))) for _ in range(min(2, len(standing)))]
        if not taken:
            return
        new = [self.debt(number) for _ in taken]
        self.by_difference[number] += new
        told = [
            replace(
                self.debt(number),
                document_kind=DIFFERENCE,
                total_fen=now.total_fen - old.total_fen,
                components=[(name, fen - dict(old.components)[name]) for name, fen in now.components],
            )
            for old, now in zip(taken, new, strict=True)
        ]
        await self.post(number, taken, new, told)

    async def post(self, number: str, taken: list[Debt], new: list[Debt], told: list[Debt]) -> None:
        self.count += 1
        correction = Correction(
            correction_id=f"K{self.count:04}",
            account_no=number,
            corrected_on=date(2026, 4, 1),
            reversals=taken,
            replacements=new,
            differences=told,
        )
        self.memory.correct(correction)
        for _ in range(1 + self.count % 2):  # some come twice
            async with self.kit.database.begin() as tx:
                await corrections.post_corrections(tx, policy=POLICY, corrections=[correction])


async def stored(kit: Kit) -> dict[str, Any]:
    receivables = await kit.rows(tables.RECEIVABLE)
    documents = {row["receivable_id"]: row["document_id"] for row in receivables}
    transactions = {
        row["transaction_id"]: (row["document_kind"], row["document_id"], row["kind"], row["group_id"])
        for row in await kit.rows(tables.TRANSACTION)
    }
    return {
        "prepaid": {row["account_no"]: row["prepaid_fen"] for row in await kit.rows(tables.ACCOUNT)},
        "receivables": {row["document_id"]: (row["outstanding_fen"], row["status"]) for row in receivables},
        "credits": {
            documents.get(row["credit_id"], row["credit_id"]): row["unallocated_fen"]
            for row in await kit.rows(tables.CREDIT)
        },
        "allocations": sorted(
            (documents.get(row["credit_id"], row["credit_id"]), documents[row["receivable_id"]], row["amount_fen"])
            for row in await kit.rows(tables.ALLOCATION)
        ),
        "entries": sorted(
            (*transactions[row["transaction_id"]], row["ledger_account"], row["component"], row["amount_fen"])
            for row in await kit.rows(tables.ENTRY)
        ),
    }


def remembered(books: Books) -> dict[str, Any]:
    documents = {one.receivable_id: one.document_id for one in books.new_receivables}
    return {
        "prepaid": {number: one.prepaid_fen for number, one in books.accounts.items()},
        "receivables": {one.document_id: (one.outstanding_fen, one.status) for one in books.new_receivables},
        "credits": {documents.get(one.credit_id, one.credit_id): one.unallocated_fen for one in books.new_credits},
        "allocations": sorted(
            (documents.get(one.credit_id, one.credit_id), documents[one.receivable_id], one.amount_fen)
            for one in books.allocations
        ),
        "entries": sorted(
            (t.document_kind, t.document_id, t.kind, t.group_id, e.ledger_account, e.component, e.amount_fen)
            for t in books.transactions
            for e in t.entries
        ),
    }


@walks(1, 2, 3)
async def test_a_long_random_life_ends_in_the_same_books_stored_or_not(kit: Kit, seed: int) -> None:
    twin = Twin(kit, seed)
    for _ in range(STEPS):
        await twin.step()

    assert await stored(kit) == remembered(twin.memory)
    await kit.check_books()
