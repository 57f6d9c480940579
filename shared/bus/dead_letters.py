"""Facts that were set aside: the poison one, and the later ones of its key that must not overtake it.

The key is parked in this service over all topics, so that a payment is not applied before its bill. A replay only marks
rows `ready`; the consumer that owns their partition drains them, before newer facts.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, func, select, update

from shared.db import bulk, platform
from shared.db.engine import Tx, View

log = logging.getLogger(__name__)

_LETTERS = platform.TABLES.dead_letter
_PARKED = platform.TABLES.parked_key
WHOLE_EVENT = -1
DISCARDED = "discarded"
DISCARDED_MAX = 5000  # letters in one request: a flood of one polled batch
READY_KEYS_MAX = 100  # keys drained in one go
LISTED = tuple(c for c in _LETTERS.c if c.name != "payload")  # a payload may hold what a listing must not show


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A fact (or a whole event, item −1) to be set aside; `error` is a class name or a code."""

    event_id: str
    item: int
    topic: str
    partition: int
    type: str
    key: str
    state: str
    error: str
    payload: str


def tell(consumer: str, letters: Sequence[DeadLetter | Row[Any]], what: str = "a fact was set aside") -> None:
    """Log what became of each letter, once that is committed; what it says, and about whom, stays in the table."""
    for x in letters:
        told = {name: getattr(x, name) for name in ("event_id", "item", "topic", "type", "state", "error")}
        log.warning(what, extra={"consumer": consumer} | told)


async def put(tx: Tx, consumer: str, letters: Sequence[DeadLetter]) -> None:
    """Set facts aside, and park the keys of those that are poison."""
    count = len(letters)
    if not count:
        return
    await bulk.insert_ignore(
        tx,
        _LETTERS,
        {
            "consumer": [consumer] * count,
            "event_id": [x.event_id for x in letters],
            "item": [x.item for x in letters],
            "topic": [x.topic for x in letters],
            "partition": [x.partition for x in letters],
            "type": [x.type for x in letters],
            "key": [x.key for x in letters],
            "state": [x.state for x in letters],
            "error": [x.error for x in letters],
            "payload": [x.payload for x in letters],
            "attempts": [1 if x.state == "poison" else 0 for x in letters],
            "created_at": [tx.now] * count,
        },
        key=("consumer", "event_id", "item"),
    )
    await park(tx, consumer, {x.key for x in letters if x.state == "poison" and x.key})


async def park(tx: Tx, consumer: str, keys: Collection[str]) -> None:
    """Park keys: later facts of theirs are set aside too."""
    ordered = sorted(keys)
    await bulk.insert_ignore(
        tx,
        _PARKED,
        {"consumer": [consumer] * len(ordered), "key": ordered, "parked_at": [tx.now] * len(ordered)},
        key=("consumer", "key"),
    )


async def parked(tx: Tx, consumer: str, keys: Collection[str]) -> set[str]:
    """Return which of the keys are parked; they stay so until this unit of work ends."""
    rows = await bulk.select_in(
        tx,
        _PARKED,
        {"key": sorted(keys)},
        columns=(_PARKED.c.key,),
        where=_PARKED.c.consumer == consumer,
        order_by=(_PARKED.c.key,),
        for_update=True,
    )
    return {row.key for row in rows}


async def replay(tx: Tx, consumer: str, ids: Sequence[int] | None = None) -> tuple[int, list[int]]:
    """Mark letters ready, with all others of their keys; all letters where no ids are given.

    Return how many, and the ids under which nothing is set aside.
    """
    chosen, missing = (_LETTERS.c.consumer == consumer) & (_LETTERS.c.state != DISCARDED), list[int]()
    if ids is not None:
        named = await bulk.select_in(
            tx, _LETTERS, {"id": list(ids)}, columns=(_LETTERS.c.id, _LETTERS.c.key), where=chosen
        )
        keys = {row.key for row in named if row.key}
        missing = sorted(set(ids) - {row.id for row in named})
        chosen &= _LETTERS.c.id.in_([row.id for row in named]) | _LETTERS.c.key.in_(keys)
    return await tx.execute(update(_LETTERS).where(chosen).values(state="ready")), missing


async def chosen(
    tx: Tx, consumer: str, *, ids: Sequence[int] | None = None, key: str = "", kind: str = ""
) -> Sequence[Row[Any]]:
    """Lock and return the poison letters of these ids, of a key, or of a type, oldest first; at most one more than may go.

    Who asks for the same ones at the same moment waits, and finds that they are asked for.
    """
    mine = (_LETTERS.c.consumer == consumer) & (_LETTERS.c.state == "poison")
    if ids is not None:
        mine &= _LETTERS.c.id.in_(ids)
    if key:
        mine &= _LETTERS.c.key == key
    if kind:
        mine &= _LETTERS.c.type == kind
    return await tx.all(select(*LISTED).where(mine).order_by(_LETTERS.c.id).limit(DISCARDED_MAX + 1).with_for_update())


