"""Supply orders, in and out: every function is one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Row, and_, case, func, literal, select, true

from services.reading.base import below, equals
from services.reading.supply import tables
from services.reading.supply.domain import CUT, RESTORE, UNFINISHED, UNKNOWN, Asked, Order, Said
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View
from shared.events.supply import SupplyOrderWithdrawn

ORDER, POINT, WITHDRAWAL = tables.SUPPLY_ORDER, tables.SUPPLY_POINT, tables.SUPPLY_WITHDRAWAL
_ASKED: Final = tuple(Asked.__dataclass_fields__)
_PLAIN: Final = (
    *("way", "due_at", "claims", "doubts", "unwanted", "sent_at", "unknown_since"),
    *("switched_at", "switched_on", "ended_at"),
)
_SAID: Final = ("reported_by", "carried_out_by", "explanation", "meter_no")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which orders a work list shows; `due_by`: unfinished ones whose time has come by that instant."""

    state: str | None = None
    action: str | None = None
    way: str | None = None
    org_unit: str | None = None
    service_point_no: str | None = None
    due_by: datetime | None = None


async def lock_points(tx: Tx, service_point_nos: Sequence[str]) -> None:
    """Lock the rows of points that are there, in order of their numbers, to the end of the unit of work."""
    await bulk.lock(tx, POINT, {"service_point_no": sorted(set(service_point_nos))})


async def know_points(tx: Tx, service_point_nos: Sequence[str]) -> None:
    """Make the rows of points that have none, so that they can be locked."""
    await bulk.insert_ignore(tx, POINT, {"service_point_no": sorted(set(service_point_nos))}, key=("service_point_no",))


async def insert(tx: Tx, orders: Sequence[Order]) -> set[str]:
    """Write the orders whose number is new, and return these numbers."""
    columns: dict[str, list[Any]] = {name: [getattr(each.asked, name) for each in orders] for name in _ASKED}
    columns |= _standing(orders)
    columns["version"] = [each.version for each in orders]
    return {row.order_no for row in await bulk.insert_ignore(tx, ORDER, columns, key=("order_no",))}


async def write(tx: Tx, orders: Sequence[Order]) -> None:
    """Store how locked orders stand now, each as its next version."""
    columns: dict[str, list[Any]] = {"order_no": [each.order_no for each in orders], **_standing(orders)}
    columns["version"] = [each.version + 1 for each in orders]
    await bulk.update_from(tx, ORDER, columns, key=("order_no",))


def _standing(orders: Sequence[Order]) -> dict[str, list[Any]]:
    said = [each.said for each in orders]
    columns: dict[str, list[Any]] = {name: [getattr(each, name) for each in orders] for name in _PLAIN}
    columns |= {name: [getattr(one, name) if one else None for one in said] for name in _SAID}
    return columns | {
        "state": [each.state for each in orders],
        "calling": [int(each.calling) for each in orders],
        "code": [each.code for each in orders],
        "detail": [each.detail for each in orders],
        "said_by": [one.by if one else None for one in said],
        "registers": [orjson.dumps(one.registers).decode() if one and one.registers else None for one in said],
    }


async def by_no(view: View, order_nos: Sequence[str]) -> dict[str, Order]:
    """Return orders by their numbers."""
    return _by_no(await bulk.select_in(view, ORDER, {"order_no": order_nos}))


async def lock(tx: Tx, order_nos: Sequence[str]) -> dict[str, Order]:
    """Return orders by their numbers, locked to the end of the unit of work."""
    order_by = (ORDER.c.order_no,)
    return _by_no(await bulk.select_in(tx, ORDER, {"order_no": order_nos}, order_by=order_by, for_update=True))


async def lock_unfinished_at(tx: Tx, service_point_nos: Sequence[str]) -> list[Order]:
    """Return the orders at points that have not ended, locked to the end of the unit of work."""
    rows = await bulk.select_in(
        tx,
        ORDER,
        {"service_point_no": sorted(set(service_point_nos))},
        where=ORDER.c.state.in_(UNFINISHED),
        order_by=(ORDER.c.order_no,),
        for_update=True,
    )
    return [_order(row) for row in rows]


