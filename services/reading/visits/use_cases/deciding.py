"""Another person than the visitor decides on registers that a visit brought: they become a read, or the order is done again."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.reading.context import Context
from services.reading.network.store import points
from services.reading.orders import store
from services.reading.orders.domain import DONE, REPORTED, Order, Visit, turn_back
from services.reading.orders.use_cases.assigning import UNKNOWN
from services.reading.visits.use_cases import finishing
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.outcome import REPEATED, Outcome, refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """On the report of an order in the version that was seen; `turned_back`: the code of why it does not do."""

    order_no: str
    version: int
    turned_back: str | None


async def decide(
    tx: Tx, given: Sequence[Decision], *, actor: str, may_see: Callable[[str], bool], own: Context
) -> list[Outcome]:
    """Decide on reports, one outcome per item."""
    times = Counter(each.order_no for each in given)
    known = await store.by_no(tx, list(times))
    await points.lock(tx, sorted({order.point for order in known.values()}))
    known = await store.lock(tx, list(times))
    back: list[Order] = []
    finished: list[tuple[Order, Visit]] = []
    outcomes: list[Outcome | None] = []
    for each in given:
        order = known.get(each.order_no)
        outcome = (
            refused(REPEATED, id=each.order_no) if times[each.order_no] > 1 else _judge(each, order, actor, may_see)
        )
        outcomes.append(outcome)
        if outcome is None and order and order.visit:
            if each.turned_back is None:
                finished.append((order, order.visit))
            else:
                back.append(turn_back(order, each.turned_back))
    await store.write(tx, back)
    tx.audit([_audit(each, actor) for each in back])
    became = {each.order_no: Outcome("done", id=each.order_no) for each in back}
    became |= await finishing.finish(tx, finished, actor=actor, may_see=may_see, own=own)
    return [outcome or became[each.order_no] for each, outcome in zip(given, outcomes, strict=True)]


def _judge(decision: Decision, order: Order | None, actor: str, may_see: Callable[[str], bool]) -> Outcome | None:
    number = decision.order_no
    if order is None or not may_see(order.asked.org_unit):
        return refused(UNKNOWN, "there is no such site order", id=number)
    is_again = order.state == DONE and (order.decided_by, order.version) == (actor, decision.version + 1)
    if is_again and decision.turned_back is None:
        return Outcome("already_done", id=number)
    if order.state != REPORTED or order.visit is None:
        return refused("reading.nothing_reported", "nothing that waits for a decision was reported", id=number)
    if order.version != decision.version:
        return refused("precondition.stale", "the order has changed since the version that was seen", id=number)
    if order.visit.visited_by == actor:
        return refused("reading.reader_is_uploader", "who read a meter does not decide on its read", id=number)
    return None


def _audit(order: Order, actor: str) -> AuditEntry:
    return AuditEntry(
        action="site_order.turned_back",
        entity_kind="site_order",
        entity_id=order.order_no,
        actor=actor,
        reason=order.turned_back_for or "",
        before_version=order.version,
        after_version=order.version + 1,
    )
