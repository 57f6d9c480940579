"""After a restore: what reading told since the dump stands as it was heard, and what is known now is told above it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, cast

from services.reading.network.store import points, routes
from services.reading.network.store.points import Locked
from services.reading.network.use_cases.reference import UnknownRoute
from services.reading.usage.domain.heard import beside, impossible
from services.reading.usage.domain.ranking import ESTIMATED as NOT_READ
from services.reading.usage.domain.usages import ACTUAL, LoadCurve, MeterSpan, Usage, VersionKey
from services.reading.usage.store import usages
from services.reading.usage.use_cases import deriving
from services.reading.usage.use_cases.deriving import Change
from services.reading.usage.use_cases.knowing import Loader
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.events.reading import UsageMeasured
from shared.org_units import covers
from shared.outcome import ALREADY_DONE, DONE, OTHER_ORG_UNIT, REPEATED, Outcome, refused

RESTORED: Final = "restored"
POINT_UNKNOWN: Final = "reading.point_unknown"
ID_TAKEN: Final = "reading.usage_id_taken"
IMPOSSIBLE: Final = "reading.usage_impossible"
SHARES_DAYS: Final = "reading.usage_shares_days"
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
    that is told in a version above all of them. What reading can never have told is refused (`domain/heard.py`). One that was
    told of days of another period, which stands as well, is kept and named: of both the higher version counts until then.
    """
    numbers = sorted({fact.service_point_no for fact in heard})
    known = await points.lock(tx, numbers)
    own = await usages.with_ids(tx, [fact.usage_id for fact in heard])
    told = [_as_heard(fact) for fact in heard]
    places = await routes.org_units(tx, sorted({usage.route_no for usage in told}))
    not_taken = _refusals(told, known=known, places=places, own=own)
    new = {
        usage.usage_id: usage
        for at, usage in enumerate(told)
        if at not in not_taken and not _is_said(own.get(usage.usage_id), usage)
    }
    await usages.delete(tx, [usage.version_key for usage in new.values()])
    await usages.insert(tx, list(new.values()))
    touched = {
        number: min(usage.period_from for usage in new.values() if usage.service_point_no == number)
        for number in sorted({usage.service_point_no for usage in new.values()})
    }
    shared_days = _named(new.values(), await usages.of_points(tx, list(touched)))
    await deriving.derive_again(tx, touched, loader=loader, change=Change(reason=RESTORED))
    tx.audit(
        [
            AuditEntry(action="usage.adopted", entity_kind="usage", entity_id=usage_id, actor=actor, reason=RESTORED)
            for usage_id in new
        ]
    )
    kept = dict.fromkeys(new, DONE) | shared_days
    return [not_taken.get(at) or kept.get(usage.usage_id, ALREADY_DONE) for at, usage in enumerate(told)]


def _named(new: Iterable[Usage], versions: Mapping[str, Sequence[Usage]]) -> dict[str, Outcome]:
    """Return, by id, the outcomes of usages that are kept beside another one of the same days: one of both is overtaken."""
    found = {}
    for usage in new:
        other = beside(usage, versions[usage.service_point_no])
        if other is not None:
            text = (
                f"Of some of its days version {other.version} of {other.period_from} to {other.period_to} was told too"
            )
            found[usage.usage_id] = Outcome("done", SHARES_DAYS, text, usage.usage_id)
    return found


def _refusals(
    heard: Sequence[Usage], *, known: Mapping[str, Locked], places: Mapping[str, str], own: Mapping[str, Usage]
) -> dict[int, Outcome]:
    """Return by place what is not taken: that of an unknown point or route, or of an org unit that is neither's, what was never
    told, what stands twice, or has a taken id.

    `places`: the org units of routes; `own`: the usages that are kept under the ids that were heard.
    """
    ids, keys = set[str](), set[VersionKey]()
    found: dict[int, Outcome] = {}
    for at, usage in enumerate(heard):
        if usage.service_point_no not in known:
            found[at] = refused(POINT_UNKNOWN, "There is no such service point", id=usage.usage_id)
        elif usage.route_no not in places:
            found[at] = refused(UnknownRoute.code, UnknownRoute.title, id=usage.usage_id)
        elif not covers((known[usage.service_point_no].org_unit, places[usage.route_no]), usage.org_unit):
            text = "Neither its service point nor its route is of this org unit"
            found[at] = refused(OTHER_ORG_UNIT, text, id=usage.usage_id)
        elif why := impossible(usage):
            found[at] = refused(IMPOSSIBLE, f"Such a usage is never told: {why}", id=usage.usage_id)
        elif usage.usage_id in ids or usage.version_key in keys:
            found[at] = refused(REPEATED, id=usage.usage_id)
        elif usage.usage_id in own and own[usage.usage_id].version_key != usage.version_key:
            found[at] = refused(ID_TAKEN, "Another usage has this id", id=usage.usage_id)
        else:
            ids.add(usage.usage_id)
            keys.add(usage.version_key)
    return found


def _is_said(own: Usage | None, heard: Usage) -> bool:
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
