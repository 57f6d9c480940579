"""Bill runs and the release switch."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select, tuple_, update

from services.billing.bills.store import bills as bills_store
from services.billing.business_day import store as business_day
from services.billing.freezes.domain import ROUTE, Standing
from services.billing.review.domain.findings import Finding, with_more
from services.billing.runs import domain
from services.billing.runs.tables import BILL_RUN, RELEASE_SWITCH, ROUTE_CLOSING, ROUTE_EXPLANATION
from shared.db import bulk, columns, travel
from shared.db.columns import Condition
from shared.db.engine import Tx, View
from shared.events.reading import RouteClosed, RouteExplained
from shared.org_units import WHOLE_UTILITY

SWITCH = "all"
RECHECKED_MAX = 1000  # runs of one unit of work; a utility closes a few hundred routes a day
RUNS_PAGE = 10_000
FIRST = ("", "")
"""The place before all runs, as (cycle, route)."""


async def ensure(tx: Tx, opened: Sequence[tuple[str, str, str]]) -> None:
    """Open the runs, as (route, cycle, org unit), that are not there yet."""
    await bulk.insert_ignore(
        tx,
        BILL_RUN,
        {
            "route_no": [route for route, _, _ in opened],
            "cycle": [cycle for _, cycle, _ in opened],
            "org_unit": [unit for _, _, unit in opened],
            "status": [domain.LIFE.start(domain.OPEN)] * len(opened),
            "version": [1] * len(opened),
            "findings": ["[]"] * len(opened),
        },
        key=("route_no", "cycle"),
    )


async def lock(tx: Tx, keys: Sequence[tuple[str, str]]) -> Sequence[Row[Any]]:
    """Lock runs by (route, cycle), in key order."""
    return await bulk.select_in(
        tx,
        BILL_RUN,
        {"route_no": [route for route, _ in keys], "cycle": [cycle for _, cycle in keys]},
        order_by=(BILL_RUN.c.route_no, BILL_RUN.c.cycle),
        for_update=True,
    )


async def share(tx: Tx, keys: Sequence[tuple[str, str]]) -> None:
    """Lock runs that get bills against who looks at them as a whole, in key order: either knows what the other has done."""
    given = travel.relation(
        tx,
        "runs",
        {"route_no": (columns.No, [route for route, _ in keys]), "cycle": (columns.No, [cycle for _, cycle in keys])},
    )
    of_keys = and_(BILL_RUN.c.route_no == given.c.route_no, BILL_RUN.c.cycle == given.c.cycle)
    await tx.all(
        select(BILL_RUN.c.route_no, BILL_RUN.c.cycle)
        .select_from(given.join(BILL_RUN, of_keys))
        .order_by(BILL_RUN.c.route_no, BILL_RUN.c.cycle)
        .with_for_update(of=BILL_RUN, read=True)
    )


async def record_closings(tx: Tx, facts: Sequence[RouteClosed]) -> None:
    """Keep what routes reported of their read dates; what is known already stays."""
    first = {(fact.route_no, fact.read_date): fact for fact in reversed(facts)}
    await bulk.insert_ignore(
        tx,
        ROUTE_CLOSING,
        {
            "route_no": [route_no for route_no, _ in first],
            "read_date": [read_date for _, read_date in first],
            "cycle": [fact.cycle for fact in first.values()],
            "usages": [fact.usages for fact in first.values()],
            "sum_wh": [fact.sum_wh for fact in first.values()],
            "missed": [fact.missed for fact in first.values()],
            "unexplained": [fact.unexplained for fact in first.values()],
            "closed_on": [fact.closed_on for fact in first.values()],
            "read_on": [fact.read_on for fact in first.values()],
            "uploaded_on": [fact.uploaded_on for fact in first.values()],
        },
        key=("route_no", "read_date"),
    )


async def closings(view: View, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], list[Row[Any]]]:
    """Return what routes reported of the read dates that have the cycles of runs (route, cycle)."""
    rows = await bulk.select_in(
        view,
        ROUTE_CLOSING,
        {"route_no": [route for route, _ in keys], "cycle": [cycle for _, cycle in keys]},
        order_by=(ROUTE_CLOSING.c.route_no, ROUTE_CLOSING.c.read_date),
    )
    found: dict[tuple[str, str], list[Row[Any]]] = {}
    for row in rows:
        found.setdefault((row.route_no, row.cycle), []).append(row)
    return found


async def record_explanations(tx: Tx, facts: Sequence[RouteExplained]) -> None:
    """Keep what routes told of points that nobody has explained, every version of it."""
    first = {(fact.route_no, fact.read_date, fact.version): fact for fact in reversed(facts)}
    await bulk.insert_ignore(
        tx,
        ROUTE_EXPLANATION,
        {
            "route_no": [fact.route_no for fact in first.values()],
            "read_date": [fact.read_date for fact in first.values()],
            "version": [fact.version for fact in first.values()],
            "cycle": [fact.cycle for fact in first.values()],
            "unexplained": [fact.unexplained for fact in first.values()],
            "explained_on": [fact.explained_on for fact in first.values()],
            "uploaded_on": [fact.uploaded_on for fact in first.values()],
        },
        key=("route_no", "read_date", "version"),
    )


async def explanations(view: View, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, date], list[Row[Any]]]:
    """Return by route and read date what was told of the points of runs (route, cycle), the oldest version first."""
    e = ROUTE_EXPLANATION.c
    rows = await bulk.select_in(
        view,
        ROUTE_EXPLANATION,
        {"route_no": [route for route, _ in keys], "cycle": [cycle for _, cycle in keys]},
        order_by=(e.route_no, e.read_date, e.version),
    )
    found: dict[tuple[str, date], list[Row[Any]]] = {}
    for row in rows:
        found.setdefault((row.route_no, row.read_date), []).append(row)
    return found


async def of_cycle(view: View, cycle: str, *, visible: Condition, limit: int) -> Sequence[Row[Any]]:
    """List the closed runs of a cycle by route."""
    r = BILL_RUN.c
    mine = select(BILL_RUN).where(r.cycle == cycle, r.closed_on.is_not(None), visible(r.org_unit))
    return await view.all(mine.order_by(r.route_no).limit(limit))


async def not_done(view: View, held: Sequence[tuple[str, str]]) -> Sequence[Row[Any]]:
    """List the closed runs that are not released, the first cycles first, and those of `held`, as (route, cycle), that are.

    Among the first are also those of which points came to be unexplained since.
    """
    r = BILL_RUN.c
    left = or_(r.status != domain.RELEASED, r.unexplained > r.accepted)
    inside = await _all(view, select(BILL_RUN).where(left, r.closed_on.is_not(None)))
    keys = {"route_no": [route for route, _ in held], "cycle": [cycle for _, cycle in held]}
    is_out = and_(r.status == domain.RELEASED, r.unexplained <= r.accepted)
    out = await bulk.select_in(view, BILL_RUN, keys, where=is_out, order_by=(r.cycle, r.route_no))
    return [*inside, *out]


async def get(view: View, route_no: str, cycle: str) -> Row[Any] | None:
    """Return a run."""
    return await view.first(select(BILL_RUN).where(BILL_RUN.c.route_no == route_no, BILL_RUN.c.cycle == cycle))


async def page(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    cycle: str | None,
    status: str | None,
    unexplained: bool,
) -> Sequence[Row[Any]]:
    """List bill runs by cycle and route; `unexplained`: of which more points are so than somebody let them go with."""
    r = BILL_RUN.c
    statement = select(BILL_RUN).where(visible(r.org_unit), after(r.cycle, r.route_no))
    if cycle is not None:
        statement = statement.where(r.cycle == cycle)
    if status is not None:
        statement = statement.where(r.status == status)
    if unexplained:
        statement = statement.where(r.unexplained > r.accepted)
    return await view.all(statement.order_by(r.cycle, r.route_no).limit(limit))


async def between(
    view: View, cycles: tuple[str, str], *, visible: Condition, after: tuple[str, str], limit: int
) -> Sequence[Row[Any]]:
    """Return the next runs of cycles behind a (cycle, route)."""
    r = BILL_RUN.c
    wanted = select(BILL_RUN).where(visible(r.org_unit), r.cycle.between(*cycles), _behind(after))
    return await view.all(wanted.order_by(r.cycle, r.route_no).limit(limit))


async def write(tx: Tx, changed: Sequence[dict[str, Any]]) -> None:
    """Set the same columns on runs; each is a mapping that holds the key."""
    if not changed:
        return
    names = list(changed[0])
    await bulk.update_from(
        tx, BILL_RUN, {name: [row[name] for row in changed] for name in names}, key=("route_no", "cycle")
    )


async def add_findings(tx: Tx, found: Mapping[tuple[str, str], Sequence[Finding]]) -> None:
    """Write more findings to locked runs."""
    rows = await lock(tx, sorted(found)) if found else ()
    changed = []
    for row in rows:
        text = with_more(row.findings, found[row.route_no, row.cycle])
        changed.append({"route_no": row.route_no, "cycle": row.cycle, "findings": text, "version": row.version + 1})
    await write(tx, changed)


async def gone_out(view: View, business_date: date) -> list[tuple[str, str]]:
    """Return the runs (route, cycle) that went out on a business date."""
    r = BILL_RUN.c
    of_day = r.issue_on == business_date, r.status.in_((domain.RELEASING, domain.RELEASED))
    rows = await _all(view, select(r.route_no, r.cycle).where(*of_day))
    return [(row.route_no, row.cycle) for row in rows]


async def agreeing(
    view: View, org_unit: str, route_no: str | None, cycles: tuple[str, str], *, after: tuple[str, str], limit: int
) -> Sequence[Row[Any]]:
    """Return the next runs behind a (route, cycle) of an org unit (`*`: of all), a route and cycles, whose totals agree."""
    r, key = BILL_RUN.c, tuple_(BILL_RUN.c.route_no, BILL_RUN.c.cycle)
    wanted = [r.closed_on.is_not(None), r.status != domain.OPEN, r.cycle.between(*cycles), key > after]
    if route_no is not None:
        wanted.append(r.route_no == route_no)
    if org_unit != WHOLE_UTILITY:
        wanted.append(or_(r.org_unit == org_unit, r.org_unit.startswith(org_unit + "/", autoescape=True)))
    return await view.all(select(BILL_RUN).where(*wanted).order_by(r.route_no, r.cycle).limit(limit))


async def last_sums(view: View, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return the `import` sum of each route's run before a cycle."""
    given = travel.relation(
        view,
        "runs",
        {
            "route_no": (columns.No, [route for route, _ in keys]),
            "cycle": (columns.No, [cycle for _, cycle in keys]),
        },
    )
    before = BILL_RUN.alias("before")
    last = (
        select(func.max(before.c.cycle))
        .where(before.c.route_no == given.c.route_no, before.c.cycle < given.c.cycle, before.c.sum_wh.is_not(None))
        .scalar_subquery()
    )
    matches = and_(BILL_RUN.c.route_no == given.c.route_no, BILL_RUN.c.cycle == last)
    statement = select(given.c.route_no, given.c.cycle, BILL_RUN.c.sum_wh).select_from(given.join(BILL_RUN, matches))
    return {(row.route_no, row.cycle): row.sum_wh for row in await view.all(statement)}


