"""The documents that rating reads, and the book that is made of them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Row, and_, select

from services.billing.adapters.tables import RATING_DOCUMENT
from services.billing.domain.tariff import book
from services.billing.domain.tariff.book import TariffBook
from shared.db import bulk
from shared.db.engine import Read, Tx

TARIFF = "tariff"
KINDS = (TARIFF, "series", "calendar", "table")
DOCUMENTS_MAX = 10_000  # a national utility has some hundred tariffs with some versions each


@dataclass(frozen=True, slots=True)
class Loaded:
    """A book, the stamp of the documents that it was made of, and the content hash of each tariff version in it."""

    stamp: frozenset[tuple[str, str, str, str]]
    book: TariffBook


class Books:
    """Gives the book of the documents as they stand in the reader's transaction; loads it again only when one has changed."""

    def __init__(self) -> None:
        self._last = Loaded(frozenset(), TariffBook(()))

    async def current(self, read: Read) -> Loaded:
        """Give the book of all documents in the database."""
        d = RATING_DOCUMENT.c
        rows = await read.all(select(d.kind, d.document_id, d.version, d.content_hash).limit(DOCUMENTS_MAX))
        stamp = frozenset((r.kind, r.document_id, r.version, r.content_hash) for r in rows)
        if stamp != self._last.stamp:
            self._last = Loaded(stamp, book.load_book(await documents(read)))
        return self._last


def hash_of(content: str) -> str:
    """Give the content hash of a document's canonical text."""
    return hashlib.sha256(content.encode()).hexdigest()


async def documents(read: Read) -> list[Mapping[str, Any]]:
    """Return all documents."""
    d = RATING_DOCUMENT.c
    rows = await read.all(select(d.document).order_by(d.kind, d.document_id, d.version).limit(DOCUMENTS_MAX))
    return [orjson.loads(row.document) for row in rows]


async def get(read: Read, kind: str, document_id: str, version: str, *, lock: bool = False) -> Row[Any] | None:
    """Return one document's row."""
    d = RATING_DOCUMENT.c
    statement = select(RATING_DOCUMENT).where(d.kind == kind, d.document_id == document_id, d.version == version)
    if lock and read.dialect == "postgresql":
        statement = statement.with_for_update()
    return await read.first(statement)


async def put(tx: Tx, row: Mapping[str, Any]) -> None:
    """Insert a document or replace it by its next row version."""
    await bulk.upsert_newer(
        tx,
        RATING_DOCUMENT,
        {name: [value] for name, value in row.items()},
        key=("kind", "document_id", "version"),
        version="row_version",
    )


async def mark_used(tx: Tx, versions: Sequence[tuple[str, str]]) -> None:
    """Note that issued bills used tariff versions, as (id, version): they can never change again."""
    given = bulk.relation(
        tx,
        "used",
        {
            "document_id": (RATING_DOCUMENT.c.document_id.type, [tariff for tariff, _ in versions]),
            "version": (RATING_DOCUMENT.c.version.type, [version for _, version in versions]),
        },
    )
    d = RATING_DOCUMENT.c
    matches = and_(d.kind == TARIFF, d.document_id == given.c.document_id, d.version == given.c.version, ~d.used)
    await tx.execute(RATING_DOCUMENT.update().where(matches).values(used=True))
