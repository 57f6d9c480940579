"""Site orders, in and out: every function is one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, Date, Row, Select, String, and_, case, func, or_, select, true

from services.reading.base import below, equals
from services.reading.orders import tables
from services.reading.orders.domain import LIFE, NOT_DONE, OPEN, REPORTED, REREAD, REREADS, Asked, Order, Visit
from services.reading.tasks.domain.tasks import TaskKey
from services.reading.tasks.store import tasks
from shared.db import bulk, travel
from shared.db.columns import Condition
from shared.db.engine import Tx, View

ORDER = tables.SITE_ORDER
WITHDRAWAL = tables.SITE_ORDER_WITHDRAWAL
UNFINISHED = (OPEN, REPORTED)
_ASKED = tuple(Asked.__dataclass_fields__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which orders a work list shows; `due_by`: due on that day or before."""

    state: str | None = None
    kind: str | None = None
    assignee: str | None = None
    unassigned: bool = False
    due_by: date | None = None
    overdue: bool = False
    org_unit: str | None = None
    service_point_no: str | None = None
    reference: str | None = None


async def insert(tx: Tx, orders: Sequence[Order]) -> set[str]:
    """Write the orders whose number is new, and return these numbers."""
    columns: dict[str, list[Any]] = {name: [getattr(each.asked, name) for each in orders] for name in _ASKED}
    columns |= {
        "due_on": [each.due_on for each in orders],
        "state": [each.state for each in orders],
        "assignee": [each.assignee for each in orders],
        "version": [each.version for each in orders],
    }
    return {row.order_no for row in await bulk.insert_ignore(tx, ORDER, columns, key=("order_no",))}


async def by_no(view: View, order_nos: Sequence[str]) -> dict[str, Order]:
    """Return orders by their numbers."""
    return _by_no(await bulk.select_in(view, ORDER, {"order_no": order_nos}))


async def row(view: View, order_no: str) -> Row[Any] | None:
    """Return the row of an order."""
    return await view.first(select(ORDER).where(ORDER.c.order_no == order_no))


async def lock(tx: Tx, order_nos: Sequence[str]) -> dict[str, Order]:
    """Return orders by their numbers, locked to the end of the unit of work."""
    order_by = (ORDER.c.order_no,)
    return _by_no(await bulk.select_in(tx, ORDER, {"order_no": order_nos}, order_by=order_by, for_update=True))


async def write(tx: Tx, orders: Sequence[Order]) -> None:
    """Store how locked orders stand now, each as its next version."""
    visits = [each.visit for each in orders]
    await bulk.update_from(
        tx,
        ORDER,
        {
            "order_no": [each.order_no for each in orders],
            "state": [each.state for each in orders],
            "assignee": [each.assignee for each in orders],
            "visited_by": [visit.visited_by if visit else None for visit in visits],
            "visited_at": [visit.visited_at if visit else None for visit in visits],
            "explanation": [visit.explanation if visit else None for visit in visits],
            "meter_no": [visit.meter_no if visit else None for visit in visits],
            "registers": [_registers(visit) if visit else None for visit in visits],
            "outcome": [each.outcome for each in orders],
            "read_id": [each.read_id for each in orders],
            "decided_by": [each.decided_by for each in orders],
            "turned_back": [_text(each.turned_back) for each in orders],
            "turned_back_for": [each.turned_back_for for each in orders],
            "version": [each.version + 1 for each in orders],
        },
        key=("order_no",),
    )


async def write_due(tx: Tx, orders: Sequence[Order]) -> None:
    """Store by when orders are due, and since when overdue: nothing that anybody decides on, so the version stays."""
    columns: dict[str, list[Any]] = {
        "order_no": [each.order_no for each in orders],
        "due_on": [each.due_on for each in orders],
        "overdue_on": [each.overdue_on for each in orders],
    }
    await bulk.update_from(tx, ORDER, columns, key=("order_no",))


class NotNeeded(NamedTuple):
    """That an order is not needed any more: why (a code), and who has said it."""

    order_no: str
    reason: str
    requested_by: str
    on: date


