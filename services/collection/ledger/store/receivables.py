"""What is owed: lists, and what is overdue."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select, true

from services.collection.ledger import tables
from services.collection.ledger.domain.documents import BILLED, LATE_FEE, OPEN, PAYOUT, REVERSED, Receivable
from services.collection.ledger.domain.transactions import ISSUE, REVERSAL
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import View

RECEIVABLE = tables.RECEIVABLE


def receivable(row: Any) -> Receivable:
    """Return a row of the table as the domain knows it."""
    return Receivable(**row._mapping)


async def one(view: View, receivable_id: str) -> Row[Any] | None:
    """Return a receivable."""
    return await view.first(select(RECEIVABLE).where(RECEIVABLE.c.receivable_id == receivable_id))


async def listed(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    account_no: str | None,
    cycle: str | None,
    status: str | None,
    due_before: date | None,
    document_id: str | None,
) -> Sequence[Row[Any]]:
    """Return receivables, in the order of their ids."""
    where = [visible(RECEIVABLE.c.org_unit), after(RECEIVABLE.c.receivable_id)]
    for column, value in (
        (RECEIVABLE.c.account_no, account_no),
        (RECEIVABLE.c.cycle, cycle),
        (RECEIVABLE.c.status, status),
        (RECEIVABLE.c.document_id, document_id),
    ):
        where += [column == value] if value is not None else []
    where += [RECEIVABLE.c.due_on < due_before] if due_before else []
    return await view.all(select(RECEIVABLE).where(*where).order_by(RECEIVABLE.c.receivable_id).limit(limit))


async def posted_documents(view: View, document_kind: str, document_ids: Sequence[str]) -> set[str]:
    """Return which documents of a kind are posted."""
    r = RECEIVABLE.c
    keys = {"document_id": document_ids}
    rows = await bulk.select_in(
        view, RECEIVABLE, keys, columns=(r.document_id,), where=r.document_kind == document_kind
    )
    return {row.document_id for row in rows}


async def posted(
    view: View, *, visible: Condition, after: Condition, limit: int, account_no: str
) -> Sequence[Row[Any]]:
    """Return what billing has issued to an account as it is posted, in the order of the ids."""
    r, t = RECEIVABLE.c, tables.TRANSACTION.c
    of_document = and_(t.document_id == r.document_id, t.document_kind == r.document_kind)
    group = select(func.max(t.group_id)).where(of_document, t.kind == ISSUE).scalar_subquery()
    taken_back = select(func.max(t.business_date)).where(of_document, t.kind == REVERSAL).scalar_subquery()
    return await view.all(
        select(
            *(r.document_kind, r.document_id, r.issued_on, r.due_on, r.cycle, r.service_point_no),
            r.amount_fen.label("total_fen"),
            (r.status != REVERSED).label("stands"),
            func.nullif(group, "").label("correction_id"),
            taken_back.label("taken_back_on"),
        )
        .where(
            r.account_no == account_no,
            r.document_kind.in_(BILLED),
            visible(r.org_unit),
            after(r.document_id),
        )
        .order_by(r.document_id)
        .limit(limit)
    )


def receivable_id() -> ColumnElement[str]:
    """Return the column by which a condition that is passed to this module names a receivable."""
    column: ColumnElement[str] = RECEIVABLE.c.receivable_id
    return column


def account_no() -> ColumnElement[str]:
    """Return the column by which a condition that is passed to this module names the account of a receivable."""
    column: ColumnElement[str] = RECEIVABLE.c.account_no
    return column


def point_and_cycle() -> tuple[ColumnElement[str], ColumnElement[str]]:
    """Return the columns by which a condition that is passed to this module names what a receivable is for."""
    return RECEIVABLE.c.service_point_no, RECEIVABLE.c.cycle


def document() -> tuple[ColumnElement[str], ColumnElement[str]]:
    """Return the columns by which a condition that is passed to this module names the document of a receivable."""
    return RECEIVABLE.c.document_kind, RECEIVABLE.c.document_id


async def accounts_overdue(
    view: View, *, due_until: date, where: ColumnElement[bool], first: str, last: str | None
) -> list[str]:
    """Return the accounts, in order, that have an open receivable due by then and meet the condition."""
    number = RECEIVABLE.c.account_no
    statement = select(number).distinct().where(_overdue(due_until, where), number >= first)
    if last is not None:
        statement = statement.where(number <= last)
    return [row.account_no for row in await view.all(statement.order_by(number))]


async def overdue(
    view: View, account_nos: Sequence[str], *, due_until: date, where: ColumnElement[bool] | None = None
) -> list[Receivable]:
    """Return the open receivables of these accounts, due by then, that meet the condition, in account order, oldest first."""
    rows = await bulk.select_in(
        view,
        RECEIVABLE,
        {"account_no": account_nos},
        where=_overdue(due_until, true() if where is None else where),
        order_by=(RECEIVABLE.c.account_no, RECEIVABLE.c.due_on, RECEIVABLE.c.document_id),
    )
    return [receivable(row) for row in rows]


async def open_ones(view: View, account_no: str) -> dict[str, int]:
    """Return the open receivables of an account, with what is owed of each, oldest first."""
    r = RECEIVABLE.c
    wanted = select(r.receivable_id, r.outstanding_fen).where(r.account_no == account_no, r.status == OPEN)
    rows = await view.all(wanted.order_by(r.due_on, r.receivable_id))
    return {row.receivable_id: int(row.outstanding_fen) for row in rows}


async def outstanding(view: View, receivable_ids: Sequence[str]) -> dict[str, int]:
    """Return what is owed of receivables now."""
    r = RECEIVABLE.c
    columns = (r.receivable_id, r.outstanding_fen)
    rows = await bulk.select_in(view, RECEIVABLE, {"receivable_id": receivable_ids}, columns=columns)
    return {row.receivable_id: int(row.outstanding_fen) for row in rows}


def _overdue(due_until: date, where: ColumnElement[bool]) -> ColumnElement[bool]:
    return and_(RECEIVABLE.c.status == OPEN, RECEIVABLE.c.due_on <= due_until, where)


async def owed_of(view: View, receivable_ids: Sequence[str], *, where: ColumnElement[bool] | None = None) -> set[str]:
    """Return which of these receivables are owed, and meet the condition."""
    r = RECEIVABLE.c
    owed = r.status == OPEN if where is None else and_(r.status == OPEN, where)
    rows = await bulk.select_in(
        view, RECEIVABLE, {"receivable_id": receivable_ids}, columns=(r.receivable_id,), where=owed
    )
    return {row.receivable_id for row in rows}


async def due(
    view: View, account_nos: Sequence[str], *, since: date, on: date, where: ColumnElement[bool]
) -> Sequence[Row[Any]]:
    """Return when what these accounts owe was due (`due_on`) and settled (`cleared_on`), where it meets the condition.

    What was due by a day counts: since another one, or before that and owed on the day. What is reversed counts for nothing,
    nor does what being late has cost: that was late once.
    """
    r = RECEIVABLE.c
    counts = or_(r.due_on >= since, r.status == OPEN, r.cleared_on > on)
    owed = and_(
        r.due_on <= on,
        counts,
        r.amount_fen > 0,
        r.status != REVERSED,
        r.document_kind.not_in((PAYOUT, LATE_FEE)),
        where,
    )
    keys, columns = {"account_no": account_nos}, (r.account_no, r.due_on, r.cleared_on)
    return await bulk.select_in(view, RECEIVABLE, keys, columns=columns, where=owed)
