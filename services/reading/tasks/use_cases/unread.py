"""Why a point could not be read (未抄原因): noted by the reader, so that every point of a route has a read or a reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from services.reading.network.store import points
from services.reading.network.use_cases.reference import MaySee, outside
from services.reading.policies.domain import Policies
from services.reading.tasks.domain.reasons import NO_REASON, UnreadReason
from services.reading.tasks.domain.tasks import UNEXPLAINED, UNREAD
from services.reading.tasks.store import reasons, tasks
from services.reading.tasks.use_cases import explaining
from shared import batch_put
from shared.db.engine import Tx
from shared.outcome import Outcome, refused

UNKNOWN_REASON = "reading.unknown_unread_reason"
NOTHING_SAID = "reading.no_unread_reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A point that could not be read for the date of its task; no `reason` takes back what was said of it."""

    service_point_no: str
    read_date: date
    reason: str


async def put(
    tx: Tx,
    items: Sequence[Unread],
    *,
    actor: str,
    may_see: MaySee,
    policies: Policies,
    noted_by: str | None = None,
) -> list[Outcome]:
    """Note or replace reasons, one outcome per item; `close-routes` takes them over as the reasons of its estimates.

    `noted_by`: who says it, where that is another person than `actor`, who enters it.

    After the closing a reason only explains: the estimate that was told stays as it is.
    Refused: a reason that the policy does not have, nothing that could be taken back, no task of that point and date, a task
    that has its read, another org unit.
    """
    await points.lock(tx, [item.service_point_no for item in items])
    there = await tasks.by_key(tx, [(item.service_point_no, item.read_date) for item in items])
    org_units = {key: task.org_unit for key, task in there.items()}
    wanted = [
        UnreadReason(
            service_point_no=item.service_point_no,
            read_date=item.read_date,
            org_unit=org_units.get((item.service_point_no, item.read_date), ""),
            reason=item.reason,
            noted_by=noted_by or actor,
        )
        for item in items
    ]

    def refusal(reason: UnreadReason, old: UnreadReason | None) -> Outcome | None:
        task = there.get((reason.service_point_no, reason.read_date))
        if task is None or not may_see(task.org_unit):
            return refused("reading.unknown_task", "the point is not to be read on that date", id=reason.task_id)
        if task.status not in UNEXPLAINED:
            return refused("reading.task_done", "the point was read", id=reason.task_id)
        if reason.reason == NO_REASON and old is None:
            return refused(NOTHING_SAID, "nobody has said why the point was not read", id=reason.task_id)
        known = policies.on(reason.read_date).unread.reasons
        if reason.reason not in known and reason.reason != NO_REASON:
            return refused(UNKNOWN_REASON, f"there are {', '.join(sorted(known))}", id=reason.task_id)
        return outside(reason, old, number=reason.task_id, may_see=may_see)

    outcomes = await batch_put.put(
        tx,
        wanted,
        kind="unread_reason",
        number=lambda reason: reason.task_id,
        stored=await reasons.stored(tx, [reason.task_id for reason in wanted]),
        refusal=refusal,
        write=partial(reasons.put, tx),
        actor=actor,
    )
    noted = [
        there[each.service_point_no, each.read_date]
        for each, done in zip(wanted, outcomes, strict=True)
        if done.status == "done"
    ]
    await explaining.tell(tx, {(task.route_no, task.read_date) for task in noted if task.status not in UNREAD})
    return outcomes
