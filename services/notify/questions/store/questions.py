"""Rows of questions <-> the domain, and withdrawals that came first."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Row, func, select

from services.notify.questions.domain.figures import AskedFigure
from services.notify.questions.domain.questions import Closing, Question
from services.notify.questions.domain.states import OPEN, QUESTION_LIFE
from services.notify.questions.tables import QUESTION, WITHDRAWAL
from services.notify.templates.domain import Kinds
from shared.clock import Clock
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.edges import Edge
from shared.db.engine import Tx, View
from shared.trace import TraceNode
from shared.web.state import Gauges

_TRACED = ("template", "service_point_no", "account_no", "state", "code", "answer", "way", "recorded_by", "notice_id")
_ASKED = ("template", "subject_kind", "subject_id", "service_point_no", "asked_on", "answer_by")


async def insert(tx: Tx, questions: Sequence[Question], withdrawn: Mapping[str, str]) -> set[str]:
    """Insert questions that are new, those that were withdrawn before as such, and return the ids of the new ones."""
    states = [QUESTION_LIFE.target("withdrawn") if q.question_id in withdrawn else OPEN for q in questions]
    columns: dict[str, list[Any]] = {
        "question_id": [q.question_id for q in questions],
        **{name: [getattr(q, name) for q in questions] for name in _ASKED},
        "account_no": [q.account_no for q in questions],
        "org_unit": [q.org_unit for q in questions],
        "answers": [orjson.dumps(q.answers).decode() for q in questions],
        "figures": [orjson.dumps(q.figures).decode() for q in questions],
        "asked_figures": [orjson.dumps(q.asked).decode() for q in questions],
        "state": [QUESTION_LIFE.start(state) for state in states],
        "code": [withdrawn.get(q.question_id, "") for q in questions],
        "reminders": [0] * len(questions),
        "heard_at": [tx.now] * len(questions),
        "closed_at": [None if state == OPEN else tx.now for state in states],
    }
    return {row.question_id for row in await bulk.insert_ignore(tx, QUESTION, columns, key=("question_id",))}


async def differing(view: View, questions: Sequence[Question]) -> list[str]:
    """Return the ids of those that are known as other questions than these."""
    rows = await bulk.select_in(view, QUESTION, {"question_id": [q.question_id for q in questions]})
    known = {row.question_id: row for row in rows}
    return [q.question_id for q in questions if q.question_id in known and not _same(q, known[q.question_id])]


def _same(question: Question, row: Row[Any]) -> bool:
    return (
        all(getattr(question, name) == getattr(row, name) for name in _ASKED)
        and list(question.answers) == orjson.loads(row.answers)
        and question.figures == orjson.loads(row.figures)
        and question.asked == asked(row)
    )


def asked(row: Row[Any]) -> tuple[AskedFigure, ...]:
    """Return the figures that a question asks for."""
    return tuple(AskedFigure(**each) for each in orjson.loads(row.asked_figures))


def given(row: Row[Any]) -> dict[str, str]:
    """Return the figures of the answer of a question, by name."""
    found: dict[str, str] = orjson.loads(row.given_figures or "{}")
    return found


async def take_withdrawals(tx: Tx, question_ids: Sequence[str]) -> dict[str, str]:
    """Return why questions were withdrawn before they were heard, and forget that. The caller holds the points' anchors."""
    found = await bulk.delete_in(tx, WITHDRAWAL, {"question_id": question_ids}, returning=("question_id", "reason"))
    return {row.question_id: row.reason for row in found}


async def keep_withdrawals(tx: Tx, reasons: Mapping[str, str]) -> None:
    """Keep withdrawals whose questions are not known yet. The caller holds the points' anchors."""
    columns: dict[str, list[Any]] = {
        "question_id": list(reasons),
        "reason": list(reasons.values()),
        "since": [tx.now] * len(reasons),
    }
    await bulk.insert_ignore(tx, WITHDRAWAL, columns, key=("question_id",))


async def lock(tx: Tx, question_ids: Sequence[str]) -> dict[str, Row[Any]]:
    """Lock and return questions by id, in the order of ids."""
    rows = await bulk.select_in(
        tx, QUESTION, {"question_id": question_ids}, order_by=(QUESTION.c.question_id,), for_update=True
    )
    return {row.question_id: row for row in rows}


async def lock_of_nobody(tx: Tx, service_point_nos: Sequence[str]) -> None:
    """Lock the open questions of these points whose account is not known: before what waits of them, as who closes one does."""
    c = QUESTION.c
    await bulk.select_in(
        tx,
        QUESTION,
        {"service_point_no": service_point_nos},
        columns=(c.question_id,),
        where=(c.state == OPEN) & c.account_no.is_(None),
        order_by=(c.question_id,),
        for_update=True,
    )


async def set_accounts(tx: Tx, found: Sequence[tuple[str, str, str]]) -> None:
    """Set (question_id, account_no, org_unit) of questions whose account has become known; the caller holds their locks."""
    columns = {
        "question_id": [question_id for question_id, _, _ in found],
        "account_no": [account_no for _, account_no, _ in found],
        "org_unit": [org_unit for _, _, org_unit in found],
    }
    await bulk.update_from(tx, QUESTION, columns, key=("question_id",), where=QUESTION.c.state == OPEN, partial=True)


