"""What tests of meters showed is kept as reading tells it; a job adjusts by it once its span is billed."""

from collections.abc import Sequence

from services.billing.adjustments import store
from shared.db.engine import Tx
from shared.events.disputes import MeterTested


async def hear(tx: Tx, facts: Sequence[MeterTested]) -> None:
    """Keep the newest version of each test, in any order."""
    newest: dict[str, MeterTested] = {}
    for fact in facts:
        known = newest.get(fact.dispute_no)
        if known is None or fact.version > known.version:
            newest[fact.dispute_no] = fact
    await store.hear(tx, [newest[number] for number in sorted(newest)])
