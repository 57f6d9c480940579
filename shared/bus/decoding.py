"""From records to facts, and back from dead letters; what cannot be read is told apart as finely as it can be."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.bus.dead_letters import WHOLE_EVENT, DeadLetter
from shared.bus.ports import StoredRecord
from shared.events import catalogue, envelope
from shared.events.envelope import Undecodable
from shared.events.fact import Fact


@dataclass(frozen=True, slots=True)
class Received:
    """A fact with where it came from."""

    fact: Fact
    event_id: str
    item: int
    topic: str
    partition: int

    def letter(self, state: str, error: str) -> DeadLetter:
        return DeadLetter(
            self.event_id,
            self.item,
            self.topic,
            self.partition,
            self.fact.type,
            self.fact.key,
            state,
            error,
            self.fact.model_dump_json(by_alias=True),
        )


def decode(records: Sequence[StoredRecord]) -> tuple[list[str], list[Received], list[DeadLetter]]:
    """Return the ids of the events in order, their facts, and what cannot be read.

    An event that is there twice is read once. A fact that cannot be read is told apart from the others of its event where
    the event's form allows it.
    """
    event_ids: dict[str, None] = {}
    facts: list[Received] = []
    letters: list[DeadLetter] = []
    for record in records:
        event_id = _event_id(record)
        if event_id in event_ids:
            continue
        event_ids[event_id] = None
        event_type = _storable(record.headers.get("ce_type", b"").decode(errors="replace"))
        at = (event_id, record.topic, record.partition)
        try:
            items = envelope.unpack(event_type, record.value)
        except Undecodable as error:
            good, bad = _decode_items(at, event_type, record.value, str(error))
            facts += good
            letters += bad
        else:
            facts += [Received(fact, event_id, i, record.topic, record.partition) for i, fact in enumerate(items)]
    return list(event_ids), facts, letters


def _event_id(record: StoredRecord) -> str:
    """Return the event's id; where a stranger's record has none, its place in the log."""
    told = _storable(record.headers.get("ce_id", b"").decode(errors="replace"))
    return told or f"{record.topic}/{record.partition}/{record.offset}"


def _storable(text: str) -> str:
    """Return a stranger's text as every database takes it: a letter that cannot be stored would stop its partition."""
    return text.encode(errors="replace").decode().replace("\0", "?")[:64]


def _decode_items(
    at: tuple[str, str, int], event_type: str, value: bytes, error: str
) -> tuple[list[Received], list[DeadLetter]]:
    """Read an event fact by fact, for where it cannot be read as a whole."""
    event_id, topic, partition = at
    try:
        items = json.loads(value)["items"]
        kind = catalogue.FACTS[event_type]
        if not isinstance(items, list):
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError):
        payload = base64.b64encode(value).decode()
        return [], [DeadLetter(event_id, WHOLE_EVENT, topic, partition, event_type, "", "poison", error, payload)]
    facts: list[Received] = []
    letters: list[DeadLetter] = []
    for index, item in enumerate(items):
        try:
            facts.append(Received(envelope.unpack_one(event_type, item), event_id, index, topic, partition))
        except Undecodable as cause:
            key = _storable(str(item.get(kind.key_field, ""))) if isinstance(item, dict) else ""
            letters.append(
                DeadLetter(event_id, index, topic, partition, event_type, key, "poison", str(cause), json.dumps(item))
            )
    return facts, letters


def reopen(rows: Sequence[Any]) -> tuple[list[Received], list[DeadLetter]]:
    """Return the facts of letters, and the letters that still cannot be read."""
    facts: list[Received] = []
    letters: list[DeadLetter] = []
    for row in rows:
        at = (row.event_id, row.topic, row.partition)
        if row.item == WHOLE_EVENT:
            good, bad = _decode_items(at, row.type, base64.b64decode(row.payload), row.error)
            facts += good
            letters += bad
            continue
        try:
            facts.append(
                Received(envelope.unpack_one(row.type, json.loads(row.payload)), row.event_id, row.item, *at[1:])
            )
        except Undecodable as cause:
            letters.append(DeadLetter(*at[:1], row.item, *at[1:], row.type, row.key, "poison", str(cause), row.payload))
    return facts, letters
