"""The chain over the audit rows of one service: what is changed, taken out, put in or swapped later is found.

A command writes its rows with a pointer to each (`audit_pending`). Once they are committed one process at a time gives them their
places: row after row gets the next number and a hash over itself and the hash before. What is committed late gets a later
number; none is left out. Who rewrites the whole chain is found by a head (number and hash of the last seal) that somebody
outside has kept.

Nothing is ever changed or deleted but the pointers: rows and seals are kept for ever.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self
from zlib import crc32

from sqlalchemy import ColumnElement, Row, Text, exists, func, or_, select, type_coerce

from shared.db import bulk, contents, locks, platform
from shared.db.connection import View, Write

_ENTRY = platform.TABLES.audit_entry
_CONTENT = platform.TABLES.audit_content
_SEAL = platform.TABLES.audit_seal
_PENDING = platform.TABLES.audit_pending
_LOCK = crc32(b"wattline.audit_chain")
SEALED = (  # what a seal is over, in this order for ever: another order is another hash
    "id",
    "at",
    "actor",
    "action",
    "entity_kind",
    "entity_id",
    "reason",
    "before_version",
    "after_version",
    "correlation_id",
)
CONTENT = "content_hash"  # sealed behind them where an entry has a content; older entries have none
BATCH = 1000  # rows sealed in one unit of work
PAGE = 2000  # seals looked at at once
PAGES = 10  # in a part, which takes about half a second
SEALS, ENTRIES = "seals", "entries"  # what the parts of a chain are called
FAULTS_MAX = 100  # told one by one; more say nothing more


_HEAD = re.compile("([0-9]{1,18}):([0-9a-fA-F]{64})")


@dataclass(frozen=True)
class Head:
    """How far a chain goes: the number of its last seal, which is how many rows it has, and the hash over all of them."""

    seq: int
    hash: str
    sealed_at: datetime | None = None

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return a kept head from its text, `SEQ:HASH`; raises `ValueError` where it is none."""
        if not (found := _HEAD.fullmatch(text)):
            raise ValueError("a head is SEQ:HASH, as `wattline audit head` prints it")
        return cls(int(found[1]), found[2].lower())


@dataclass(frozen=True)
class Fault:
    """What is not as it was sealed."""

    code: str
    seq: int | None = None
    entry_id: int | None = None

    def __str__(self) -> str:
        seq = "" if self.seq is None else f" seq={self.seq}"
        entry = "" if self.entry_id is None else f" entry={self.entry_id}"
        return f"{self.code}{seq}{entry}"


@dataclass
class Verified:
    """What a look at a whole chain found."""

    head: Head
    waiting: int = 0
    faults: list[Fault] = field(default_factory=list)
    more_faults: int = 0

    @property
    def count(self) -> int:
        """How many faults there are."""
        return len(self.faults) + self.more_faults

    def add(self, code: str, *, seq: int | None = None, entry_id: int | None = None) -> None:
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(Fault(code, seq, entry_id))
        else:
            self.more_faults += 1


def start(service: str) -> Head:
    """Return the head of the chain of a service that has no row yet."""
    return Head(0, hashlib.sha256(f"wattline audit {service}".encode()).hexdigest())


async def seal(tx: Write, service: str) -> int:
    """Seal up to `BATCH` committed rows that wait, and return how many. Of several processes one does it at a time."""
    await locks.advisory(tx, _LOCK)
    # a pointer to a row that is not there stays: it says that one was taken out, and keeps no other from its seal
    there = or_(exists().where(_ENTRY.c.id == _PENDING.c.id), exists().where(_SEAL.c.entry_id == _PENDING.c.id))
    waiting = await tx.all(select(_PENDING.c.id).where(there).order_by(_PENDING.c.id).limit(BATCH))
    ids = [row.id for row in waiting]
    sealed = {row.entry_id for row in await bulk.select_in(tx, _SEAL, {"entry_id": ids}, columns=(_SEAL.c.entry_id,))}
    entries = [entry for entry in await _entries(tx, ids) if entry.id not in sealed]
    last = await head(tx, service)
    hashes = []
    before = last.hash
    for seq, entry in enumerate(entries, last.seq + 1):
        before = _hash(before, seq, _text(tx.now), entry)
        hashes.append(before)
    await bulk.insert_rows(
        tx,
        _SEAL,
        {
            "seq": range(last.seq + 1, last.seq + 1 + len(entries)),
            "entry_id": [entry.id for entry in entries],
            "sealed_at": [tx.now] * len(entries),
            "hash": hashes,
        },
    )
    await bulk.delete_in(tx, _PENDING, {"id": [*(entry.id for entry in entries), *sealed]})
    return len(entries)


async def head(view: View, service: str) -> Head:
    """Return how far the chain goes."""
    row = await view.first(select(_SEAL).order_by(_SEAL.c.seq.desc()).limit(1))
    return start(service) if row is None else Head(row.seq, row.hash, row.sealed_at)


async def waiting(view: View) -> tuple[int, datetime | None]:
    """Return how many rows are not sealed yet, and since when the oldest of them waits."""
    row = await view.first(select(func.count().label("rows"), func.min(_PENDING.c.at).label("oldest")))
    return (row.rows, row.oldest) if row else (0, None)


async def verify(view: View, service: str, *, kept: Sequence[Head] = (), since: Head | None = None) -> Verified:
    """Look at every row and seal, or at those after the kept head `since`; compare the chain with the `kept` heads.

    Rows that are committed meanwhile wait or are sealed: neither is a fault.
    """
    first = since or start(service)
    found = Verified(first)
    for part in await parts(view, first):
        await verify_part(view, service, first, part, found)
    await _compare(view, found, start(service), kept)
    found.waiting, _ = await waiting(view)
    return found


