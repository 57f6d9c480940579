"""Causes that wait for their account or for a contact."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, and_, func, or_, select, true, update

from services.notify.doors import store as doors
from services.notify.notices.domain import states
from services.notify.notices.domain.causes import Cause
from services.notify.notices.domain.states import WAITS_FOR_ACCOUNT, WAITS_FOR_CONTACT
from services.notify.notices.tables import UNADDRESSED
from shared.dated import Period
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View


async def set_aside(tx: Tx, causes: Sequence[Cause], state: str) -> None:
    """Store causes that cannot be addressed yet; one that is stored already stays as it is, one that was withdrawn is closed."""
    count, life = len(causes), states.UNADDRESSED_LIFE
    await bulk.insert_ignore(
        tx,
        UNADDRESSED,
        {
            "cause_id": [c.id for c in causes],
            "template": [c.template for c in causes],
            "notice_id": [c.notice_id("") for c in causes],
            "cause_kind": [c.kind for c in causes],
            "account_no": [c.account_no for c in causes],
            "service_point_no": [c.service_point_no for c in causes],
            "org_unit": [c.org_unit for c in causes],
            "cycle": [c.cycle for c in causes],
            "day": [c.day for c in causes],
            "figures": [orjson.dumps(c.figures).decode() for c in causes],
            "state": [life.start(states.CLOSED if c.withdrawn else state) for c in causes],
            "since": [tx.now] * count,
            "question_id": [c.question_id for c in causes],
            "matter": [c.matter for c in causes],
        },
        key=("cause_id", "template"),
    )


async def causes(tx: Tx, *, state: str, column: str, values: Sequence[str]) -> list[Cause]:
    """Return the causes that wait for one of these accounts (`account_no`) or service points (`service_point_no`).

    The caller holds the anchors of the values.
    """
    keys = {column: values}
    rows = await bulk.select_in(tx, UNADDRESSED, keys, where=UNADDRESSED.c.state == state, for_update=True)
    return [_cause(row) for row in rows]


async def remove_waiting(tx: Tx, causes: Sequence[Cause]) -> None:
    """Delete the rows of causes that wait no longer."""
    keys = {"cause_id": [c.id for c in causes], "template": [c.template for c in causes]}
    await bulk.delete_in(tx, UNADDRESSED, keys)


def _cause(row: Row[Any]) -> Cause:
    """Return the cause that a row of `unaddressed` holds."""
    return Cause(
        kind=row.cause_kind,
        id=row.cause_id,
        template=row.template,
        account_no=row.account_no,
        service_point_no=row.service_point_no,
        org_unit=row.org_unit,
        cycle=row.cycle,
        day=row.day,
        figures=orjson.loads(row.figures),
        question_id=row.question_id,
        matter=row.matter,
    )


async def give_up(tx: Tx, *, org_unit: str, days: Sequence[Period]) -> Sequence[Row[Any]]:
    """Settle the causes of an org unit on these days that still wait for a contact, and return them."""
    if not days:
        return []
    c, life = UNADDRESSED.c, states.UNADDRESSED_LIFE
    return await tx.all(
        update(UNADDRESSED)
        .where(
            c.state.in_(life.sources("given up")),
            c.org_unit == org_unit,
            or_(*(_within(c.day, period) for period in days)),
        )
        .values(state=life.target("given up"))
        .returning(c.notice_id, c.account_no, c.template, c.cause_kind, c.cause_id)
    )


async def waiting(tx: Tx, *, org_unit: str, days: Sequence[Period], after: tuple[str, str], limit: int) -> list[Cause]:
    """Lock and return causes of an org unit on these days that wait for a contact, behind a cause and template."""
    if not days:
        return []
    c = UNADDRESSED.c
    within = or_(*(_within(c.day, period) for period in days))
    rows = await tx.all(
        select(UNADDRESSED)
        .where(c.state == WAITS_FOR_CONTACT, c.org_unit == org_unit, within)
        .where(or_(c.cause_id > after[0], and_(c.cause_id == after[0], c.template > after[1])))
        .order_by(c.cause_id, c.template)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [_cause(row) for row in rows]


async def close_questions(tx: Tx, question_ids: Sequence[str]) -> None:
    """Let what waits to ask these questions wait no longer: they are closed."""
    life = states.UNADDRESSED_LIFE
    keys = {"question_id": sorted(question_ids)}
    state = [life.target("its question closed")] * len(question_ids)
    waiting = UNADDRESSED.c.state.in_(life.sources("its question closed"))
    await bulk.update_from(tx, UNADDRESSED, {**keys, "state": state}, key=("question_id",), where=waiting, partial=True)


async def close_matters(tx: Tx, matters: Sequence[str]) -> None:
    """Let what waits to tell of these matters wait no longer: they are withdrawn. The caller holds the accounts' anchors."""
    life = states.UNADDRESSED_LIFE
    columns = {"matter": list(matters), "state": [life.target("withdrawn")] * len(matters)}
    waiting = UNADDRESSED.c.state.in_(life.sources("withdrawn"))
    await bulk.update_from(tx, UNADDRESSED, columns, key=("matter",), where=waiting, partial=True)


def _within(day: ColumnElement[date], period: Period) -> ColumnElement[bool]:
    return day >= period.from_ if period.to is None else (day >= period.from_) & (day < period.to)


async def unaddressed_page(
    view: View, *, state: str | None, visible: Condition, after: Condition, limit: int
) -> Sequence[Row[Any]]:
    """Return the causes that nobody was told of yet, by cause and template."""
    table, door = UNADDRESSED, doors.doors_table()
    order = table.c.cause_id, table.c.template
    wanted = true() if state is None else table.c.state == state
    where = visible(table.c.org_unit), after(*order), wanted
    its_door = and_(door.c.service_point_no == table.c.service_point_no, visible(door.c.org_unit))
    statement = select(table, door.c.checked_on.label("door_checked_on")).select_from(table.outerjoin(door, its_door))
    return await view.all(statement.where(*where).order_by(*order).limit(limit))


async def waiting_oldest(view: View) -> datetime | None:
    """Return since when the oldest estimate waits for its account. Waiting for a contact is not late, it is listed."""
    oldest = select(func.min(UNADDRESSED.c.since)).where(UNADDRESSED.c.state == WAITS_FOR_ACCOUNT)
    found: datetime | None = await view.scalar(oldest)
    return found


async def org_units_with_waiting(view: View) -> list[str]:
    """Return the org units that have causes waiting for a contact."""
    found = select(UNADDRESSED.c.org_unit).where(UNADDRESSED.c.state == WAITS_FOR_CONTACT).distinct()
    return sorted(row.org_unit for row in await view.all(found))
