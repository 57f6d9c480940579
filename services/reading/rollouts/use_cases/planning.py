"""Roll-outs are put, with the points that they plan; points are withdrawn, and what failed is noted. One outcome per item."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial

from services.reading.network.domain.reference import ServicePoint
from services.reading.network.store import points as network
from services.reading.network.use_cases.reference import outside
from services.reading.policies.domain import Policies
from services.reading.rollouts.domain.programme import Failure, PlannedPoint, Programme
from services.reading.rollouts.store import programmes
from shared import batch_put
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.org_units import covers
from shared.outcome import CHANGED_MEANWHILE, OTHER_ORG_UNIT, REPEATED, Outcome, refused

UNKNOWN = "rollout.unknown"
OUTSIDE = "rollout.outside"
NOT_PLANNED = "rollout.not_planned"
WITHDRAWN = "rollout.point_withdrawn"
OUTSIDE_DAYS = "rollout.outside_days"
POINT = "rollout_point"


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who plans, and on what day."""

    actor: str
    may_see: Callable[[str], bool]
    today: date

    @property
    def last(self) -> date:
        """Return the latest day on which something can have failed."""
        return self.today + timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """That a point is planned no more; `reason`: a code such as `pulled_down`."""

    programme_no: str
    service_point_no: str
    reason: str

    @property
    def key(self) -> tuple[str, str]:
        """The natural key of the planned point."""
        return self.programme_no, self.service_point_no


async def put(tx: Tx, wanted: Sequence[Programme], *, by: By) -> list[Outcome]:
    """Put roll-outs whole; the points that they plan stay, and none of them may be outside of the new days."""
    outside_days = await programmes.outside_days(tx, wanted)

    def refusal(each: Programme, old: Programme | None) -> Outcome | None:
        if each.starts_on >= each.ends_on:
            return refused("reading.bad_period", "a roll-out ends after it begins", each.programme_no)
        if each.programme_no in outside_days:
            text = f"{outside_days[each.programme_no]} of its points are planned for days outside of these"
            return refused(OUTSIDE_DAYS, text, each.programme_no)
        return outside(each, old, number=each.programme_no, may_see=by.may_see)

    return await batch_put.put(
        tx,
        wanted,
        kind="rollout",
        number=lambda each: each.programme_no,
        stored=await programmes.stored(tx, [each.programme_no for each in wanted]),
        refusal=refusal,
        write=partial(programmes.put, tx),
        actor=by.actor,
    )


async def plan(tx: Tx, wanted: Sequence[PlannedPoint], *, by: By) -> list[Outcome]:
    """Plan points of roll-outs, or plan them for another day; one that was withdrawn, or that failed, is planned again."""
    known = await programmes.stored(tx, sorted({each.programme_no for each in wanted}))
    there = await network.by_no(tx, sorted({each.service_point_no for each in wanted}))

    def fault(each: PlannedPoint) -> Outcome | None:
        programme, point = known.get(each.programme_no), there.get(each.service_point_no)
        if programme is None:
            return refused(UNKNOWN, "there is no such roll-out")
        if point is None:
            return refused("reading.unknown_service_point", "there is no such service point")
        if not by.may_see(programme[0].org_unit) or not by.may_see(point.org_unit):
            return refused(OTHER_ORG_UNIT)
        if not _is_of(programme[0], point):
            return refused(OUTSIDE, "the point is outside the org unit or the routes of the roll-out")
        if not programme[0].starts_on <= each.planned_on < programme[0].ends_on:
            return refused(OUTSIDE_DAYS, "the day is outside of the roll-out")
        return None

    stored = await programmes.points(tx, [each.key for each in wanted])
    anew = [replace(each, replanned_on=by.today) if each.key in stored else each for each in wanted]
    return await _put(tx, anew, stored, fault, by, "planned")


