"""The store: rows <-> books. Every function here is a constant number of statements, whatever the number of rows."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row, delete, func, select

from services.collection.adapters import tables
from services.collection.domain import months
from services.collection.domain.books import Books
from services.collection.domain.documents import BILLED, Account, Correction, Credit, Debt, Finding, Receivable
from services.collection.domain.ledger import ISSUE, Entry, Transaction
from services.collection.domain.policy import Policy
from shared import ids
from shared.db import bulk
from shared.db.engine import Tx, View

# Advisory locks, taken before any row lock and in this order.
ARRIVAL_LOCK = (
    7_301_000  # who stores a document that waits holds it shared, who brings accounts alone: none is left waiting
)
CLOSING_LOCK = 7_301_001  # who posts holds it shared, who closes a month alone

# How documents are kept that wait for their account.
DEBT = TypeAdapter(Debt)
WHOLE_CORRECTION = TypeAdapter(Correction)


async def open_from(tx: Tx, *, closing: bool = False) -> date | None:
    """Return the first day that is open for posting, held open until the unit of work ends; None before the first closing.

    Take it before any row lock: all units of work lock in this order.
    """
    await _advisory_lock(tx, CLOSING_LOCK, alone=closing)
    last = await last_closed(tx)
    return months.first_day_after(last) if last else None


async def hold_arrivals(tx: Tx, *, alone: bool) -> None:
    """Keep accounts from appearing (or, alone, documents from starting to wait) until the unit of work ends."""
    await _advisory_lock(tx, ARRIVAL_LOCK, alone=alone)


async def _advisory_lock(tx: Tx, number: int, *, alone: bool) -> None:
    if tx.dialect == "postgresql":  # SQLite has one writer
        name = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
        await tx.scalar(select(getattr(func, name)(number)))


async def last_closed(view: View) -> str | None:
    month = await view.scalar(select(func.max(tables.CLOSED_MONTH.c.month)))
    return None if month is None else str(month)


async def open_books(tx: Tx, policy: Policy, opened: date | None, account_nos: Iterable[str]) -> Books:
    """Lock the accounts in key order and return their books, without what is owed and paid yet."""
    table = tables.ACCOUNT
    rows = await bulk.select_in(
        tx,
        table,
        {"account_no": sorted(set(account_nos))},
        columns=(table.c.account_no, table.c.org_unit, table.c.prepaid_fen),
        order_by=(table.c.account_no,),
        for_update=tx.dialect == "postgresql",
    )
    return Books(policy, opened, (Account(row.account_no, row.org_unit, row.prepaid_fen) for row in rows))


async def load_open_sides(tx: Tx, books: Books, account_nos: Sequence[str]) -> None:
    """Load what the accounts owe and what of their money is unallocated."""
    credit, receivable = tables.CREDIT, tables.RECEIVABLE
    keys = {"account_no": account_nos}
    for row in await bulk.select_in(tx, credit, keys, where=credit.c.unallocated_fen > 0):
        books.load_credit(_credit(row))
    for row in await bulk.select_in(tx, receivable, keys, where=receivable.c.status == "open"):
        books.load_receivable(_receivable(row))


async def existing_documents(view: View, debts: Sequence[Debt]) -> dict[tuple[str, str], Row[Any]]:
    """Return what is posted of these documents already: (kind, id) -> account_no, amount_fen, due_on."""
    table = tables.RECEIVABLE
    wanted = {(debt.document_kind, debt.document_id) for debt in debts}
    rows = await bulk.select_in(
        view,
        table,
        {"document_id": [document_id for _, document_id in wanted]},
        columns=(table.c.document_kind, table.c.document_id, table.c.account_no, table.c.amount_fen, table.c.due_on),
    )
    found = {(row.document_kind, row.document_id): row for row in rows}
    return {key: row for key, row in found.items() if key in wanted}


async def load_for_reversal(tx: Tx, books: Books, *, document_ids: Sequence[str], credit_ids: Sequence[str]) -> None:
    """Load the receivables of these documents and these credits, all that they settled or were settled by, and bills' entries."""
    receivable, credit = tables.RECEIVABLE, tables.CREDIT
    targets = await bulk.select_in(
        tx, receivable, {"document_id": document_ids}, where=receivable.c.document_kind.in_(BILLED)
    )
    for row in targets:
        books.load_receivable(_receivable(row))
    receivable_ids = [row.receivable_id for row in targets]
    # a document below zero is a credit of the receivable's id
    rows = await _net_allocations(tx, "receivable_id", receivable_ids)
    rows = [*rows, *await _net_allocations(tx, "credit_id", [*credit_ids, *receivable_ids])]
    involved = {row.credit_id for row in rows} | set(credit_ids) | set(receivable_ids)
    for row in await bulk.select_in(tx, credit, {"credit_id": sorted(involved)}):
        books.load_credit(_credit(row))
    settled = sorted({row.receivable_id for row in rows})
    for row in await bulk.select_in(tx, receivable, {"receivable_id": settled}):
        books.load_receivable(_receivable(row))
    for pair, amount_fen in {(row.credit_id, row.receivable_id): int(row.amount_fen) for row in rows}.items():
        books.load_allocation(*pair, amount_fen)
    books.issue_entries.update(await _issue_entries(tx, document_ids))


async def _net_allocations(view: View, by: str, keys: Sequence[str]) -> Sequence[Row[Any]]:
    table = tables.ALLOCATION
    if not keys:
        return []
    given = bulk.relation_for(view, table, {by: keys})
    net = func.sum(table.c.amount_fen)
    return await view.all(
        select(table.c.credit_id, table.c.receivable_id, net.label("amount_fen"))
        .select_from(table.join(given, table.c[by] == given.c[by]))
        .group_by(table.c.credit_id, table.c.receivable_id)
        .having(net != 0)
    )