async def note_withdrawals(tx: Tx, said: Sequence[NotNeeded]) -> None:
    """Keep what is not needed any more; the first word on an order stays."""
    first = {each.order_no: each for each in reversed(said)}
    given: dict[str, list[Any]] = {
        "order_no": list(first),
        "reason": [each.reason for each in first.values()],
        "requested_by": [each.requested_by for each in first.values()],
        "withdrawn_on": [each.on for each in first.values()],
    }
    await bulk.insert_ignore(tx, WITHDRAWAL, given, key=("order_no",))


async def withdrawals(view: View, order_nos: Sequence[str]) -> dict[str, Row[Any]]:
    """Return what was said of those orders that are not needed any more."""
    return {row.order_no: row for row in await bulk.select_in(view, WITHDRAWAL, {"order_no": order_nos})}


async def of_tasks(tx: Tx, keys: Sequence[TaskKey]) -> dict[TaskKey, list[Order]]:
    """Return the re-reads that wait for a read of the cycles of tasks, by the tasks; locked to the end of the unit of work."""
    given = travel.relation(
        tx,
        "given",
        {"service_point_no": (String(), [key[0] for key in keys]), "read_date": (Date(), [key[1] for key in keys])},
    )
    rows = await tx.all(
        select(*ORDER.c, given.c.read_date)
        .join(given, given.c.service_point_no == ORDER.c.service_point_no)
        .where(ORDER.c.kind == REREAD, ORDER.c.state.in_(LIFE.sources("answer")))
        .where(ORDER.c.cycle == tasks.cycle_of_task(given.c.service_point_no, given.c.read_date))
        .order_by(ORDER.c.order_no)
        .with_for_update(of=ORDER)
    )
    found: dict[TaskKey, list[Order]] = {}
    for row in rows:
        found.setdefault((row.service_point_no, row.read_date), []).append(_order(row))
    return found


async def answers(view: View, service_point_nos: Sequence[str]) -> dict[str, frozenset[str]]:
    """Return by point the reads that were asked for because one was in doubt."""
    rows = await bulk.select_in(
        view,
        ORDER,
        {"service_point_no": service_point_nos},
        columns=[ORDER.c.service_point_no, ORDER.c.read_id],
        where=and_(ORDER.c.kind.in_(REREADS), ORDER.c.read_id.is_not(None)),
    )
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row.service_point_no, set()).add(row.read_id)
    return {point: frozenset(read_ids) for point, read_ids in found.items()}


async def doubted(view: View, service_point_nos: Sequence[str]) -> set[tuple[str, str]]:
    """Return (point, cycle) of the re-reads that are not finished."""
    rows = await bulk.select_in(
        view,
        ORDER,
        {"service_point_no": service_point_nos},
        columns=[ORDER.c.service_point_no, ORDER.c.cycle],
        where=and_(ORDER.c.kind == REREAD, ORDER.c.state.in_(UNFINISHED), ORDER.c.cycle.is_not(None)),
    )
    return {(row.service_point_no, row.cycle) for row in rows}


async def rereads_at(view: View, service_point_nos: Sequence[str]) -> list[tuple[str, date]]:
    """Return (point, day on which it was asked for) of the re-reads of points, those together with the customer too."""
    rows = await bulk.select_in(
        view,
        ORDER,
        {"service_point_no": service_point_nos},
        columns=[ORDER.c.service_point_no, ORDER.c.asked_on],
        where=ORDER.c.kind.in_(REREADS),
    )
    return [(row.service_point_no, row.asked_on) for row in rows]


async def unfinished_at(view: View, service_point_nos: Sequence[str]) -> set[tuple[str, str]]:
    """Return (point, kind) of the orders at points that are not finished."""
    rows = await bulk.select_in(
        view,
        ORDER,
        {"service_point_no": service_point_nos},
        columns=[ORDER.c.service_point_no, ORDER.c.kind],
        where=ORDER.c.state.in_(UNFINISHED),
    )
    return {(row.service_point_no, row.kind) for row in rows}


async def units_due(view: View, business_date: date) -> list[str]:
    """Return the org units with orders that are overdue on a date and not found yet, or whose day no calendar had."""
    unit = ORDER.c.org_unit
    return [row.org_unit for row in await view.all(select(unit).where(_due(business_date)).distinct().order_by(unit))]


