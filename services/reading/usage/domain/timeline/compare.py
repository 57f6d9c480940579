"""What differs between the periods that are derived and those that were told: that alone is told."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

from services.reading.network.domain.registers import CUMULATIVE
from services.reading.policies.domain import Policy
from services.reading.usage.domain import ranking
from services.reading.usage.domain.timeline import steps
from services.reading.usage.domain.timeline.line import IMPORTED, Boundary, Period, Ran
from services.reading.usage.domain.usages import ESTIMATED, Last, Span, Usage
from services.reading.validation.domain import high, low
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
    new_id: Callable[[], str]
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
        spans = [span for ran in period.ran for span in spans_of(ran)]
        again = any(start <= period.start_on < end for start, end in told.again)
        if old_one is not None and not again and _same(period, spans, old_one):
            last = old_one
            continue
        found = [*_validate(period, last, told.policy_on(period.end.on)), *period.curves_found]
        usage = _usage(period, spans, old_one, last, found, told, _next_version(known, *period.key))
        known.append(usage)
        usages.append(usage)
        findings += [(usage, each) for each in found]
        last = usage
    return Difference(usages=usages, findings=findings)


def first(period: Period, last: Before | None, told: Told) -> tuple[Usage, Sequence[Finding]]:
    """Return the first version of a period that shares no day with any that was told, and what validation finds on it."""
    found = _validate(period, last, told.policy_on(period.end.on))
    spans = [span for ran in period.ran for span in spans_of(ran)]
    return _usage(period, spans, None, last, found, told, 1), found


def _next_version(known: Sequence[Usage], start: date, end: date) -> int:
    return 1 + max((usage.version for usage in known if usage.shares_a_day(start, end)), default=0)


def _same(period: Period, spans: Sequence[Span], old: Usage) -> bool:
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


def _rests_the_same(period: Period, spans: Sequence[Span], old: Usage) -> bool:
    return (
        old.months == period.months
        and old.opening_known == period.start.known
        and old.read_date == period.belongs_to.day
        and list(old.registers) == list(spans)
    )


def _withdrawn(old: Usage, told: Told, version: int) -> Usage:
    return Usage(
        usage_id=told.new_id(),
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
    spans: Sequence[Span],
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
        usage_id=told.new_id(),
        service_point_no=told.point.service_point_no,
        period_from=period.start_on,
        period_to=end.on,
        version=version,
        org_unit=told.point.org_unit,
        route_no=told.point.route_no,
        cycle=belongs_to.cycle,
        read_date=belongs_to.day,
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
        actors=tuple(dict.fromkeys((*period.start.actors, *end.actors)))[:ACTORS_MAX],
        read_ids=tuple(dict.fromkeys((*period.start.read_ids, *end.read_ids)))[:READS_MAX],
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


def _validate(period: Period, last: Before | None, policy: Policy) -> list[Finding]:
    history = history_of(last.energy_wh, last.days) if last else None
    import_wh = period.energy_wh.get("import", 0)
    found = (
        high.find(import_wh, period.days, history, policy.high),
        low.find(import_wh, period.days, history, policy.low),
    )
    return [each for each in found if each]


def spans_of(ran: Ran) -> list[Span]:
    """Return what the cumulative registers of a meter showed at both ends of what it ran."""
    meter = ran.installation
    return [
        Span(
            meter_no=meter.meter_no,
            installed_on=meter.from_,
            quantity=register.quantity,
            from_on=ran.from_on,
            to_on=ran.to_on,
            from_=register.text(steps.face(register, low)),
            to=register.text(steps.face(register, high)),
            turns=high // register.modulus - low // register.modulus,
            multiplier=register.numerator,
            multiplier_denominator=register.denominator,
        )
        for register, low, high in zip(meter.registers, ran.start, ran.stop, strict=True)
        if register.kind == CUMULATIVE
    ]
