"""Batches of reads as they come in JSON: a broken item is refused by itself, a broken body as a whole."""

import json
from collections.abc import Callable
from typing import Annotated, Any, NotRequired

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from services.reading.intake.schemas import MALFORMED, fault_of
from services.reading.intake.use_cases.intake import ReadItem
from services.reading.network.domain.refusal import Refused
from services.reading.network.schemas import ITEMS_MAX, NUMBER_PATTERN, MeterNo, No, Unit, Values
from shared.outcome import Outcome, refused

Instant = Annotated[
    str, Field(min_length=1, max_length=40, description="With offset.", examples=["2026-02-01T00:00:00+08:00"])
]


Source = Annotated[
    str,
    Field(
        min_length=1,
        max_length=16,
        description="`remote`; by token also `site`, `self`, `estimated`.",
        examples=["remote"],
    ),
]


@with_config(ConfigDict(extra="forbid"))
class Item(TypedDict):
    """All registers of one meter at one instant; exactly a `ReadItem`."""

    meter_no: MeterNo
    read_at: Instant
    source: Source
    unit: Unit
    registers: Values
    reader: NotRequired[Annotated[No | None, Field(description="Who read it; of a read on site always.")]]


class Batch(BaseModel):
    """Reads of a device, a head-end or a person. `message_id` is the sender's own number of this message, for tracing."""

    model_config = ConfigDict(extra="forbid")

    message_id: Annotated[str, Field(max_length=64, pattern=NUMBER_PATTERN)] | None = None
    items: Annotated[list[Item], Field(max_length=ITEMS_MAX)]


def batch_schema() -> dict[str, Any]:
    """Return the JSON Schema of a batch in one piece: references of its own would point nowhere in the API's document."""
    schema = Batch.model_json_schema()
    schema["properties"]["items"]["items"] = schema.pop("$defs")["Item"]
    return schema


@with_config(ConfigDict(extra="forbid"))
class _Fast(TypedDict):
    message_id: NotRequired[Annotated[str, Field(max_length=64, pattern=NUMBER_PATTERN)] | None]
    items: Annotated[list[Item], Field(max_length=ITEMS_MAX)]


@with_config(ConfigDict(extra="forbid"))
class _Loose(TypedDict):
    message_id: NotRequired[Annotated[str, Field(max_length=64, pattern=NUMBER_PATTERN)] | None]
    items: Annotated[list[Any], Field(max_length=ITEMS_MAX)]


_FAST = TypeAdapter(_Fast)
_LOOSE = TypeAdapter(_Loose)
_ITEM: TypeAdapter[Any] = TypeAdapter(Item)


Parsed = tuple[list[ReadItem], list[Outcome | None], str]
"""The items that are well formed, the outcomes of all (None where it is yet to come), and the message's own number."""


def parse_json(body: bytes) -> Parsed:
    """Read a JSON batch in one pass; only where that fails item by item, to tell the broken ones."""
    try:
        fast: Any = _FAST.validate_json(body)
        return fast["items"], [None] * len(fast["items"]), fast.get("message_id") or ""
    except ValidationError:
        pass
    try:
        # of the parsers the one that takes what is wrong in one item alone: NaN, half a surrogate pair
        decoded = json.loads(body.decode())
    except (ValueError, RecursionError) as broken:
        raise RequestValidationError([{"type": "json_invalid", "loc": ("body",), "msg": "broken"}]) from broken
    try:
        loose: Any = _LOOSE.validate_python(decoded)
    except ValidationError as wrong:
        found = [error | {"loc": ("body", *error["loc"])} for error in wrong.errors(include_url=False)]
        raise RequestValidationError(found) from None
    items, outcomes = each_valid(loose["items"])
    return items, outcomes, loose.get("message_id") or ""


def each_valid(raw: list[Any]) -> tuple[list[ReadItem], list[Outcome | None]]:
    """Return the well-formed items, and the outcome of each of the others."""
    items: list[ReadItem] = []
    outcomes: list[Outcome | None] = []
    for each in raw:
        try:
            items.append(valid(each))
            outcomes.append(None)
        except Refused as fault:
            outcomes.append(refused(fault.code, fault.text))
    return items, outcomes


def valid(raw: Any) -> ReadItem:
    """Return an item that is well formed; raises `Refused` (`reading.malformed_item`) with the field that is not."""
    try:
        item: ReadItem = _ITEM.validate_python(raw)
    except ValidationError as wrong:
        raise Refused(MALFORMED, fault_of(wrong, Item.__annotations__)) from None
    return item


def merge(outcomes: list[Outcome | None], found: list[Outcome]) -> list[Outcome]:
    """Put the outcomes of the well-formed items in their places."""
    take: Callable[[], Outcome] = iter(found).__next__
    return [take() if outcome is None else outcome for outcome in outcomes]
