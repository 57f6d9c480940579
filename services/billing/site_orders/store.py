"""Site orders, in and out: every function is one statement."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, and_, func, or_, select, true, union

from services.billing.site_orders.domain import BILL, OUT, Ask, Result, Told
from services.billing.site_orders.tables import SITE_ORDER
from shared.db import bulk, columns, travel
from shared.db.columns import Condition
from shared.db.engine import Tx, View
from shared.events.reading import SiteOrderOverdue

ORDER = SITE_ORDER
_ASK = tuple(each.name for each in fields(Ask) if each.name != "order_no")
_KNOWN = ("order_no", "kind", "service_point_no", "org_unit", "requested_by", "reference", "cycle")
_END = ("requested_by", "cycle", "state", "ended_on", "result", "visited_by", "decided_by", "meter_no", "read_id")
_RESULT = tuple(each.name for each in fields(Result) if each.name != "registers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """A bill, and the days of its contract that it is for."""

    bill_id: str
    contract_no: str
    period_from: date
    period_to: date

    @classmethod
    def of(cls, row: Row[Any]) -> "Days":
        """Return those of a stored bill."""
        return cls(
            bill_id=row.bill_id, contract_no=row.contract_no, period_from=row.period_from, period_to=row.period_to
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which orders a list shows."""

    state: str | None = None
    kind: str | None = None
    overdue: bool = False
    reference: str | None = None
    service_point_no: str | None = None


async def insert(tx: Tx, asked: Sequence[Ask]) -> set[str]:
    """Write the orders whose number is new, and return these numbers."""
    given: dict[str, list[Any]] = {name: [getattr(each, name) for each in asked] for name in ("order_no", *_ASK)}
    given |= {"reference": [each.subject_id for each in asked], "state": [OUT] * len(asked)}
    return {row.order_no for row in await bulk.insert_ignore(tx, ORDER, given, key=("order_no",))}


async def heard_first(tx: Tx, order_nos: Sequence[str]) -> set[str]:
    """Return those numbers of which something was heard before they were asked for; locked to the end of the unit of work."""
    rows = await bulk.select_in(
        tx,
        ORDER,
        {"order_no": order_nos},
        where=ORDER.c.asked_on.is_(None),
        order_by=(ORDER.c.order_no,),
        for_update=True,
    )
    return {row.order_no for row in rows}


async def fill(tx: Tx, asked: Sequence[Ask]) -> None:
    """Note what was asked for of orders of which something was heard before."""
    given: dict[str, list[Any]] = {name: [getattr(each, name) for each in asked] for name in ("order_no", *_ASK)}
    await bulk.update_from(tx, ORDER, given, key=("order_no",))


async def know(tx: Tx, told: Sequence[Told] | Sequence[SiteOrderOverdue]) -> None:
    """Note orders of which something is told before they are known here."""
    given: dict[str, list[Any]] = {name: [getattr(each, name, "") for each in told] for name in _KNOWN}
    given |= {"cycle": [getattr(each, "cycle", None) for each in told], "state": [OUT] * len(told)}
    await bulk.insert_ignore(tx, ORDER, given, key=("order_no",))


async def lock(tx: Tx, order_nos: Sequence[str]) -> dict[str, Row[Any]]:
    """Return orders by their numbers, locked to the end of the unit of work."""
    order_by = (ORDER.c.order_no,)
    rows = await bulk.select_in(tx, ORDER, {"order_no": order_nos}, order_by=order_by, for_update=True)
    return {row.order_no: row for row in rows}


async def end(tx: Tx, told: Sequence[Told]) -> None:
    """Store how locked orders have ended."""
    given: dict[str, list[Any]] = {name: [getattr(each, name) for each in told] for name in ("order_no", *_END)}
    given |= {"registers": [orjson.dumps(each.registers).decode() if each.registers else None for each in told]}
    await bulk.update_from(tx, ORDER, given, key=("order_no",))


async def overdue(tx: Tx, told: Sequence[SiteOrderOverdue]) -> None:
    """Store by when orders were due, and when they were found overdue."""
    given: dict[str, list[Any]] = {
        "order_no": [each.order_no for each in told],
        "due_on": [each.due_on for each in told],
        "overdue_on": [each.found_on for each in told],
    }
    await bulk.update_from(tx, ORDER, given, key=("order_no",))


async def let_go(tx: Tx, order_no: str, *, day: date, by: str, explanation: str) -> None:
    """Store that nothing waits for a locked order any more."""
    given: dict[str, list[Any]] = {
        "order_no": [order_no],
        "let_go_on": [day],
        "let_go_by": [by],
        "explanation": [explanation],
    }
    await bulk.update_from(tx, ORDER, given, key=("order_no",))


