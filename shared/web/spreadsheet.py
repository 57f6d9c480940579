"""Answers as CSV files that people open in a spreadsheet."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from starlette.responses import Response

FILE: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
"""How a route says in OpenAPI that it also answers with a file."""
_BEGINS_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def answer(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """Return rows under their names as a file; no text of a cell is taken for a formula.

    What a spreadsheet would take for one gets an apostrophe before it, as OWASP advises (CSV injection); numbers stay.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(names)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return Response(out.getvalue(), media_type="text/csv; charset=utf-8")


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_BEGINS_FORMULA) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value
