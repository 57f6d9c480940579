"""The inbox: which events a consumer has taken, in the transaction of their effect."""

from collections.abc import Sequence

from shared.db import bulk, platform
from shared.db.engine import Tx

_INBOX = platform.TABLES.inbox


async def claim(tx: Tx, consumer: str, event_ids: Sequence[str]) -> set[str]:
    """Take events for a consumer, and return those that it had not taken before.

    Where another replica is taking the same event at this moment, this waits for its outcome.
    """
    unique = sorted(set(event_ids))  # in order: two replicas that take the same events must not wait for each other
    rows = await bulk.insert_ignore(
        tx,
        _INBOX,
        {"consumer": [consumer] * len(unique), "event_id": unique, "received_at": [tx.now] * len(unique)},
        key=("consumer", "event_id"),
        returning=("event_id",),
    )
    return {row.event_id for row in rows}
