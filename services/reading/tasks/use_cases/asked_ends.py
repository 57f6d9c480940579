"""Ends of periods that are asked for (control, move, final and customers' own reads), and withdrawn."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

from services.reading.network.domain.installations import PointDay
from services.reading.network.store import points
from services.reading.network.use_cases.reference import MaySee, outside
from services.reading.tasks.domain.asked_ends import AskedEnd
from services.reading.tasks.domain.route_cycles import next_planned
from services.reading.tasks.domain.tasks import ASKED, cycle_of, task_id
from services.reading.tasks.store import asked_ends, tasks
from shared import batch_put
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.events.billing import RereadRequested
from shared.outcome import OTHER_ORG_UNIT, Outcome, refused

Derive = Callable[[Tx, Mapping[str, date | None]], Awaitable[object]]
"""What brings the usages of points in line with what changed about them, by point from the earliest day that was touched."""


class UnknownAskedEnd(BusinessError):
    status = 404
    code = "reading.unknown_asked_end"
    title = "No end of a period was asked for that point and day"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The period of a point is to end at the read of a day."""

    service_point_no: str
    day: date
    kind: str
    reason: str | None


async def ask(tx: Tx, given: Sequence[Asked], *, actor: str, may_see: MaySee, derive: Derive) -> list[Outcome]:
    """Ask for ends of periods, one outcome per item; one that was withdrawn is asked for anew.

    The period ends there as soon as there is a read of that day. Its usage is of the cycle of the next planned read date.
    """
    numbers = [each.service_point_no for each in given]
    known = await points.lock(tx, numbers)
    wanted = [
        AskedEnd(
            service_point_no=each.service_point_no,
            day=each.day,
            org_unit=known[each.service_point_no].org_unit if each.service_point_no in known else "",
            kind=each.kind,
            reason=each.reason,
        )
        for each in given
    ]

    def refusal(end: AskedEnd, old: AskedEnd | None) -> Outcome | None:
        if end.service_point_no not in known:
            return refused("reading.unknown_service_point", "there is no such service point", id=end.ask_id)
        return outside(end, old, number=end.ask_id, may_see=may_see)

    outcomes = await batch_put.put(
        tx,
        wanted,
        kind="asked_end",
        number=lambda end: end.ask_id,
        stored=await asked_ends.stored(tx, [(each.service_point_no, each.day) for each in given]),
        refusal=refusal,
        write=partial(asked_ends.put, tx),
        actor=actor,
    )
    done = [end for end, outcome in zip(wanted, outcomes, strict=True) if outcome.status == "done"]
    await tasks.insert(
        tx,
        [
            PointDay(
                service_point_no=end.service_point_no,
                route_no=known[end.service_point_no].route_no,
                org_unit=end.org_unit,
                day=end.day,
            )
            for end in done
        ],
        kind=ASKED,
        cycles=[cycle_of(next_planned(known[end.service_point_no].plan, end.day)) for end in done],
    )
    touched: dict[str, date | None] = {}
    for end in sorted(done, key=lambda end: end.day):
        touched.setdefault(end.service_point_no, end.day)
    await derive(tx, touched)
    return outcomes


async def ask_for_changes(tx: Tx, facts: Sequence[RereadRequested], *, derive: Derive) -> None:
    """Ask for the ends of periods on days on which prices change, as billing says; what is asked for already stays as it is."""
    wanted = {(fact.service_point_no, fact.day): fact for fact in facts if fact.day is not None}
    if not wanted:
        return
    await points.lock(tx, sorted({point for point, _ in wanted}))
    there = await asked_ends.stored(tx, list(wanted))
    new = [
        Asked(service_point_no=point, day=day, kind="change", reason=fact.reason)
        for (point, day), fact in wanted.items()
        if not (known := there.get(task_id(point, day))) or known[0].withdrawn is not None
    ]
    await ask(tx, new, actor=next(iter(wanted.values())).requested_by, may_see=lambda _: True, derive=derive)


async def withdraw(
    tx: Tx, service_point_no: str, day: date, *, reason: str, actor: str, may_see: MaySee, derive: Derive
) -> Outcome:
    """Withdraw an asked end: its day ends no period any more, unless it is a read date or a contract's day as well."""
    await points.lock(tx, [service_point_no])
    ask_id = task_id(service_point_no, day)
    old, version = (await asked_ends.stored(tx, [(service_point_no, day)])).get(ask_id, (None, 0))
    if old is None:
        raise UnknownAskedEnd
    if not may_see(old.org_unit):
        return refused(OTHER_ORG_UNIT, id=ask_id)
    if old.withdrawn is not None:
        return Outcome("already_done", id=ask_id)
    await asked_ends.put(tx, [(replace(old, withdrawn=reason), version + 1)])
    tx.audit(
        [
            AuditEntry(
                action="asked_end.withdrawn",
                entity_kind="asked_end",
                entity_id=ask_id,
                actor=actor,
                reason=reason,
                before_version=version,
                after_version=version + 1,
            )
        ]
    )
    await tasks.withdraw(tx, service_point_no, day)
    await derive(tx, {service_point_no: day})
    return Outcome("done", id=ask_id)