async def parts(view: View, first: Head) -> list[str]:
    """Return the parts in which what comes after a head is looked at, each small enough for a unit of work."""
    place = func.row_number().over(order_by=_SEAL.c.seq).label("place")
    numbered = select(_SEAL.c.seq, place).where(_SEAL.c.seq > _behind(first)).subquery()
    last_ones = select(numbered.c.seq).where(numbered.c.place % (PAGE * PAGES) == 0).order_by(numbered.c.seq)
    return [SEALS, *(f"{SEALS} after {row.seq}" for row in await view.all(last_ones)), ENTRIES]


async def verify_part(view: View, service: str, first: Head, part: str, found: Verified) -> int:
    """Look at one of the parts after a head, and return how many seals it has; `found` gets what is not as it was sealed."""
    if part == ENTRIES:
        await _find_unsealed(view, found)
        return 0
    if part == SEALS:
        found.head, after = first, _behind(first)
    else:
        after = int(part.removeprefix(f"{SEALS} after "))
        before = await view.scalar(select(_SEAL.c.hash).where(_SEAL.c.seq == after))
        found.head = Head(after, before or "")  # where it was taken out by now, the part before says so
    count = 0
    for _ in range(PAGES):
        rows = await _page(view, after)
        for row in rows:
            _verify_seal(row, found)
        if not rows:
            break
        after = rows[-1].seq
        count += len(rows)
    if part == SEALS:
        await _compare(view, found, start(service), [first])
    return count


def _verify_seal(row: Row[Any], found: Verified) -> None:
    last = found.head
    if row.seq != last.seq + 1:
        found.add("audit.seal_missing", seq=last.seq + 1)
    if row.id is None:
        found.add("audit.entry_missing", seq=row.seq, entry_id=row.entry_id)
    elif _hash(last.hash, row.seq, row.sealed_text, row) != row.hash:
        found.add("audit.changed", seq=row.seq, entry_id=row.entry_id)
    elif row.content_hash is not None and not _has_content(row):
        found.add("audit.content_changed", seq=row.seq, entry_id=row.entry_id)
    found.head = Head(row.seq, row.hash)


def _has_content(row: Row[Any]) -> bool:
    return row.salt is not None and contents.hash_of(row.salt, row.before, row.after) == row.content_hash


def _behind(head: Head) -> int:
    """Return behind which number the seals are that come after a head: at the start also those that nobody of ours numbered."""
    return head.seq or -(2**63)


async def _compare(view: View, found: Verified, first: Head, kept: Sequence[Head]) -> None:
    wanted = [one.seq for one in kept]
    rows = await bulk.select_in(view, _SEAL, {"seq": wanted}, columns=(_SEAL.c.seq, _SEAL.c.hash))
    hashes = {first.seq: first.hash} | {row.seq: row.hash for row in rows}
    for one in kept:
        if one.seq not in hashes:
            found.add("audit.cut_off", seq=one.seq)
        elif hashes[one.seq] != one.hash:
            found.add("audit.head_differs", seq=one.seq)


async def _page(view: View, after: int) -> Sequence[Row[Any]]:
    return await view.all(
        select(
            _SEAL.c.seq,
            _SEAL.c.entry_id,
            _SEAL.c.hash,
            *_columns(view),
            _raw(view, _SEAL.c.sealed_at, "sealed_text"),
            *(_CONTENT.c[name] for name in ("before", "after", "salt")),
        )
        .select_from(
            _SEAL.outerjoin(_ENTRY, _ENTRY.c.id == _SEAL.c.entry_id).outerjoin(
                _CONTENT, _CONTENT.c.entry_id == _SEAL.c.entry_id
            )
        )
        .where(_SEAL.c.seq > after)
        .order_by(_SEAL.c.seq)
        .limit(PAGE)
    )


async def _find_unsealed(view: View, found: Verified) -> None:
    sealed = exists().where(_SEAL.c.entry_id == _ENTRY.c.id)
    pending = exists().where(_PENDING.c.id == _ENTRY.c.id)
    # a row that nobody of ours wrote has no pointer, so that it is never sealed
    for row in await view.all(select(_ENTRY.c.id).where(~sealed, ~pending).order_by(_ENTRY.c.id).limit(FAULTS_MAX)):
        found.add("audit.entry_unsealed", entry_id=row.id)
    there = exists().where(_ENTRY.c.id == _PENDING.c.id)
    for row in await view.all(select(_PENDING.c.id).where(~there).order_by(_PENDING.c.id).limit(FAULTS_MAX)):
        found.add("audit.entry_missing", entry_id=row.id)


async def _entries(view: View, ids: Sequence[int]) -> Sequence[Row[Any]]:
    return await bulk.select_in(view, _ENTRY, {"id": ids}, columns=_columns(view), order_by=(_ENTRY.c.id,))


def _columns(view: View) -> list[ColumnElement[Any]]:
    return [_raw(view, _ENTRY.c[name], name) if name == "at" else _ENTRY.c[name] for name in (*SEALED, CONTENT)]


def _raw(view: View, column: ColumnElement[Any], name: str) -> ColumnElement[Any]:
    """Return an instant as it is stored: on SQLite a text, of which somebody may have made what is no instant."""
    return (type_coerce(column, Text()) if view.dialect == "sqlite" else column).label(name)


def _text(value: Any) -> Any:
    return value.astimezone(UTC).isoformat(timespec="microseconds") if isinstance(value, datetime) else value


def _hash(before: str, seq: int, sealed_at: Any, entry: Row[Any]) -> str:
    cells = [before, seq, _text(sealed_at), *(_text(getattr(entry, name)) for name in SEALED)]
    if entry.content_hash is not None:
        cells.append(entry.content_hash)
    return hashlib.sha256(json.dumps(cells, default=repr).encode()).hexdigest()
