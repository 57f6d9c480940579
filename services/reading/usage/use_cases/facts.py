"""Facts that are told of usages."""

from collections.abc import Sequence

from services.reading.usage.domain.usages import Usage
from shared import correlation
from shared.events.reading import UsageMeasured


def measured(usages: Sequence[Usage]) -> list[UsageMeasured]:
    """Return what is told of usages."""
    correlation_id = correlation.current()
    return [
        UsageMeasured(
            correlation_id=correlation_id,
            causation_id=usage.closing_read_id,
            usage_id=usage.usage_id,
            service_point_no=usage.service_point_no,
            org_unit=usage.org_unit,
            route_no=usage.route_no,
            cycle=usage.cycle,
            read_date=usage.period_to,
            period_from=usage.period_from,
            period_to=usage.period_to,
            version=usage.version,
            quality=usage.quality,
            energy_wh=usage.energy_wh,
            estimate_reason=usage.estimate_reason,
            estimates_in_a_row=usage.estimates_in_a_row,
            settles_estimate=usage.settles_estimate,
            replaces_reason=usage.replaces_reason,
            meter_nos=usage.meter_nos,
            read_ids=usage.read_ids,
            actors=usage.actors,
            findings=usage.findings,
        )
        for usage in usages
    ]
