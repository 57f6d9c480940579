"""The packing of facts into events, and back.

An event is a CloudEvents 1.0 binary-mode Kafka record: attributes in headers (`ce_*`), data `{"items": [fact, …]}`.
One event holds 1 to 200 facts of one type and one partition, in order, in at most 256 KiB: far below the broker's default
record limit of 1 MiB, and small enough to bisect.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from shared.events import catalogue
from shared.events.fact import Fact

F = TypeVar("F", bound=Fact)

FACTS_MAX = 200
BYTES_MAX = 256 * 1024
NUL = r"\u0000"  # in JSON it is always escaped


class Undecodable(Exception):
    """An event that cannot be read as what its type says; holds a code, never the text."""


class FactTooLarge(AssertionError):
    """One fact alone is larger than an event may be."""


@dataclass(frozen=True)
class Packed:
    """An event before it has a position: its partition and its data as it will be sent."""

    partition: int
    payload: str
    count: int


class _Data(BaseModel, Generic[F]):
    items: list[F]


@cache
def _data(fact: type[Fact]) -> type[_Data[Fact]]:
    return _Data[fact]  # type: ignore[valid-type]


def pack(facts: Sequence[Fact]) -> Iterator[Packed]:
    """Return events for facts of one type; facts of one partition keep their order.

    Facts of one key that follow each other stay in one event, so that who reads them sees the change as a whole; only a group
    that alone is more than an event may hold is split.
    """
    kind = type(facts[0])
    by_partition: dict[int, list[Fact]] = {}
    for fact in facts:
        if type(fact) is not kind:
            raise AssertionError(f"facts of {kind.type} and {type(fact).type} in one publication")
        by_partition.setdefault(catalogue.partition_of(fact.key), []).append(fact)
    for partition, items in by_partition.items():
        while items:
            count = _cut(items, FACTS_MAX)
            yield from _fit(partition, kind, items[:count])
            items = items[count:]


def _cut(items: Sequence[Fact], most: int) -> int:
    """Return how many facts from the first on, at most `most`, go together without splitting those of a key."""
    if len(items) <= most:
        return len(items)
    count = most
    while count and items[count - 1].key == items[count].key:
        count -= 1
    return count or most


def _half(items: Sequence[Fact]) -> int:
    """Return where to cut facts in two: near the middle between two keys, in the middle where all have one."""
    middle = len(items) // 2
    if items[0].key == items[middle].key:
        return next((at for at in range(middle, len(items)) if items[at].key != items[0].key), middle)
    return _cut(items, middle)


def _fit(partition: int, kind: type[Fact], items: list[Fact]) -> Iterator[Packed]:
    payload = _data(kind).model_construct(items=items).model_dump_json(by_alias=True)
    if len(payload) <= BYTES_MAX:
        yield Packed(partition, payload, len(items))
        return
    if len(items) == 1:
        raise FactTooLarge(f"a {kind.type} of {len(payload)} bytes")
    half = _half(items)
    yield from _fit(partition, kind, items[:half])
    yield from _fit(partition, kind, items[half:])


def unpack(event_type: str, payload: bytes) -> list[Fact]:
    """Return the facts of an event, all of them valid; raise `Undecodable` where one is not."""
    kind = catalogue.FACTS.get(event_type)
    if kind is None:
        raise Undecodable("unknown_type")
    try:
        facts = _data(kind).model_validate_json(payload, extra="ignore").items
    except ValidationError as error:
        raise Undecodable("invalid_items") from error
    if len(facts) > FACTS_MAX:
        raise Undecodable("too_many_items")
    if NUL.encode() in payload and any(map(_holds_nul, facts)):
        raise Undecodable("nul_character")
    return facts


def count(payload: bytes) -> int:
    """Return how many facts an event seems to hold, told by the ids in it, as reading it is dear."""
    return payload.count(b'"fact_id"')


def unpack_one(event_type: str, item: object) -> Fact:
    """Return one fact from its JSON value; raise `Undecodable` where it is not valid."""
    kind = catalogue.FACTS.get(event_type)
    if kind is None:
        raise Undecodable("unknown_type")
    try:
        fact = kind.model_validate(item, extra="ignore", strict=False)
    except ValidationError as error:
        raise Undecodable("invalid_fact") from error
    if _holds_nul(fact):
        raise Undecodable("nul_character")
    return fact


def _holds_nul(fact: Fact) -> bool:
    """Return whether a text of the fact holds U+0000, which PostgreSQL takes in no text: its batch would fail for ever."""
    return NUL in fact.model_dump_json().replace(r"\\", "")  # without the escaped backslashes, where no NUL follows


def headers(
    *, event_id: str, event_type: str, time: str, position: int, partition: int, traceparent: str
) -> tuple[tuple[str, bytes], ...]:
    """Return the CloudEvents attributes of an event as record headers."""
    service = event_type.split(".", 1)[0]
    attributes: Mapping[str, str] = {
        "ce_specversion": "1.0",
        "ce_id": event_id,
        "ce_source": f"/wattline/{service}",
        "ce_type": event_type,
        "ce_time": time,
        "ce_partitionkey": str(partition),
        "ce_sequence": str(position),
        "ce_traceparent": traceparent,
        "content-type": "application/json",
    }
    return tuple((name, value.encode()) for name, value in attributes.items() if value)