async def discard(tx: Tx, consumer: str, ids: Sequence[int]) -> list[Row[Any]]:
    """Discard poison letters for good, and return them; what waited behind them is handled as if it were replayed.

    Their rows stay, with what they say. Letters that are not poison any more are not among them.
    """
    rows = await bulk.select_in(
        tx,
        _LETTERS,
        {"id": sorted(ids)},
        columns=LISTED,
        where=(_LETTERS.c.consumer == consumer) & (_LETTERS.c.state == "poison"),
        order_by=(_LETTERS.c.id,),
        for_update=True,
    )
    await bulk.update_from(
        tx, _LETTERS, {"id": [row.id for row in rows], "state": [DISCARDED] * len(rows)}, key=("id",)
    )
    keys = sorted({row.key for row in rows if row.key})
    left = await bulk.select_in(
        tx,
        _LETTERS,
        {"key": keys},
        columns=(_LETTERS.c.id, _LETTERS.c.key, _LETTERS.c.state),
        where=(_LETTERS.c.consumer == consumer) & (_LETTERS.c.state != DISCARDED),
        order_by=(_LETTERS.c.id,),
    )
    still = {row.key for row in left if row.state == "poison"}
    behind = [row for row in left if row.key not in still]
    await bulk.update_from(
        tx, _LETTERS, {"id": [row.id for row in behind], "state": ["ready"] * len(behind)}, key=("id",)
    )
    alone = sorted(set(keys) - {row.key for row in left})
    await bulk.delete_in(tx, _PARKED, {"consumer": [consumer] * len(alone), "key": alone})
    return list(rows)


async def ready_keys(view: View, consumer: str) -> Sequence[Row[Any]]:
    """Return (key, topic, partition) of letters that were marked ready."""
    return await view.all(
        select(
            _LETTERS.c.key, func.min(_LETTERS.c.topic).label("topic"), func.min(_LETTERS.c.partition).label("partition")
        )
        .where(_LETTERS.c.consumer == consumer, _LETTERS.c.state == "ready")
        .group_by(_LETTERS.c.key)
        .order_by(func.min(_LETTERS.c.id))
        .limit(READY_KEYS_MAX)
    )


async def take(tx: Tx, consumer: str, key: str) -> Sequence[Row[Any]]:
    """Take all letters of a key, oldest first, and its mark; put back what fails again."""
    await parked(tx, consumer, {key})
    mine = (_LETTERS.c.consumer == consumer) & (_LETTERS.c.key == key) & (_LETTERS.c.state != DISCARDED)
    if not key:
        mine &= _LETTERS.c.state == "ready"  # letters without a key have nothing in common
    rows = await tx.all(select(_LETTERS).where(mine).order_by(_LETTERS.c.id))
    await bulk.delete_in(tx, _LETTERS, {"id": [row.id for row in rows]})
    await tx.execute(delete(_PARKED).where(_PARKED.c.consumer == consumer, _PARKED.c.key == key))
    return rows


async def count(view: View, consumer: str) -> dict[str, int]:
    """Return how many letters there are by state."""
    rows = await view.all(
        select(_LETTERS.c.state, func.count().label("letters"))
        .where(_LETTERS.c.consumer == consumer, _LETTERS.c.state != DISCARDED)
        .group_by(_LETTERS.c.state)
    )
    return {row.state: row.letters for row in rows}


async def count_poison(view: View, consumer: str) -> dict[str, int]:
    """Return how many poison letters there are, by each topic that has letters of any state but discarded."""
    rows = await view.all(
        select(_LETTERS.c.topic, func.count().filter(_LETTERS.c.state == "poison").label("poison"))
        .where(_LETTERS.c.consumer == consumer, _LETTERS.c.state != DISCARDED)
        .group_by(_LETTERS.c.topic)
    )
    return {row.topic: row.poison for row in rows}


async def list_page(view: View, consumer: str, *, after_id: int = 0, limit: int) -> list[dict[str, Any]]:
    """Return letters in order, from the one after `after_id`, without their payload."""
    rows = await view.all(
        select(*LISTED)
        .where(_LETTERS.c.consumer == consumer, _LETTERS.c.id > after_id)
        .order_by(_LETTERS.c.id)
        .limit(limit)
    )
    return [dict(row._mapping) for row in rows]


async def count_parked(view: View, consumer: str) -> int:
    """Return how many keys are parked."""
    row = await view.first(select(func.count().label("parked")).where(_PARKED.c.consumer == consumer))
    return row.parked if row else 0
