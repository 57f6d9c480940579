"""Facts that are told of usages."""

from collections.abc import Sequence
from datetime import date
from typing import cast

from services.reading.usage.domain.usages import LoadCurve, Usage
from shared import correlation
from shared.events.reading import EstimateMade, UsageMeasured
from shared.events.registers import MeterSpan, PackedCurve


def measured(usages: Sequence[Usage], told_on: date | None = None) -> list[UsageMeasured]:
    """Return what is told of usages; `told_on`: the business date of those that are late."""
    correlation_id = correlation.current()
    return [
        UsageMeasured(
            correlation_id=correlation_id,
            causation_id=usage.closing_read_ids[-1] if usage.closing_read_ids else "",
            usage_id=usage.usage_id,
            service_point_no=usage.service_point_no,
            org_unit=usage.org_unit,
            route_no=usage.route_no,
            cycle=usage.cycle,
            read_date=usage.read_date,
            cycle_from=usage.cycle_from,
            period_from=usage.period_from,
            period_to=usage.period_to,
            version=usage.version,
            quality=usage.quality,
            energy_wh=usage.energy_wh,
            estimate_reason=usage.estimate_reason,
            estimate_method=usage.estimate_method,
            estimates_in_a_row=usage.estimates_in_a_row,
            settles_estimate=usage.settles_estimate,
            replaces_reason=usage.replaces_reason,
            withdrawn=usage.withdrawn,
            months=usage.months,
            late=usage.late,
            told_on=told_on if usage.late else None,
            demand_w=usage.demand_w,
            registers=cast(tuple[MeterSpan, ...], usage.registers),  # made of it as the fact is
            curves=tuple([packed_curve(curve) for curve in usage.curves]),
            meter_nos=usage.meter_nos,
            read_ids=usage.read_ids,
            actors=usage.actors,
            findings=usage.findings,
        )
        for usage in usages
    ]


def packed_curve(curve: LoadCurve) -> PackedCurve:
    """Return a load curve as it is told."""
    assert curve.minutes in (15, 30, 60)
    return PackedCurve(quantity=curve.quantity, start=curve.start, minutes=curve.minutes, values=curve.values)


def estimated(usages: Sequence[Usage]) -> list[EstimateMade]:
    """Return what customers are told of usages that are estimated for the first time."""
    correlation_id = correlation.current()
    return [
        EstimateMade(
            correlation_id=correlation_id,
            causation_id=usage.usage_id,
            usage_id=usage.usage_id,
            service_point_no=usage.service_point_no,
            org_unit=usage.org_unit,
            cycle=usage.cycle,
            period_from=usage.period_from,
            period_to=usage.period_to,
            energy_wh=usage.import_wh,
            reason=usage.estimate_reason or "",
            estimates_in_a_row=usage.estimates_in_a_row,
        )
        for usage in usages
    ]
