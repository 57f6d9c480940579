"""From rows to books. Every function here is a constant number of statements, whatever the number of rows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, func, or_, select

from services.collection.ledger import tables
from services.collection.ledger.domain.books import Books
from services.collection.ledger.domain.documents import OPEN, OPENING, REVERSIBLE, Account, Credit, Debt, Receivable
from services.collection.ledger.domain.policy import Policy
from services.collection.ledger.domain.transactions import ISSUE, REVERSAL, Entry
from services.collection.ledger.store import receivables
from shared.db import bulk, travel
from shared.db.engine import Tx, View

CREDIT, RECEIVABLE = tables.CREDIT, tables.RECEIVABLE
_ACCOUNT = ("account_no", "org_unit", "prepaid_fen", "customer_class", "moved_on")


async def open_books(tx: Tx, policy: Policy, opened: date | None, account_nos: Iterable[str]) -> Books:
    """Lock the accounts in key order and return their books, without what is owed and paid yet."""
    table = tables.ACCOUNT
    rows = await bulk.select_in(
        tx,
        table,
        {"account_no": sorted(set(account_nos))},
        columns=tuple(table.c[name] for name in _ACCOUNT),
        order_by=(table.c.account_no,),
        for_update=True,
    )
    accounts = [Account(**row._mapping) for row in rows]
    return Books(policy=policy, open_from=opened, accounts=accounts)


async def load_open_sides(tx: Tx, books: Books, account_nos: Sequence[str]) -> None:
    """Load what the accounts owe and what of their money is unallocated."""
    keys = {"account_no": account_nos}
    for row in await bulk.select_in(tx, CREDIT, keys, where=CREDIT.c.unallocated_fen > 0):
        books.load_credit(_credit(row))
    for row in await bulk.select_in(tx, RECEIVABLE, keys, where=RECEIVABLE.c.status == OPEN):
        books.load_receivable(receivables.receivable(row))


async def load_for_days(tx: Tx, books: Books, days: Mapping[str, Sequence[date]]) -> None:
    """Load what documents of these days, by account, meet: the open sides, or all of it where one comes late."""
    await load_open_sides(tx, books, list(days))
    await load_late(tx, books, days)


async def load_late(tx: Tx, books: Books, days: Mapping[str, Sequence[date]]) -> None:
    """Load all that the accounts have ever owed and paid whose documents, of these days, come late."""
    late = books.late(days)
    if not late:
        return
    keys = {"account_no": late}
    debts, credits = defaultdict[str, list[Receivable]](list), defaultdict[str, list[Credit]](list)
    ended, posted = (defaultdict[str, dict[str, date]](dict) for _ in range(2))
    for row in await bulk.select_in(tx, RECEIVABLE, keys):
        debts[row.account_no].append(receivables.receivable(row))
    for row in await bulk.select_in(tx, CREDIT, keys):
        credits[row.account_no].append(_credit(row))
    rows = defaultdict[str, dict[tuple[str, str, date], int]](dict)
    credit_ids = [credit.credit_id for found in credits.values() for credit in found]
    for row in await _allocations_by_day(tx, credit_ids):
        rows[row.account_no][row.credit_id, row.receivable_id, row.made_on] = int(row.amount_fen)
    transaction = tables.TRANSACTION
    told = await bulk.select_in(
        tx,
        transaction,
        keys,
        columns=tuple(
            transaction.c[name] for name in ("account_no", "document_kind", "document_id", "kind", "business_date")
        ),
        where=or_(transaction.c.kind == REVERSAL, transaction.c.document_kind == OPENING),
    )
    id_of = {(d.document_kind, d.document_id): d.receivable_id for found in debts.values() for d in found}
    for row in told:
        # a payment's credit has its id
        key = id_of.get((row.document_kind, row.document_id), row.document_id)
        days_of = ended if row.kind == REVERSAL else posted
        days_of[row.account_no][key] = row.business_date
    for no in late:
        books.load_history(no, debts=debts[no], credits=credits[no], rows=rows[no], ended=ended[no], posted=posted[no])


_COMPARED = ("document_kind", "document_id", "account_no", "cycle", "issued_on", "due_on", "amount_fen")


async def existing_documents(view: View, debts: Sequence[Debt]) -> dict[tuple[str, str], Row[Any]]:
    """Return what is posted of these documents already, by (kind, id), with the columns that a document is compared by."""
    table = tables.RECEIVABLE
    wanted = {(debt.document_kind, debt.document_id) for debt in debts}
    rows = await bulk.select_in(
        view,
        table,
        {"document_id": [document_id for _, document_id in wanted]},
        columns=tuple(table.c[name] for name in _COMPARED),
    )
    found = {(row.document_kind, row.document_id): row for row in rows}
    return {key: row for key, row in found.items() if key in wanted}


async def load_issue_entries(view: View, books: Books, document_ids: Sequence[str]) -> None:
    """Load what was posted when these documents were issued."""
    books.issue_entries.update(await _issue_entries(view, document_ids))


async def components(view: View, document_ids: Sequence[str]) -> dict[str, list[tuple[str, int]]]:
    """Return what documents are made of, as (component, fen), as it was posted."""
    entries = await _issue_entries(view, document_ids)
    return {no: [(e.component, -e.amount_fen) for e in of if e.component] for no, of in entries.items()}


async def load_for_reversal(
    tx: Tx, books: Books, *, document_ids: Sequence[str], credit_ids: Sequence[str]
) -> set[tuple[str, str]]:
    """Load the receivables of these documents and these credits, all that they settled or were settled by, and bills' entries.

    Returns the documents, by (kind, id), of accounts that are not in the books: nothing of them is loaded.
    """
    found = await bulk.select_in(
        tx, RECEIVABLE, {"document_id": document_ids}, where=RECEIVABLE.c.document_kind.in_(REVERSIBLE)
    )
    targets = [row for row in found if row.account_no in books.accounts]
    for row in targets:
        books.load_receivable(receivables.receivable(row))
    receivable_ids = [row.receivable_id for row in targets]
    # a document below zero is a credit of the receivable's id
    rows = await _net_allocations(tx, "receivable_id", receivable_ids)
    rows = [*rows, *await _net_allocations(tx, "credit_id", [*credit_ids, *receivable_ids])]
    involved = {row.credit_id for row in rows} | set(credit_ids) | set(receivable_ids)
    for row in await bulk.select_in(tx, CREDIT, {"credit_id": sorted(involved)}):
        books.load_credit(_credit(row))
    settled = sorted({row.receivable_id for row in rows})
    for row in await bulk.select_in(tx, RECEIVABLE, {"receivable_id": settled}):
        books.load_receivable(receivables.receivable(row))
    for row in {(row.credit_id, row.receivable_id): row for row in rows}.values():
        books.load_allocation(row.credit_id, row.receivable_id, int(row.amount_fen), row.made_on)
    await load_issue_entries(tx, books, document_ids)
    return {(row.document_kind, row.document_id) for row in found if row.account_no not in books.accounts}


async def _net_allocations(view: View, by: str, keys: Sequence[str]) -> Sequence[Row[Any]]:
    table = tables.ALLOCATION
    if not keys:
        return []
    given = travel.relation_for(view, table, {by: keys})
    net = func.sum(table.c.amount_fen)
    return await view.all(
        select(
            *(table.c.credit_id, table.c.receivable_id, net.label("amount_fen")),
            func.max(table.c.made_on).label("made_on"),
        )
        .select_from(table.join(given, table.c[by] == given.c[by]))
        .group_by(table.c.credit_id, table.c.receivable_id)
        .having(net != 0)
    )


async def _allocations_by_day(view: View, credit_ids: Sequence[str]) -> Sequence[Row[Any]]:
    table = tables.ALLOCATION
    if not credit_ids:
        return []
    given = travel.relation_for(view, table, {"credit_id": credit_ids})
    net = func.sum(table.c.amount_fen)
    key = (table.c.account_no, table.c.credit_id, table.c.receivable_id, table.c.made_on)
    return await view.all(
        select(*key, net.label("amount_fen"))
        .select_from(table.join(given, table.c.credit_id == given.c.credit_id))
        .group_by(*key)
        .having(net != 0)
    )


async def _issue_entries(view: View, document_ids: Sequence[str]) -> dict[str, list[Entry]]:
    transaction, entry = tables.TRANSACTION, tables.ENTRY
    if not document_ids:
        return {}
    given = travel.relation_for(view, transaction, {"document_id": document_ids})
    rows = await view.all(
        select(transaction.c.document_id, entry.c.ledger_account, entry.c.amount_fen, entry.c.component)
        .select_from(
            transaction.join(given, transaction.c.document_id == given.c.document_id).join(
                entry, entry.c.transaction_id == transaction.c.transaction_id
            )
        )
        .where(transaction.c.document_kind.in_(REVERSIBLE), transaction.c.kind == ISSUE)
        .order_by(transaction.c.document_id, entry.c.line_no)
    )
    found: dict[str, list[Entry]] = {document_id: [] for document_id in document_ids}
    for row in rows:
        found[row.document_id].append(_entry(row))
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
    return [_entry(row) for row in rows]


async def business_date_of(view: View, document_kind: str, document_id: str, kind: str) -> date | None:
    """Return the day of one posted transaction; None where there is none."""
    transaction = tables.TRANSACTION
    row = await view.first(
        select(transaction.c.business_date).where(
            transaction.c.document_id == document_id,
            transaction.c.document_kind == document_kind,
            transaction.c.kind == kind,
        )
    )
    return None if row is None else row.business_date


def _credit(row: Any) -> Credit:
    return Credit(**row._mapping)


def _entry(row: Any) -> Entry:
    return Entry(ledger_account=row.ledger_account, amount_fen=row.amount_fen, component=row.component)
