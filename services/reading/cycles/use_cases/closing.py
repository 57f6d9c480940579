"""The end of a read window: what was not read is estimated or missed, and the route's totals are told."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from services.reading.estimation.domain import previous_usage
from services.reading.network.domain import energy
from services.reading.network.domain.installations import Installation
from services.reading.network.store import installations, points, routes
from services.reading.policies.domain import Policies, Policy
from services.reading.tasks.domain import route_cycles
from services.reading.tasks.domain.tasks import CUT, LIFE, SUSPECT, UNREAD, Task, TaskKey, TaskState, task_id
from services.reading.tasks.store import reasons, tasks
from services.reading.tasks.store import route_cycles as route_cycle_store
from services.reading.usage.domain.usages import Usage
from services.reading.usage.domain.versions import Estimate
from services.reading.usage.store import usages
from services.reading.usage.use_cases import measuring
from services.reading.usage.use_cases.work import Work
from services.reading.validation.domain import missing
from shared import correlation
from shared.db.engine import Tx, View
from shared.events.reading import EstimateMade, RouteClosed

ACTOR = "system:close-routes"
NO_READ = "no_read"
UNUSABLE_READ = "unusable_read"
LONG_AGO = date(1900, 1, 1)


async def cycles_due(view: View, business_date: date, policies: Policies) -> Sequence[tuple[str, date]]:
    """Return (route, read date) whose window has ended on a business date: read date + the policy's days ≤ the date."""
    ranges = []
    for version in policies:
        end = business_date - timedelta(days=version.rules.window_days - 1)
        last = version.period.to
        ranges.append((max(version.period.from_, LONG_AGO), end if last is None else min(last, end)))
    return await route_cycle_store.cycles_due(view, ranges)


async def close(
    tx: Tx, *, route_no: str, read_date: date, business_date: date, policies: Policies
) -> Mapping[str, int]:
    """Close the window of a route's cycle, once.

    A task without a usable read is estimated by previous usage (暂按前次用电量计收), flagged with reason and actor. It is missed
    where there is no previous usage, after the policy's number of estimates in a row, or where a later usage covers it.
    """
    await routes.lock(tx, route_no)
    found = await route_cycle_store.route_cycle(tx, route_no, read_date)
    if found is None or not route_cycles.LIFE.may(found.status, "close"):
        return {}
    work = Work()
    without_read = await tasks.unread(tx, route_no, read_date)
    if without_read:
        await _estimate(tx, work, without_read, policies)
    await measuring.write(tx, work)
    totals = await tasks.totals(tx, route_no, read_date)
    assert totals.expected == totals.actual + totals.estimated + totals.missed, "a task is left open"
    await route_cycle_store.close(tx, route_no, read_date, business_date, totals)
    correlation_id = correlation.current()
    tx.publish([_told(each, correlation_id) for each in work.usages])
    tx.publish(
        [
            RouteClosed(
                correlation_id=correlation_id,
                route_no=route_no,
                org_unit=found.org_unit,
                cycle=found.cycle,
                read_date=found.read_date,
                closed_on=business_date,
                expected=totals.expected,
                actual=totals.actual,
                estimated=totals.estimated,
                missed=totals.missed,
                usages=totals.usages,
                sum_wh=totals.sum_wh,
            )
        ]
    )
    return {"expected": totals.expected, "estimated": totals.estimated, "missed": totals.missed}


async def _estimate(tx: Tx, work: Work, wanted: Sequence[TaskKey], policies: Policies) -> None:
    service_point_nos = sorted({point for point, _ in wanted})
    await points.lock(tx, service_point_nos)
    # again, now that no read can close them any more
    again, previous_ids = await usages.tasks_and_previous(tx, wanted)
    previous = await usages.by_id(tx, list(previous_ids.values()))
    meters = await installations.by_point(tx, service_point_nos)
    noted = await reasons.noted(tx, [task_id(*key) for key in wanted])
    for key in sorted(again):
        task = again[key]
        if task.status not in UNREAD:
            continue
        last = previous[previous_ids[key]] if key in previous_ids else None
        if task.kind == CUT:
            work.tasks[key] = TaskState(status=LIFE.move(task.status, "skip"))
            continue
        finding = missing.find(0, (last.estimates_in_a_row if last else 0) + 1)
        assert finding is not None
        work.find("task", task_id(*key), task, finding)
        reason = noted.get(task_id(*key)) or (UNUSABLE_READ if task.status == SUSPECT else NO_READ)
        if not _estimate_one(work, task, last, meters.get(key[0], []), policies.on(task.read_date), reason):
            work.tasks[key] = TaskState(status=LIFE.move(task.status, "miss"))


def _estimate_one(
    work: Work,
    task: Task,
    last: Usage | None,
    installations: Sequence[Installation],
    policy: Policy,
    reason: str,
) -> bool:
    if last is None or last.period_to >= task.read_date or last.estimates_in_a_row >= policy.estimates_in_a_row_max:
        return False
    boundary = previous_usage.estimate(
        installations, last.period_to, last.end, task.read_date, last.energy_wh, last.days
    )
    if boundary is None:
        return False
    limit = policy.register_daily_kwh_max
    measured = energy.measure(installations, last.period_to, last.end, boundary, daily_kwh_max=limit, end_is_face=False)
    if measured.backward:
        return False
    work.add(task, last.period_to, measured, last, policy, estimate=Estimate(reason=reason, actor=ACTOR))
    return True


def _told(usage: Usage, correlation_id: str) -> EstimateMade:
    return EstimateMade(
        correlation_id=correlation_id,
        causation_id=usage.usage_id,
        usage_id=usage.usage_id,
        service_point_no=usage.service_point_no,
        org_unit=usage.org_unit,
        cycle=usage.cycle,
        period_from=usage.period_from,
        period_to=usage.period_to,
        energy_wh=usage.import_wh,
        reason=usage.estimate_reason or NO_READ,
        estimates_in_a_row=usage.estimates_in_a_row,
    )
