"""Versions of usages: from what was measured, and by which read, to the row that is kept and the fact that is told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row

from services.reading.network.domain.energy import Measured
from services.reading.network.domain.registers import Counts
from services.reading.network.store.codec import counts_text
from services.reading.policies.domain import Policy
from services.reading.usage.domain import ranking
from services.reading.usage.store import codec
from services.reading.usage.store.usages import UsageRow
from services.reading.validation.domain import high, low, negative
from services.reading.validation.domain.findings import Finding
from services.reading.validation.domain.history import history_of
from services.reading.validation.store import FindingRow
from shared import correlation, ids
from shared.events.reading import UsageMeasured

ACTORS_MAX = 16


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Estimate:
    """Why a period is estimated, and who did."""

    reason: str
    actor: str


@dataclass(slots=True)
class Work:
    """What one batch brings about, to be written at its end."""

    now: datetime
    usages: list[UsageRow] = field(default_factory=list)
    tasks: dict[tuple[str, date], tuple[str, str | None, int | None]] = field(default_factory=dict)
    """Status, usage id and the import energy of version 1, by point and read date."""
    findings: list[FindingRow] = field(default_factory=list)
    answered: dict[tuple[str, date], str] = field(default_factory=dict)
    """Re-reads that are done: the read, by point and read date."""

    def find(self, read: ClosingRead, task: Row[Any], finding: Finding) -> None:
        """Note a finding about a read."""
        about = (read.service_point_no, task.org_unit, task.cycle)
        self.findings.append(FindingRow("read", read.read_id, finding.code, *about, finding.numbers))

    def suspect(self, read: ClosingRead, task: Row[Any], backward: tuple[str, ...], days: int) -> None:
        """Note that a read runs backwards: it stays, but makes no usage."""
        finding = negative.find(backward or ("",), days)
        assert finding is not None
        self.find(read, task, finding)
        if task.status == "open":
            self.tasks[read.service_point_no, read.read_date] = "suspect", task.usage_id, task.import_wh


def add(
    work: Work,
    task: Row[Any],
    start_on: date,
    measured: Measured,
    last: UsageRow | None,
    policy: Policy,
    *,
    read: ClosingRead | None = None,
    old: UsageRow | None = None,
    estimate: Estimate | None = None,
) -> UsageRow:
    """Add the version of a usage that its registers make, with what validation finds, and the state of its task.

    `last` is the usage before, `old` the version that is replaced. The registers at its end are those of `read`, or an
    `estimate`; without either they are those of `old`.
    """
    usage_id = ids.new()
    end = measured.end
    codes = _validate(work, task, usage_id, (end.on - start_on).days, measured, last, policy)
    if read:
        quality = "edited" if read.source == ranking.EDITED else "actual"
        source, actors, read_id = read.source, read.actors, read.read_id
    elif old:
        quality, source = old.quality, old.closing_source
        actors, read_id = codec.words(old.closing_actors), old.closing_read_id
    else:
        assert estimate is not None
        quality, source, actors, read_id = "estimated", ranking.ESTIMATED, (estimate.actor,), ""
    estimated = quality == "estimated"
    opening_actors = codec.words(last.closing_actors) if last else ()
    opening_read_id = last.closing_read_id if last else ""
    row = UsageRow(
        usage_id=usage_id,
        service_point_no=task.service_point_no,
        period_from=start_on,
        period_to=end.on,
        version=old.version + 1 if old else 1,
        org_unit=task.org_unit,
        route_no=task.route_no,
        cycle=task.cycle,
        quality=quality,
        energy=codec.energy_text(measured.energy_wh),
        import_wh=measured.energy_wh.get("import", 0),
        closing_meter=end.meter_no,
        closing_counts=counts_text(end.counts),
        closing_source=source,
        closing_actors=" ".join(actors),
        actors=" ".join(list(dict.fromkeys((*opening_actors, *actors)))[:ACTORS_MAX]),
        read_ids=" ".join(filter(None, (opening_read_id, read_id))),
        meter_nos=" ".join(measured.meter_nos),
        findings=" ".join(codes),
        estimate_reason=estimate.reason if estimate else old.estimate_reason if old and estimated else None,
        estimates_in_a_row=(last.estimates_in_a_row if last else 0) + 1 if estimated else 0,
        settles_estimate=int(not estimated and last is not None and last.quality == "estimated"),
        replaces_reason=_why(read, old) if old else None,
        created_at=work.now,
    )
    work.usages.append(row)
    first_wh = task.import_wh if old else row.import_wh
    work.tasks[row.service_point_no, end.on] = "estimated" if estimated else "read", usage_id, first_wh
    return row


def _validate(
    work: Work, task: Row[Any], usage_id: str, days: int, measured: Measured, last: UsageRow | None, policy: Policy
) -> list[str]:
    history = history_of(codec.energy(last.energy), last.days) if last else None
    import_wh = measured.energy_wh.get("import", 0)
    found = (
        high.find(import_wh, days, history, policy.high),
        low.find(import_wh, days, history, policy.low),
    )
    about = (task.service_point_no, task.org_unit, task.cycle)
    work.findings += [FindingRow("usage", usage_id, each.code, *about, each.numbers) for each in found if each]
    return [each.code for each in found if each]


def _why(read: ClosingRead | None, old: UsageRow) -> str:
    if read is None:
        return "estimate_settled" if old.quality == "estimated" else "previous_period_changed"
    return read.reason or ("late_read" if old.quality == "estimated" else "better_read")


def facts(rows: Sequence[UsageRow]) -> list[UsageMeasured]:
    """Return what is told of usage rows."""
    correlation_id = correlation.current()
    return [
        UsageMeasured(
            correlation_id=correlation_id,
            causation_id=row.closing_read_id,
            usage_id=row.usage_id,
            service_point_no=row.service_point_no,
            org_unit=row.org_unit,
            route_no=row.route_no,
            cycle=row.cycle,
            read_date=row.period_to,
            period_from=row.period_from,
            period_to=row.period_to,
            version=row.version,
            quality=row.quality,
            energy_wh=codec.energy(row.energy),
            estimate_reason=row.estimate_reason,
            estimates_in_a_row=row.estimates_in_a_row,
            settles_estimate=bool(row.settles_estimate),
            replaces_reason=row.replaces_reason,
            meter_nos=codec.words(row.meter_nos),
            read_ids=codec.words(row.read_ids),
            actors=codec.words(row.actors),
            findings=codec.words(row.findings),
        )
        for row in rows
    ]
