"""The daily register (日冻结示数) of a prepaid point: what ran since the period that was told last. Pure.

It is a function of what is known, as usages are, and derived by the same code: of which days it knows nothing it says nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import date, timedelta
from itertools import pairwise

from services.reading.network.domain.installations import Installation, first_day
from services.reading.usage.domain.timeline import compare
from services.reading.usage.domain.timeline.known import PREPAID, Contract, End, World
from services.reading.usage.domain.timeline.line import Period, Timeline
from services.reading.usage.domain.usages import LoadCurve, MeterSpan, Usage
from shared import civil
from shared.frozen import document

Span = tuple[date, date | None]
"""Days [from, to) on which what is used at a point is paid for before; to the end of time without the second one."""


@document
class SoFar:
    """What ran at a point in [`period_from`, `through`), in the cycle [`cycle_from`, day of `ends`).

    `prepaid`: the days around the last of them, or the next ones, that are prepaid; None where none are to come. Curves are
    those of a single contract's days: where it changed since, they wait for the usage of the days before.
    """

    period_from: date
    through: date
    ends: End
    prepaid: Span | None
    cycle_from: date | None = None
    energy_wh: Mapping[str, int] = field(default_factory=dict)
    demand_w: Mapping[str, int] = field(default_factory=dict)
    registers: Sequence[MeterSpan] = ()
    curves: Sequence[LoadCurve] = ()
    meter_nos: tuple[str, ...] = ()
    read_ids: tuple[str, ...] = ()


def spans(contracts: Sequence[Contract]) -> list[Span]:
    """Return the days on which a point is prepaid, in order of time."""
    found: list[Span] = []
    for contract in contracts:
        ends = [*contract.modes, (contract.to or civil.END, "")]
        for (from_, mode), (to, _) in pairwise(ends):
            first, last = max(from_, contract.from_), min(to, contract.to or civil.END)
            if mode == PREPAID and first < last:
                found.append((first, None if last == civil.END else last))
    return sorted(found, key=lambda span: span[0])


def prepaid_at(contracts: Sequence[Contract], day: date) -> Span | None:
    """Return the days that are prepaid around a day, or those next to come."""
    return next((span for span in spans(contracts) if span[1] is None or span[1] > day), None)


def since_of(world: World, standing: Sequence[Usage]) -> date | None:
    """Return where the usage that was told last ends, or supply began; None where neither meter nor contract is known."""
    if standing:
        return standing[-1].period_to
    if world.installations:
        return first_day(world.installations)
    return min((contract.from_ for contract in world.contracts), default=None)


def nothing(world: World, since: date, day: date | None) -> SoFar:
    """Return that nothing ran since a day, as far as is known; `day`: that of the newest register, where there is one."""
    prepaid = prepaid_at(world.contracts, max(since, day or since))
    return SoFar(period_from=since, through=since, ends=world.next_planned(since + timedelta(days=1)), prepaid=prepaid)


def so_far(world: World, line: Timeline, since: date, day: date) -> SoFar | None:
    """Return what ran since a day up to that of the newest register, or None where the registers of that day do not say it.

    Nothing where the contract of that day is not prepaid on it. Of a contract that began since, its own days alone.
    """
    contract = world.contract_on(day)
    if day <= since or contract is None or not contract.prepaid_on(day):
        return nothing(world, since, day)
    periods = [each for each in line.periods if max(since, contract.from_) <= each.start_on and each.end.on <= day]
    if not periods or periods[-1].end.on != day:
        return None
    return _of(world, periods)


def behind(world: World, line: Timeline, day: date) -> date:
    """Return the day before which a register is looked for next where that of a day says nothing: behind the newest one that does
    not contradict others, however many after it do."""
    suspect = {each.on for each in line.suspects}
    known = [read.day for reads in world.reads.values() for read in reads]
    known += days_of_exchange(world.installations)
    last = max((one for one in known if one < day and one not in suspect), default=None)
    return day if last is None else last + timedelta(days=1)


def _of(world: World, periods: Sequence[Period]) -> SoFar:
    first, last = periods[0], periods[-1]
    energy: dict[str, int] = {}
    demand: dict[str, int] = {}
    for period in periods:
        for quantity, wh in period.energy_wh.items():
            energy[quantity] = energy.get(quantity, 0) + wh
        for quantity, watts in period.demand_w.items():
            demand[quantity] = max(demand.get(quantity, 0), watts)
    ran = [each for period in periods for each in period.ran]
    return SoFar(
        period_from=first.start_on,
        through=last.end.on,
        ends=last.belongs_to,
        prepaid=prepaid_at(world.contracts, last.end.on),
        cycle_from=first.cycle_from,
        energy_wh=energy,
        demand_w=demand,
        registers=[compare.span_of(each) for each in ran],
        curves=first.curves if first is last else (),
        meter_nos=tuple(dict.fromkeys([each.installation.meter_no for each in ran])),
        read_ids=compare.both(first.start.read_ids, last.end.read_ids, compare.READS_MAX),
    )


def days_of_exchange(meters: Sequence[Installation]) -> list[date]:
    """Return the days on which registers are known because a meter came or went."""
    return [day for meter in meters for day in (meter.from_, meter.to) if day is not None]
