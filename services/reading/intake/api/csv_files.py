"""Reads of a manual route as they come in a CSV file."""

import csv
import io
from typing import Any

from fastapi.exceptions import RequestValidationError

from services.reading.intake.api.batches import each_valid
from services.reading.intake.use_cases.intake import ReadItem
from services.reading.network.schemas import ITEMS_MAX
from shared.outcome import Outcome

FIXED_COLUMNS = ("meter_no", "read_at", "source", "unit", "reader")


def parse_csv(body: bytes) -> tuple[list[ReadItem], list[Outcome | None]]:
    """Read a CSV file (RFC 4180, UTF-8, with a header): meter_no, read_at, source, unit, reader, then a column per quantity.

    An empty register cell means that the meter has no such register. Source `site` and unit `kWh` are taken where their columns
    are missing.
    """
    try:
        rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as broken:
        raise _bad_csv("not a CSV file in UTF-8") from broken
    if not rows or "meter_no" not in rows[0] or "read_at" not in rows[0] or len(set(rows[0])) != len(rows[0]):
        raise _bad_csv("the header must name meter_no, read_at and the quantities, each once")
    if len(rows) > ITEMS_MAX + 1:
        raise _bad_csv(f"at most {ITEMS_MAX} rows")
    header, raw = rows[0], []
    for row in rows[1:]:
        cells = dict(zip(header, row, strict=False)) if len(row) == len(header) else {}
        values = {name: cell for name, cell in cells.items() if name not in FIXED_COLUMNS and cell}
        item: dict[str, Any] = {"source": "site", "unit": "kWh", "registers": values}
        raw.append(item | {name: cell for name, cell in cells.items() if name in FIXED_COLUMNS and cell})
    return each_valid(raw)


def _bad_csv(message: str) -> RequestValidationError:
    return RequestValidationError([{"type": "csv", "loc": ("body",), "msg": message}])
