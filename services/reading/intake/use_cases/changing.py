"""Meters are put on points and corrected; what rests on them follows. Billed days get another multiplier by two people.

What needs a second person is done as ever, to find what speaks against it, and undone; then it is asked for. A day is billed
for reading where a usage was told for it in a cycle of its route that is closed: no bill is issued before that.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from pydantic import TypeAdapter

from services.reading.context import Context
from services.reading.intake.use_cases import following
from services.reading.intake.use_cases.trying import tried
from services.reading.network.domain import calendar, changes
from services.reading.network.domain.changes import Change
from services.reading.network.domain.installations import Placement
from services.reading.network.store import meters, points
from services.reading.network.use_cases import installation_corrections as corrections
from services.reading.network.use_cases import installations
from services.reading.network.use_cases.installation_corrections import Correction, Done
from services.reading.network.use_cases.installations import Given
from services.reading.network.use_cases.reference import MaySee
from services.reading.policies.domain import APPROVALS, INSTALLATION
from services.reading.reads.domain.days import ReadDays
from services.reading.stock.use_cases import fitness
from services.reading.tasks.use_cases import late_points
from services.reading.usage.domain import billed
from services.reading.usage.store import usages
from services.reading.usage.use_cases import deriving
from services.reading.usage.use_cases.knowing import Loader
from shared import approvals
from shared.db.approvals import Approval
from shared.db.engine import Tx
from shared.outcome import Outcome
from shared.web import conditional

D = TypeVar("D", Done, installations.Put)
_CORRECTION = TypeAdapter(Correction)
_GIVEN = TypeAdapter(Given)


@dataclass(frozen=True, kw_only=True)
class By:
    """Who changes something; `approved`: what it is before and after that, where a second person has approved it."""

    actor: str
    may_see: MaySee
    approved: tuple[Any, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class _Needed:
    """What a second person with a scope has to approve: billed days of these points would get another multiplier."""

    scope: str
    points: Collection[str]


async def put(tx: Tx, given: Sequence[Given], *, by: By, own: Context) -> list[Outcome]:
    """Install and remove meters, in the order given; what needs a second person is asked for, the rest of the batch is done.

    Items that share a point or a meter are one request. Raises `following.NotShown`.
    """
    first, needed = await _done(tx, partial(_put, tx, given, by=by, own=own), by=by, own=own)
    if needed is None:
        return first.outcomes
    outcomes = list(first.outcomes)
    waiting = [each for each in _together(given) if any(given[i].service_point_no in needed.points for i in each)]
    asked = {i for group in waiting for i in group}
    rest = [i for i in range(len(given)) if i not in asked]
    for i, outcome in zip(rest, (await _put(tx, [given[i] for i in rest], by=by, own=own)).outcomes, strict=True):
        outcomes[i] = outcome
    new = [[i for i in group if outcomes[i].status == "done"] for group in waiting]
    asked_for = []
    for group in new:
        meter_nos = {given[i].meter_no for i in group}
        what = {"items": [_GIVEN.dump_python(given[i], mode="json") for i in group]}
        asked_for.append(([each for each in first.changes if each.meter_no in meter_nos], what))
    found = await _ask(tx, asked_for, "told_late", by=by, scope=needed.scope)
    for group, approval in zip(new, found, strict=True):
        for i in group:
            outcomes[i] = approvals.outcome(approval)
    return outcomes


async def _put(tx: Tx, given: Sequence[Given], *, by: By, own: Context) -> installations.Put:
    unfit = partial(fitness.refusals, policies=own.policies)
    found = await installations.put(tx, given, actor=by.actor, may_see=by.may_see, zone=own.zone, unfit=unfit)
    await late_points.plan_points(tx, sorted(changes.touched(found.changes)), also_closed=True)
    await following.follow(tx, found.changes, days=ReadDays(own.policies, own.zone))
    return found


def _together(given: Sequence[Given]) -> list[list[int]]:
    """Return the places of items in groups: those that share points and meters, and none with another group."""
    group_of: dict[tuple[str, str], list[int]] = {}
    for i, each in enumerate(given):
        names = ("point", each.service_point_no), ("meter", each.meter_no)
        met = {id(group): group for name in names if (group := group_of.get(name)) is not None}
        merged = sorted([*(place for group in met.values() for place in group), i])
        for place in merged:
            group_of["point", given[place].service_point_no] = merged
            group_of["meter", given[place].meter_no] = merged
    return list({id(group): group for group in group_of.values()}.values())


async def correct(tx: Tx, correction: Correction, *, confirm: bool, by: By, own: Context) -> Outcome | Approval:
    """Correct an installation; or ask for a second person's approval, and return what is asked for.

    Raises what `corrections.correct` and `following.follow` raise.
    """

    async def do() -> Done:
        days = ReadDays(own.policies, own.zone)
        done = await corrections.correct(
            tx,
            correction,
            actor=by.actor,
            may_see=by.may_see,
            zone=own.zone,
            suspects=partial(deriving.suspects, loader=Loader(days=days)),
            unfit=partial(fitness.refusals, policies=own.policies),
        )
        await late_points.plan_points(tx, sorted(changes.touched(done.changes)), also_closed=True)
        before = None if confirm else set(done.suspects)
        await following.follow(tx, done.changes, days=days, reason=correction.reason, suspect_before=before)
        return done

    done, needed = await _done(tx, do, by=by, own=own)
    if needed is None:
        return done.outcome
    what = {"correction": _CORRECTION.dump_python(correction, mode="json"), "confirm": confirm}
    (found,) = await _ask(tx, [(done.changes, what)], correction.reason, by=by, scope=needed.scope)
    if found is None:
        raise approvals.AskedAlready
    return found


def kind_of_approval(own: Context) -> approvals.Kind:
    """Return the kind of approval that changes the multiplier of billed days."""

    async def carry_out(tx: Tx, approval: Approval, _actor: str) -> None:
        content = approval.content
        seen = content["before"], content["after"]
        by = By(actor=approval.requested_by, may_see=lambda unit: unit in content["org_units"], approved=seen)
        if "items" in content:
            given = [_GIVEN.validate_python(item) for item in content["items"]]
            await late_points.hold_routes(tx, [each.service_point_no for each in given])
            await put(tx, given, by=by, own=own)
        else:
            correction = _CORRECTION.validate_python(content["correction"])
            await correct(tx, correction, confirm=content["confirm"], by=by, own=own)

    return approvals.Kind(name=INSTALLATION, scope=APPROVALS[INSTALLATION], carry_out=carry_out)


async def _done(tx: Tx, do: Callable[[], Awaitable[D]], *, by: By, own: Context) -> tuple[D, _Needed | None]:
    """Do something; where billed days would get another multiplier by one person, undo it and return what it needs.

    Of what a second person has approved it raises `conditional.Stale` where installations are otherwise, before or after it.
    """
    if by.approved is not None:
        done = await do()
        if _shown(done.changes) != by.approved:
            raise conditional.Stale
        return done, None
    scope = own.policies.on(calendar.local_day(tx.now, own.zone)).approvals.scope(INSTALLATION)
    if scope is None:
        return await do(), None
    done, found = await tried(tx, do, partial(_recounted, tx))
    return done, _Needed(scope=scope, points=found) if found else None


async def _recounted(tx: Tx, done: Done | installations.Put) -> set[str]:
    touched = changes.touched(done.changes)
    return billed.recounted(done.changes, await usages.billed(tx, touched)) if touched else set()


async def _ask(
    tx: Tx,
    asked: Sequence[tuple[Sequence[Change], Mapping[str, Any]]],
    reason: str,
    *,
    by: By,
    scope: str,
) -> list[Approval | None]:
    """Ask for changes that were undone, each with what does it."""
    point_nos = sorted({no for changed, _ in asked for no in changes.touched(changed)})
    unit_of = {no: point.org_unit for no, point in (await points.lock(tx, point_nos)).items()}
    meter_nos = sorted({each.meter_no for changed, _ in asked for each in changed})
    owner_of = {no: meter.org_unit for no, meter in (await meters.by_no(tx, meter_nos)).items()}
    asking = []
    for changed, what in asked:
        there = sorted(changes.touched(changed))
        org_units = {*(unit_of[no] for no in there), *(owner_of[each.meter_no] for each in changed)}
        before, after = _shown(changed)
        content = {"org_units": sorted(org_units), "before": before, "after": after, **what}
        unit = approvals.unit_above(org_units)
        asking.append(
            approvals.Asking(
                subject_id=there[0],
                content=content,
                org_unit=unit,
                requested_by=by.actor,
                reason=reason,
                second=scope,
            )
        )
    return await approvals.ask_all(tx, INSTALLATION, asking)


def _shown(changed: Sequence[Change]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return what a second person sees: the installations as they are no more, and those that are as they were not."""
    before, after = (sorted(each, key=lambda placement: placement.key) for each in changes.changed(changed))
    return [_as_seen(each) for each in before], [_as_seen(each) for each in after]


def _as_seen(placement: Placement) -> dict[str, Any]:
    first = placement.registers[0]
    return {
        "service_point_no": placement.service_point_no,
        "meter_no": placement.meter_no,
        "installed_on": str(placement.installed_on),
        "removed_on": placement.removed_on and str(placement.removed_on),
        "multiplier": first.numerator,
        "multiplier_denominator": first.denominator,
        "registers": [
            {
                "quantity": each.quantity,
                "digits": each.digits,
                "scale": each.scale,
                "kind": each.kind,
                "direction": "down" if each.down else "up",
                "opening": each.text(opening),
                "closing": None if placement.closing is None else each.text(placement.closing[i]),
            }
            for i, (each, opening) in enumerate(zip(placement.registers, placement.opening, strict=True))
        ],
    }
