"""Usages as reading published them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, FromClause, Row, and_, case, exists, func, select, update

from services.billing.contracts.store import contracts as contracts_store
from services.billing.usages.domain import Totals, Usage
from services.billing.usages.store import codec
from services.billing.usages.tables import IS_NEWER, IS_WAITING, USAGE
from shared.db import bulk, travel
from shared.db.columns import Condition
from shared.db.engine import Tx, View
from shared.events.reading import UsageMeasured

CONTRACT_MISSING = "contract"
CLOSED = "closed"
ANSWERED_MAX = 2000  # points of one unit of work; the next look takes the rest


def usages() -> FromClause:
    """Return the usages, for a statement that finds the bills of runs."""
    return USAGE


async def registers(view: View, usage_id: str) -> list[dict[str, Any]]:
    """Return what the registers of a usage showed at both ends, meter by meter."""
    text = await view.scalar(select(USAGE.c.payload).where(USAGE.c.usage_id == usage_id))
    return registers_of(text)


async def heard(view: View, usage_id: str) -> Row[Any] | None:
    """Return the row of a usage."""
    return await view.first(select(USAGE).where(USAGE.c.usage_id == usage_id))


def registers_of(text: str | None) -> list[dict[str, Any]]:
    """Return what registers showed at both ends, from the payload of their usage."""
    spans = orjson.loads(text).get("registers", ()) if text else ()
    return [
        {
            "meter_no": meter_no,
            "installed_on": installed_on,
            "quantity": quantity,
            "from_on": from_on,
            "to_on": to_on,
            "from": start,
            "to": end,
            "turns": turns.get(quantity, 0),
            "multiplier": multiplier,
            "multiplier_denominator": denominator,
        }
        for meter_no, installed_on, from_on, to_on, multiplier, denominator, shown, turns in spans
        for quantity, (start, end) in shown.items()
    ]


async def record(tx: Tx, facts: Sequence[UsageMeasured]) -> set[str]:
    """Store usages under their natural key, and return the ids of those that were new."""
    count = len(facts)
    columns: dict[str, Sequence[Any]] = {
        "usage_id": [f.usage_id for f in facts],
        "service_point_no": [f.service_point_no for f in facts],
        "org_unit": [f.org_unit for f in facts],
        "route_no": [f.route_no for f in facts],
        "cycle": [f.cycle for f in facts],
        "read_date": [f.read_date for f in facts],
        "period_from": [f.period_from for f in facts],
        "period_to": [f.period_to for f in facts],
        "version": [f.version for f in facts],
        "estimated": [f.quality == "estimated" for f in facts],
        "import_wh": [f.energy_wh.get(codec.IMPORT, 0) for f in facts],
        "payload": [codec.payload(f) for f in facts],
        "waiting_for": [""] * count,
        "received_at": [tx.now] * count,
    }
    for name, default in _DEFAULTS.items():  # what nearly no usage has does not travel
        values = [getattr(f, name) for f in facts]
        if values.count(default) < count:
            columns[name] = values
    rows = await bulk.insert_ignore(tx, USAGE, columns, key=codec.NATURAL_KEY, returning=("usage_id",))
    return {row.usage_id for row in rows}


_DEFAULTS: Final[Mapping[str, Any]] = {"months": 1, "late": False, "withdrawn": False}


async def unlike(view: View, facts: Sequence[UsageMeasured]) -> list[UsageMeasured]:
    """Return those of the facts under whose natural key another content is stored, or nothing: then their ids are of another."""
    keys = {name: [getattr(f, name) for f in facts] for name in codec.NATURAL_KEY}
    rows = {
        tuple(getattr(row, name) for name in codec.NATURAL_KEY): row for row in await bulk.select_in(view, USAGE, keys)
    }
    found = [(fact, rows.get(tuple(getattr(fact, name) for name in codec.NATURAL_KEY))) for fact in facts]
    return [
        fact
        for fact, row in found
        if row is None
        or row.payload != codec.payload(fact)
        or any(getattr(fact, name) != getattr(row, name) for name in codec.COLUMNS)
    ]


async def of_points(view: View, service_point_nos: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """Return what was ever told of service points, the highest version of each period last."""
    u = USAGE.c
    wanted = (u.service_point_no, u.usage_id, u.period_from, u.period_to, u.route_no, u.cycle, u.import_wh, u.estimated)
    rows = await bulk.select_in(
        view, USAGE, {"service_point_no": service_point_nos}, columns=wanted, order_by=(u.period_from, u.version)
    )
    found: dict[str, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.service_point_no, []).append(row)
    return found


async def by_id(view: View, usage_ids: Sequence[str]) -> dict[str, Usage]:
    """Return usages by id."""
    rows = await bulk.select_in(view, USAGE, {"usage_id": usage_ids})
    return {row.usage_id: codec.usage_of(row) for row in rows}


async def overtaken(tx: Tx, usages: Sequence[Usage]) -> set[str]:
    """Return the ids of those usages that share a day with one of a higher version.

    Few points have more than first versions: these are read for all points by one column, and compared here.
    """
    u = USAGE.c
    rows = await bulk.select_in(
        tx,
        USAGE,
        {"service_point_no": [usage.service_point_no for usage in usages]},
        columns=(u.service_point_no, u.period_from, u.period_to, u.version),
        where=and_(IS_NEWER, u.period_to > min(usage.period_from for usage in usages)),
    )
    if not rows:
        return set()
    newer: dict[str, list[Row[Any]]] = {}
    for row in rows:
        newer.setdefault(row.service_point_no, []).append(row)
    return {
        usage.usage_id
        for usage in usages
        for row in newer.get(usage.service_point_no, ())
        if row.version > usage.version and usage.shares_a_day(row.period_from, row.period_to)
    }


async def displace(tx: Tx, usages: Sequence[Usage]) -> set[str]:
    """Put those out of force that share a day with one of the usages and have a lower version; they wait no more.

    Returns the ids of all of these, of those that were out of force before too.
    """
    u = USAGE.c
    given = travel.relation(
        tx,
        "given",
        {
            "service_point_no": (u.service_point_no.type, [usage.service_point_no for usage in usages]),
            "period_from": (u.period_from.type, [usage.period_from for usage in usages]),
            "period_to": (u.period_to.type, [usage.period_to for usage in usages]),
            "version": (u.version.type, [usage.version for usage in usages]),
        },
    )
    g = given.c
    older = and_(
        u.service_point_no == g.service_point_no,
        u.period_from < g.period_to,
        u.period_to > g.period_from,
        u.version < g.version,
    )
    rows = await tx.all(
        select(u.usage_id, u.superseded)
        .select_from(given.join(USAGE, older))
        .order_by(u.service_point_no, u.period_from, u.version)
        .with_for_update(of=USAGE)
    )
    await supersede(tx, sorted({row.usage_id for row in rows if not row.superseded}))
    return {row.usage_id for row in rows}


async def standing(view: View, days: Sequence[tuple[str, date, date]], *, also_waiting: bool = False) -> list[Usage]:
    """Return the usages in force that share a day with periods of service points, but for those that wait.

    `also_waiting`: those too; what a sub-meter measured is known, whoever pays for it.
    """
    waiting = () if also_waiting else (~IS_WAITING,)
    return [codec.usage_of(row) for row in await rows_in_force(view, days, *waiting)]


async def rows_in_force(
    view: View, days: Sequence[tuple[str, date, date]], *where: ColumnElement[bool]
) -> Sequence[Row[Any]]:
    """Return the rows of the usages in force that share a day with periods of service points."""
    u = USAGE.c
    given = travel.relation(
        view,
        "days",
        {
            "service_point_no": (u.service_point_no.type, [point for point, _, _ in days]),
            "from_": (u.period_from.type, [from_ for _, from_, _ in days]),
            "to": (u.period_to.type, [to for _, _, to in days]),
        },
    )
    g = given.c
    shares = and_(u.service_point_no == g.service_point_no, u.period_from < g.to, u.period_to > g.from_)
    statement = select(USAGE).select_from(given.join(USAGE, shares)).distinct()
    return await view.all(statement.where(~u.superseded, ~u.withdrawn, *where))


async def closed(view: View, usage_ids: Sequence[str]) -> set[str]:
    """Return which usages a person has closed: they will have no bill."""
    u = USAGE.c
    rows = await bulk.select_in(
        view, USAGE, {"usage_id": usage_ids}, columns=[u.usage_id], where=u.waiting_for == CLOSED
    )
    return {row.usage_id for row in rows}


def is_superseded(usage_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that a usage is out of force."""
    return exists().where(USAGE.c.usage_id == usage_id, USAGE.c.superseded)


