"""The bills that wait for a reviewer: filtered, listed, counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, get_args

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Row,
    Select,
    Text,
    and_,
    case,
    cast,
    distinct,
    func,
    literal,
    or_,
    select,
    true,
)

from services.billing.bills.domain.bills import ISSUED, READY
from services.billing.bills.tables import BILL, BILL_DOCUMENT, IS_IN_REVIEW
from services.billing.review import store as review_store
from services.billing.site_orders import store as site_orders_store
from services.billing.site_orders.domain import WAITING, Site
from shared.db import columns, jsontext, travel
from shared.db.columns import Condition
from shared.db.engine import Tx, View

GROUPS_MAX: Final = 500
"""Groups of one count, the largest first: more than org units or classes are, as many routes as a page has rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which bills of the queue are meant.

    `held_by`: held at this instant or before; `held_after`: after this one. Amounts are those of the bills, in fen, both ends
    meant. `org_unit`: with all below it. `unassigned`: nobody's. `site`: where those stand that were sent to site.
    """

    code: str | None = None
    cycle: str | None = None
    route_no: str | None = None
    customer_class: str | None = None
    org_unit: str | None = None
    held_by: datetime | None = None
    held_after: datetime | None = None
    amount_from_fen: int | None = None
    amount_to_fen: int | None = None
    assignee: str | None = None
    unassigned: bool = False
    site: Site | None = None


ALL: Final = Filters()
Group = Literal["code", "route_no", "customer_class", "org_unit", "assignee", "age"]
GROUPS: Final[tuple[Group, ...]] = get_args(Group)


async def page(
    view: View, *, visible: Condition, after: Condition, limit: int, filters: Filters = ALL, free_for: str | None = None
) -> Sequence[Row[Any]]:
    """List the bills that wait for a reviewer, oldest first; `free_for`: nobody's, and such that this person may have them."""
    b = BILL.c
    statement = _queue(view, *_shown(view), visible=visible, filters=filters)
    if free_for is not None:
        statement = statement.where(_is_free_for(free_for))
    return await view.all(statement.where(after(b.held_at, b.bill_id)).order_by(b.held_at, b.bill_id).limit(limit))


async def to_order(
    view: View, *, visible: Condition, limit: int, filters: Filters = ALL, free_for: str | None = None
) -> Sequence[Row[Any]]:
    """Return what the order by risk needs of the bills that wait for a reviewer; `free_for` as in `page`."""
    b = BILL.c
    wanted = (b.bill_id, b.org_unit, b.total_fen, b.energy_wh, b.findings, _class(view).label("customer_class"))
    statement = _queue(view, *wanted, *_year_before(), visible=visible, filters=filters)
    if free_for is not None:
        statement = statement.where(_is_free_for(free_for))
    return await view.all(statement.limit(limit))


async def by_id(view: View, bill_ids: Sequence[str]) -> dict[str, Row[Any]]:
    """Return those of some bills that wait for a reviewer, by id, as `page` does."""
    given = travel.relation(view, "given", {"bill_id": (columns.No, bill_ids)})
    statement = _queue(view, *_shown(view), visible=lambda _unit: true(), filters=ALL)
    rows = await view.all(statement.where(BILL.c.bill_id.in_(select(given.c.bill_id)))) if bill_ids else ()
    return {row.bill_id: row for row in rows}


async def lock_first(tx: Tx, bill_ids: Sequence[str]) -> Row[Any] | None:
    """Lock the first of some bills that still waits for a reviewer and that nobody works on at this moment, and return it."""
    if not bill_ids:
        return None
    given = travel.relation(
        tx, "given", {"bill_id": (columns.No, bill_ids), "place": (columns.BigInt, range(len(bill_ids)))}
    )
    return await tx.first(
        select(BILL.c.bill_id, BILL.c.row_version)
        .select_from(given.join(BILL, BILL.c.bill_id == given.c.bill_id))
        .where(IS_IN_REVIEW)
        .order_by(given.c.place)
        .limit(1)
        .with_for_update(of=BILL, skip_locked=True)
    )


