"""Versions of usages: from what was measured, and by which read, to the usage that is kept and told."""

from dataclasses import dataclass
from datetime import date

from services.reading.network.domain.energy import Measured
from services.reading.network.domain.registers import Counts
from services.reading.policies.domain import Policy
from services.reading.tasks.domain.tasks import Task
from services.reading.usage.domain import ranking
from services.reading.usage.domain.usages import ACTUAL, EDITED, ESTIMATED, Usage
from services.reading.validation.domain import high, low
from services.reading.validation.domain.findings import Finding
from services.reading.validation.domain.history import history_of
from shared.frozen import document

ACTORS_MAX = 16


@document
class ClosingRead:
    """A read of the meter of a service point on the read date of one of its tasks; `counts` are its face.

    `reason` is why it replaces what is there whatever its rank (a correction), empty for a plain read.
    """

    service_point_no: str
    read_date: date
    meter_no: str
    counts: Counts
    source: str
    read_id: str
    actors: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Why a period is estimated, and who did."""

    reason: str
    actor: str


def validate(measured: Measured, start_on: date, last: Usage | None, policy: Policy) -> list[Finding]:
    """Return what validation finds in the energy of a period that begins at `start_on`, after the usage `last`."""
    history = history_of(last.energy_wh, last.days) if last else None
    import_wh, days = measured.energy_wh.get("import", 0), (measured.end.on - start_on).days
    found = high.find(import_wh, days, history, policy.high), low.find(import_wh, days, history, policy.low)
    return [each for each in found if each]


def version(
    *,
    usage_id: str,
    task: Task,
    start_on: date,
    measured: Measured,
    last: Usage | None,
    findings: tuple[str, ...],
    read: ClosingRead | None,
    old: Usage | None,
    estimate: Estimate | None,
) -> Usage:
    """Return the version of a usage that its registers make.

    `last` is the usage before, `old` the version that is replaced. The registers at its end are those of `read`, or an
    `estimate`; without either they are those of `old`.
    """
    end = measured.end
    if read:
        quality = EDITED if read.source == ranking.EDITED else ACTUAL
        source, actors, read_id = read.source, read.actors, read.read_id
    elif old:
        quality, source, actors, read_id = old.quality, old.closing_source, old.closing_actors, old.closing_read_id
    else:
        assert estimate is not None
        quality, source, actors, read_id = ESTIMATED, ranking.ESTIMATED, (estimate.actor,), ""
    estimated = quality == ESTIMATED
    opening_actors = last.closing_actors if last else ()
    read_ids = (last.closing_read_id if last else "", read_id)
    return Usage(
        usage_id=usage_id,
        service_point_no=task.service_point_no,
        period_from=start_on,
        period_to=end.on,
        version=old.version + 1 if old else 1,
        org_unit=task.org_unit,
        route_no=task.route_no,
        cycle=task.cycle,
        quality=quality,
        energy_wh=measured.energy_wh,
        end=end,
        closing_source=source,
        closing_actors=actors,
        actors=tuple(dict.fromkeys((*opening_actors, *actors)))[:ACTORS_MAX],
        read_ids=tuple([each for each in read_ids if each]),
        meter_nos=measured.meter_nos,
        findings=findings,
        estimate_reason=estimate.reason if estimate else old.estimate_reason if old and estimated else None,
        estimates_in_a_row=(last.estimates_in_a_row if last else 0) + 1 if estimated else 0,
        settles_estimate=not estimated and last is not None and last.quality == ESTIMATED,
        replaces_reason=_why(read, old) if old else None,
    )


def _why(read: ClosingRead | None, old: Usage) -> str:
    if read is None:
        return "estimate_settled" if old.quality == ESTIMATED else "previous_period_changed"
    return read.reason or ("late_read" if old.quality == ESTIMATED else "better_read")
