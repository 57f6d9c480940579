"""The documents that rating reads: tariff versions, price series, calendars, power factor tables."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Row, and_, select

from services.billing.tariffs.documents import packaged
from services.billing.tariffs.tables import RATING_DOCUMENT
from shared.db import bulk, locks, travel
from shared.db.columns import Condition
from shared.db.engine import Tx, View

TARIFF = "tariff"
KINDS = (TARIFF, "series", "calendar", "table")
DOCUMENTS_MAX = 10_000  # a national utility has some hundred tariffs with some versions each
_ONE_AT_A_TIME = 7_430_002  # key of PostgreSQL's advisory lock: versions are checked against each other


def hash_of(content: str) -> str:
    """Return the content hash of a document's canonical text."""
    return hashlib.sha256(content.encode()).hexdigest()


async def one_at_a_time(tx: Tx) -> None:
    """Wait until nobody else stores documents: each is checked against all others."""
    await locks.advisory(tx, _ONE_AT_A_TIME)


async def names(view: View) -> Sequence[Row[Any]]:
    """Return kind, id, version and content hash of all documents."""
    d = RATING_DOCUMENT.c
    return await view.all(select(d.kind, d.document_id, d.version, d.content_hash).limit(DOCUMENTS_MAX))


async def documents(view: View) -> list[Mapping[str, Any]]:
    """Return all documents: the stored ones, and the packaged power factor tables unless one of the name is stored."""
    d = RATING_DOCUMENT.c
    rows = await view.all(select(d.document).order_by(d.kind, d.document_id, d.version).limit(DOCUMENTS_MAX))
    stored: list[Mapping[str, Any]] = [orjson.loads(row.document) for row in rows]
    return with_packaged(stored)


def with_packaged(stored: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return stored documents with the packaged power factor tables, unless one of the name is stored."""
    names_stored = {document.get("table") for document in stored}
    return [*(table for table in packaged.tables() if table["table"] not in names_stored), *stored]


async def get(view: View, kind: str, document_id: str, version: str, *, lock: bool = False) -> Row[Any] | None:
    """Return one document's row."""
    d = RATING_DOCUMENT.c
    statement = select(RATING_DOCUMENT).where(d.kind == kind, d.document_id == document_id, d.version == version)
    if lock:
        statement = statement.with_for_update()
    return await view.first(statement)


async def page_of_tariffs(view: View, *, after: Condition, limit: int) -> Sequence[Row[Any]]:
    """List all tariff versions."""
    d = RATING_DOCUMENT.c
    statement = select(RATING_DOCUMENT).where(d.kind == TARIFF, after(d.document_id, d.version))
    return await view.all(statement.order_by(d.document_id, d.version).limit(limit))


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
    given = travel.relation(
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
