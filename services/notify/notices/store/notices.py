"""Notices as they are read: lists, receipts, totals, traces. Nothing here knows an address."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import FromClause, Row, Select, and_, distinct, func, literal, select, union_all

from services.notify.notices.domain import states
from services.notify.notices.tables import NOTICE, UNADDRESSED
from services.notify.templates.domain import Kinds
from shared.clock import Clock
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.edges import Edge
from shared.db.engine import View
from shared.trace import TraceNode
from shared.web.state import Gauges

_QUESTION = "question"
_NOTICE = tuple(column for column in NOTICE.c if column.name != "figures")


async def notice(view: View, notice_id: str, *, visible: Condition) -> Row[Any] | None:
    """Return one notice without its figures."""
    return await view.first(select(*_NOTICE).where(NOTICE.c.notice_id == notice_id, visible(NOTICE.c.org_unit)))


def notices_table() -> FromClause:
    """Return the notices, for lists that are joined to them."""
    return NOTICE


async def delivered(view: View, question_ids: Sequence[str]) -> dict[str, list[bool]]:
    """Return of each question that somebody was to be asked whether each of its notices was delivered."""
    c = NOTICE.c
    rows = await bulk.select_in(view, NOTICE, {"question_id": question_ids}, columns=(c.question_id, c.state))
    found: dict[str, list[bool]] = {}
    for row in rows:
        found.setdefault(row.question_id, []).append(row.state == states.DELIVERED)
    return found


async def notices_page(
    view: View,
    *,
    account_no: str | None,
    question_id: str | None,
    state: str | None,
    cycle: str | None,
    paced: str | None,
    visible: Condition,
    after: Condition,
    limit: int,
) -> Sequence[Row[Any]]:
    """Return notices in the order they were queued."""
    wanted = [
        NOTICE.c[name] == value
        for name, value in (
            ("account_no", account_no),
            ("question_id", question_id),
            ("state", state),
            ("cycle", cycle),
            ("paced", paced),
        )
        if value is not None
    ]
    where = visible(NOTICE.c.org_unit), after(NOTICE.c.notice_id), *wanted
    return await view.all(select(*_NOTICE).where(*where).order_by(NOTICE.c.notice_id).limit(limit))


async def control_totals(kinds: Kinds, view: View, cycle: str) -> Mapping[str, int]:
    """Return what became of a cycle's causes and notices.

    `causes_<template>` counts every cause once, told or not: it must equal what billing, reading and collection count.
    """
    totals = {f"notices_{state}": 0 for state in states.NOTICE_LIFE.states}
    totals |= {f"unaddressed_{state}": 0 for state in states.UNADDRESSED_LIFE.states}
    totals |= {f"causes_{template}": 0 for template in kinds}
    by_state = select(NOTICE.c.state, func.count()).where(NOTICE.c.cycle == cycle).group_by(NOTICE.c.state)
    for state, count in await _pairs(view, by_state):
        totals[f"notices_{state}"] = count
    aside = select(UNADDRESSED.c.state, func.count()).where(UNADDRESSED.c.cycle == cycle)
    for state, count in await _pairs(view, aside.group_by(UNADDRESSED.c.state)):
        totals[f"unaddressed_{state}"] = count
    for table in (NOTICE, UNADDRESSED):
        causes = select(table.c.template, func.count(distinct(table.c.cause_id))).where(table.c.cycle == cycle)
        for template, count in await _pairs(view, causes.group_by(table.c.template)):
            name = f"causes_{template}"
            totals[name] += count
    return totals


async def _pairs(view: View, statement: Select[Any]) -> list[tuple[str, int]]:
    rows: Sequence[Any] = await view.all(statement)
    return [(name, count) for name, count in rows]


async def trace(view: View, document_id: str) -> TraceNode | None:
    """Return a notice without its words and address."""
    row = await view.first(select(NOTICE).where(NOTICE.c.notice_id == document_id))
    if row is None:
        return None
    document = {
        "account_no": row.account_no,
        "party_no": row.party_no,
        "point_no": row.point_no,
        "channel": row.channel,
        "template": row.template,
        "template_version": row.template_version,
        "content_hash": row.content_hash,
        "state": row.state,
        "code": row.code,
        "attempts": row.attempts,
        "way": row.way,
        "resends": row.resends,
        "figures": orjson.loads(row.figures),
    }
    return TraceNode("notify", "notice", document_id, document, org_unit=row.org_unit)


def edges(kinds: Kinds) -> list[Edge]:
    """Return what notices were derived from: a question, or the document that their cause is about."""
    n = NOTICE.c
    of_question = n.cause_kind == _QUESTION
    notice: dict[str, Any] = {"kind": "notice", "id": n.notice_id, "org_unit": n.org_unit}
    services = sorted({kind.service for kind in kinds.values()})
    return [
        Edge(**notice, service="notify", origin_kind=_QUESTION, origin_id=n.question_id),
        Edge(
            **notice,
            service="notify",
            origin_kind=_QUESTION,
            origin_id=n.cause_id,
            where=n.question_id.is_(None) & of_question,
        ),
        *(
            Edge(
                **notice,
                service=service,
                origin_kind=n.cause_kind,
                origin_id=n.cause_id,
                where=and_(n.question_id.is_(None), ~of_question, n.template.in_(_templates(kinds, service))),
            )
            for service in services
        ),
    ]


def _templates(kinds: Kinds, service: str) -> list[str]:
    return sorted(name for name, kind in kinds.items() if kind.service == service)


async def queue_depth(view: View) -> tuple[int, datetime | None]:
    """Return how many notices are still to be sent, and since when the oldest of them is queued."""
    row = await view.first(
        select(func.count().label("depth"), func.min(NOTICE.c.queued_at).label("since")).where(
            NOTICE.c.due_at.is_not(None), NOTICE.c.state != states.SENT
        )
    )
    assert row is not None
    return row.depth, row.since


def gauges(clock: Clock) -> Gauges:
    """Return how the length and the age of the queue are read."""

    async def read_gauges(view: View) -> Mapping[str, float]:
        queued, oldest = await queue_depth(view)
        age = 0.0 if oldest is None else max((clock.now() - oldest).total_seconds(), 0.0)
        return {"notices_queued": float(queued), "notices_oldest_age_seconds": age}

    return read_gauges


async def told_of(template: str, view: View, cycle: str, after: str, limit: int) -> Sequence[Row[Any]]:
    """Return the causes of a cycle behind an id that customers are told of by a template, told or not."""
    parts = [
        select(table.c.cause_id.label("id"), table.c.account_no.label("subject"))
        .where(table.c.cycle == cycle, table.c.template == template, table.c.cause_id > after)
        .group_by(table.c.cause_id, table.c.account_no)
        .order_by(table.c.cause_id)
        .limit(limit)
        .subquery()
        for table in (NOTICE, UNADDRESSED)
    ]
    both = union_all(*(select(part) for part in parts)).subquery()
    return await view.all(
        select(
            both.c.id,
            func.max(both.c.subject).label("subject"),
            literal(0).label("amount"),
            literal(True).label("stands"),
        )
        .group_by(both.c.id)
        .order_by(both.c.id)
        .limit(limit)
    )