async def highest_at(view: View, service_point_nos: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Return the highest rank (sequence, order) that was heard of each point, whatever became of that order."""
    c = ORDER.c
    rows = await bulk.select_in(
        view,
        ORDER,
        {"service_point_no": sorted(set(service_point_nos))},
        columns=[c.service_point_no, c.sequence, c.order_no],
    )
    found: dict[str, tuple[int, str]] = {}
    for row in rows:
        rank = (row.sequence, row.order_no)
        found[row.service_point_no] = max(rank, found.get(row.service_point_no, rank))
    return found


async def due(view: View, now: datetime, limit: int) -> list[tuple[str, str]]:
    """Return (order, point) of orders that are to be looked at, restorings first, then those due longest."""
    c = ORDER.c
    first = select(c.order_no, c.service_point_no).where(c.due_at <= now)
    rows = await view.all(first.order_by((c.action == RESTORE).desc(), c.due_at, c.order_no).limit(limit))
    return [(row.order_no, row.service_point_no) for row in rows]


async def note_withdrawals(tx: Tx, facts: Sequence[SupplyOrderWithdrawn]) -> None:
    """Keep which orders their asker needs no more; the first word on an order stays."""
    first = {fact.order_no: fact for fact in reversed(facts)}
    given: dict[str, list[Any]] = {
        "order_no": list(first),
        "reason": [fact.reason for fact in first.values()],
        "withdrawn_at": [fact.withdrawn_at for fact in first.values()],
    }
    await bulk.insert_ignore(tx, WITHDRAWAL, given, key=("order_no",))


async def withdrawn(view: View, order_nos: Sequence[str]) -> set[str]:
    """Return those of some orders that their asker needs no more."""
    columns = [WITHDRAWAL.c.order_no]
    return {row.order_no for row in await bulk.select_in(view, WITHDRAWAL, {"order_no": order_nos}, columns=columns)}


async def row(view: View, order_no: str) -> Row[Any] | None:
    """Return the row of an order."""
    return await view.first(select(ORDER).where(ORDER.c.order_no == order_no))


async def listed(
    view: View, *, visible: Condition, after: Condition, limit: int, filters: Filters
) -> Sequence[Row[Any]]:
    """Return a page of orders, those that may be carried out first at first."""
    c = ORDER.c
    order_by = c.not_before, c.order_no
    due_now = true() if filters.due_by is None else and_(c.not_before <= filters.due_by, c.state.in_(UNFINISHED))
    mine = select(ORDER).where(
        visible(c.org_unit),
        below(c.org_unit, filters.org_unit),
        equals(c.state, filters.state),
        equals(c.action, filters.action),
        equals(c.way, filters.way),
        equals(c.service_point_no, filters.service_point_no),
        due_now,
        after(*order_by),
    )
    return await view.all(mine.order_by(*order_by).limit(limit))


async def gauges(view: View, now: datetime) -> dict[str, float]:
    """Return how many orders are unknown, and the ages of the oldest order, and restoring, whose time has come."""
    c = ORDER.c
    come = and_(c.state.in_(UNFINISHED), c.not_before <= now)
    oldest = await view.first(
        select(
            func.min(c.not_before).label("any"),
            func.min(c.not_before).filter(c.action == RESTORE).label("restore"),
            func.count().filter(c.state == UNKNOWN).label("unknown"),
        ).where(come)
    )
    assert oldest is not None
    return {
        "supply_orders_unknown": float(oldest.unknown),
        "supply_orders_due_oldest_age_seconds": _age(oldest.any, now),
        "supply_restores_due_oldest_age_seconds": _age(oldest.restore, now),
    }


def _age(since: datetime | None, now: datetime) -> float:
    return (now - since).total_seconds() if since else 0.0


async def totals(view: View, first: date, end: date) -> dict[str, int]:
    """Return how many orders were asked for on the days of [first, end), and how many were carried out on them."""
    row = await view.first(
        select(
            select(func.count())
            .select_from(ORDER)
            .where(_within(_ASKED_ON, first, end))
            .scalar_subquery()
            .label("asked"),
            select(func.count()).select_from(ORDER).where(_within(_ON, first, end)).scalar_subquery().label("switched"),
        )
    )
    assert row is not None
    return {"supply_orders": int(row.asked), "supplies_switched": int(row.switched)}


async def asked_in(view: View, first: date, end: date, *, after: str, limit: int) -> Sequence[Row[Any]]:
    """Return the orders that were asked for on the days of [first, end), behind a number, as other services compare them."""
    return await _documents(view, _within(_ASKED_ON, first, end), after, limit)


async def switched_in(view: View, first: date, end: date, *, after: str, limit: int) -> Sequence[Row[Any]]:
    """Return the orders that were carried out on the days of [first, end), behind a number, as other services compare them."""
    return await _documents(view, _within(_ON, first, end), after, limit)


_ASKED_ON: Final = ORDER.c.asked_on
_ON: Final = ORDER.c.switched_on


def _within(day: ColumnElement[Any], first: date, end: date) -> ColumnElement[bool]:
    return and_(day >= first, day < end)


async def _documents(view: View, where: ColumnElement[bool], after: str, limit: int) -> Sequence[Row[Any]]:
    c = ORDER.c
    return await view.all(
        select(
            c.order_no.label("id"),
            c.service_point_no.label("subject"),
            case((c.action == CUT, 1), else_=0).label("amount"),
            literal(True).label("stands"),
        )
        .where(where, c.order_no > after)
        .order_by(c.order_no)
        .limit(limit)
    )


def registers_of(text: str | None) -> dict[str, str]:
    """Return the registers as a person gave them."""
    return dict(orjson.loads(text)) if text else {}


def _by_no(rows: Sequence[Row[Any]]) -> dict[str, Order]:
    return {row.order_no: _order(row) for row in rows}


def _order(row: Row[Any]) -> Order:
    said = None
    if row.said_by is not None:
        more = {name: getattr(row, name) for name in _SAID}
        said = Said(by=row.said_by, registers=registers_of(row.registers), **more)
    return Order(
        asked=Asked(**{name: getattr(row, name) for name in _ASKED}),
        state=row.state,
        calling=bool(row.calling),
        code=row.code,
        detail=row.detail,
        said=said,
        version=row.version,
        **{name: getattr(row, name) for name in _PLAIN},
    )