async def close(tx: Tx, closings: Sequence[Closing]) -> None:
    """Close questions; the caller holds their locks and has seen that they may be closed so."""
    names = tuple(field.name for field in fields(Closing))
    columns: dict[str, list[Any]] = {name: [getattr(one, name) for one in closings] for name in names}
    columns["closed_at"] = [tx.now] * len(closings)
    await bulk.update_from(tx, QUESTION, columns, key=("question_id",))


async def set_reminders(tx: Tx, counts: Mapping[str, int]) -> None:
    """Set how many reminders of a question are done with; the caller holds the locks."""
    columns: dict[str, list[Any]] = {"question_id": list(counts), "reminders": list(counts.values())}
    await bulk.update_from(tx, QUESTION, columns, key=("question_id",))


async def lock_overdue(tx: Tx, *, org_unit: str, business_date: date) -> Sequence[Row[Any]]:
    """Lock and return the open questions of an org unit whose last day lies before a business date."""
    c = QUESTION.c
    wanted = select(QUESTION).where(c.state == OPEN, c.org_unit == org_unit, c.answer_by < business_date)
    return await tx.all(wanted.order_by(c.question_id).with_for_update())


async def lock_waiting(tx: Tx, *, org_unit: str, business_date: date) -> Sequence[Row[Any]]:
    """Lock and return the open questions of an org unit that somebody was asked and may still answer on a business date."""
    c = QUESTION.c
    wanted = select(QUESTION).where(
        c.state == OPEN, c.org_unit == org_unit, c.answer_by >= business_date, c.account_no.is_not(None)
    )
    return await tx.all(wanted.order_by(c.question_id).with_for_update())


async def org_units(view: View, *, overdue_on: date | None = None) -> list[str]:
    """Return the org units that have open questions, or only those whose last day lies before a business date."""
    c = QUESTION.c
    found = select(c.org_unit).where(c.state == OPEN).distinct()
    if overdue_on is not None:
        found = found.where(c.answer_by < overdue_on)
    return sorted(row.org_unit for row in await view.all(found))


async def states(view: View, question_ids: Sequence[str]) -> dict[str, str]:
    """Return the state of each question."""
    c = QUESTION.c
    rows = await bulk.select_in(view, QUESTION, {"question_id": question_ids}, columns=(c.question_id, c.state))
    return {row.question_id: row.state for row in rows}


async def question(view: View, question_id: str, *, visible: Condition) -> Row[Any] | None:
    """Return one question."""
    return await view.first(select(QUESTION).where(QUESTION.c.question_id == question_id, visible(QUESTION.c.org_unit)))


async def page(
    view: View,
    *,
    state: str | None,
    subject_kind: str | None,
    account_no: str | None,
    due_by: date | None,
    visible: Condition,
    after: Condition,
    limit: int,
) -> Sequence[Row[Any]]:
    """Return questions by id, of those whose last day is `due_by` or earlier where that is given."""
    c = QUESTION.c
    given = (("state", state), ("subject_kind", subject_kind), ("account_no", account_no))
    wanted = [c[name] == value for name, value in given if value is not None]
    if due_by is not None:
        wanted.append(c.answer_by <= due_by)
    where = visible(c.org_unit), after(c.question_id), *wanted
    return await view.all(select(QUESTION).where(*where).order_by(c.question_id).limit(limit))


def gauges(clock: Clock, zone: ZoneInfo) -> Gauges:
    """Return how the number of open questions is read, and how long the oldest is past its last day."""

    async def read_gauges(view: View) -> Mapping[str, float]:
        count, due = await _open(view)
        end = datetime.combine(due + timedelta(days=1), time(), zone) if due else clock.now()
        late = (clock.now() - end).total_seconds()
        return {"questions_open": float(count), "questions_overdue_oldest_seconds": max(late, 0.0)}

    return read_gauges


async def trace(view: View, document_id: str) -> TraceNode | None:
    """Return a question as it was asked, and how it ended."""
    row = await view.first(select(QUESTION).where(QUESTION.c.question_id == document_id))
    if row is None:
        return None
    document = {name: getattr(row, name) for name in _TRACED} | {
        "asked_on": row.asked_on.isoformat(),
        "answer_by": row.answer_by.isoformat(),
        "figures": orjson.loads(row.figures),
    }
    return TraceNode("notify", "question", document_id, document, org_unit=row.org_unit)


def edges(kinds: Kinds) -> list[Edge]:
    """Return what questions were derived from: the document for which each was asked."""
    q = QUESTION.c
    return [
        Edge(
            kind="question",
            service=service,
            origin_kind=q.subject_kind,
            id=q.question_id,
            origin_id=q.subject_id,
            org_unit=q.org_unit,
            where=q.template.in_(sorted(name for name, kind in kinds.items() if kind.service == service)),
        )
        for service in sorted({kind.service for kind in kinds.values()})
    ]


async def _open(view: View) -> tuple[int, date | None]:
    """Return how many questions are open, and the last day of the one that is due first."""
    c = QUESTION.c
    row = await view.first(
        select(func.count().label("number"), func.min(c.answer_by).label("due")).where(c.state == OPEN)
    )
    assert row is not None
    return row.number, row.due


async def waiting_oldest(view: View) -> datetime | None:
    """Return since when the oldest withdrawal waits for its question."""
    found: datetime | None = await view.scalar(select(func.min(WITHDRAWAL.c.since)))
    return found