async def _issue_entries(view: View, document_ids: Sequence[str]) -> dict[str, list[Entry]]:
    transaction, entry = tables.TRANSACTION, tables.ENTRY
    if not document_ids:
        return {}
    given = bulk.relation_for(view, transaction, {"document_id": document_ids})
    rows = await view.all(
        select(transaction.c.document_id, entry.c.ledger_account, entry.c.amount_fen, entry.c.component)
        .select_from(
            transaction.join(given, transaction.c.document_id == given.c.document_id).join(
                entry, entry.c.transaction_id == transaction.c.transaction_id
            )
        )
        .where(transaction.c.document_kind == "bill", transaction.c.kind == ISSUE)
        .order_by(transaction.c.document_id, entry.c.line_no)
    )
    found: dict[str, list[Entry]] = {document_id: [] for document_id in document_ids}
    for row in rows:
        found[row.document_id].append(Entry(row.ledger_account, row.amount_fen, row.component))
    return found


async def entries_of(view: View, document_kind: str, document_id: str, kind: str) -> list[Entry]:
    """Return the entries of one posted transaction."""
    transaction, entry = tables.TRANSACTION, tables.ENTRY
    rows = await view.all(
        select(entry.c.ledger_account, entry.c.amount_fen, entry.c.component)
        .join(transaction, entry.c.transaction_id == transaction.c.transaction_id)
        .where(
            transaction.c.document_id == document_id,
            transaction.c.document_kind == document_kind,
            transaction.c.kind == kind,
        )
        .order_by(entry.c.line_no)
    )
    return [Entry(row.ledger_account, row.amount_fen, row.component) for row in rows]


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


async def add_findings(tx: Tx, findings: Iterable[Finding]) -> None:
    """Insert the findings that are new under their natural key."""
    unique = {(f.code, f.entity_kind, f.entity_id, f.subject): f for f in findings}
    if not unique:
        return
    columns: dict[str, Sequence[Any]] = dict(zip(Finding._fields, zip(*unique.values(), strict=True), strict=True))
    columns |= {"finding_id": [ids.new() for _ in unique], "raised_at": [tx.now] * len(unique)}
    await bulk.insert_ignore(tx, tables.FINDING, columns, key=("code", "entity_kind", "entity_id", "subject"))


async def take_waiting(tx: Tx, account_nos: Sequence[str]) -> Sequence[Row[Any]]:
    """Take out the documents that wait for these accounts, in the order in which they came."""
    table = tables.WAITING
    rows = await bulk.select_in(tx, table, {"waiting_for": account_nos}, order_by=(table.c.position,))
    if rows:
        given = bulk.relation_for(tx, table, {"position": [row.position for row in rows]})
        await tx.execute(delete(table).where(table.c.position.in_(select(given.c.position))))
    return rows


async def wait(tx: Tx, rows: Mapping[str, Sequence[Any]]) -> set[tuple[str, str]]:
    """Store documents until their account is known; return the (kind, id) of those that were not waiting before."""
    columns = {**rows, "received_at": [tx.now] * len(rows["kind"])}
    key = ("document_id", "kind")
    rows_new = await bulk.insert_ignore(tx, tables.WAITING, columns, key=key)
    return {(row.kind, row.document_id) for row in rows_new}


async def waiting(view: View, kind: str, document_ids: Sequence[str]) -> dict[str, str]:
    """Return the payloads of documents that wait."""
    table = tables.WAITING
    rows = await bulk.select_in(view, table, {"document_id": document_ids}, where=table.c.kind == kind)
    return {row.document_id: row.payload for row in rows}


_RECEIVABLE = tuple(c.name for c in tables.RECEIVABLE.c)
_RECEIVABLE_CHANGES = ("outstanding_fen", "status", "cleared_on")
_CREDIT = tuple(c.name for c in tables.CREDIT.c)
_ALLOCATION = ("credit_id", "receivable_id", "account_no", "amount_fen", "made_on", "cause_kind", "cause_id")
_TRANSACTION = Transaction._fields[:8]


def _receivable(row: Any) -> Receivable:
    return Receivable(*row)


def _credit(row: Any) -> Credit:
    return Credit(*row)


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


_ACCOUNT = ("account_no", "version", "org_unit", "customer_class", "opened_on", "closed_on")


async def put_accounts(tx: Tx, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert accounts, or replace older versions of them; balances stay."""
    columns = dict(zip(_ACCOUNT, zip(*rows, strict=True), strict=True))
    await bulk.upsert_newer(tx, tables.ACCOUNT, columns, key=("account_no",))


async def org_units(view: View, account_nos: Sequence[str]) -> dict[str, str]:
    """Return the org units of the accounts that are known."""
    table = tables.ACCOUNT
    columns = (table.c.account_no, table.c.org_unit)
    rows = await bulk.select_in(view, table, {"account_no": account_nos}, columns=columns)
    return {row.account_no: row.org_unit for row in rows}


async def lock_accounts(tx: Tx, account_nos: Sequence[str]) -> None:
    """Lock accounts in key order."""
    await bulk.lock(tx, tables.ACCOUNT, {"account_no": account_nos})


async def add_closed_month(tx: Tx, month: str, actor: str) -> None:
    await bulk.insert_rows(tx, tables.CLOSED_MONTH, {"month": [month], "closed_by": [actor], "closed_at": [tx.now]})
