"""The documents that rating reads, and the book that is made of them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, and_, false, or_, select, true

from services.billing.adapters.tables import BILL, RATING_DOCUMENT
from services.billing.domain.bills import ISSUED
from services.billing.rating.tariff import book
from services.billing.rating.tariff.book import TariffBook
from services.billing.rating.tariff.model import Tariff
from shared.db import bulk
from shared.db.engine import Tx, View

TARIFF = "tariff"
KINDS = (TARIFF, "series", "calendar", "table")
DOCUMENTS_MAX = 10_000  # a national utility has some hundred tariffs with some versions each


@dataclass(frozen=True, slots=True)
class Loaded:
    """A book, the stamp of the documents that it was made of, and the content hash of each tariff version in it."""

    stamp: frozenset[tuple[str, str, str, str]]
    book: TariffBook

    def is_current(self, tariffs: str, from_: date, to: date) -> bool:
        """Tell whether the versions that a bill of [from_, to) lists are still the ones that rate it.

        They must be unchanged, and the version that decides its last day must be among them: a later one may have begun since.
        A bill of several tariffs is asked for the first alone.
        """
        listed = orjson.loads(tariffs)
        if not all((TARIFF, *tariff) in self.stamp for tariff in listed):
            return False
        if len({tariff[0] for tariff in listed}) != 1:
            return True
        last = self.book.version_on(listed[0][0], to - timedelta(days=1))
        day = {"price_of_the_read_day": to, "price_of_the_first_day": from_, "next_cycle": from_}
        found = last and self.book.version_on(last.id, day.get(last.on_change_usage, to - timedelta(days=1)))
        return found is None or found.version in {tariff[1] for tariff in listed}


class Books:
    """Gives the book of the documents as they stand in the reader's transaction; loads it again only when one has changed."""

    def __init__(self) -> None:
        self._last = Loaded(frozenset(), TariffBook(()))

    async def current(self, view: View) -> Loaded:
        """Give the book of all documents in the database."""
        d = RATING_DOCUMENT.c
        rows = await view.all(select(d.kind, d.document_id, d.version, d.content_hash).limit(DOCUMENTS_MAX))
        stamp = frozenset((r.kind, r.document_id, r.version, r.content_hash) for r in rows)
        if stamp != self._last.stamp:
            self._last = Loaded(stamp, book.load_book(await documents(view)))
        return self._last


def hash_of(content: str) -> str:
    """Give the content hash of a document's canonical text."""
    return hashlib.sha256(content.encode()).hexdigest()


async def documents(view: View) -> list[Mapping[str, Any]]:
    """Return all documents."""
    d = RATING_DOCUMENT.c
    rows = await view.all(select(d.document).order_by(d.kind, d.document_id, d.version).limit(DOCUMENTS_MAX))
    return [orjson.loads(row.document) for row in rows]


async def get(view: View, kind: str, document_id: str, version: str, *, lock: bool = False) -> Row[Any] | None:
    """Return one document's row."""
    d = RATING_DOCUMENT.c
    statement = select(RATING_DOCUMENT).where(d.kind == kind, d.document_id == document_id, d.version == version)
    if lock and view.dialect == "postgresql":
        statement = statement.with_for_update()
    return await view.first(statement)


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


def touched_by_version(tariff: Tariff) -> ColumnElement[bool]:
    """Give the condition of issued bills that a tariff version would price differently.

    These are the bills of its tariff with a day within its dates that did not use this very document.
    """
    b = BILL.c
    return and_(
        b.status == ISSUED,
        b.tariffs.contains(f"[{_text(tariff.id)},", autoescape=True),
        ~b.tariffs.contains(_text(tariff.sha256), autoescape=True),
        true() if tariff.from_ is None else b.period_to > tariff.from_,
        true() if tariff.to is None else b.period_from < tariff.to,
    )


async def touched_by_document(view: View, kind: str, document_id: str, from_: date, to: date) -> ColumnElement[bool]:
    """Give the condition of issued bills that read a series, calendar or table for a day of [from_, to).

    These are the bills whose tariff versions name the document, with a day or the read day in these dates, or of a cycle whose
    month begins in them. Which figure a bill read is not stored, so one that was rated after the change is among them.
    """
    b = BILL.c
    using = [
        f"[{_text(str(d['id']))},{_text(str(d['version']))},"
        for d in await documents(view)
        if "id" in d and names(d, kind, document_id)
    ]
    return and_(
        b.status == ISSUED,
        or_(*(b.tariffs.contains(text, autoescape=True) for text in using), false()),
        or_(
            and_(b.period_to >= from_, b.period_from < to),
            and_(b.cycle + "-01" >= from_.isoformat(), b.cycle + "-01" < to.isoformat()),
        ),
    )


def names(document: Any, kind: str, document_id: str) -> bool:
    """Tell whether a tariff document names a series, calendar or table anywhere."""
    if isinstance(document, dict):
        return document.get(kind) == document_id or any(names(v, kind, document_id) for v in document.values())
    return isinstance(document, list) and any(names(v, kind, document_id) for v in document)


def _text(value: str) -> str:
    return orjson.dumps(value).decode()
