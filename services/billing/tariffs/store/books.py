"""The book that is made of the stored documents, kept until one of them changes."""

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta

import orjson

from services.billing.rating.tariff import book
from services.billing.rating.tariff.book import TariffBook
from services.billing.rating.tariff.names import Names
from services.billing.tariffs.domain import tariffs_used
from services.billing.tariffs.store import documents
from services.billing.tariffs.store.documents import TARIFF
from shared.db.engine import View


@dataclass(frozen=True, slots=True)
class Loaded:
    """A book, the names that its tariffs have for what accounts say, and the stamp of the documents that it was made of.

    The stamp has kind, id, version and content hash of each; `content_hash` is the hash of the stamp.
    """

    stamp: frozenset[tuple[str, str, str, str]]
    book: TariffBook
    names: Names
    content_hash: str

    def is_current(self, tariffs: str, from_: date, to: date) -> bool:
        """Return whether the versions that a bill of [from_, to) lists are still the ones that rate it.

        They must be unchanged, and the version that decides its last day must be among them: a later one may have begun since.
        A bill of several tariffs is asked for the first alone.
        """
        used = tariffs_used(tariffs)
        if not all((TARIFF, *tariff) in self.stamp for tariff in used):
            return False  # pragma: no cover, another replica took a tariff into use between our look at the book and the bill
        if len({tariff.tariff_id for tariff in used}) != 1:
            return True
        last = self.book.version_on(used[0].tariff_id, to - timedelta(days=1))
        day = {"price_of_the_read_day": to, "price_of_the_first_day": from_, "next_cycle": from_}
        found = last and self.book.version_on(last.id, day.get(last.on_change_usage, to - timedelta(days=1)))
        return found is None or found.version in {tariff.version for tariff in used}


class Books:
    """The book of the documents as they stand in the reader's transaction; loads it again only when one has changed."""

    def __init__(self) -> None:
        self._last = _loaded(frozenset(), TariffBook(()))

    async def current(self, view: View) -> Loaded:
        """Return the book of all documents in the database."""
        rows = await documents.names(view)
        stamp = frozenset((r.kind, r.document_id, r.version, r.content_hash) for r in rows)
        if stamp != self._last.stamp:
            self._last = _loaded(stamp, book.load_book(await documents.documents(view)))
        return self._last


def _loaded(stamp: frozenset[tuple[str, str, str, str]], made: TariffBook) -> Loaded:
    return Loaded(stamp, made, Names(made), hashlib.sha256(orjson.dumps(sorted(stamp))).hexdigest())
