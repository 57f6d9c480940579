"""Reads and curves that arrive: the plain step of the read day in one set, everything else derived again."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from services.reading.network.domain.installations import Installation, first_day
from services.reading.network.domain.registers import Counts, Registers, has_demand
from services.reading.network.store import installations, points
from services.reading.network.store.points import DAILY_DUE, DAILY_TOLD, Locked
from services.reading.policies.domain import Policy
from services.reading.tasks.domain import route_cycles
from services.reading.tasks.domain.tasks import CYCLE, LIFE, OPEN, Task, TaskKey, TaskState
from services.reading.usage.domain.ranking import EDITED, ESTIMATED
from services.reading.usage.domain.timeline import compare, steps
from services.reading.usage.domain.timeline.known import Faces
from services.reading.usage.domain.usages import ACTUAL, Last, Usage, usage_id
from services.reading.usage.store import usages
from services.reading.usage.use_cases import deriving, telling
from services.reading.usage.use_cases.deriving import Change, Derived
from services.reading.usage.use_cases.knowing import Loader
from services.reading.usage.use_cases.telling import Work
from shared.db.engine import Tx
from shared.frozen import document


@document
class Arrived:
    """A read that is new: of a meter with its registers on a point, for a day. `on_task`: that day has a task."""

    service_point_no: str
    meter_no: str
    day: date
    read_id: str
    registers: Registers
    faces: Faces
    source: str
    actors: tuple[str, ...]
    on_task: bool

    @property
    def key(self) -> TaskKey:
        """Point and day."""
        return self.service_point_no, self.day


async def take(tx: Tx, arrived: Sequence[Arrived], *, loader: Loader) -> Derived:
    """Tell the usages that reads bring about or change, and return which of them contradict other registers.

    A read that closes the next period after a settled one, by a plain step of the one meter that is there, is told by itself: the
    way of nearly all. Where it is not so plain, and for reads of days without a task that may change what was told, the point is
    derived again. A constant number of statements; the points stay locked to the end of the unit of work.
    """
    if not arrived:
        return Derived()
    numbers = sorted({each.service_point_no for each in arrived})
    locked = await points.lock(tx, numbers)
    keys = [each.key for each in arrived]
    tasks, previous_ids, other_ends = await usages.tasks_and_previous(tx, list(dict.fromkeys(keys)))
    previous = await usages.last(tx, list(dict.fromkeys(previous_ids.values())))
    meters = await installations.by_point(tx, sorted({each.service_point_no for each in arrived if each.on_task}))
    once = _once(arrived)
    work, again, answering = Work(), dict[str, date | None](), dict[str, set[str]]()
    for each, key in zip(arrived, keys, strict=True):
        point, day = key
        last = previous[previous_ids[key]] if key in previous_ids else None
        task, policy = tasks.get(key), loader.policy_on(day)
        if task is not None and point in once:
            there = locked[point]
            if _plain(work, each, there, task, last, other_ends.get(key), meters.get(point, ()), policy):
                continue
        tolerance = policy.read_tolerance_days
        if task is not None or tolerance or _matters(each, last, other_ends.get(key)):
            _earliest(again, point, day - timedelta(days=tolerance))
        if task is not None and task.reread:
            answering.setdefault(point, set()).add(each.read_id)
    await telling.write(tx, work)
    await points.note_daily(tx, {number: DAILY_DUE for number, point in locked.items() if point.daily == DAILY_TOLD})
    change = Change(answering={point: frozenset(read_ids) for point, read_ids in answering.items()})
    return await deriving.derive_again(tx, again, loader=loader, change=change)


async def take_curves(tx: Tx, touched: Mapping[str, date], *, loader: Loader) -> None:
    """Tell the usages again that day curves change, by point from its earliest day on. Nothing waits on curves: where no usage of
    that day was told, there is nothing to do. A constant number of statements, none without points.
    """
    if not touched:
        return
    # who tells a usage of the day at this moment has seen the curves, or is seen here
    locked = await points.lock(tx, list(touched))
    await points.note_daily(tx, {number: DAILY_DUE for number, point in locked.items() if point.daily == DAILY_TOLD})
    told = await usages.told_after(tx, touched)
    again = {point: day for point, day in touched.items() if point in told}
    await deriving.derive_again(tx, again, loader=loader)


def _once(arrived: Sequence[Arrived]) -> set[str]:
    seen, more = set[str](), set[str]()
    for each in arrived:
        (more if each.service_point_no in seen else seen).add(each.service_point_no)
    return seen - more


def _earliest(again: dict[str, date | None], point: str, day: date) -> None:
    there = again.get(point)
    again[point] = day if there is None else min(there, day)


def _matters(arrived: Arrived, last: Last | None, last_end: date | None) -> bool:
    """Return whether a read of a day without a task may change what was told, or what waits to be decided.

    `last_end`: the last day of the point that has a task; a read behind all that was told may decide on it.
    """
    day = arrived.day
    if last is None:
        return last_end is not None
    if last.withdrawn or compare.SUSPECT_REGISTERS in last.findings:
        return True
    if last.period_to >= day:
        return has_demand(arrived.registers) or not (last.opening_known and last.closing_known)
    return not last.closing_known or (last_end is not None and last_end > last.period_to)


def _plain(
    work: Work,
    read: Arrived,
    point: Locked,
    task: Task,
    last: Last | None,
    ended_on: date | None,
    meters: Sequence[Installation],
    policy: Policy,
) -> bool:
    """Add the next period of a point, if it is plain, and return whether it is: it equals what would be derived.

    Plain: it is a whole cycle by the plan, and goes on from a settled one that nobody has to look behind of, to a read of the
    only meter that was there.
    """
    if task.status != OPEN or task.kind != CYCLE or task.reread or policy.read_tolerance_days:
        return False
    if point.curved or point.paced or point.watched_from is not None:
        return False
    if read.source in (EDITED, ESTIMATED) or (last is not None and not _settled(last)):
        return False
    day = read.day
    start_on = last.period_to if last else first_day(meters) if meters else day
    if start_on != route_cycles.planned_before(point.plan, day) or (ended_on is not None and ended_on > start_on):
        return False
    there = [meter for meter in meters if meter.from_ <= day and (meter.to is None or meter.to >= start_on)]
    if len(there) != 1 or there[0].meter_no != read.meter_no:
        return False
    (meter,) = there
    if meter.from_ > start_on or (meter.to is not None and meter.to <= day):
        return False
    if last is None:
        before = steps.opening(meter.registers, meter.opening)
    elif last.closing_meter == meter.meter_no and last.closing_installed_on == meter.from_:
        before = last.closing_counts
    else:
        return False
    counts = steps.plain(
        meter.registers,
        before,
        read.faces,
        days=(day - start_on).days,
        daily_kwh_max=policy.register_daily_kwh_max,
        connection_kw=point.connection_kw,
    )
    if counts is None:
        return False
    _tell(work, read, point, task, last, meter, before, counts, policy)
    return True


def _tell(
    work: Work,
    read: Arrived,
    point: Locked,
    task: Task,
    last: Last | None,
    meter: Installation,
    before: Counts,
    counts: Counts,
    policy: Policy,
) -> None:
    start_on, day = last.period_to if last else meter.from_, read.day
    energy_wh = {
        register.quantity: register.energy_wh(high) - register.energy_wh(low)
        for register, low, high in zip(meter.registers, before, counts, strict=True)
    }
    found = compare.validate(energy_wh, (day - start_on).days, last, policy, source=read.source)
    usage = Usage(
        usage_id=usage_id(task.service_point_no, start_on, day, 1),
        service_point_no=task.service_point_no,
        period_from=start_on,
        period_to=day,
        version=1,
        org_unit=point.org_unit,
        route_no=point.route_no,
        cycle=task.cycle,
        read_date=day,
        cycle_from=start_on,
        months=task.months,
        quality=ACTUAL,
        withdrawn=False,
        late=False,
        energy_wh=energy_wh,
        demand_w={},
        curves=(),
        curves_digest="",
        registers=[compare.meter_span(meter, start_on, day, before, counts)],
        opening_known=True,
        closing_meter=meter.meter_no,
        closing_installed_on=meter.from_,
        closing_counts=counts,
        closing_known=True,
        closing_source=read.source,
        closing_actors=read.actors,
        closing_read_ids=(read.read_id,),
        actors=compare.both(last.closing_actors if last else (), read.actors, compare.ACTORS_MAX),
        read_ids=compare.both(last.closing_read_ids if last else (), (read.read_id,), compare.READS_MAX),
        meter_nos=(meter.meter_no,),
        findings=tuple([each.code for each in found]),
        estimate_reason=None,
        estimate_method=None,
        estimates_in_a_row=0,
        settles_estimate=False,
        replaces_reason=None,
    )
    work.usages.append(usage)
    for each in found:
        work.find("usage", usage.usage_id, usage, each)
    work.tasks[read.key] = TaskState(status=LIFE.move(task.status, "read"), usage_id=usage.usage_id)


def _settled(last: Last) -> bool:
    """Return whether periods may go on from a usage without looking at any other."""
    return last.version == 1 and not last.withdrawn and last.closing_known and last.quality == ACTUAL
