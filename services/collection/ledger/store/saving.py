"""From books to rows. Every function here is a constant number of statements, whatever the number of rows."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.collection.ledger import tables
from services.collection.ledger.domain.books import Books
from services.collection.ledger.domain.transactions import Transaction
from services.collection.ledger.store.findings import add_findings
from shared import ids
from shared.db import bulk
from shared.db.engine import Tx

_RECEIVABLE = tuple(c.name for c in tables.RECEIVABLE.c)
_RECEIVABLE_CHANGES = ("outstanding_fen", "status", "cleared_on")
_CREDIT = tuple(c.name for c in tables.CREDIT.c)
_ALLOCATION = ("credit_id", "receivable_id", "account_no", "amount_fen", "made_on", "cause_kind", "cause_id")
_TRANSACTION = Transaction._fields[:8]


async def save(tx: Tx, books: Books) -> None:
    """Write back everything that the books made or changed."""
    await _insert(tx, tables.RECEIVABLE, _RECEIVABLE, books.new_receivables)
    await _update(tx, tables.RECEIVABLE, "receivable_id", _RECEIVABLE_CHANGES, books.changed_receivables)
    await _insert(tx, tables.CREDIT, _CREDIT, books.new_credits)
    await _update(tx, tables.CREDIT, "credit_id", ("unallocated_fen",), books.changed_credits)
    await write_transactions(tx, books.transactions)
    if books.allocations:
        columns: dict[str, Sequence[Any]] = {"allocation_id": _ids(len(books.allocations))}
        columns |= zip(_ALLOCATION, zip(*books.allocations, strict=True), strict=True)
        await bulk.insert_rows(tx, tables.ALLOCATION, columns)
    changed = {account.account_no: account for account in books.accounts.values() if account.is_changed}
    await _update(tx, tables.ACCOUNT, "account_no", ("prepaid_fen",), changed)
    await add_findings(tx, books.findings)


async def write_transactions(tx: Tx, transactions: Sequence[Transaction]) -> None:
    """Insert transactions and their entries, each in one statement."""
    if not transactions:
        return
    transaction_ids = _ids(len(transactions))
    entries = [
        (transaction_id, line_no, entry[0], entry[1], entry[2])
        for transaction_id, t in zip(transaction_ids, transactions, strict=True)
        for line_no, entry in enumerate(t.entries)
    ]
    debits = [sum(e.amount_fen for e in t.entries if e.amount_fen > 0) for t in transactions]
    credits = [-sum(e.amount_fen for e in t.entries if e.amount_fen < 0) for t in transactions]
    rows = zip(_TRANSACTION, zip(*(t[:8] for t in transactions), strict=True), strict=True)
    columns: dict[str, Sequence[Any]] = {"transaction_id": transaction_ids, **dict(rows)}
    columns |= {"debit_fen": debits, "credit_fen": credits, "recorded_at": [tx.now] * len(transactions)}
    await bulk.insert_rows(tx, tables.TRANSACTION, columns)
    if entries:
        names = ("transaction_id", "line_no", "ledger_account", "amount_fen", "component")
        await bulk.insert_rows(tx, tables.ENTRY, dict(zip(names, zip(*entries, strict=True), strict=True)))


def _ids(count: int) -> list[str]:
    """Return new ids in rising order: they keep the order in which the rows were made."""
    return sorted(ids.new() for _ in range(count))


async def _insert(tx: Tx, table: Any, names: Sequence[str], rows: Sequence[Any]) -> None:
    if rows:
        await bulk.insert_rows(tx, table, {name: [getattr(row, name) for row in rows] for name in names})


async def _update(tx: Tx, table: Any, key: str, names: Sequence[str], rows: Mapping[str, Any]) -> None:
    if rows:
        columns = {name: [getattr(row, name) for row in rows.values()] for name in names}
        await bulk.update_from(tx, table, {key: list(rows), **columns}, key=(key,))
