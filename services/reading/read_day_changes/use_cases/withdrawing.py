"""What was asked for and cannot become effective any more, or is not wanted any more, is withdrawn, and its question with it."""

from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

from services.reading.network.domain import calendar
from services.reading.network.store import points, routes
from services.reading.read_day_changes import store
from services.reading.read_day_changes.domain import ASKED, CONFIRMED, CYCLE_PLANNED, TAKEN_BACK, Proposal
from services.reading.read_day_changes.use_cases import deciding, refusals
from services.reading.read_day_changes.use_cases.answering import KIND
from shared import approvals
from shared.db.engine import Tx
from shared.events.reading import QuestionWithdrawn
from shared.outcome import ALREADY_DONE, DONE, Outcome

PLANNER = "system:planning"


async def take_back(tx: Tx, request_no: str, *, actor: str, may_see: Callable[[str], bool], zone: ZoneInfo) -> Outcome:
    """Take back what is left of a request: what is neither decided nor over. Raises `UnknownRequest`."""
    row = await store.row(tx, request_no)
    if row is None or not may_see(row.org_unit):
        raise refusals.UnknownRequest
    await _hold(tx, await store.waiting_of_request(tx, request_no))
    await routes.lock(tx, row.route_no)
    left = await store.waiting_of_request(tx, request_no)
    await _withdraw(tx, left, TAKEN_BACK, actor=actor, zone=zone)
    return DONE if left else ALREADY_DONE


async def before_planning(tx: Tx, route_no: str, cycle: str) -> None:
    """Keep what begins with a cycle or before from being decided meanwhile; to be called before the route is locked."""
    await _hold(tx, await store.waiting_until(tx, route_no, cycle))


async def cycle_is_planned(tx: Tx, route_no: str, cycle: str, zone: ZoneInfo) -> None:
    """Withdraw what begins with a cycle that is planned now, or before; the route is locked."""
    left = await store.waiting_until(tx, route_no, cycle)
    await _withdraw(tx, left, CYCLE_PLANNED, actor=PLANNER, zone=zone)


async def _hold(tx: Tx, left: Sequence[Proposal]) -> None:
    """Who decides has locked the approval before the route: so does who takes it back."""
    if confirmed := _confirmed(left):
        await approvals.hold(tx, KIND, confirmed)


def _confirmed(left: Sequence[Proposal]) -> list[str]:
    return [each.question_id for each in left if each.state == CONFIRMED]


async def _withdraw(tx: Tx, left: Sequence[Proposal], reason: str, *, actor: str, zone: ZoneInfo) -> None:
    if not left:
        return
    await approvals.drop(tx, KIND, _confirmed(left), actor=actor, reason=reason)
    await points.lock(tx, [each.service_point_no for each in left])
    await store.write(tx, [each.after("withdraw", closed_for=reason) for each in left])
    tx.publish(
        [
            QuestionWithdrawn(question_id=each.question_id, service_point_no=each.service_point_no, reason=reason)
            for each in left
            if each.state == ASKED
        ]
    )
    today = calendar.local_day(tx.now, zone)
    tx.publish([deciding.kept(each, reason, today) for each in left if each.state == CONFIRMED])
