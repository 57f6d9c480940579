"""The read side of the notify service. Nothing here returns an address but `contacts_page` and `contact`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, Select, distinct, func, select, true

from services.notify.adapters.store import (
    CONTACT,
    NO_CONTACT,
    NOTICE,
    UNADDRESSED,
    WAITS_FOR_ACCOUNT,
    WAITS_FOR_CONTACT,
)
from services.notify.domain.causes import SERVICE_OF_KIND
from services.notify.domain.sending import State
from services.notify.domain.templates import FIGURES
from shared.db.engine import View
from shared.trace import Origin, TraceNode

_NOTICE = tuple(column for column in NOTICE.c if column.name != "figures")


async def notice(view: View, notice_id: str, visible: ColumnElement[bool]) -> Row[Any] | None:
    """Return one notice without its figures."""
    return await view.first(select(*_NOTICE).where(NOTICE.c.notice_id == notice_id, visible))


async def notices_page(
    view: View,
    *,
    account_no: str | None,
    state: str | None,
    cycle: str | None,
    where: ColumnElement[bool],
    limit: int,
) -> Sequence[Row[Any]]:
    """Return notices in the order they were queued."""
    wanted = [
        NOTICE.c[name] == value
        for name, value in (("account_no", account_no), ("state", state), ("cycle", cycle))
        if value is not None
    ]
    return await view.all(select(*_NOTICE).where(where, *wanted).order_by(NOTICE.c.notice_id).limit(limit))


async def unaddressed_page(
    view: View, *, state: str | None, where: ColumnElement[bool], limit: int
) -> Sequence[Row[Any]]:
    """Return the causes that nobody was told of yet, by cause and template."""
    wanted = true() if state is None else UNADDRESSED.c.state == state
    order = UNADDRESSED.c.cause_id, UNADDRESSED.c.template
    return await view.all(select(UNADDRESSED).where(where, wanted).order_by(*order).limit(limit))


async def contacts_page(view: View, *, account_no: str, where: ColumnElement[bool], limit: int) -> Sequence[Row[Any]]:
    """Return the contacts of an account."""
    by_account = CONTACT.c.account_no == account_no
    return await view.all(select(CONTACT).where(by_account, where).order_by(CONTACT.c.contact_no).limit(limit))


async def contact(view: View, contact_no: str, visible: ColumnElement[bool]) -> Row[Any] | None:
    """Return one contact."""
    return await view.first(select(CONTACT).where(CONTACT.c.contact_no == contact_no, visible))


async def control_totals(view: View, cycle: str) -> Mapping[str, int]:
    """Return what became of a cycle's causes and notices.

    `causes_<template>` counts every cause once, told or not: it must equal what billing, reading and collection count.
    """
    totals = {f"notices_{state}": 0 for state in State} | {f"unaddressed_{s}": 0 for s in _WAITING}
    totals |= {f"causes_{template}": 0 for template in FIGURES}
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


_WAITING = (WAITS_FOR_ACCOUNT, WAITS_FOR_CONTACT, NO_CONTACT)


async def trace(view: View, kind: str, document_id: str) -> TraceNode | None:
    """Return a notice and its cause."""
    if kind != "notice":
        return None
    row = await view.first(select(NOTICE).where(NOTICE.c.notice_id == document_id))
    if row is None:
        return None
    document = {
        "account_no": row.account_no,
        "contact_no": row.contact_no,
        "channel": row.channel,
        "template": row.template,
        "template_version": row.template_version,
        "content_hash": row.content_hash,
        "state": row.state,
        "code": row.code,
        "attempts": row.attempts,
        "resends": row.resends,
        "figures": orjson.loads(row.figures),
    }
    origin = Origin(SERVICE_OF_KIND[row.cause_kind], row.cause_kind, row.cause_id)
    return TraceNode("notify", "notice", document_id, document, (origin,))


async def waiting_oldest(view: View) -> datetime | None:
    """Return since when the oldest estimate waits for its account. Waiting for a contact is not late, it is listed."""
    oldest = select(func.min(UNADDRESSED.c.since)).where(UNADDRESSED.c.state == WAITS_FOR_ACCOUNT)
    found: datetime | None = await view.scalar(oldest)
    return found


async def queue_depth(view: View) -> tuple[int, datetime | None]:
    """Return how many notices are not final, and since when the oldest of them is queued."""
    row = await view.first(
        select(func.count().label("depth"), func.min(NOTICE.c.queued_at).label("since")).where(
            NOTICE.c.due_at.is_not(None)
        )
    )
    assert row is not None
    return row.depth, row.since


async def org_units_with_waiting(view: View) -> list[str]:
    """Return the org units that have causes waiting for a contact."""
    found = select(UNADDRESSED.c.org_unit).where(UNADDRESSED.c.state == WAITS_FOR_CONTACT).distinct()
    return sorted(row.org_unit for row in await view.all(found))
