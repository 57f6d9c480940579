"""Taking in what reading measured: each usage once, under its natural key."""

from collections.abc import Sequence

from services.billing.usages import store
from services.billing.usages.domain import Usage
from shared.db.engine import Tx
from shared.events.reading import UsageMeasured


class ConflictingUsage(Exception):
    """A usage that is recorded already came with another content: a fault of the sender, set aside for a person."""


async def record(tx: Tx, facts: Sequence[UsageMeasured]) -> list[Usage]:
    """Record usages, each under its natural key, and return those that are new.

    A version that came twice changes nothing; one with other content under the same key raises ConflictingUsage.
    """
    new = await store.record(tx, facts)
    if len(new) < len(facts):
        await _check_repeated(tx, [fact for fact in facts if fact.usage_id not in new])
    return [store.from_fact(fact) for fact in facts if fact.usage_id in new]


async def _check_repeated(tx: Tx, facts: Sequence[UsageMeasured]) -> None:
    known = {row.usage_id for row in await store.at_keys(tx, facts)}
    for fact in facts:
        if fact.usage_id not in known:
            raise ConflictingUsage(f"{fact.usage_id} version {fact.version}")
