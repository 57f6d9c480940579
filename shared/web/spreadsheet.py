"""Answers as CSV files that people open in a spreadsheet: of a list the same items, with the same filters, as its pages."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import Query
from pydantic import BaseModel
from starlette.responses import Response

from shared.errors import BusinessError
from shared.web.pagination import Page, Wanted
from shared.web.routing import Json

FILE: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
"""How a route says in OpenAPI that it also answers with a file."""
Form = Annotated[Literal["json", "csv"], Query(alias="format", description="csv: all in one file, without pages")]
"""How a request says that it wants a list as a file: `form: spreadsheet.Form = "json"`."""
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


def asked(form: str, wanted: Wanted, rows_max: int) -> Wanted:
    """Return the page that a request asks for; of a file all of the list."""
    return Wanted(rows_max) if form == "csv" else wanted


def page_or_file(
    form: str,
    page: Page[Any],
    kind: type[BaseModel],
    too_many: type[BusinessError],
    *,
    shown: BaseModel | None = None,
) -> Response:
    """Return a page read as `asked`: as it is, or `shown`; or its items as a file, a column for each field of their kind.

    Raises `too_many` where a file does not hold all of the list. What is no plain value stands in its cell as JSON.
    """
    if form == "json":
        return Json((shown or page).model_dump(mode="json"))
    if page.next_cursor is not None:
        raise too_many
    names = list(kind.model_fields)
    rows = (item.model_dump(mode="json") for item in page.items)
    return answer(names, ([_flat(row[name]) for name in names] for row in rows))


def _flat(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, (dict, list)) else value


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_BEGINS_FORMULA) and not _NUMBER.fullmatch(value):
        return f"'{value}"
    return value