def result_of(row: Row[Any]) -> Result:
    """Return how an order of a subject has ended."""
    values = {name: row._mapping[name] for name in _RESULT}
    return Result(**values, registers=registers_of(row.registers))


def registers_of(text: str | None) -> dict[str, str]:
    """Return what a visitor saw, by quantity."""
    return dict(orjson.loads(text)) if text else {}


def is_out(row: Row[Any]) -> bool:
    """Return whether something waits for an order that billing has asked for."""
    return row.state == OUT and row.asked_on is not None and row.let_go_on is None


def waits() -> ColumnElement[bool]:
    """Return the condition that something waits for an order."""
    order = ORDER.c
    return and_(order.state == OUT, order.asked_on.is_not(None), order.let_go_on.is_(None))


def is_about(bill: Any) -> ColumnElement[bool]:
    """Return the condition that an order is about a bill, by its columns, or about any version of its days."""
    order = ORDER.c
    same_days = and_(
        order.contract_no == bill.contract_no,
        order.subject_kind == BILL,
        order.period_from < bill.period_to,
        order.period_to > bill.period_from,
    )
    return or_(same_days, order.reference == bill.bill_id)


def was_asked(bill: Any) -> ColumnElement[bool]:
    """Return the condition that an order is or was about a bill, by its columns."""
    return select(ORDER.c.order_no).where(is_about(bill)).exists()


def is_awaited(bill: Any) -> ColumnElement[bool]:
    """Return the condition that a bill, by its columns, waits for an order."""
    return select(ORDER.c.order_no).where(is_about(bill), waits()).exists()


async def of_bills(view: View, bills: Sequence[Days]) -> dict[str, list[Row[Any]]]:
    """Return by bill the orders about it or about any version of its days, those asked for first at first."""
    if not bills:
        return {}
    given = travel.relation(
        view,
        "bills",
        {
            "bill_id": (columns.No, [each.bill_id for each in bills]),
            "contract_no": (columns.No, [each.contract_no for each in bills]),
            "period_from": (ORDER.c.period_from.type, [each.period_from for each in bills]),
            "period_to": (ORDER.c.period_to.type, [each.period_to for each in bills]),
        },
    )
    order, bill = ORDER.c, given.c
    same_days = and_(
        order.contract_no == bill.contract_no,
        order.subject_kind == BILL,
        order.period_from < bill.period_to,
        order.period_to > bill.period_from,
    )
    of_days = select(bill.bill_id, order.order_no).select_from(given.join(ORDER, same_days))
    of_version = select(bill.bill_id, order.order_no).select_from(given.join(ORDER, order.reference == bill.bill_id))
    both = union(of_days, of_version).subquery()
    rows = await view.all(
        select(both.c.bill_id, ORDER)
        .select_from(both.join(ORDER, order.order_no == both.c.order_no))
        .order_by(order.asked_on, order.order_no)
    )
    found: dict[str, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.bill_id, []).append(row)
    return found


async def listed(
    view: View, *, visible: Condition, after: Condition, limit: int, filters: Filters
) -> Sequence[Row[Any]]:
    """Return a page of orders by their numbers."""
    order = ORDER.c
    where = [visible(order.org_unit), after(order.order_no)]
    for column, value in (
        (order.state, filters.state),
        (order.kind, filters.kind),
        (order.reference, filters.reference),
        (order.service_point_no, filters.service_point_no),
    ):
        where += [] if value is None else [column == value]
    late = and_(waits(), order.overdue_on.is_not(None)) if filters.overdue else true()
    return await view.all(select(ORDER).where(*where, late).order_by(order.order_no).limit(limit))


async def of_subject(view: View, kind: str, subject_id: str) -> Sequence[Row[Any]]:
    """Return the orders that a subject has asked for, first to last."""
    order = ORDER.c
    of_it = select(ORDER).where(order.subject_kind == kind, order.subject_id == subject_id)
    return await view.all(of_it.order_by(order.asked_on, order.order_no))


async def row(view: View, order_no: str) -> Row[Any] | None:
    """Return an order."""
    return await view.first(select(ORDER).where(ORDER.c.order_no == order_no))


async def counts(view: View) -> tuple[int, int]:
    """Count the orders that something waits for, and those of them that are overdue."""
    late = func.count(ORDER.c.overdue_on)
    found = await view.first(select(func.count().label("n"), late.label("late")).where(waits()))
    assert found is not None
    return int(found.n), int(found.late)