async def closed_but_open(view: View, after: tuple[str, str]) -> list[tuple[str, str]]:
    """List the next runs behind a (cycle, route) whose route has closed while their totals did not agree yet."""
    r = BILL_RUN.c
    unchecked = select(r.route_no, r.cycle).where(r.status == domain.OPEN, r.closed_on.is_not(None), _behind(after))
    rows = await view.all(unchecked.order_by(r.cycle, r.route_no).limit(RECHECKED_MAX))
    return [(row.route_no, row.cycle) for row in rows]


async def unreleased(view: View, business_date: date) -> list[tuple[str, str]]:
    """List the runs, as (route, cycle), that closed by a business date and did not go out: held, or waiting for that day."""
    r = BILL_RUN.c
    held = and_(r.status.in_((domain.OPEN, domain.IN_REVIEW)), r.closed_on.is_not(None), r.closed_on <= business_date)
    waits = and_(r.status == domain.RELEASING, r.issue_on <= business_date)
    rows = await _all(view, select(r.route_no, r.cycle).where(or_(held, waits)))
    return [(row.route_no, row.cycle) for row in rows]


async def _all(view: View, runs: Select[Any]) -> list[Row[Any]]:
    """Return all of some runs, the first cycles first, page by page: none stands behind those that stay."""
    r = BILL_RUN.c
    found: list[Row[Any]] = []
    after = FIRST
    while rows := await view.all(runs.where(_behind(after)).order_by(r.cycle, r.route_no).limit(RUNS_PAGE)):
        found += rows
        if len(rows) < RUNS_PAGE:
            break
        after = rows[-1].cycle, rows[-1].route_no
    return found


