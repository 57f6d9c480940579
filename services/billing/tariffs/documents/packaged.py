"""The published documents that come with the product: tariffs, series, power factor tables; and samples that fill their open
facts for demonstrations.
"""

import json
from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Any

from services.billing.rating import rating


def documents(supplied: str | None = None) -> list[dict[str, Any]]:
    """Read every packaged document that rating uses: tariffs, series, power factor tables.

    `supplied` names a file of `supplied/` (such as "sample") whose values fill facts that the sources leave open.
    """
    found = _read() + _read("series")
    if supplied is None:
        return found
    extra = json.loads((resources.files(__package__) / "supplied" / f"{supplied}.json").read_text(encoding="utf-8"))
    prices = {s["series"]: s["values"] for s in extra.get("series", ())}
    found = [priced(d, prices[d["series"]], extra["why"]) if d.get("series") in prices else d for d in found]
    return fill(found, extra["supplied"], extra["why"])


@cache
def tables() -> tuple[dict[str, Any], ...]:
    """Read the power factor tables, which are law and hold wherever the product is installed."""
    return tuple(document for document in _read() if "table" in document)


def priced(series: dict[str, Any], values: list[dict[str, Any]], why: str) -> dict[str, Any]:
    """Give a series that has no price at all prices of its own."""
    if any(value["price"] is not None for value in series["values"]):
        raise ValueError(f"{series['series']} has prices: it is not open")
    return {**series, "values": values, "source": why}


def _read(*folder: str) -> list[dict[str, Any]]:
    root = resources.files(__package__).joinpath(*folder)
    paths = sorted((p for p in root.iterdir() if p.name.endswith(".json")), key=lambda p: p.name)
    return [json.loads(p.read_text(encoding="utf-8")) for p in paths]


def fill(found: Iterable[dict[str, Any]], supplied: Iterable[dict[str, Any]], why: str) -> list[dict[str, Any]]:
    """Fill open facts of documents by tariff id and version."""
    values = {(s["tariff"], s["version"]): s["values"] for s in supplied}
    out = []
    for document in found:
        key = (document.get("id"), document.get("version"))
        out.append(rating.supply(document, values[key], why) if key in values else document)
    return out