async def withdraw(tx: Tx, given: Sequence[Withdrawal], *, by: By) -> list[Outcome]:
    """Withdraw points of roll-outs, each with a reason: they count no more."""
    known = await programmes.stored(tx, sorted({each.programme_no for each in given}))
    stored = await programmes.points(tx, [each.key for each in given])
    reasons = {each.key: each.reason for each in given}

    def fault(each: PlannedPoint) -> Outcome | None:
        programme = known.get(each.programme_no)
        if programme is not None and not by.may_see(programme[0].org_unit):
            return refused(OTHER_ORG_UNIT)
        if each.key not in stored:
            return refused(NOT_PLANNED, "the roll-out does not plan this point")
        return None

    nothing = PlannedPoint(programme_no="", service_point_no="", planned_on=date.min)
    wanted = [
        replace(
            stored[each.key][0] if each.key in stored else nothing,
            programme_no=each.programme_no,
            service_point_no=each.service_point_no,
            withdrawn_for=reasons[each.key],
        )
        for each in given
    ]
    return await _put(tx, wanted, stored, fault, by, "withdrawn")


async def _put(
    tx: Tx,
    wanted: Sequence[PlannedPoint],
    stored: Mapping[tuple[str, str], tuple[PlannedPoint, int]],
    fault: Callable[[PlannedPoint], Outcome | None],
    by: By,
    what: str,
) -> list[Outcome]:
    times = Counter(each.key for each in wanted)
    outcomes, changed = [], []
    for each in wanted:
        old, version = stored.get(each.key, (None, 0))
        number = "~".join(each.key)
        if times[each.key] > 1:
            outcomes.append(refused(REPEATED, id=number))
        elif wrong := fault(each):
            outcomes.append(replace(wrong, id=number))
        elif each == old:
            outcomes.append(Outcome("already_done", id=number))
        else:
            outcomes.append(Outcome("done", id=number))
            changed.append((each, version + 1))
    applied = await programmes.put_points(tx, sorted(changed, key=lambda each: each[0].key))
    tx.audit(
        [
            AuditEntry(
                action=f"{POINT}.{what}",
                entity_kind=POINT,
                entity_id="~".join(each.key),
                actor=by.actor,
                reason=each.withdrawn_for or "",
                before_version=version - 1 or None,
                after_version=version,
            )
            for each, version in changed
            if each.key in applied
        ]
    )
    return [
        refused(CHANGED_MEANWHILE, id=out.id) if out.status == "done" and each.key not in applied else out
        for each, out in zip(wanted, outcomes, strict=True)
    ]


async def fail(tx: Tx, given: Sequence[Failure], *, by: By, policies: Policies) -> list[Outcome]:
    """Note that meters of planned points could not be exchanged; the same again is `already_done`."""
    known = await programmes.stored(tx, sorted({each.programme_no for each in given}))
    planned = await programmes.points(tx, [(each.programme_no, each.service_point_no) for each in given])
    there = await programmes.failures(tx, [each.key for each in given])
    outcomes, new = [], []
    for each in given:
        old = there.get(each.key)
        point = planned.get((each.programme_no, each.service_point_no))
        if each.programme_no in known and not by.may_see(known[each.programme_no][0].org_unit):
            outcomes.append(refused(OTHER_ORG_UNIT))
        elif point is None:
            outcomes.append(refused(NOT_PLANNED, "the roll-out does not plan this point"))
        elif point[0].withdrawn_for is not None and old is None:
            outcomes.append(refused(WITHDRAWN, "the point was withdrawn from the roll-out"))
        elif each.failed_on > by.last:
            outcomes.append(refused("reading.in_the_future", "the day lies in the future"))
        elif each.failed_on < known[each.programme_no][0].starts_on:
            outcomes.append(refused(OUTSIDE_DAYS, "the day is before the roll-out"))
        elif each.reason not in policies.on_or_first(each.failed_on).rollouts.failed_reasons:
            outcomes.append(refused("rollout.unknown_reason", "the policy has no such reason"))
        elif old is not None:
            outcomes.append(Outcome("already_done" if old == each else "conflicting_duplicate"))
        else:
            there[each.key] = each
            new.append(each)
            outcomes.append(Outcome("done"))
    await programmes.insert_failures(tx, new, actor=by.actor)
    tx.audit(
        [
            AuditEntry(
                action=f"{POINT}.failed",
                entity_kind=POINT,
                entity_id=f"{each.programme_no}~{each.service_point_no}",
                actor=by.actor,
                reason=each.reason,
            )
            for each in new
        ]
    )
    return outcomes


def _is_of(programme: Programme, point: ServicePoint) -> bool:
    on_route = not programme.route_nos or point.route_no in programme.route_nos
    return on_route and covers([programme.org_unit], point.org_unit)
