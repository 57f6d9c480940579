"""After a restore: what reading told since the dump stands as it was heard, and what is known now is told above it."""

from collections.abc import Sequence
from typing import Final, cast

from services.reading.network.store import points
from services.reading.usage.domain.ranking import ESTIMATED as NOT_READ
from services.reading.usage.domain.usages import ACTUAL, LoadCurve, MeterSpan, Usage
from services.reading.usage.store import usages
from services.reading.usage.use_cases import deriving
from services.reading.usage.use_cases.deriving import Change
from services.reading.usage.use_cases.knowing import Loader
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.events.reading import UsageMeasured
from shared.outcome import ALREADY_DONE, DONE, Outcome, refused

RESTORED: Final = "restored"
_SAID = (
    "energy_wh",
    "demand_w",
    "quality",
    "withdrawn",
    "months",
    "late",
    "cycle",
    "read_date",
    "route_no",
    "org_unit",
)


async def adopt(tx: Tx, heard: Sequence[UsageMeasured], *, loader: Loader, actor: str) -> list[Outcome]:
    """Keep usages as billing heard them, in place of what reading has under their keys, and derive their points again.

    What was heard is out and stays the first word under its number; where it is not what follows from the reads that are known,
    that is told in a version above all of them. A usage of a point that is not known is refused.
    """
    numbers = sorted({fact.service_point_no for fact in heard})
    known = await points.lock(tx, numbers)
    own = {usage.usage_id: usage for told in (await usages.of_points(tx, numbers)).values() for usage in told}
    new = {
        fact.usage_id: fact
        for fact in heard
        if fact.service_point_no in known and not _is_said(own.get(fact.usage_id), fact)
    }
    await usages.delete(tx, [usage_id for usage_id in new if usage_id in own])
    await usages.insert(tx, [_as_heard(fact) for fact in new.values()])
    touched = {
        number: min(fact.period_from for fact in new.values() if fact.service_point_no == number)
        for number in sorted({fact.service_point_no for fact in new.values()})
    }
    await deriving.derive_again(tx, touched, loader=loader, change=Change(reason=RESTORED))
    tx.audit(
        [
            AuditEntry(action="usage.adopted", entity_kind="usage", entity_id=usage_id, actor=actor, reason=RESTORED)
            for usage_id in new
        ]
    )
    return [
        refused("reading.point_unknown", "There is no such service point", id=fact.usage_id)
        if fact.service_point_no not in known
        else DONE
        if fact.usage_id in new
        else ALREADY_DONE
        for fact in heard
    ]


def _is_said(own: Usage | None, heard: UsageMeasured) -> bool:
    return own is not None and all(getattr(own, name) == getattr(heard, name) for name in _SAID)


def _as_heard(fact: UsageMeasured) -> Usage:
    """Return a usage as it was heard. What its registers were at the end is not known: nothing goes on from it."""
    spans = [cast(MeterSpan, span.model_dump()) for span in fact.registers]
    return Usage(
        usage_id=fact.usage_id,
        service_point_no=fact.service_point_no,
        period_from=fact.period_from,
        period_to=fact.period_to,
        version=fact.version,
        org_unit=fact.org_unit,
        route_no=fact.route_no,
        cycle=fact.cycle,
        read_date=fact.read_date,
        cycle_from=fact.cycle_from,
        months=fact.months,
        quality=fact.quality,
        withdrawn=fact.withdrawn,
        late=fact.late,
        energy_wh=fact.energy_wh,
        demand_w=fact.demand_w,
        curves=[LoadCurve(quantity=c.quantity, start=c.start, minutes=c.minutes, values=c.values) for c in fact.curves],
        curves_digest=RESTORED,
        registers=spans,
        opening_known=False,
        closing_meter="",
        closing_installed_on=None,
        closing_counts=(),
        closing_known=fact.quality == ACTUAL,
        closing_source=NOT_READ,
        closing_actors=(),
        closing_read_ids=(),
        actors=fact.actors,
        read_ids=fact.read_ids,
        meter_nos=fact.meter_nos,
        findings=fact.findings,
        estimate_reason=fact.estimate_reason,
        estimate_method=fact.estimate_method,
        estimates_in_a_row=fact.estimates_in_a_row,
        settles_estimate=fact.settles_estimate,
        replaces_reason=fact.replaces_reason,
    )
