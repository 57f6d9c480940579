"""One service point in memory: facts in any order, each derived, compared and told as the service does it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import count
from typing import Any, Final

from services.reading.network.domain.installations import Installation
from services.reading.network.domain.read_days import FIRST, ReadDay
from services.reading.network.domain.registers import has_demand
from services.reading.network.store.points import Locked
from services.reading.policies import domain as policies
from services.reading.policies.domain import (
    CurveRules,
    Deviation,
    Policy,
)
from services.reading.settings import SHIPPED_POLICY
from services.reading.tasks.domain.route_cycles import planned_before
from services.reading.tasks.domain.tasks import ASKED, BETWEEN, CUT, CYCLE, OPEN, Task
from services.reading.tasks.store.tasks import Ending
from services.reading.usage.domain.timeline import compare, derive, given, start
from services.reading.usage.domain.timeline.agreement import Contradiction
from services.reading.usage.domain.timeline.compare import Point, Told
from services.reading.usage.domain.timeline.known import Contract, End, Read, World
from services.reading.usage.domain.timeline.line import Period, Timeline
from services.reading.usage.domain.usages import Usage, in_force
from services.reading.usage.use_cases import arriving, deriving
from services.reading.usage.use_cases.arriving import Arrived
from services.reading.usage.use_cases.knowing import Loaded
from services.reading.usage.use_cases.telling import Work

Touch = date | None
"""The earliest day that a fact touches; None: all of it."""
NOTHING: Final = date.max

POLICY = replace(
    policies.load(json.loads(SHIPPED_POLICY.read_text())).on(date(2026, 1, 1)),
    future_seconds_max=300,
    midnight_tolerance_seconds=0,
    read_tolerance_days=0,
    curves=CurveRules(
        gap_fill_minutes_max=60, like_day_minutes_max=1440, filled_percent_max=200, sum_tolerance_percent=2
    ),
    window_days=1,
    register_daily_kwh_max=100,
    estimates_in_a_row_max=2,
    estimate_method="previous_usage@1",
    basis_days=5,
    high=Deviation(percent=50, delta_wh_min=50_000),
    low=Deviation(percent=50, delta_wh_min=50_000),
)


def planned(day: date, *, closed: bool = False, months: int = 1) -> End:
    """Return a planned date."""
    return End(day=day, planned=True, closed=closed, months=months, cycle=(day - timedelta(days=1)).strftime("%Y-%m"))


@dataclass
class Book:
    """What a service knows of a point, and what it has told. Every change is derived again from where it touches.

    The point is read on the first of every month, or of every second one (March, May, July).
    """

    policy: Policy = POLICY
    months: int = 1
    connection_kw: int | None = None
    installations: dict[tuple[str, date], Installation] = field(default_factory=dict)
    reads: dict[str, tuple[str, Read]] = field(default_factory=dict)
    contracts: dict[str, Contract] = field(default_factory=dict)
    ends: dict[date, End] = field(default_factory=dict)
    versions: list[Usage] = field(default_factory=list)
    ids: "count[int]" = field(default_factory=count)
    line: Timeline = field(default_factory=Timeline)
    watched_from: date | None = None
    plain_steps: int = 0
    _plain: Usage | None = None
    _closing: date | None = None

    def policy_on(self, day: date) -> Policy:
        """Return the one policy of this world."""
        return self.policy

    def next_planned(self, day: date) -> End:
        """Return the planned date at or after a day."""
        first = day if day.day == 1 else (day.replace(day=1) + timedelta(days=32)).replace(day=1)
        while self.months == 2 and first.month % 2 == 0:
            first = (first + timedelta(days=32)).replace(day=1)
        return planned(first, months=self.months)

    def world(self, since: date | None = None) -> World:
        """Return what is known now, with the reads that are loaded to derive from a settled boundary or (None) from the first."""
        reads: dict[tuple[str, date], list[Read]] = {}
        for meter_no, read in self.reads.values():
            key = self._covered(meter_no, read.day)
            if key is not None:
                reads.setdefault(key, []).append(read)
        reads = {key: self._loaded(self.installations[key], those, since) for key, those in reads.items()}
        demands = {key: those for key, those in reads.items() if has_demand(self.installations[key].registers)}
        ends = [self.ends[day] for day in sorted(self.ends)]
        standing = self.standing()
        installations = sorted(self.installations.values(), key=lambda each: each.from_)
        return World(
            installations=installations,
            reads={key: given.tolerated(those, ends, self.policy_on) for key, those in reads.items()},
            contracts=sorted(self.contracts.values(), key=lambda each: (each.from_, each.contract_no)),
            ends=ends,
            policy_on=self.policy_on,
            next_planned=self.next_planned,
            planned_before=lambda day, months: planned_before((ReadDay(FIRST, 1, months, 1),), day),
            told=given.told(standing, installations),
            connection_kw=self.connection_kw,
            demands=demands,
        )

    def _loaded(self, meter: Installation, reads: Sequence[Read], since: date | None) -> list[Read]:
        """Return the reads of days that end periods, and where a decided one has none the nearest before and after."""
        if has_demand(meter.registers):
            return [read for read in reads if since is None or read.day >= since]
        signed = {day for each in self.contracts.values() for day in (each.from_, each.to) if day is not None}
        edges = [meter.from_ if since is None else None, meter.to]
        tolerance = self.policy.read_tolerance_days
        near = timedelta(days=tolerance)
        ends = [day for day in self.ends.keys() | signed if since is None or day + near > since]
        taken = {
            read.day
            for read in reads
            if read.day in edges or any(abs((read.day - day).days) <= tolerance for day in ends)
        }
        decided = signed | {day for day, end in self.ends.items() if end.planned and end.closed}
        first = max(meter.from_, since or meter.from_)
        days = {read.day for read in reads if read.day >= first}
        for day in sorted(decided):
            if since is not None and day <= since:
                continue
            if meter.from_ < day and (meter.to is None or day < meter.to) and day not in taken:
                taken |= {max((each for each in days if each < day), default=day)}
                taken |= {min((each for each in days if each > day), default=day)}
        return [read for read in reads if read.day in taken]

    def _covered(self, meter_no: str, day: date) -> tuple[str, date] | None:
        """Return the installation that a read of a day belongs to: the one that ends, where two share it."""
        there = [
            key
            for key, meter in self.installations.items()
            if key[0] == meter_no and meter.from_ <= day and (meter.to is None or day <= meter.to)
        ]
        return min(there, key=lambda key: key[1], default=None)

    def standing(self) -> list[Usage]:
        """Return the usages in force."""
        return in_force(self.versions)

    def take(self, events: Sequence[Callable[["Book"], Touch]]) -> None:
        """Let facts come together, derive from what they touch, and tell what differs."""
        self._closing = None
        days = []
        for event in events:
            self._plain = None
            days.append(event(self))
        touched = None if None in days else min(day for day in days if day is not None)
        if touched == NOTHING:
            return
        told = self._tell(touched, self._closing if len(events) == 1 else None)
        if len(events) == 1 and self._plain is not None:
            self.plain_steps += 1
            assert [replace(usage, usage_id="") for usage in told] == [replace(self._plain, usage_id="")]

    def _tell(self, touched: date | None, closing: date | None) -> Sequence[Usage]:
        standing = self.standing()
        if not self.installations and not standing:
            return ()
        begin = start.before(standing, touched)
        world = self.world(begin.on if begin else None)
        try:
            line = derive.derive(world, begin)
        except Contradiction:
            begin, world = None, self.world()
            line = derive.derive(world)
        told = Told(
            point=Point(service_point_no="SP", route_no="R", org_unit="o"),
            policy_on=self.policy_on,
            closing=closing,
        )
        loaded = Loaded(
            point=self._locked(),
            world=world,
            start=begin,
            versions=list(self.versions),
            standing=standing,
            endings=[
                Ending(task=task, closed=False, asked=task.kind == ASKED, reason="") for task in self._tasks().values()
            ],
        )
        again = [usage for usage in standing if usage.period_from >= loaded.since]
        before = next((usage for usage in reversed(standing) if usage.period_to <= loaded.since), None)
        difference = compare.compare(line.periods, again, self.versions, before, told)
        now = {usage.period_to: usage for usage in again if usage.key in {period.key for period in line.periods}}
        now |= {usage.period_to: usage for usage in difference.usages if not usage.withdrawn}
        self.versions += difference.usages
        self.watched_from = deriving._watched_from(loaded, line, now)
        self.line = line
        return difference.usages

    def close(self, day: date) -> Touch:
        """Close the window of a planned date."""
        self.ends[day] = replace(self.ends[day], closed=True)
        self._closing = day
        return day

    def arrive(self, meter_no: str, read: Read) -> Touch:
        """Take a read as intake does: derived again only where it may change anything."""
        tolerance = self.policy.read_tolerance_days
        key = self._covered(meter_no, read.day)
        if key is None:
            self.reads[read.read_id] = meter_no, read
            return NOTHING
        tasks = self._tasks()
        task = tasks.get(read.day)
        earlier = [usage for usage in self.versions if usage.period_from < read.day]
        last = max(earlier, key=lambda usage: (usage.period_from, usage.version), default=None)
        ended_on = max((day for day in tasks if day < read.day), default=None)
        covering = self.installations[key]
        demand = has_demand(covering.registers)
        arrived = Arrived(
            service_point_no="SP",
            meter_no=meter_no,
            day=read.day,
            read_id=read.read_id,
            registers=covering.registers,
            faces=read.faces,
            source=read.source,
            actors=read.actors,
            on_task=task is not None,
        )
        if task is not None and (self.watched_from is None or read.day == max(tasks)):
            meters = sorted(self.installations.values(), key=lambda each: each.from_)
            work = Work()
            if arriving._plain(work, arrived, self._locked(), task, last, ended_on, meters, self.policy):
                (self._plain,) = work.usages
        self.reads[read.read_id] = meter_no, read
        watched = self.watched_from is not None and read.day > self.watched_from
        matters = (watched or demand) and arriving._matters(arrived, last, max(tasks, default=None))
        if task is None and not tolerance and not matters:
            return NOTHING
        return read.day - timedelta(days=tolerance)

    def _tasks(self) -> dict[date, Task]:
        """Return the tasks of the point: planned dates, days of contracts after the first meter came, asked ends."""
        first = min((meter.from_ for meter in self.installations.values()), default=date.max)
        kinds = {
            day: CUT
            for contract in self.contracts.values()
            for day in (contract.from_, contract.to)
            if day is not None and day > first
        }
        kinds |= {day: CYCLE if end.planned else ASKED for day, end in self.ends.items()}
        kinds |= dict.fromkeys(self.line.between, BETWEEN)
        told = {usage.period_to for usage in self.standing()}
        decided = told | {*self.line.read, *self.line.missed} | {suspect.on for suspect in self.line.suspects}
        tasks = {}
        for day, kind in sorted(kinds.items()):
            end = self.ends.get(day) or self.next_planned(day)
            shut = day in decided or (kind == CYCLE and end.closed)
            tasks[day] = Task(
                service_point_no="SP",
                read_date=day,
                route_no="R",
                cycle=end.cycle,
                org_unit="o",
                kind=kind,
                status="missed" if shut else OPEN,
                usage_id=None,
                reread=False,
                months=end.months,
            )
        return tasks

    def _locked(self) -> Locked:
        return Locked(
            service_point_no="SP",
            route_no="R",
            org_unit="o",
            connection_kw=self.connection_kw,
            plan=(ReadDay(FIRST, 1, self.months, 1),),
            watched_from=self.watched_from,
            curved=False,
            paced=any(contract.cycle_months > 1 for contract in self.contracts.values()),
        )


def fresh(world: World) -> list[Period]:
    """Return the periods of a world in which everything was known from the first, and nothing was told."""
    return derive.derive(replace(world, told=frozenset())).periods


def content(usages: Sequence[Usage]) -> list[tuple[Any, ...]]:
    """Return what must be the same in any order of arrival."""
    return [
        (
            *(u.key, dict(u.energy_wh), dict(u.demand_w), u.quality, u.estimates_in_a_row, u.months),
            *(u.settles_estimate, u.cycle, u.read_date, u.opening_known, u.closing_known),
            tuple((s["meter_no"], s["shown"], s["turns"]) for s in u.registers),
        )
        for u in usages
    ]


def content_of_periods(periods: Sequence[Period]) -> list[tuple[Any, ...]]:
    """Return the same of periods as they are derived."""
    return [
        (
            *(p.key, dict(p.energy_wh), dict(p.demand_w), p.end.quality, p.estimates_in_a_row, p.months),
            *(p.settles_estimate, p.belongs_to.cycle, p.belongs_to.day, p.start.known, p.end.known),
            tuple((s["meter_no"], s["shown"], s["turns"]) for s in map(compare.span_of, p.ran)),
        )
        for p in periods
    ]