def from_the_first(*_columns: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return the condition of a list without a cursor."""
    return true()


async def total(view: View, *, visible: Condition, filters: Filters) -> Row[Any]:
    """Count the bills of the queue, and sum their amounts."""
    row = await view.first(_queue(view, *_sums(), visible=visible, filters=filters))
    assert row is not None
    return row


async def counted(
    view: View, group: Group, *, visible: Condition, filters: Filters, bands: Sequence[datetime]
) -> Sequence[Row[Any]]:
    """Count the bills of the queue by one of GROUPS (as `name`), the largest group first, at most GROUPS_MAX of them.

    By code each bill counts once with each of its findings. By age: the number of those instants, falling, at which or before
    which a bill was held.
    """
    b = BILL.c
    found = _findings(view)
    names: Mapping[str, ColumnElement[Any]] = {
        "code": _code(view, found),
        "route_no": b.route_no,
        "customer_class": _class(view),
        "org_unit": b.org_unit,
        "assignee": review_store.assignments().c.assignee,
        "age": case(
            *((b.held_at <= literal(at, columns.Instant), n) for n, at in reversed([*enumerate(bands, 1)])), else_=0
        ),
    }
    name = names[group].label("name")
    if group == "code":  # a code may stand twice on a bill: each counts once
        inner = _queue(view, b.bill_id, b.total_fen, name, visible=visible, filters=filters, found=found)
        once = inner.distinct().subquery("once").c
        statement = select(once.name, *_sums(once)).group_by(once.name)
    else:
        statement = _queue(view, name, *_sums(), visible=visible, filters=filters).group_by(name)
    return await view.all(statement.order_by(func.count().desc(), "name").limit(GROUPS_MAX))


def _sums(of: Any = BILL.c) -> tuple[ColumnElement[int], ColumnElement[int]]:
    return func.count(distinct(of.bill_id)).label("bills"), func.coalesce(func.sum(of.total_fen), 0).label("total_fen")


def _shown(view: View) -> list[ColumnElement[Any]]:
    own = review_store.assignments().c
    return [*BILL.c, _class(view).label("customer_class"), own.assignee, own.assigned_at, *_year_before()]


def _year_before() -> list[ColumnElement[Any]]:
    """Return how many bills of its contract went before a bill within a year, and what they came to in fen and Wh."""
    b, before = BILL.c, BILL.alias("before").c
    year_ago = cast(cast(func.substr(b.cycle, 1, 4), Integer) - 1, Text).concat(func.substr(b.cycle, 5))
    in_year = before.cycle >= year_ago, before.period_to <= b.period_from, before.status.in_((READY, ISSUED))
    sums: dict[str, ColumnElement[Any]] = {
        "bills_before": func.count(before.bill_id),
        "before_fen": func.sum(before.total_fen),
        "before_wh": func.sum(before.energy_wh),
    }
    mine = before.contract_no == b.contract_no
    return [
        select(value).where(mine, *in_year).correlate(BILL).scalar_subquery().label(name)
        for name, value in sums.items()
    ]


def _queue(
    view: View, *wanted: ColumnElement[Any], visible: Condition, filters: Filters, found: FromClause | None = None
) -> Select[Any]:
    """Return the bills in review with what they say and who has them, narrowed; `found`: with each of their findings."""
    b, own = BILL.c, review_store.assignments()
    joined = BILL.join(BILL_DOCUMENT, BILL_DOCUMENT.c.bill_id == b.bill_id).outerjoin(own, own.c.bill_id == b.bill_id)
    tables = [joined] if found is None else [joined, found]
    statement = select(*wanted).select_from(*tables).where(visible(b.org_unit), IS_IN_REVIEW)
    return statement.where(*_conditions(view, filters, own))


def _conditions(view: View, filters: Filters, own: FromClause) -> list[ColumnElement[bool]]:
    b = BILL.c
    found = [
        column == value
        for column, value in (
            (b.cycle, filters.cycle),
            (b.route_no, filters.route_no),
            (_class(view), filters.customer_class),
            (own.c.assignee, filters.assignee),
        )
        if value is not None
    ]
    if filters.code is not None:
        each = _findings(view)
        found.append(select(literal(1)).select_from(each).where(_code(view, each) == filters.code).exists())
    if filters.org_unit is not None:
        unit = filters.org_unit
        found.append(or_(b.org_unit == unit, b.org_unit.startswith(f"{unit}/", autoescape=True)))
    if filters.held_by is not None:
        found.append(b.held_at <= filters.held_by)
    if filters.held_after is not None:
        found.append(b.held_at > filters.held_after)
    if filters.amount_from_fen is not None:
        found.append(b.total_fen >= filters.amount_from_fen)
    if filters.amount_to_fen is not None:
        found.append(b.total_fen <= filters.amount_to_fen)
    if filters.unassigned:
        found.append(own.c.assignee.is_(None))
    if filters.site is not None:
        awaited = site_orders_store.is_awaited(b)
        found.append(awaited if filters.site == WAITING else and_(site_orders_store.was_asked(b), ~awaited))
    return found


def _is_free_for(subject: str) -> ColumnElement[bool]:
    own = review_store.assignments().c
    return and_(own.assignee.is_(None), ~review_store.has_read(BILL.c.bill_id, subject))


def _class(view: View) -> ColumnElement[str]:
    """Return the customer class that a bill was calculated for, from what stands beside its lines."""
    return jsontext.text_at(view, BILL_DOCUMENT.c.context, "class")


def _findings(view: View) -> FromClause:
    """Return the findings of a bill as rows, to be joined with it."""
    return jsontext.elements(view, BILL.c.findings, "found")


def _code(view: View, found: FromClause) -> ColumnElement[str]:
    return jsontext.text_of(view, found, "code")