async def supersede(tx: Tx, usage_ids: Sequence[str]) -> None:
    """Mark usages as out of force; what is out of force waits for nothing."""
    count = len(usage_ids)
    await bulk.update_from(
        tx,
        USAGE,
        {"usage_id": usage_ids, "superseded": [True] * count, "waiting_for": [""] * count},
        key=("usage_id",),
    )


async def set_waiting(tx: Tx, usage_ids: Sequence[str], waiting_for: str) -> None:
    """Mark usages as waiting for something, or as no longer waiting (empty)."""
    await bulk.update_from(
        tx, USAGE, {"usage_id": usage_ids, "waiting_for": [waiting_for] * len(usage_ids)}, key=("usage_id",)
    )


async def take_waiting(tx: Tx, service_points: Sequence[str]) -> list[Usage]:
    """Lock the usages that wait at service points, oldest period first."""
    rows = await bulk.select_in(
        tx,
        USAGE,
        {"service_point_no": sorted(set(service_points))},
        where=IS_WAITING,
        order_by=(USAGE.c.service_point_no, USAGE.c.period_from, USAGE.c.version),
        for_update=True,
    )
    return [codec.usage_of(row) for row in rows]


async def answered(view: View) -> list[str]:
    """Return service points with waiting usages whose contract has come meanwhile."""
    covered = contracts_store.has_contract(USAGE.c.service_point_no, USAGE.c.period_from, USAGE.c.period_to)
    statement = select(USAGE.c.service_point_no).where(IS_WAITING, covered).distinct().limit(ANSWERED_MAX)
    return [row.service_point_no for row in await view.all(statement)]