def _behind(place: tuple[str, str]) -> ColumnElement[bool]:
    """Return the condition that a run comes after a (cycle, route)."""
    return tuple_(BILL_RUN.c.cycle, BILL_RUN.c.route_no) > tuple_(*place)


async def unit_of_route(view: View, route_no: str) -> str | None:
    """Return the org unit of the latest run of a route, None where it has none."""
    r = BILL_RUN.c
    unit: str | None = await view.scalar(
        select(r.org_unit).where(r.route_no == route_no).order_by(r.cycle.desc()).limit(1)
    )
    return unit


async def ready_bills(tx: Tx, limit: int, standing: Standing) -> Sequence[Row[Any]]:
    """Lock accounts with ready bills of releasing or released runs whose day has come, and return them with `run_issue_on`."""
    of_run = and_(BILL_RUN.c.status.in_(domain.ISSUING), business_day.has_come(BILL_RUN.c.issue_on))
    return await bills_store.ready(tx, limit, run=BILL_RUN, of_run=of_run, standing=standing)


async def finish(tx: Tx, standing: Standing) -> int:
    """Call those runs released whose day has come and that have nothing left to issue, and return how many.

    Bills that are frozen stay behind as held ones do; where their whole route is, its runs are not out before that ends.
    """
    r = BILL_RUN.c
    routes = [freeze.subject for freeze in standing.freezes if freeze.kind == ROUTE]
    left = or_(r.route_no.in_(routes), bills_store.has_ready(tx, r.route_no, r.cycle, standing))
    return await tx.execute(
        update(BILL_RUN)
        .where(BILL_RUN.c.status.in_(domain.LIFE.sources("finish")), business_day.has_come(BILL_RUN.c.issue_on), ~left)
        .values(
            status=domain.LIFE.target("finish"),
            released_at=tx.now,
            released_on=business_day.of_latest(),
            version=BILL_RUN.c.version + 1,
        )
    )


async def switch(view: View, *, share: bool = False) -> Row[Any] | None:
    """Return the release switch; `share` keeps it from being thrown until this unit of work has ended."""
    statement = select(RELEASE_SWITCH).where(RELEASE_SWITCH.c.name == SWITCH)
    if share:
        statement = statement.with_for_update(read=True)
    return await view.first(statement)


async def throw_switch(tx: Tx, *, stopped: bool, reason: str, version: int) -> bool:
    """Set the release switch to its next version; False where it has moved on."""
    if version == 0:
        row: dict[str, list[Any]] = {"name": [SWITCH], "stopped": [stopped], "reason": [reason], "version": [1]}
        return bool(await bulk.insert_ignore(tx, RELEASE_SWITCH, row, key=("name",)))
    changed = await tx.execute(
        update(RELEASE_SWITCH)
        .where(RELEASE_SWITCH.c.name == SWITCH, RELEASE_SWITCH.c.version == version)
        .values(stopped=stopped, reason=reason, version=version + 1)
    )
    return changed == 1
