"""What tests of meters showed is kept as reading tells it; a job adjusts by it once its span is billed."""

from collections.abc import Sequence

from services.billing.adjustments import store
from shared.db.engine import Tx
from shared.events.disputes import MeterTested
from shared.events.fact import newest


async def hear(tx: Tx, facts: Sequence[MeterTested]) -> None:
    """Keep the newest version of each test, in any order."""
    await store.hear(tx, newest(facts, lambda fact: fact.dispute_no))
