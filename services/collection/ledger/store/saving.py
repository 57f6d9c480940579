"""From books to rows. Every function here is a constant number of statements, whatever the number of rows."""

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

from services.collection.ledger import tables
from services.collection.ledger.domain.books import Books
from services.collection.ledger.domain.transactions import Transaction
from services.collection.ledger.store import subtotals
from services.collection.ledger.store.findings import add_findings
from shared import ids
from shared.db import bulk
from shared.db.engine import Tx

_RECEIVABLE = tuple(c.name for c in tables.RECEIVABLE.c)
_RECEIVABLE_CHANGES = ("outstanding_fen", "status", "cleared_on", "moved_on", "reversed_on")
_CREDIT = tuple(c.name for c in tables.CREDIT.c)
_ALLOCATION = (
    "credit_id",
    "receivable_id",
    "account_no",
    "amount_fen",
    "made_on",
    "counts_on",
    "cause_kind",
    "cause_id",
)
_TRANSACTION = (
    "document_kind",
    "document_id",
    "kind",
    "account_no",
    "org_unit",
    "business_date",
    "accounting_date",
    "group_id",
    "debit_fen",
    "credit_fen",
)
_ENTRY = ("ledger_account", "component", "amount_fen")


async def save(tx: Tx, books: Books) -> None:
    """Write back everything that the books made or changed, and what it adds to the subtotals."""
    subtotal = await subtotals.prepared(tx, books)
    await _insert(tx, tables.RECEIVABLE, _RECEIVABLE, books.new_receivables)
    await _update(tx, tables.RECEIVABLE, "receivable_id", _RECEIVABLE_CHANGES, books.changed_receivables)
    await _insert(tx, tables.CREDIT, _CREDIT, books.new_credits)
    await _update(tx, tables.CREDIT, "credit_id", ("unallocated_fen",), books.changed_credits)
    await _write_transactions(tx, books.transactions)
    if books.allocations:
        columns = {"allocation_id": _ids(len(books.allocations)), **_columns(_ALLOCATION, books.allocations)}
        await bulk.insert_rows(tx, tables.ALLOCATION, columns)
    changed = {account.account_no: account for account in books.accounts.values() if account.is_changed}
    await _update(tx, tables.ACCOUNT, "account_no", ("prepaid_fen", "moved_on"), changed)
    await add_findings(tx, books.findings)
    await subtotals.add(tx, subtotal)


async def _write_transactions(tx: Tx, transactions: Sequence[Transaction]) -> None:
    """Insert transactions and their entries, each in one statement."""
    if not transactions:
        return
    transaction_ids = _ids(len(transactions))
    columns: dict[str, Sequence[Any]] = {"transaction_id": transaction_ids, **_columns(_TRANSACTION, transactions)}
    columns["recorded_at"] = [tx.now] * len(transactions)
    await bulk.insert_rows(tx, tables.TRANSACTION, columns)
    if entries := [entry for t in transactions for entry in t.entries]:
        columns = _columns(_ENTRY, entries)
        pairs = list(zip(transaction_ids, transactions, strict=True))
        columns["transaction_id"] = [transaction_id for transaction_id, t in pairs for _ in t.entries]
        columns["line_no"] = [line_no for t in transactions for line_no in range(len(t.entries))]
        await bulk.insert_rows(tx, tables.ENTRY, columns)


def _columns(names: Sequence[str], rows: Sequence[Any]) -> dict[str, Sequence[Any]]:
    return {name: list(map(attrgetter(name), rows)) for name in names}


def _ids(count: int) -> list[str]:
    """Return new ids in rising order: they keep the order in which the rows were made."""
    return sorted(ids.new() for _ in range(count))


async def _insert(tx: Tx, table: Any, names: Sequence[str], rows: Sequence[Any]) -> None:
    if rows:
        await bulk.insert_rows(tx, table, _columns(names, rows))


async def _update(tx: Tx, table: Any, key: str, names: Sequence[str], rows: Mapping[str, Any]) -> None:
    if rows:
        columns = {key: list(rows), **_columns(names, list(rows.values()))}
        await bulk.update_from(tx, table, columns, key=(key,))
