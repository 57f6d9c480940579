"""What differs between the periods that are derived and those that were told: that alone is told."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Final

from services.reading.network.domain.installations import Installation
from services.reading.network.domain.registers import CUMULATIVE, Counts
from services.reading.policies.domain import Policy
from services.reading.usage.domain import ranking
from services.reading.usage.domain.timeline.line import IMPORTED, Boundary, Period, Ran
from services.reading.usage.domain.usages import ESTIMATED, Last, MeterSpan, Usage, usage_id
from services.reading.validation.domain import high, low, own_read_doubted
from services.reading.validation.domain.findings import Finding
from services.reading.validation.domain.history import history_of
from shared.frozen import document

ACTORS_MAX: Final = 16
READS_MAX: Final = 64
INSTALLATION: Final = "installation"
SUSPECT_REGISTERS: Final = "reading.suspect_registers"


Before = Usage | Last
"""The usage in force before a period."""


@document
class Point:
    """Where usages belong that are told of a point now."""

    service_point_no: str
    route_no: str
    org_unit: str


@document
class Told:
    """How what differs is to be told. `reason`: why, where the caller knows (a correction's code). `closing`: the planned date
    whose window is being closed at this moment: what belongs to it is not late. `again`: days that a contract covers no more;
    what begins on them is told again, so that it is billed anew."""

    point: Point
    policy_on: Callable[[date], Policy]
    reason: str = ""
    closing: date | None = None
    again: Sequence[tuple[date, date]] = ()


@document
class Difference:
    """The versions to tell, those withdrawn first, and what validation finds on the others."""

    usages: Sequence[Usage]
    findings: Sequence[tuple[Usage, Finding]]


def compare(
    periods: Sequence[Period], standing: Sequence[Usage], versions: Sequence[Usage], before: Before | None, told: Told
) -> Difference:
    """Return what has to be told: new and changed periods, and each period that is no more as withdrawn.

    `standing`: the usages in force from where the periods were derived on. `versions`: all that were ever told of days from there
    on: a new one gets 1 + the highest version that shares a day with it. `before`: the usage in force before the first period.
    """
    derived = {period.key: period for period in periods}
    known: list[Usage] = list(versions)
    usages: list[Usage] = []
    findings: list[tuple[Usage, Finding]] = []
    for old in standing:
        if old.key not in derived:
            gone = _withdrawn(old, told, _next_version(known, *old.key))
            known.append(gone)
            usages.append(gone)
    by_key = {usage.key: usage for usage in standing}
    last: Before | None = before
    for period in periods:
        old_one = by_key.get(period.key)
        spans = [span_of(ran) for ran in period.ran]
        again = any(start <= period.start_on < end for start, end in told.again)
        if old_one is not None and not again and _same(period, spans, old_one):
            last = old_one
            continue
        policy = told.policy_on(period.end.on)
        checks = validate(period.energy_wh, period.days, last, policy, source=_source(period.end))
        found = [*checks, *period.curves_found]
        usage = _usage(period, spans, old_one, last, found, told, _next_version(known, *period.key))
        known.append(usage)
        usages.append(usage)
        findings += [(usage, each) for each in found]
        last = usage
    return Difference(usages=usages, findings=findings)


def _next_version(known: Sequence[Usage], start: date, end: date) -> int:
    return 1 + max((usage.version for usage in known if usage.shares_a_day(start, end)), default=0)


def _same(period: Period, spans: Sequence[MeterSpan], old: Usage) -> bool:
    """Return whether what was told of a period still holds. Usages of old told no registers and no months."""
    return (
        old.quality == period.end.quality
        and old.energy_wh == period.energy_wh
        and old.demand_w == period.demand_w
        and old.curves_digest == period.curves_digest
        and old.closing_known == period.end.known
        and old.closing_counts == period.end.counts
        and old.estimates_in_a_row == period.estimates_in_a_row
        and old.settles_estimate == period.settles_estimate
        and (not old.registers or _rests_the_same(period, spans, old))
    )


def _rests_the_same(period: Period, spans: Sequence[MeterSpan], old: Usage) -> bool:
    return (
        old.months == period.months
        and old.opening_known == period.start.known
        and old.read_date == period.belongs_to.day
        and list(old.registers) == list(spans)
    )


def _withdrawn(old: Usage, told: Told, version: int) -> Usage:
    return Usage(
        usage_id=usage_id(old.service_point_no, *old.key, version),
        service_point_no=old.service_point_no,
        period_from=old.period_from,
        period_to=old.period_to,
        version=version,
        org_unit=old.org_unit,
        route_no=old.route_no,
        cycle=old.cycle,
        read_date=old.read_date,
        months=0,
        quality=old.quality,
        withdrawn=True,
        late=old.late,
        energy_wh=dict.fromkeys(old.energy_wh, 0),
        demand_w={},
        curves=(),
        curves_digest="",
        registers=(),
        opening_known=old.opening_known,
        closing_meter=old.closing_meter,
        closing_installed_on=old.closing_installed_on,
        closing_counts=old.closing_counts,
        closing_known=old.closing_known,
        closing_source=old.closing_source,
        closing_actors=(),
        closing_read_ids=(),
        actors=(),
        read_ids=(),
        meter_nos=old.meter_nos,
        findings=(),
        estimate_reason=None,
        estimate_method=None,
        estimates_in_a_row=0,
        settles_estimate=False,
        replaces_reason=told.reason or "period_withdrawn",
    )


def _usage(
    period: Period,
    spans: Sequence[MeterSpan],
    old: Usage | None,
    last: Before | None,
    found: Sequence[Finding],
    told: Told,
    version: int,
) -> Usage:
    end, belongs_to = period.end, period.belongs_to
    codes = [each.code for each in found]
    if period.suspect:
        codes.append(SUSPECT_REGISTERS)
    return Usage(
        usage_id=usage_id(told.point.service_point_no, *period.key, version),
        service_point_no=told.point.service_point_no,
        period_from=period.start_on,
        period_to=end.on,
        version=version,
        org_unit=told.point.org_unit,
        route_no=told.point.route_no,
        cycle=belongs_to.cycle,
        read_date=belongs_to.day,
        cycle_from=period.cycle_from,
        months=period.months,
        quality=end.quality,
        withdrawn=False,
        late=belongs_to.closed and belongs_to.day != told.closing,
        energy_wh=period.energy_wh,
        demand_w=period.demand_w,
        curves=period.curves,
        curves_digest=period.curves_digest,
        registers=spans,
        opening_known=period.start.known,
        closing_meter=end.key[0] if end.key else "",
        closing_installed_on=end.key[1] if end.key else None,
        closing_counts=end.counts,
        closing_known=end.known,
        closing_source=_source(end),
        closing_actors=end.actors,
        closing_read_ids=end.read_ids,
        actors=both(period.start.actors, end.actors, ACTORS_MAX),
        read_ids=both(period.start.read_ids, end.read_ids, READS_MAX),
        meter_nos=tuple([ran.installation.meter_no for ran in period.ran]),
        findings=tuple(dict.fromkeys(codes)),
        estimate_reason=(end.reason or IMPORTED) if end.quality == ESTIMATED else None,
        estimate_method=end.method or None,
        estimates_in_a_row=period.estimates_in_a_row,
        settles_estimate=period.settles_estimate,
        replaces_reason=_why(period, old, told) if version > 1 else None,
    )


def _source(end: Boundary) -> str:
    if not end.known:
        return ranking.ESTIMATED
    return end.read.source if end.read else INSTALLATION


def _why(period: Period, old: Usage | None, told: Told) -> str:
    if told.reason:
        return told.reason
    if old is None:
        return "periods_changed"
    if old.quality == ESTIMATED:
        return "estimate_settled" if period.end.quality == ESTIMATED else "late_read"
    if old.closing_counts == period.end.counts and old.quality == period.end.quality:
        if told.again:
            return "contract_changed"
        same_energy = old.energy_wh == period.energy_wh and old.curves_digest != period.curves_digest
        return "curve_changed" if same_energy else "previous_period_changed"
    return "better_read"


def validate(
    energy_wh: Mapping[str, int], days: int, last: Before | None, policy: Policy, *, source: str
) -> list[Finding]:
    """Return what validation finds in the energy of a period of some days after the usage `last`; `source`: of its closing."""
    history = history_of(last.energy_wh, last.days) if last else None
    if history is None:
        return []
    import_wh = energy_wh.get("import", 0)
    found = [high.find(import_wh, days, history, policy.high), low.find(import_wh, days, history, policy.low)]
    if last is not None and last.closing_source == ranking.SELF and ranking.checks(source):
        found.append(own_read_doubted.find(import_wh, days, history, policy.own_reads.doubted))
    return [each for each in found if each]


def both(start: tuple[str, ...], end: tuple[str, ...], most: int) -> tuple[str, ...]:
    """Return what both ends of a period name, each once, and so many of it at most."""
    return tuple(dict.fromkeys((*start, *end)))[:most]


def span_of(ran: Ran) -> MeterSpan:
    """Return what the cumulative registers of a meter showed at both ends of what it ran."""
    return meter_span(ran.installation, ran.from_on, ran.to_on, ran.start, ran.stop)


def meter_span(meter: Installation, from_on: date, to_on: date, start: Counts, stop: Counts) -> MeterSpan:
    """Return what the cumulative registers of a meter showed at the counts of both ends."""
    shown, turns = {}, {}
    for register, first, last in zip(meter.registers, start, stop, strict=True):
        if register.kind == CUMULATIVE:
            shown[register.quantity] = register.shown(first), register.shown(last)
            if turned := last // register.modulus - first // register.modulus:
                turns[register.quantity] = turned
    return {
        "meter_no": meter.meter_no,
        "installed_on": meter.from_,
        "from_on": from_on,
        "to_on": to_on,
        "multiplier": meter.registers[0].numerator,
        "multiplier_denominator": meter.registers[0].denominator,
        "shown": shown,
        "turns": turns,
    }
