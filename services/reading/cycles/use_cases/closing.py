"""The end of a read window: what was not read is estimated or missed, and the route's totals are told."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from services.reading.cycles.use_cases import brought, progress, unreadable
from services.reading.network.store import routes
from services.reading.policies.domain import Policies
from services.reading.reads.domain.days import ReadDays
from services.reading.tasks.domain import route_cycles
from services.reading.tasks.store import reasons, tasks
from services.reading.tasks.store import route_cycles as route_cycle_store
from services.reading.usage.use_cases import deriving
from services.reading.usage.use_cases.deriving import Change
from services.reading.usage.use_cases.knowing import Loader
from shared import correlation
from shared.db.engine import Tx, View
from shared.events.reading import RouteClosed

LONG_AGO = date(1900, 1, 1)
POINTS_MAX = 1000  # derived at a time, so that memory does not grow with what a route has missed


async def cycles_due(view: View, business_date: date, policies: Policies) -> Sequence[tuple[str, date]]:
    """Return (route, read date) whose window has ended on a business date: read date + the policy's days ≤ the date."""
    ranges = []
    for version in policies:
        end = business_date - timedelta(days=version.rules.window_days - 1)
        last = version.period.to
        ranges.append((max(version.period.from_, LONG_AGO), end if last is None else min(last, end)))
    return await route_cycle_store.cycles_due(view, ranges)


async def close(
    tx: Tx, *, route_no: str, read_date: date, business_date: date, policies: Policies, zone: ZoneInfo
) -> Mapping[str, int]:
    """Close the window of a route's cycle, once: points without a usable read are derived again, now that it is closed.

    That estimates a task by the previous usage (暂按前次用电量计收), flagged with its reason, or misses it where there is nothing
    to estimate by, or after the policy's number of estimates in a row.
    """
    await routes.lock(tx, route_no)
    found = await route_cycle_store.route_cycle(tx, route_no, read_date)
    if found is None or not route_cycles.LIFE.may(found.status, "close"):
        return {}  # pragma: no cover, another replica closed it since the chunk was listed
    await route_cycle_store.close(tx, route_no, read_date, business_date)
    unread = [point for point, _ in await tasks.unread(tx, route_no, read_date)]
    loader = Loader(days=ReadDays(policies, zone))
    for start in range(0, len(unread), POINTS_MAX):
        touched = dict.fromkeys(unread[start : start + POINTS_MAX], read_date)
        await deriving.derive_again(tx, touched, loader=loader, change=Change(closing=read_date))
        await unreadable.tell(tx, list(touched), read_date, policies)
    totals = await progress.totals(tx, route_no, read_date)
    assert totals.expected == totals.actual + totals.estimated + totals.missed, "a task is left open"
    await route_cycle_store.keep_totals(tx, route_no, read_date, totals)
    unexplained = (await reasons.missing(tx, [(route_no, read_date)]))[route_no, read_date]
    await route_cycle_store.keep_unexplained(tx, route_no, read_date, unexplained)
    read_on, uploaded_on = await brought.last(
        tx, route_no, read_date, closed_on=business_date, policies=policies, zone=zone
    )
    tx.publish(
        [
            RouteClosed(
                correlation_id=correlation.current(),
                route_no=route_no,
                org_unit=found.org_unit,
                cycle=found.cycle,
                read_date=read_date,
                closed_on=business_date,
                expected=totals.expected,
                actual=totals.actual,
                estimated=totals.estimated,
                missed=totals.missed,
                usages=totals.usages,
                sum_wh=totals.sum_wh,
                unexplained=unexplained,
                read_on=read_on,
                uploaded_on=uploaded_on,
            )
        ]
    )
    return {"expected": totals.expected, "estimated": totals.estimated, "missed": totals.missed}
