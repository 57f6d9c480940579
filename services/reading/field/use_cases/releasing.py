"""A batch of field entries is released (上装) by another person than its reader: then they are reads, by all rules of reads."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from services.reading.context import Context
from services.reading.field import store
from services.reading.field.domain.entries import ENTERED, LIFE, RELEASED, Entry, FieldBatch, hash_of
from services.reading.intake.use_cases import intake
from services.reading.intake.use_cases.corrections import ReaderIsUploader
from services.reading.intake.use_cases.intake import ReadItem, Uploader
from services.reading.network.domain.registers import UNIT
from services.reading.tasks.domain.tasks import TaskKey
from services.reading.tasks.use_cases import unread
from services.reading.tasks.use_cases.unread import Unread
from services.reading.usage.domain.ranking import SITE
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.outcome import Outcome, Status


class UnknownBatch(BusinessError):
    status = 404
    code = "reading.unknown_field_batch"
    title = "There is no such field batch"


class ReleasedAlready(BusinessError):
    status = 409
    code = "reading.field_batch_released"
    title = "The field batch is released already"


class OtherContent(BusinessError):
    status = 412
    code = "reading.field_batch_changed"
    title = "The field batch holds other entries than those that were seen"


class UnknownEntry(BusinessError):
    status = 422
    code = "reading.unknown_entry"
    title = "An entry that is to be refused does not wait in this batch"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """That a batch, as it was seen, is released, but for what is `refused`: numbers of entries with the reason's code."""

    batch_id: str
    content_hash: str
    refused: Mapping[str, str]
    actor: str
    may_see: Callable[[str], bool]


async def release(tx: Tx, decision: Decision, own: Context) -> list[tuple[Entry, Outcome]]:
    """Make reads of what was entered, each answered by itself; return the entries that were decided on with their outcomes.

    An unread entry becomes the reason of its task. The same decision again by the same person is answered as before. Raises
    `UnknownBatch`, `ReaderIsUploader`, `ReleasedAlready`, `OtherContent`, `UnknownEntry`; nothing has changed then.
    """
    batch = (await store.lock_batches(tx, [decision.batch_id])).get(decision.batch_id)
    if batch is None or not decision.may_see(batch.org_unit):
        raise UnknownBatch
    if batch.reader == decision.actor:
        raise ReaderIsUploader
    entries = await store.of_batch(tx, batch.batch_id)
    if batch.released_by is not None:
        if (batch.released_by, batch.content_hash) != (decision.actor, decision.content_hash):
            raise ReleasedAlready
        return [(each, _answered(each)) for each in entries if each.decided_by]
    if hash_of(entries) != decision.content_hash:
        raise OtherContent
    waiting = {each.entry_no: each for each in entries if each.state == ENTERED}
    if decision.refused.keys() - waiting.keys():
        raise UnknownEntry(", ".join(sorted(decision.refused.keys() - waiting.keys())[:20]))
    kept = [each for number, each in waiting.items() if number not in decision.refused]
    outcomes = await _record(tx, kept, batch, decision, own)
    turned_down = {number: Outcome("refused", reason) for number, reason in decision.refused.items()}
    await store.release_batch(tx, batch.batch_id, released_by=decision.actor, content_hash=decision.content_hash)
    for event, decided in (("release", outcomes), ("refuse", turned_down)):
        await store.decide(
            tx, batch.reader, LIFE.target(event), decided, decided_by=decision.actor, reasons=decision.refused
        )
    tx.audit(_audit(batch, decision))
    return [(each, (outcomes | turned_down)[number]) for number, each in waiting.items()]


async def _record(
    tx: Tx, kept: Sequence[Entry], batch: FieldBatch, decision: Decision, own: Context
) -> dict[str, Outcome]:
    """Hand the entries to the use cases by which reads and reasons come in by themselves."""
    seen = [each for each in kept if each.registers]
    uploader = Uploader(
        kind="field",
        subject=decision.actor,
        message_id=batch.batch_id,
        may_see=decision.may_see,
        sources=frozenset({SITE}),
    )
    items: list[ReadItem] = [
        {
            "meter_no": each.meter_no,
            "read_at": each.seen_at.isoformat(),
            "source": SITE,
            "unit": UNIT,
            "registers": dict(each.registers),
            "reader": each.reader,
        }
        for each in seen
    ]
    taken = (
        await intake.record(tx, items=items, malformed=0, uploader=uploader, policies=own.policies, zone=own.zone)
        if items
        else []
    )
    found = {each.entry_no: outcome for each, outcome in zip(seen, taken, strict=True)}
    return found | await _explain(tx, [each for each in kept if not each.registers], batch, decision, own)


async def _explain(
    tx: Tx, entries: Sequence[Entry], batch: FieldBatch, decision: Decision, own: Context
) -> dict[str, Outcome]:
    """Note why points were not read; of several entries of a point the last one says it."""
    last: dict[TaskKey, Entry] = {(each.service_point_no, batch.read_date): each for each in entries}
    reasons = [
        Unread(service_point_no=point, read_date=day, reason=each.unread_reason or "")
        for (point, day), each in last.items()
    ]
    if not reasons:
        return {}
    outcomes = await unread.put(
        tx,
        reasons,
        actor=decision.actor,
        noted_by=batch.reader,
        may_see=decision.may_see,
        policies=own.policies,
    )
    by_point = dict(zip([point for point, _ in last], outcomes, strict=True))
    return {each.entry_no: by_point[each.service_point_no] for each in entries}


def _answered(entry: Entry) -> Outcome:
    status = cast(Status, entry.status) if entry.state == RELEASED else "refused"
    return Outcome(status, entry.code or "")


def _audit(batch: FieldBatch, decision: Decision) -> list[AuditEntry]:
    released = AuditEntry(
        action="field_batch.released", entity_kind="field_batch", entity_id=batch.batch_id, actor=decision.actor
    )
    return [
        released,
        *(
            AuditEntry(
                action="field_entry.refused",
                entity_kind="field_entry",
                entity_id=number,
                actor=decision.actor,
                reason=reason,
            )
            for number, reason in decision.refused.items()
        ),
    ]
