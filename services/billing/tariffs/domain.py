"""The tariff versions that a bill was rated by, as they are stored with it, and the days on which a changed document differs."""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

import orjson  # lint: skip=PURE-IMPORT text in and text out, as pure as json and ten times as fast


class TariffUsed(NamedTuple):
    """A tariff version that rated a bill, with the hash of what its document said."""

    tariff_id: str
    version: str
    content_hash: str


def tariffs_used(text: str) -> list[TariffUsed]:
    """Return the tariff versions of a bill from their text `[[id, version, content hash], …]`, in the order of its segments."""
    return [
        TariffUsed(tariff_id=tariff_id, version=version, content_hash=content_hash)
        for tariff_id, version, content_hash in orjson.loads(text)
    ]


def changed_days(now: Mapping[str, Any], old: Mapping[str, Any] | None) -> tuple[date, date]:
    """Return the days [from, to) on which a rating document and the one before it, if any, may give other figures.

    A price series differs where its entries do: it grows month by month, and the months before stay. A tariff differs on the days
    of both, any other document on all days.
    """
    both = [document for document in (old, now) if document is not None]
    if "effective" in now:
        return _all_of([document["effective"] for document in both])
    if "series" in now:
        entries = [entry for document in both for entry in document["values"]]
        return _all_of([entry for entry in entries if entries.count(entry) == 1])
    return date.min, date.max


def _all_of(periods: list[Mapping[str, Any]]) -> tuple[date, date]:
    """Return the days from the first to the last of some periods, each of which may be open at both ends; none of nothing."""
    starts = [date.fromisoformat(period["from"]) if period["from"] else date.min for period in periods]
    ends = [date.fromisoformat(period["to"]) if period["to"] else date.max for period in periods]
    return min(starts, default=date.max), max(ends, default=date.max)
