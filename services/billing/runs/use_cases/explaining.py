"""What routes tell of unexplained points after their closing (有无遗漏): a run waits for it, and goes on by itself."""

from collections.abc import Sequence

from services.billing.context import Context
from services.billing.runs import domain, store
from services.billing.runs.use_cases import totals, waiting
from shared.db.engine import Tx
from shared.events.reading import RouteExplained


async def hear(tx: Tx, facts: Sequence[RouteExplained], *, context: Context) -> None:
    """Keep what routes told, their closing known or not, and let wait or go what it is told of.

    Any order ends the same: every version is kept, and the last one counts.
    """
    units = {(fact.route_no, fact.cycle): fact.org_unit for fact in facts}
    keys = sorted(units)
    await store.ensure(tx, [(route, cycle, units[route, cycle]) for route, cycle in keys])
    rows = await store.lock(tx, keys)  # before they are kept: who closes the route meanwhile sees them, or is seen
    await store.record_explanations(tx, facts)
    await totals.check(tx, [(row.route_no, row.cycle) for row in rows if row.status == domain.OPEN], context=context)
    await waiting.reconsider(tx, [row for row in rows if row.status != domain.OPEN], context=context)
