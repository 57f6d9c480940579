"""The tariff versions that a bill was rated by, as they are stored with it, and the days on which a changed document differs."""

from collections.abc import Mapping, Sequence
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


def begun_on(stored: Sequence[Mapping[str, Any]], document_id: str, version: str, day: date) -> list[Mapping[str, Any]]:
    """Return documents with a tariff version that begins on an earlier day than it says.

    Whatever version held on that day ends there, and those between it and the day on which this one begins are left out.
    """
    found: list[Mapping[str, Any]] = []
    own = next(d for d in stored if d.get("id") == document_id and str(d.get("version")) == version)
    begins, text = own["effective"]["from"], day.isoformat()
    for document in stored:
        days = document.get("effective")
        if document is own:
            found.append({**document, "effective": {**own["effective"], "from": text}})
        elif document.get("id") != document_id or days is None or _ends_by(days, text):
            found.append(document)
        elif days["from"] is None or days["from"] < text:
            found.append({**document, "effective": {**days, "to": text}})
        elif days["from"] >= begins:
            found.append(document)
    return found


def _ends_by(days: Mapping[str, Any], text: str) -> bool:
    return days["to"] is not None and bool(days["to"] <= text)


def _all_of(periods: list[Mapping[str, Any]]) -> tuple[date, date]:
    """Return the days from the first to the last of some periods, each of which may be open at both ends; none of nothing."""
    starts = [date.fromisoformat(period["from"]) if period["from"] else date.min for period in periods]
    ends = [date.fromisoformat(period["to"]) if period["to"] else date.max for period in periods]
    return min(starts, default=date.max), max(ends, default=date.max)
