"""The lines of bills, from the text that they are stored as."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import orjson

from services.billing.bills.domain.chains import LINE_FIELDS
from services.billing.rating import rating
from shared import exact
from shared.exact import Exact


def stored(text: str) -> list[rating.Line]:
    """Return a bill's lines as rating made them."""
    return [_of(values) for values in orjson.loads(text)]


def shown(text: str) -> list[dict[str, Any]]:
    """Return a bill's lines as people read them, numbered from 1, each with its formula."""
    return [_shown(number, line) for number, line in enumerate(stored(text), 1)]


def _shown(number: int, line: rating.Line) -> dict[str, Any]:
    return {
        "number": number,
        "charge": line.charge,
        "title": line.zh,
        "kind": line.kind,
        "period": line.period,
        "tier": line.tier,
        "quantity": None if line.quantity is None else exact.text(line.quantity, 1000),
        "unit": line.unit,
        "price": None if line.price is None else exact.text(*line.price),
        "exact": exact.text(*line.exact),
        "amount_fen": line.amount_fen,
        "tariff": line.tariff,
        "tariff_version": line.version,
        "from": line.from_,
        "to": line.to,
        "formula": rating.formula(line),
    }


def _of(values: Sequence[Any]) -> rating.Line:
    v = dict(zip(LINE_FIELDS, values, strict=True))
    return rating.Line(
        **v
        | {
            "price": None if v["price"] is None else Exact(*v["price"]),
            "exact": Exact(*v["exact"]),
            "from_": date.fromisoformat(v["from_"]),
            "to": date.fromisoformat(v["to"]),
            "factors": tuple(Exact(*pair) for pair in v["factors"]),
            "on": tuple(Exact(*pair) for pair in v["on"]),
        }
    )
