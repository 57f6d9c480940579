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

TEXT_MAX = 64  # of an event's id, type and key
_WRONG_TOPIC = "wrong_topic"


@dataclass(frozen=True, slots=True)
class Received:
    """A fact with where it came from."""

    fact: Fact
    event_id: str
    item: int
    topic: str
    partition: int

    def letter(self, state: str, error: str) -> DeadLetter:
        """Return the letter that sets this fact aside."""
        return DeadLetter(
            event_id=self.event_id,
            item=self.item,
            topic=self.topic,
            partition=self.partition,
            type=self.fact.type,
            key=self.fact.key,
            state=state,
            error=error,
            payload=self.fact.model_dump_json(by_alias=True),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """What a fact and a letter say of the event that they came in."""

    event_id: str
    topic: str
    partition: int
    type: str

    def received(self, item: int, fact: Fact) -> Received:
        return Received(fact, self.event_id, item, self.topic, self.partition)

    def is_forged(self) -> bool:
        """Return whether a known fact stands on a topic on which its owner does not publish."""
        kind = catalogue.FACTS.get(self.type)
        return kind is not None and self.topic != catalogue.topic_for(kind)

    def whole(self, error: str, value: bytes) -> DeadLetter:
        return self.poison(WHOLE_EVENT, "", error, base64.b64encode(value).decode())

    def poison(self, item: int, key: str, error: str, payload: str) -> DeadLetter:
        return DeadLetter(
            event_id=self.event_id,
            item=item,
            topic=self.topic,
            partition=self.partition,
            type=self.type,
            key=key,
            state="poison",
            error=error,
            payload=payload,
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
        event_type = _storable(record.attribute("ce_type"))
        event = _Event(event_id=event_id, topic=record.topic, partition=record.partition, type=event_type)
        if event.is_forged():
            letters.append(event.whole(_WRONG_TOPIC, record.value))
            continue
        try:
            if record.unreadable:
                raise Undecodable(record.unreadable)
            items = envelope.unpack(event_type, record.value)
        except Undecodable as error:
            good, bad = _decode_items(event, record.value, str(error))
            facts += good
            letters += bad
        else:
            facts += [event.received(i, fact) for i, fact in enumerate(items)]
    return list(event_ids), facts, letters


def _event_id(record: StoredRecord) -> str:
    """Return the event's id; where a stranger's record has none, its place in the log."""
    told = record.attribute("ce_id")
    if told and told == _storable(told) and "\ufffd" not in told:
        return told
    return f"{record.topic}/{record.partition}/{record.offset}"  # what is cut or replaced might be another's


def _storable(text: str) -> str:
    """Return a stranger's text as every database takes it: a letter that cannot be stored would stop its partition."""
    return text.encode(errors="replace").decode().replace("\0", "?")[:TEXT_MAX]


def _decode_items(event: _Event, value: bytes, error: str) -> tuple[list[Received], list[DeadLetter]]:
    """Read an event fact by fact, for where it cannot be read as a whole."""
    try:
        items = json.loads(value)["items"]
        kind = catalogue.FACTS[event.type]
        if not isinstance(items, list):
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError):
        return [], [event.whole(error, value)]
    if len(items) > envelope.FACTS_MAX:
        return [], [event.whole("too_many_items", value)]
    facts: list[Received] = []
    letters: list[DeadLetter] = []
    for index, item in enumerate(items):
        try:
            facts.append(event.received(index, envelope.unpack_one(event.type, item)))
        except Undecodable as cause:
            key = _storable(str(item.get(kind.key_field, ""))) if isinstance(item, dict) else ""
            letters.append(event.poison(index, key, str(cause), json.dumps(item)))
    return facts, letters


def reopen(rows: Sequence[Any]) -> tuple[list[Received], list[DeadLetter]]:
    """Return the facts of letters, and the letters that still cannot be read."""
    facts: list[Received] = []
    letters: list[DeadLetter] = []
    for row in rows:
        event = _Event(event_id=row.event_id, topic=row.topic, partition=row.partition, type=row.type)
        if row.item == WHOLE_EVENT:
            value = base64.b64decode(row.payload)
            if event.is_forged():
                letters.append(event.whole(_WRONG_TOPIC, value))
                continue
            good, bad = _decode_items(event, value, row.error)
            facts += good
            letters += bad
            continue
        try:
            facts.append(event.received(row.item, envelope.unpack_one(row.type, json.loads(row.payload))))
        except Undecodable as cause:
            letters.append(event.poison(row.item, row.key, str(cause), row.payload))
    return facts, letters
