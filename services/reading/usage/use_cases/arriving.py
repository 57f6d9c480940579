"""Reads and curves that arrive: the plain step of the read day in one set, everything else derived again."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from services.reading.network.domain.installations import Installation, first_day
from services.reading.network.domain.registers import CUMULATIVE
from services.reading.network.store import installations, points
from services.reading.network.store.points import Locked
from services.reading.tasks.domain.tasks import CYCLE, LIFE, OPEN, Task, TaskKey, TaskState
from services.reading.usage.domain.ranking import EDITED, ESTIMATED
from services.reading.usage.domain.timeline import compare, steps
from services.reading.usage.domain.timeline.compare import Point, Told
from services.reading.usage.domain.timeline.known import End, Read
from services.reading.usage.domain.timeline.line import Boundary, Period, Ran
from services.reading.usage.domain.usages import ACTUAL, Last
from services.reading.usage.store import usages
from services.reading.usage.use_cases import deriving, telling
from services.reading.usage.use_cases.deriving import Change, Derived
from services.reading.usage.use_cases.knowing import Loader
from services.reading.usage.use_cases.telling import Work
from shared import ids
from shared.db.engine import Tx
from shared.frozen import document


@document
class Arrived:
    """A read that is new: of a meter on a point, for a day. `on_task`: that day has a task. `demand`: it shows demands too."""

    service_point_no: str
    meter_no: str
    read: Read
    on_task: bool
    demand: bool = False

    @property
    def key(self) -> TaskKey:
        """Point and day."""
        return self.service_point_no, self.read.day


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
    keys = list({each.key: None for each in arrived})
    tasks, previous_ids, previous_ends, last_ends = await usages.tasks_and_previous(tx, keys)
    previous = await usages.last(tx, list(dict.fromkeys(previous_ids.values())))
    meters = await installations.by_point(tx, sorted({each.service_point_no for each in arrived if each.on_task}))
    once = _once(arrived)
    work, again, answering = Work(), dict[str, date | None](), dict[str, set[str]]()
    for each in arrived:
        last = previous[previous_ids[each.key]] if each.key in previous_ids else None
        task, ended_on = tasks.get(each.key), previous_ends.get(each.key)
        point = locked[each.service_point_no]
        if task is not None and each.service_point_no in once:
            step = _Step(each, point, task, last, ended_on, meters.get(each.service_point_no, []), loader)
            decides = point.watched_from is not None and last_ends[each.key] > each.read.day
            if not decides and step.take(work):
                continue
        tolerance = loader.policy_on(each.read.day).read_tolerance_days
        if task is not None or tolerance or _matters(each, last, last_ends.get(each.key)):
            _earliest(again, each.service_point_no, each.read.day - timedelta(days=tolerance))
        if task is not None and task.reread:
            answering.setdefault(each.service_point_no, set()).add(each.read.read_id)
    await telling.write(tx, work)
    change = Change(answering={point: frozenset(read_ids) for point, read_ids in answering.items()})
    return await deriving.derive_again(tx, again, loader=loader, change=change)


async def take_curves(tx: Tx, touched: Mapping[str, date], *, loader: Loader) -> None:
    """Tell the usages again that day curves change, by point from its earliest day on. Nothing waits on curves: where no usage of
    that day was told, there is nothing to do. A constant number of statements, none without points.
    """
    if not touched:
        return
    await points.lock(
        tx, list(touched)
    )  # who tells a usage of the day at this moment has seen the curves, or is seen here
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
    day = arrived.read.day
    if last is None:
        return last_end is not None
    if last.withdrawn or compare.SUSPECT_REGISTERS in last.findings:
        return True
    if last.period_to >= day:
        return arrived.demand or not (last.opening_known and last.closing_known)
    return not last.closing_known or (last_end is not None and last_end > last.period_to)


class _Step:
    """The next period of a point, if it is plain: it equals what would be derived."""

    def __init__(
        self,
        arrived: Arrived,
        point: Locked,
        task: Task,
        last: Last | None,
        ended_on: date | None,
        meters: Sequence[Installation],
        loader: Loader,
    ) -> None:
        self.arrived, self.point, self.task, self.last = arrived, point, task, last
        self.ended_on, self.meters, self.loader = ended_on, meters, loader

    def take(self, work: Work) -> bool:
        """Add the usage of the period, and return whether it is plain."""
        last, task, day = self.last, self.task, self.arrived.read.day
        read = self.arrived.read
        if task.status != OPEN or task.kind != CYCLE or task.reread or self.point.curved or None in read.faces:
            return False
        if read.source in (EDITED, ESTIMATED):
            return False
        if last is not None and not _settled(last):
            return False
        start_on = last.period_to if last else first_day(self.meters) if self.meters else day
        if start_on >= day or (self.ended_on is not None and self.ended_on > start_on):
            return False
        meter = self._only_meter(start_on)
        if meter is None:
            return False
        start = _opening(meter, last) if last else _first(meter)
        policy = self.loader.policy_on(day)
        if start is None or policy.read_tolerance_days:
            return False
        counts = steps.advance(
            meter.registers,
            start.counts,
            self.arrived.read.faces,
            days=(day - start_on).days,
            daily_kwh_max=policy.register_daily_kwh_max,
            connection_kw=self.point.connection_kw,
        )
        if counts is None or steps.turned(meter.registers, start.counts, counts):
            return False
        self._tell(work, meter, start, counts)
        return True

    def _only_meter(self, start_on: date) -> Installation | None:
        """Return the meter that was read, if it counts energy alone and no other was there within the period."""
        day = self.arrived.read.day
        there = [meter for meter in self.meters if meter.from_ <= day and (meter.to is None or meter.to >= start_on)]
        if len(there) != 1 or there[0].meter_no != self.arrived.meter_no:
            return None
        (meter,) = there
        plain = meter.from_ <= start_on and (meter.to is None or meter.to > day)
        return meter if plain and all(register.kind == CUMULATIVE for register in meter.registers) else None

    def _tell(self, work: Work, meter: Installation, start: Boundary, counts: tuple[int, ...]) -> None:
        read, task, last = self.arrived.read, self.task, self.last
        end = Boundary(
            on=read.day, key=meter.key, counts=counts, read=read, read_ids=(read.read_id,), actors=read.actors
        )
        energy: dict[str, int] = {}
        for register, low, high in zip(meter.registers, start.counts, counts, strict=True):
            energy[register.quantity] = register.energy_wh(high) - register.energy_wh(low)
        period = Period(
            start_on=start.on,
            start=start,
            end=end,
            ran=(Ran(installation=meter, from_on=start.on, to_on=read.day, start=start.counts, stop=counts),),
            energy_wh=energy,
            demand_w={},
            contract=None,
            belongs_to=End(day=read.day, planned=True, months=task.months, cycle=task.cycle),
            months=task.months,
            estimates_in_a_row=0,
            settles_estimate=False,
            suspect=False,
        )
        told = Told(
            point=Point(
                service_point_no=task.service_point_no, route_no=self.point.route_no, org_unit=self.point.org_unit
            ),
            new_id=ids.new,
            policy_on=self.loader.policy_on,
        )
        usage, found = compare.first(period, last, told)
        work.tell([usage], [(usage, each) for each in found])
        work.tasks[task.key] = TaskState(status=LIFE.move(task.status, "read"), usage_id=usage.usage_id)


def _settled(last: Last) -> bool:
    """Return whether periods may go on from a usage without looking at any other."""
    return last.version == 1 and not last.withdrawn and last.closing_known and last.quality == ACTUAL


def _opening(meter: Installation, last: Last) -> Boundary | None:
    key = (last.closing_meter, last.closing_installed_on)
    if key != meter.key:
        return None
    return Boundary(
        on=last.period_to,
        key=meter.key,
        counts=last.closing_counts,
        read_ids=last.closing_read_ids,
        actors=last.closing_actors,
    )


def _first(meter: Installation) -> Boundary:
    return Boundary(on=meter.from_, key=meter.key, counts=steps.opening(meter.registers, meter.opening))
