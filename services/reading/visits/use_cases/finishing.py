"""The registers of visits become reads, by the one way in of reads on site: who read is another person than who enters it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from services.reading.context import Context
from services.reading.intake.use_cases import intake
from services.reading.intake.use_cases.intake import ReadItem, Uploader
from services.reading.network.domain.registers import UNIT
from services.reading.orders import store
from services.reading.orders.domain import Order, Visit, end
from services.reading.orders.use_cases import ending
from services.reading.reads.domain import identity
from services.reading.reads.domain.days import ReadDays
from services.reading.usage.domain.ranking import SITE
from shared import ids
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.outcome import Outcome


async def finish(
    tx: Tx, given: Sequence[tuple[Order, Visit]], *, actor: str, may_see: Callable[[str], bool], own: Context
) -> dict[str, Outcome]:
    """End orders by visits that brought registers, which are reads of their days from now on; return what became of each.

    Points and orders are locked. An order whose read is refused stays as it was. `code`: why what it shows contradicts others.
    """
    if not given:
        return {}
    ended = {order.order_no: end(order, visit, read_id=_read_id(visit), decided_by=actor) for order, visit in given}
    await store.write(
        tx, list(ended.values())
    )  # before the reads: they rank as answers, and end no order by themselves
    uploader = Uploader(kind="visit", subject=actor, message_id=ids.new(), may_see=may_see, sources=frozenset({SITE}))
    outcomes = await intake.record(
        tx,
        items=[_item(visit) for _, visit in given],
        malformed=0,
        uploader=uploader,
        policies=own.policies,
        zone=own.zone,
    )
    became = {order.order_no: outcome for (order, _), outcome in zip(given, outcomes, strict=True)}
    bad = {number for number, outcome in became.items() if outcome.status in ("refused", "conflicting_duplicate")}
    await store.write(tx, [replace(order, version=order.version - 1) for order, _ in given if order.order_no in bad])
    days = ReadDays(own.policies, own.zone)
    good = [(ended[order.order_no], days.of(visit.visited_at)) for order, visit in given if order.order_no not in bad]
    await ending.tell(tx, good)
    tx.audit([_audit(order, actor) for order, _ in good])
    return {
        number: replace(outcome, id=number) if number in bad else Outcome("done", outcome.code, outcome.message, number)
        for number, outcome in became.items()
    }


def _read_id(visit: Visit) -> str:
    return identity.read_id(visit.meter_no or "", visit.visited_at, SITE)


def _item(visit: Visit) -> ReadItem:
    return {
        "meter_no": visit.meter_no or "",
        "read_at": visit.visited_at.isoformat(),
        "source": SITE,
        "unit": UNIT,
        "registers": dict(visit.registers),
        "reader": visit.visited_by,
    }


def _audit(order: Order, actor: str) -> AuditEntry:
    return AuditEntry(
        action="site_order.done",
        entity_kind="site_order",
        entity_id=order.order_no,
        actor=actor,
        reason=order.outcome or "",
        before_version=order.version,
        after_version=order.version + 1,
    )
