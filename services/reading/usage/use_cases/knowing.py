"""Loading what is known of service points: a constant number of statements for any batch."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Row

from services.reading.contracts import store as contracts
from services.reading.network.domain.installations import Installation
from services.reading.network.domain.read_days import Plan
from services.reading.network.domain.registers import has_demand
from services.reading.network.store import installations, points
from services.reading.network.store.points import Locked
from services.reading.orders import store as orders
from services.reading.policies.domain import Policy
from services.reading.reads.domain import identity
from services.reading.reads.domain.days import ReadDays
from services.reading.reads.store import corrections, reads
from services.reading.reads.store.reads import Gap, MeterRead, Span
from services.reading.tasks.domain import route_cycles
from services.reading.tasks.domain.tasks import PLANNED, cycle_of
from services.reading.tasks.store import tasks
from services.reading.tasks.store.tasks import Ending
from services.reading.usage.domain import ranking
from services.reading.usage.domain.timeline import given as timeline_given
from services.reading.usage.domain.timeline import start
from services.reading.usage.domain.timeline.known import Contract, End, InstallationKey, Read, Start, World
from services.reading.usage.domain.usages import Usage, in_force
from services.reading.usage.store import usages
from shared import civil
from shared.db.engine import Tx, View

NEAREST_ROUNDS = 3  # how many annulled reads in a row are passed over to find the nearest register
Touched = Mapping[str, date | None]
"""By service point the earliest day about which something changed; None: all of it."""
Disputed = Mapping[str, Collection[tuple[InstallationKey, date]]]
"""By service point the days on which registers of an installation contradict others: all reads about these days are wanted."""
NONE_DISPUTED: Disputed = {}
NOT_ASKED: Mapping[str, date] = {}


@dataclass(slots=True, kw_only=True)
class Loaded:
    """What is known of a point, what was told of it, and from where its periods are derived."""

    point: Locked
    world: World
    start: Start | None
    versions: Sequence[Usage]
    standing: Sequence[Usage]
    endings: Sequence[Ending]
    answers: dict[date, str] = field(default_factory=dict)

    @property
    def since(self) -> date:
        """The first day whose periods are derived."""
        return self.start.on if self.start else date.min


@dataclass(frozen=True, slots=True, kw_only=True)
class Loader:
    """How worlds are loaded: `days` knows the policies, and the day that a read counts for.

    `up_to`: by point the day up to which it is asked what ran by now, as if a period ended there: planned dates between what was
    told and that day end none.
    """

    days: ReadDays
    up_to: Mapping[str, date] = field(default_factory=lambda: NOT_ASKED, compare=False)
    rules: dict[date, Policy] = field(default_factory=dict, compare=False)

    def policy_on(self, day: date) -> Policy:
        """Return the rules of a day; before the first version its rules hold."""
        found = self.rules.get(day)
        if found is None:
            found = self.rules[day] = self.days.policies.on_or_first(day)
        return found

    async def load(
        self,
        tx: Tx,
        touched: Touched,
        answering: Mapping[str, frozenset[str]],
        disputed: Disputed = NONE_DISPUTED,
    ) -> dict[str, Loaded]:
        """Return what is known of points, which stay locked to the end of the unit of work.

        `answering`: by point the reads that may answer a request to read again.
        """
        numbers = sorted(touched)
        locked = await points.lock(tx, numbers)
        meters = await installations.by_point(tx, numbers)
        signed = {no: [_contract(row) for row in rows] for no, rows in (await contracts.by_point(tx, numbers)).items()}
        endings = await tasks.endings(tx, numbers)
        versions = await usages.of_points(tx, numbers)
        answered = await orders.answers(tx, numbers)
        found = {}
        for number in numbers:
            if number not in locked:
                continue
            mine = versions.get(number, [])
            standing = in_force(mine)
            found[number] = Loaded(
                point=locked[number],
                world=self._world(
                    locked[number],
                    meters.get(number, []),
                    signed.get(number, []),
                    self._ends(locked[number], endings.get(number, []), standing),
                ),
                start=start.before(standing, touched[number]),
                versions=mine,
                standing=standing,
                endings=endings.get(number, []),
            )
            found[number].world.told = timeline_given.told(standing, found[number].world.installations)
        await self._load_reads(tx, found, answered, answering, disputed)
        return found

    def _ends(self, point: Locked, endings: Sequence[Ending], standing: Sequence[Usage]) -> list[End]:
        """Return the days on which periods may end, in order."""
        found = [
            End(
                day=each.task.read_date,
                planned=each.task.kind in PLANNED,
                asked=each.asked,
                closed=each.closed,
                months=each.task.months,
                cycle=each.task.cycle,
                reason=each.reason,
                since=route_cycles.planned_before(point.plan, each.task.read_date),
            )
            for each in endings
            if each.task.kind in PLANNED or each.asked
        ]
        day = self.up_to.get(point.service_point_no)
        if day is None:
            return found
        told = standing[-1].period_to if standing else date.min
        kept = [end for end in found if end.day <= told or end.day > day]
        return sorted([*kept, End(day=day, planned=False, asked=True, by_now=True)], key=lambda end: end.day)

    def _world(
        self, point: Locked, meters: Sequence[Installation], signed: Sequence[Contract], ends: Sequence[End]
    ) -> World:
        return World(
            installations=meters,
            reads={},
            contracts=signed,
            ends=ends,
            policy_on=self.policy_on,
            next_planned=_next_planned(point.plan),
            planned_before=partial(_planned_before, point.plan),
            connection_kw=point.connection_kw,
        )

    async def _load_reads(
        self,
        tx: Tx,
        found: Mapping[str, Loaded],
        answered: Mapping[str, frozenset[str]],
        answering: Mapping[str, frozenset[str]],
        disputed: Disputed,
    ) -> None:
        """Load the reads of boundary days and about disputed ones, and for days that have none the nearest before and after."""
        spans = [span for number, each in found.items() for span in self._spans(number, each, disputed.get(number, ()))]
        given = await self.usable(tx, spans)
        there: dict[str, list[MeterRead]] = {}
        for row in given:
            there.setdefault(row.point, []).append(row)
        gaps = [gap for number, each in found.items() for gap in self._gaps(number, each, there.get(number, ()))]
        for _ in range(NEAREST_ROUNDS):
            if not gaps:
                break
            nearest = await reads.nearest(tx, gaps)
            wanted = [self.span_of(gap, at) for gap, both in zip(gaps, nearest, strict=True) for at in both if at]
            more = await self.usable(tx, wanted)
            given += more
            gaps = _still(gaps, nearest, more)
        by_key: dict[str, dict[InstallationKey, dict[str, Read]]] = {}
        for read in given:
            known = self.known(read, answered.get(read.point, frozenset()))
            mine = by_key.setdefault(read.point, {})
            mine.setdefault((read.key.meter_no, read.installed_on), {})[known.read_id] = known
        for number, each in found.items():
            own = {key: list(those.values()) for key, those in by_key.get(number, {}).items()}
            each.answers = _answer(own, answering.get(number, frozenset()))
            each.world.demands = _demands(each.world.installations, own)
            each.world.reads = {
                key: timeline_given.tolerated(those, each.world.ends, self.policy_on) for key, those in own.items()
            }

    def _spans(self, number: str, each: Loaded, disputed: Collection[tuple[InstallationKey, date]]) -> list[Span]:
        """Return the boundary days of a point for each of its meters, and about a disputed day all from the one before to that
        after; of a meter with demand registers all days."""
        world, since = each.world, each.since
        signed = {day for contract in world.contracts for day in (contract.from_, contract.to) if day is not None}
        days = sorted({end.day for end in world.ends} | signed)
        spans = []
        for meter in world.installations:
            if meter.to is not None and meter.to <= since:
                continue
            first = max(meter.from_, since)
            if has_demand(meter.registers):
                last = meter.to or self._last_day(days, first)
                spans.append(self._span(number, meter, first, last))
                continue
            spans += [
                self._span(number, meter, self._early(day), self._late(day))
                for day in days
                if meter.stands_on(day) and self._late(day) > since
            ]
            if each.start is None and meter.from_ not in days:
                spans.append(self._span(number, meter, meter.from_, meter.from_))
            if meter.to is not None and meter.to not in days:
                spans.append(self._span(number, meter, meter.to, meter.to))
            for day in sorted({day for key, day in disputed if key == (meter.meter_no, meter.from_)}):
                before = max([meter.from_, *(other for other in days if other < day)])
                after = min([meter.to or self._last_day(days, day), *(other for other in days if other > day)])
                spans.append(self._span(number, meter, before, after))
        return spans

    def _last_day(self, days: Sequence[date], first: date) -> date:
        return max([first, *days])

    def _early(self, day: date) -> date:
        return day - timedelta(days=self.policy_on(day).read_tolerance_days)

    def _late(self, day: date) -> date:
        return day + timedelta(days=self.policy_on(day).read_tolerance_days)

    def _span(self, number: str, meter: Installation, first: date, last: date) -> Span:
        return Span(
            point=number,
            meter_no=meter.meter_no,
            installed_on=meter.from_,
            starts_at=self.days.bounds(first)[0],
            ends_at=self.days.bounds(last)[1],
        )

    def span_of(self, gap: Gap, at: datetime) -> Span:
        """Return the day of an instant at the installation of a gap."""
        day = self.days.of(at)
        starts_at, ends_at = self.days.bounds(day)
        return Span(
            point=gap.point,
            meter_no=gap.meter_no,
            installed_on=gap.installed_on,
            starts_at=starts_at,
            ends_at=ends_at,
        )

    def _gaps(self, number: str, each: Loaded, given: Sequence[MeterRead]) -> list[Gap]:
        """Return the boundary days of a point that are to be decided without a read, beside those `given` for it: planned ones
        that are closed, and contract dates."""
        world = each.world
        there = {(read.key.meter_no, read.installed_on, self.days.of(read.key.read_at)) for read in given}
        days = {end.day for end in world.ends if end.planned and end.closed}
        days |= {day for contract in world.contracts for day in (contract.from_, contract.to) if day is not None}
        gaps = []
        for meter in world.installations:
            for day in sorted(days):
                inside = meter.from_ < day and (meter.to is None or day < meter.to) and day > each.since
                if not inside or (meter.meter_no, meter.from_, day) in there:
                    continue
                starts_at, ends_at = self.days.bounds(day)
                last = meter.to or civil.END
                gaps.append(
                    Gap(
                        point=number,
                        meter_no=meter.meter_no,
                        installed_on=meter.from_,
                        low=self.days.bounds(max(meter.from_, each.since if each.start else meter.from_))[0],
                        before=starts_at,
                        after=ends_at,
                        high=self.days.bounds(last)[1],
                    )
                )
        return gaps

    async def usable(self, tx: View, spans: Sequence[Span]) -> list[MeterRead]:
        """Return the reads of meters within spans with their corrections, without those that were annulled."""
        if not spans:
            return []
        return await self.corrected(tx, await reads.within(tx, spans))

    async def corrected(self, tx: View, rows: Sequence[MeterRead]) -> list[MeterRead]:
        """Return reads with their corrections, without those that were annulled."""
        edits = await corrections.in_force(tx, sorted({identity.read_id(*row.key) for row in rows}))
        usable = []
        for row in rows:
            edit = edits.get(identity.read_id(*row.key))
            if edit is None or not edit.annulled:
                usable.append(replace(row, edit=edit))
        return usable

    def known(self, row: MeterRead, answered: frozenset[str] = frozenset()) -> Read:
        """Return a read with its correction as the timeline takes it."""
        read_id = identity.read_id(*row.key)
        source = ranking.EDITED if row.edit else row.key.source
        rank = ranking.RANK[source]
        people = [row.reader, row.uploader, *([row.edit.reader, row.edit.actor] if row.edit else [])]
        return Read(
            read_id=read_id,
            day=self.days.of(row.key.read_at),
            faces=row.faces,
            source=source,
            rank=max(rank, ranking.ANSWER_RANK) if read_id in answered else rank,
            distance=self.days.seconds_from_midnight(row.key.read_at),
            actors=tuple(dict.fromkeys(each for each in people if each)),
            turns=row.turns,
        )


def _contract(row: Row[Any]) -> Contract:
    return Contract(
        contract_no=row.contract_no,
        from_=row.starts_on,
        to=row.ends_on,
        curve_minutes=row.curve_minutes,
        cycle_months=row.cycle_months,
        modes=contracts.modes_of(row.payment_modes),
    )


def _planned_before(plan: Plan, day: date, months: int) -> date:
    return route_cycles.planned_before(tuple(replace(each, months=months) for each in plan), day)


def _next_planned(plan: Plan) -> Callable[[date], End]:
    def planned(day: date) -> End:
        on = route_cycles.next_planned(plan, day)
        since = route_cycles.planned_before(plan, on)
        months = route_cycles.months_closed(plan, on)
        return End(day=on, planned=True, months=months, cycle=cycle_of(on), since=since)

    return planned


def _answer(own: dict[InstallationKey, list[Read]], answering: frozenset[str]) -> dict[date, str]:
    """Let reads that may answer a request to read again rank as answers, if nothing of their day ranks higher; return those."""
    found: dict[date, str] = {}
    for those in own.values():
        for at, read in enumerate(those):
            others = [other.rank for other in those if other.day == read.day and other is not read]
            if read.read_id in answering and read.rank >= max(others, default=0):
                those[at] = replace(read, rank=max(read.rank, ranking.ANSWER_RANK))
                found[read.day] = read.read_id
    return found


def _demands(
    meters: Iterable[Installation], own: Mapping[InstallationKey, Sequence[Read]]
) -> dict[InstallationKey, Sequence[Read]]:
    return {meter.key: own.get(meter.key, ()) for meter in meters if has_demand(meter.registers)}


def _still(
    gaps: Sequence[Gap], nearest: Sequence[tuple[datetime | None, datetime | None]], usable: Sequence[MeterRead]
) -> list[Gap]:
    """Return the gaps whose nearest reads were all annulled, narrowed to what lies beyond them."""
    there = {(read.point, read.key.meter_no, read.key.read_at) for read in usable}
    again = []
    for gap, (before, after) in zip(gaps, nearest, strict=True):
        lost_before = before is not None and (gap.point, gap.meter_no, before) not in there
        lost_after = after is not None and (gap.point, gap.meter_no, after) not in there
        if lost_before or lost_after:
            again.append(
                replace(
                    gap,
                    before=before if lost_before and before else gap.low,
                    after=after + timedelta(seconds=1) if lost_after and after else gap.high,
                )
            )
    return again
