"""One service point in memory: facts in any order, each derived, compared and told as the service does it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import count

from services.reading.network.domain.installations import Installation
from services.reading.policies.domain import CurveRules, Deviation, Policy
from services.reading.usage.domain.timeline import compare, derive, start
from services.reading.usage.domain.timeline.agreement import Contradiction
from services.reading.usage.domain.timeline.compare import Point, Told
from services.reading.usage.domain.timeline.known import Contract, End, Read, World
from services.reading.usage.domain.timeline.line import Period, Timeline
from services.reading.usage.domain.usages import Usage, in_force

POLICY = Policy(
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


def policy_on(day: date) -> Policy:
    """Return the one policy of these worlds."""
    return POLICY


def next_first(day: date) -> End:
    """Return the first of the month at or after a day, as the planned date to come."""
    first = day if day.day == 1 else (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return planned(first)


def planned(day: date, *, closed: bool = False) -> End:
    """Return a planned date."""
    return End(day=day, planned=True, closed=closed, cycle=(day - timedelta(days=1)).strftime("%Y-%m"))


@dataclass
class Book:
    """What a service knows of a point, and what it has told. Every change is derived again from where it touches."""

    installations: dict[tuple[str, date], Installation] = field(default_factory=dict)
    reads: dict[str, tuple[str, Read]] = field(default_factory=dict)
    contracts: dict[str, Contract] = field(default_factory=dict)
    ends: dict[date, End] = field(default_factory=dict)
    versions: list[Usage] = field(default_factory=list)
    batches: list[Sequence[Usage]] = field(default_factory=list)
    ids: "count[int]" = field(default_factory=count)
    line: Timeline = field(default_factory=Timeline)

    def world(self) -> World:
        """Return what is known now."""
        reads: dict[tuple[str, date], list[Read]] = {}
        for meter_no, read in self.reads.values():
            for key, meter in self.installations.items():
                if key[0] == meter_no and meter.from_ <= read.day and (meter.to is None or read.day <= meter.to):
                    reads.setdefault(key, []).append(read)
        return World(
            installations=list(self.installations.values()),
            reads=reads,
            contracts=sorted(self.contracts.values(), key=lambda each: each.from_),
            ends=[self.ends[day] for day in sorted(self.ends)],
            policy_on=policy_on,
            next_planned=next_first,
            told=frozenset(read_id for usage in self.standing() for read_id in usage.read_ids),
        )

    def standing(self) -> list[Usage]:
        """Return the usages in force."""
        return in_force(self.versions)

    def tell(self, touched: date | None, *, closing: date | None = None) -> None:
        """Derive from what was touched, and tell what differs."""
        world, standing = self.world(), self.standing()
        begin = start.before(standing, touched)
        try:
            line = derive.derive(world, begin)
        except Contradiction:
            begin = None
            line = derive.derive(world)
        since = begin.on if begin else date.min
        told = Told(
            point=Point(service_point_no="SP", route_no="R", org_unit="o"),
            new_id=lambda: str(next(self.ids)),
            policy_on=policy_on,
            closing=closing,
        )
        again = [usage for usage in standing if usage.period_from >= since]
        before = next((usage for usage in reversed(standing) if usage.period_to <= since), None)
        difference = compare.compare(line.periods, again, self.versions, before, told)
        self.versions += difference.usages
        self.batches.append(difference.usages)
        self.line = line

    def close(self, day: date) -> None:
        """Close the window of a planned date."""
        self.ends[day] = replace(self.ends[day], closed=True)
        self.tell(day, closing=day)

    def read(self, meter_no: str, read: Read) -> None:
        """Take a read."""
        self.reads[read.read_id] = meter_no, read
        self.tell(read.day)


def fresh(world: World) -> list[Period]:
    """Return the periods of a world in which everything was known from the first."""
    return derive.derive(world).periods


def content(usages: Sequence[Usage]) -> list[tuple[object, ...]]:
    """Return what must be the same in any order of arrival."""
    return [
        (
            *(u.key, dict(u.energy_wh), u.quality, u.estimates_in_a_row, u.months, u.settles_estimate, u.cycle),
            tuple((s.meter_no, s.quantity, s.from_, s.to) for s in u.registers),
        )
        for u in usages
    ]


def content_of_periods(periods: Sequence[Period]) -> list[tuple[object, ...]]:
    """Return the same of periods as they are derived."""
    return [
        (
            *(p.key, dict(p.energy_wh), p.end.quality, p.estimates_in_a_row, p.months, p.settles_estimate),
            p.belongs_to.cycle,
            tuple((s.meter_no, s.quantity, s.from_, s.to) for ran in p.ran for s in compare.spans_of(ran)),
        )
        for p in periods
    ]
