"""Taking in what reading measured: each usage once, under its natural key, and which of them are in force."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import IntegrityError

from services.billing.usages.domain import Usage
from services.billing.usages.store import codec
from services.billing.usages.store import usages as store
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.events.reading import UsageMeasured


class NotWaiting(BusinessError):
    status = 409
    code = "usage.not_waiting"
    title = "The usage waits for no contract: it is billed, superseded or withdrawn"


class ClosedForAnotherReason(BusinessError):
    status = 409
    code = "usage.closed_for_another_reason"
    title = "The usage was closed before, for another reason"


class ConflictingUsage(Exception):
    """A usage that is recorded already came with another content: a fault of the sender, set aside for a person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What a batch changed.

    `standing`: those of the new usages that are in force. `newer`: those that may have displaced others. `displaced`: the ids of
    those that are out of force for them, whether they were before or not. `late`: those that were out of force when they came.
    """

    new: Sequence[Usage]
    standing: Sequence[Usage]
    newer: Sequence[Usage]
    displaced: frozenset[str]
    late: Sequence[Usage] = ()


async def record(tx: Tx, facts: Sequence[UsageMeasured]) -> Recorded:
    """Record usages, each under its natural key, and tell which are in force now.

    A version that came twice changes nothing; one with other content under the same key, or a known id under another key, raises
    ConflictingUsage. Of usages of a
    point that share a day the highest version is in force, in whatever order they come.
    """
    first = {fact.usage_id: fact for fact in reversed(facts)}
    try:
        ids = await store.record(tx, list(first.values()))
    except IntegrityError:
        raise ConflictingUsage("an id that is known came with another point, period or version") from None
    if len(ids) < len(facts):
        repeated = [fact for fact in facts if fact.usage_id not in ids or first[fact.usage_id] is not fact]
        await _check_repeated(tx, repeated)
    new = [codec.from_fact(fact) for fact in facts if fact.usage_id in ids and first[fact.usage_id] is fact]
    if not new:
        return Recorded(new=(), standing=(), newer=(), displaced=frozenset())
    outdated = await store.overtaken(tx, new)
    if outdated:
        await store.supersede(tx, sorted(outdated))
    # one that is outdated itself puts older ones out of force all the same: the order of arrival decides nothing
    newer = [usage for usage in new if usage.version > 1]
    displaced = await store.displace(tx, newer) if newer else set()
    return Recorded(
        new=new,
        standing=[u for u in new if u.usage_id not in outdated and not u.withdrawn],
        newer=newer,
        displaced=frozenset(displaced),
        late=[usage for usage in new if usage.usage_id in outdated],
    )


async def close(tx: Tx, usage_id: str, *, reason: str, actor: str, may_see: Callable[[str], bool]) -> Row[Any] | None:
    """Close a waiting usage with a reason, and return its row; None where there is none that the actor may see.

    Its energy stays listed and counted. One that was closed for this reason stays as it is; raises ClosedForAnotherReason, and
    NotWaiting where it does not wait.
    """
    row = await store.lock(tx, usage_id)
    if row is None or not may_see(row.org_unit):
        return None
    if row.waiting_for == store.CLOSED:
        if row.closed_reason != reason:
            raise ClosedForAnotherReason(row.closed_reason)
        return row
    if row.waiting_for != store.CONTRACT_MISSING:
        raise NotWaiting
    await store.close(tx, usage_id, reason=reason, actor=actor)
    tx.audit([AuditEntry(action="usage.closed", entity_kind="usage", entity_id=usage_id, actor=actor, reason=reason)])
    return await store.lock(tx, usage_id)


async def _check_repeated(tx: Tx, facts: Sequence[UsageMeasured]) -> None:
    for fact in await store.unlike(tx, facts):
        raise ConflictingUsage(f"{fact.usage_id} version {fact.version}")