async def due(view: View, org_unit: str, business_date: date, limit: int) -> list[str]:
    """Return numbers of orders of an org unit that are overdue on a date and not found yet, or have no day; at most `limit`."""
    mine = select(ORDER.c.order_no).where(_due(business_date), ORDER.c.org_unit == org_unit)
    return [row.order_no for row in await view.all(mine.order_by(ORDER.c.order_no).limit(limit))]


def _due(business_date: date) -> ColumnElement[bool]:
    late = and_(ORDER.c.due_on < business_date, ORDER.c.overdue_on.is_(None))
    return and_(ORDER.c.state.in_(UNFINISHED), or_(late, ORDER.c.due_on.is_(None)))


async def first_due(view: View) -> date | None:
    """Return the earliest day on which an order that is not finished was or is due."""
    found: date | None = await view.scalar(select(func.min(ORDER.c.due_on)).where(ORDER.c.state.in_(UNFINISHED)))
    return found


async def unfinished(view: View) -> int:
    """Count the orders that are not finished."""
    return int(await view.scalar(select(func.count()).where(ORDER.c.state.in_(UNFINISHED))) or 0)


async def listed(
    view: View, *, visible: Condition, after: Condition, limit: int, filters: Filters
) -> Sequence[Row[Any]]:
    """Return a page of orders, those asked for first at first."""
    order_by = ORDER.c.asked_on, ORDER.c.order_no
    mine = _filtered(select(ORDER), visible, filters).where(after(*order_by))
    return await view.all(mine.order_by(*order_by).limit(limit))


async def counted(view: View, *, visible: Condition, filters: Filters) -> Sequence[Row[Any]]:
    """Count orders by kind and state, and those of them that were found overdue."""
    kind, state = ORDER.c.kind, ORDER.c.state
    overdue = func.coalesce(func.sum(case((ORDER.c.overdue_on.is_not(None), 1), else_=0)), 0).label("overdue")
    counts = select(kind, state, func.count().label("orders"), overdue)
    return await view.all(_filtered(counts, visible, filters).group_by(kind, state).order_by(kind, state))


def _filtered(statement: Select[Any], visible: Condition, filters: Filters) -> Select[Any]:
    order = ORDER.c
    return statement.where(
        visible(order.org_unit),
        below(order.org_unit, filters.org_unit),
        equals(order.state, filters.state),
        equals(order.kind, filters.kind),
        equals(order.assignee, filters.assignee),
        equals(order.service_point_no, filters.service_point_no),
        equals(order.reference, filters.reference),
        order.assignee.is_(None) if filters.unassigned else true(),
        order.overdue_on.is_not(None) if filters.overdue else true(),
        true() if filters.due_by is None else order.due_on <= filters.due_by,
    )


def _by_no(rows: Sequence[Row[Any]]) -> dict[str, Order]:
    return {row.order_no: _order(row) for row in rows}


def _registers(visit: Visit) -> str | None:
    return orjson.dumps(visit.registers).decode() if visit.registers else None


def _text(visit: Visit | None) -> str | None:
    return orjson.dumps(asdict(visit)).decode() if visit else None


def registers_of(text: str | None) -> Mapping[str, str]:
    """Return the registers as a visitor gave them."""
    return dict(orjson.loads(text)) if text else {}


def _turned_back(text: str | None) -> Visit | None:
    if text is None:
        return None
    said = orjson.loads(text)
    return Visit(**said | {"visited_at": datetime.fromisoformat(said["visited_at"])})


def _order(row: Row[Any]) -> Order:
    visit = None
    if row.visited_by is not None:
        visit = Visit(
            visited_by=row.visited_by,
            visited_at=row.visited_at,
            is_done=row.state != NOT_DONE,
            outcome=row.outcome,
            explanation=row.explanation,
            meter_no=row.meter_no,
            registers=registers_of(row.registers),
        )
    return Order(
        asked=Asked(**{name: getattr(row, name) for name in _ASKED}),
        due_on=row.due_on,
        state=row.state,
        version=row.version,
        assignee=row.assignee,
        visit=visit,
        outcome=row.outcome,
        read_id=row.read_id,
        decided_by=row.decided_by,
        turned_back=_turned_back(row.turned_back),
        turned_back_for=row.turned_back_for,
        overdue_on=row.overdue_on,
    )
