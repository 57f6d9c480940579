"""Cases, their steps, evidence and moves, in and out: every function is one statement."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, exists, func, insert, or_, select, true, update

from services.billing.business_day import store as business_day
from services.billing.cases import tables
from services.billing.contracts.store import supplied
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

CASE, STEP, EVIDENCE, EVENT = tables.CASE_FILE, tables.CASE_STEP, tables.CASE_EVIDENCE, tables.CASE_EVENT
_WITH_ACCOUNT = (*CASE.c, *supplied.at(CASE.c.service_point_no, CASE.c.first_signal_on))
"""A case with the account and the contract that its point was supplied by on the day of its first signal, as that stands."""


async def get(view: View, case_no: str) -> Row[Any] | None:
    """Return a case, with its account."""
    return await view.first(select(*_WITH_ACCOUNT).where(CASE.c.case_no == case_no))


async def locked(tx: Tx, case_no: str) -> Row[Any] | None:
    """Return a case, with its account, locked to the end of the unit of work."""
    mine = select(*_WITH_ACCOUNT).where(CASE.c.case_no == case_no)
    return await tx.first(mine.with_for_update(of=CASE))


async def change(tx: Tx, case_no: str, **values: Any) -> None:
    """Write what has changed of a case."""
    await tx.execute(update(CASE).where(CASE.c.case_no == case_no).values(**values))


async def add_event(tx: Tx, **values: Any) -> None:
    """Write a move of a case."""
    await tx.execute(insert(EVENT).values(**values, at=tx.now))


async def events(view: View, case_no: str, limit: int) -> Sequence[Row[Any]]:
    """Return the moves of a case, in their order."""
    return await view.all(select(EVENT).where(EVENT.c.case_no == case_no).order_by(EVENT.c.row_version).limit(limit))


async def steps(view: View, case_no: str) -> Sequence[Row[Any]]:
    """Return the steps of a case, first due first."""
    return await view.all(select(STEP).where(STEP.c.case_no == case_no).order_by(STEP.c.due_on, STEP.c.step).limit(10))


async def finish_step(tx: Tx, case_no: str, step: str, *, on: date, by: str) -> None:
    """Note that a step of a case is done, where it was not."""
    of_it = and_(STEP.c.case_no == case_no, STEP.c.step == step, STEP.c.done_on.is_(None))
    await tx.execute(update(STEP).where(of_it).values(done_on=on, done_by=by))


async def finish_steps(tx: Tx, cases: Mapping[str, tuple[date, str]], step: str) -> None:
    """Note by case when, and by whom, a step was done, where it was not."""
    columns: dict[str, list[Any]] = {
        "case_no": list(cases),
        "step": [step] * len(cases),
        "done_on": [on for on, _ in cases.values()],
        "done_by": [by for _, by in cases.values()],
    }
    if cases:
        is_open = STEP.c.done_on.is_(None)
        await bulk.update_from(tx, STEP, columns, key=("case_no", "step"), where=is_open, partial=True)


async def renew_steps(tx: Tx, case_no: str, due: Mapping[str, date | None], *, since: date) -> None:
    """Let steps of a case run anew."""
    columns: dict[str, list[Any]] = {
        "case_no": [case_no] * len(due),
        "step": list(due),
        "since": [since] * len(due),
        "due_on": list(due.values()),
        "done_on": [None] * len(due),
        "done_by": [None] * len(due),
    }
    await bulk.update_from(tx, STEP, columns, key=("case_no", "step"), partial=True)


async def undated(view: View, *, first: str = "", last: str | None = None, limit: int) -> Sequence[Row[Any]]:
    """Return the steps that are to be done by no day yet, with the kinds of their cases."""
    where = [STEP.c.due_on.is_(None), STEP.c.done_on.is_(None), CASE.c.ended_on.is_(None), STEP.c.case_no >= first]
    where += [STEP.c.case_no <= last] if last is not None else []
    joined = STEP.join(CASE, CASE.c.case_no == STEP.c.case_no)
    wanted = select(STEP.c.case_no, STEP.c.step, STEP.c.since, CASE.c.kind, CASE.c.first_signal_on)
    return await view.all(wanted.select_from(joined).where(*where).order_by(STEP.c.case_no, STEP.c.step).limit(limit))


async def insert_evidence(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> set[str]:
    """Add evidence whose number is new in its case; return the numbers of that."""
    columns: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in rows[0]}
    columns["added_at"] = [tx.now] * len(rows)
    key = ("case_no", "evidence_no")
    return {row.evidence_no for row in await bulk.insert_ignore(tx, EVIDENCE, columns, key=key)}


async def evidence(view: View, case_no: str, limit: int) -> Sequence[Row[Any]]:
    """Return the evidence of a case, first to last."""
    c = EVIDENCE.c
    return await view.all(select(EVIDENCE).where(c.case_no == case_no).order_by(c.seen_on, c.evidence_no).limit(limit))


async def withdraw_evidence(tx: Tx, case_no: str, evidence_no: str, *, by: str, reason: str) -> bool:
    """Withdraw a piece of evidence; return whether there was one that stood."""
    c = EVIDENCE.c
    standing = and_(c.case_no == case_no, c.evidence_no == evidence_no, c.withdrawn_by.is_(None))
    return await tx.execute(update(EVIDENCE).where(standing).values(withdrawn_by=by, withdrawn_reason=reason)) == 1


def _of_unit(column: ColumnElement[str], org_unit: str | None) -> ColumnElement[bool]:
    if org_unit is None:
        return true()
    return or_(column == org_unit, column.startswith(org_unit + "/", autoescape=True))


def _overdue(latest: date) -> ColumnElement[bool]:
    """Return the condition that a step of a case that has not ended was due before a day."""
    late = exists().where(STEP.c.case_no == CASE.c.case_no, STEP.c.done_on.is_(None), STEP.c.due_on < latest)
    return and_(CASE.c.ended_on.is_(None), late)


async def page(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    org_unit: str | None = None,
    overdue: bool = False,
    account_no: str | None = None,
    **equal: str | None,
) -> Sequence[Row[Any]]:
    """Return cases that have these values, those of the earliest signal first, each with its account.

    `overdue`: on the latest business date.
    """
    c = CASE.c
    where = [visible(c.org_unit), after(c.first_signal_on, c.case_no), _of_unit(c.org_unit, org_unit)]
    where += [c[name] == value for name, value in equal.items() if value is not None]
    if account_no is not None:
        where.append(supplied.by(account_no, c.service_point_no, c.first_signal_on))
    if overdue:
        where.append(_overdue(await business_day.latest(view) or date.min))
    return await view.all(select(*_WITH_ACCOUNT).where(*where).order_by(c.first_signal_on, c.case_no).limit(limit))


async def counts(view: View, *, visible: Condition, org_unit: str | None) -> Sequence[Row[Any]]:
    """Count cases by kind and state, and of these the overdue ones."""
    c = CASE.c
    latest = await business_day.latest(view) or date.min
    is_late = select(c.case_no).where(_overdue(latest)).subquery("late")
    joined = CASE.outerjoin(is_late, is_late.c.case_no == c.case_no)
    wanted = select(c.kind, c.state, func.count().label("cases"), func.count(is_late.c.case_no).label("overdue"))
    mine = wanted.select_from(joined).where(visible(c.org_unit), _of_unit(c.org_unit, org_unit))
    return await view.all(mine.group_by(c.kind, c.state).order_by(c.kind, c.state))


async def open_at(view: View, points: Sequence[str]) -> Sequence[Row[Any]]:
    """Return the cases at points that have not ended: number, kind, point and day of the first signal."""
    c = CASE.c
    columns = (c.case_no, c.kind, c.service_point_no, c.first_signal_on)
    given, not_ended = {"service_point_no": points}, c.ended_on.is_(None)
    return await bulk.select_in(view, CASE, given, columns=columns, where=not_ended, order_by=(c.case_no,))


async def open_count(view: View) -> int:
    """Count the cases that have not ended."""
    return int(await view.scalar(select(func.count()).where(CASE.c.ended_on.is_(None))) or 0)


async def first_due(view: View) -> date | None:
    """Return the first day by which a step that is not done is due, of the cases that have not ended."""
    joined = STEP.join(CASE, CASE.c.case_no == STEP.c.case_no)
    found: date | None = await view.scalar(
        select(func.min(STEP.c.due_on)).select_from(joined).where(STEP.c.done_on.is_(None), CASE.c.ended_on.is_(None))
    )
    return found
