"""Service points are put; what rests on them follows. What was told of billed days becomes otherwise by two people.

What a connection can carry decides which registers agree: with another limit other ones may, and the usages are others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from services.reading.context import Context
from services.reading.intake.use_cases.changing import By
from services.reading.intake.use_cases.trying import tried
from services.reading.network.domain import calendar
from services.reading.network.domain.reference import ServicePoint
from services.reading.network.store import routes
from services.reading.network.use_cases import reference
from services.reading.network.use_cases.reference import PointGiven
from services.reading.policies.domain import APPROVALS, SERVICE_POINT
from services.reading.reads.domain.days import ReadDays
from services.reading.tasks.use_cases import late_points
from services.reading.usage.domain import billed
from services.reading.usage.store import usages
from services.reading.usage.use_cases import deriving
from services.reading.usage.use_cases.knowing import Loader
from shared import approvals, civil
from shared.db.approvals import Approval
from shared.db.engine import Tx
from shared.outcome import Outcome
from shared.web import conditional


@dataclass(frozen=True, kw_only=True)
class _Done:
    outcomes: list[Outcome]
    limited: Mapping[str, tuple[ServicePoint, ServicePoint]]
    retold: set[str]


async def put(tx: Tx, given: Sequence[PointGiven], *, by: By, own: Context) -> list[Outcome]:
    """Put service points on their routes; where a read window of one is open, they are to be read in it.

    What needs a second person is asked for, the rest of the batch is done. Of what one has approved it raises
    `conditional.Stale` where the point is another one than was seen.
    """
    await late_points.hold_routes(tx, [each.service_point_no for each in given], also=[each.route_no for each in given])
    do = partial(_put, tx, given, by=by, own=own)
    if by.approved is not None:
        done = await do()
        if [*done.limited.values()] != [by.approved]:
            raise conditional.Stale
        return done.outcomes
    scope = own.policies.on(calendar.local_day(tx.now, own.zone)).approvals.scope(SERVICE_POINT)
    if scope is None:
        return (await do()).outcomes
    first, found = await tried(tx, do, _retold)
    if not found:
        return first.outcomes
    rest = await _put(tx, [each for each in given if each.service_point_no not in found], by=by, own=own)
    asked = await _ask(tx, {no: first.limited[no] for no in sorted(found)}, by=by, scope=scope)
    left = iter(rest.outcomes)
    return [asked.get(each.service_point_no) or next(left) for each in given]


async def _put(tx: Tx, given: Sequence[PointGiven], *, by: By, own: Context) -> _Done:
    done = await reference.put_points(tx, given, actor=by.actor, may_see=by.may_see)
    new = [each.service_point_no for each, out in zip(given, done.outcomes, strict=True) if out.status == "done"]
    planned = await late_points.plan_points(tx, new)
    known = await usages.billed(tx, dict.fromkeys(done.limited, civil.FIRST)) if done.limited else {}
    touched = dict.fromkeys([*done.limited, *(point for point, _ in planned)])
    derived = await deriving.derive_again(tx, touched, loader=Loader(days=ReadDays(own.policies, own.zone)))
    return _Done(outcomes=done.outcomes, limited=done.limited, retold=billed.retold(derived.usages, known))


async def _retold(done: _Done) -> set[str]:
    return done.retold


async def _ask(
    tx: Tx, limited: Mapping[str, tuple[ServicePoint, ServicePoint]], *, by: By, scope: str
) -> dict[str, Outcome]:
    unit_of = await routes.org_units(tx, sorted({now.route_no for _, now in limited.values()}))
    asking = []
    for number, (old, now) in limited.items():
        org_units = {old.org_unit, now.org_unit, unit_of[now.route_no]}
        content = {"org_units": sorted(org_units), "before": asdict(old), "after": asdict(now)}
        asking.append(
            approvals.Asking(
                subject_id=number,
                content=content,
                org_unit=approvals.unit_above(org_units),
                requested_by=by.actor,
                second=scope,
            )
        )
    found = await approvals.ask_all(tx, SERVICE_POINT, asking)
    return {each.subject_id: approvals.outcome(approval) for each, approval in zip(asking, found, strict=True)}


def _seen(content: Mapping[str, Any]) -> ServicePoint:
    return ServicePoint(**{**content, "access_notes": tuple(content.get("access_notes", ()))})


def kind_of_approval(own: Context) -> approvals.Kind:
    """Return the kind of approval that lets a connection carry more or less than what was billed rests on."""

    async def carry_out(tx: Tx, approval: Approval, _actor: str) -> None:
        content = approval.content
        seen = _seen(content["before"]), _seen(content["after"])
        by = By(actor=approval.requested_by, may_see=lambda unit: unit in content["org_units"], approved=seen)
        await put(tx, [PointGiven(**asdict(seen[1]))], by=by, own=own)

    return approvals.Kind(name=SERVICE_POINT, scope=APPROVALS[SERVICE_POINT], carry_out=carry_out)