async def waiting_oldest(view: View) -> datetime | None:
    """Return since when the oldest waiting usage waits; those that are closed wait no more."""
    u = USAGE.c
    waiting = and_(IS_WAITING, u.waiting_for == CONTRACT_MISSING)
    oldest: datetime | None = await view.scalar(select(u.received_at).where(waiting).order_by(u.received_at).limit(1))
    return oldest


async def lock(tx: Tx, usage_id: str) -> Row[Any] | None:
    """Lock a usage and return its row."""
    return await tx.first(select(USAGE).where(USAGE.c.usage_id == usage_id).with_for_update())


async def close(tx: Tx, usage_id: str, *, reason: str, actor: str) -> None:
    """Close a waiting usage."""
    await tx.execute(
        update(USAGE)
        .where(USAGE.c.usage_id == usage_id)
        .values(waiting_for=CLOSED, closed_reason=reason, closed_by=actor, closed_at=tx.now)
    )


async def page(
    view: View, *, visible: Condition, after: Condition, limit: int, service_point_no: str
) -> Sequence[Row[Any]]:
    """List all versions of the usages of a service point, by period."""
    u = USAGE.c
    statement = select(USAGE).where(
        u.service_point_no == service_point_no, visible(u.org_unit), after(u.period_from, u.usage_id)
    )
    return await view.all(statement.order_by(u.period_from, u.usage_id).limit(limit))


async def page_of_waiting(
    view: View, *, visible: Condition, after: Condition, limit: int, names: Sequence[str], waiting_for: str
) -> Sequence[Row[Any]]:
    """List the usages without a contract, waiting or closed, by service point, with the named columns."""
    u = USAGE.c
    statement = select(*(u[name] for name in names)).where(
        visible(u.org_unit), IS_WAITING, u.waiting_for == waiting_for, after(u.service_point_no, u.usage_id)
    )
    return await view.all(statement.order_by(u.service_point_no, u.usage_id).limit(limit))


async def route_totals(view: View, dates: Sequence[tuple[str, date, str]]) -> dict[tuple[str, date], Totals]:
    """Count billing's own version-1 usages of (route, read date, its cycle), without late ones, and sum their `import`."""
    given = travel.relation(
        view,
        "runs",
        {
            "route_no": (USAGE.c.route_no.type, [route for route, _, _ in dates]),
            "read_date": (USAGE.c.read_date.type, [day for _, day, _ in dates]),
            "cycle": (USAGE.c.cycle.type, [cycle for _, _, cycle in dates]),
        },
    )
    matches = and_(
        USAGE.c.route_no == given.c.route_no,
        USAGE.c.cycle == given.c.cycle,
        USAGE.c.read_date == given.c.read_date,
        USAGE.c.version == 1,
        ~USAGE.c.late,
        ~USAGE.c.withdrawn,
    )
    rows = await view.all(
        select(
            USAGE.c.route_no,
            USAGE.c.read_date,
            func.count().label("usages"),
            func.sum(USAGE.c.import_wh).label("wh"),
            func.sum(case((USAGE.c.estimated, 1), else_=0)).label("estimated"),
            func.max(USAGE.c.months).label("months"),
        )
        .select_from(given.join(USAGE, matches))
        .group_by(USAGE.c.route_no, USAGE.c.read_date)
    )
    return {
        (row.route_no, row.read_date): Totals(int(row.usages), int(row.wh), int(row.estimated), row.months)
        for row in rows
    }


async def actors_of_run(view: View, route_no: str, cycle: str) -> set[str]:
    """Return everybody who had a hand in the usages of a run."""
    rows = await view.all(select(USAGE.c.payload).where(USAGE.c.route_no == route_no, USAGE.c.cycle == cycle))
    return {actor for row in rows for actor in orjson.loads(row.payload).get("actors", ())}
