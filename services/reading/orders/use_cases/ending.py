"""Site orders end: a read came in that answers a re-read, a visit ended them, or they are withdrawn."""

from collections.abc import Mapping, Sequence
from datetime import date

from services.reading.orders import store
from services.reading.orders.domain import DONE, NOT_DONE, REREAD, WITHDRAWN, Order, answer
from services.reading.orders.use_cases import facts
from services.reading.tasks.domain.tasks import TaskKey
from services.reading.tasks.store import tasks
from shared.db.engine import Tx


async def by_reads(tx: Tx, answered: Mapping[TaskKey, str]) -> None:
    """End the re-reads of tasks by the reads that answer them, and tell it; the points are locked."""
    if not answered:
        return
    await tasks.end_rereads(tx, list(answered))
    waiting = await store.of_tasks(tx, list(answered))
    ended = [(answer(order, answered[key]), key[1]) for key, orders in waiting.items() for order in orders]
    await store.write(tx, [order for order, _ in ended])
    tx.publish([facts.done(order, day) for order, day in ended])


async def tell(tx: Tx, ended: Sequence[tuple[Order, date]]) -> None:
    """Tell orders that have ended, each with its day; who waits for no re-read any more has none that replaces its read."""
    over = {(each.point, each.asked.cycle) for each, _ in ended if each.asked.kind == REREAD and each.asked.cycle}
    if over:
        left = await store.doubted(tx, sorted({point for point, _ in over}))
        await tasks.unmark_rereads(tx, sorted(over - left))
    tx.publish([facts.done(order, day) for order, day in ended if order.state == DONE])
    tx.publish([facts.not_done(order, day) for order, day in ended if order.state == NOT_DONE])
    tx.publish([facts.withdrawn(order, day) for order, day in ended if order.state == WITHDRAWN])
