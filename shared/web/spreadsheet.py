"""Files that people open in a spreadsheet, CSV or XLSX, as answers (of a list the items of its pages), and CSV files they send.

An XLSX file is written as ECMA-376 has it, every cell a text of its own: no cell can be a formula, and no number is shortened.
"""

import csv
import io
import re
import zipfile
from collections.abc import Collection, Iterable, Sequence
from typing import Annotated, Any, Final, Literal
from xml.sax.saxutils import escape, quoteattr

import orjson
from fastapi import Query
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.responses import Response

from shared.errors import BusinessError
from shared.web.pagination import Page, Wanted
from shared.web.routing import Json

FILE: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
"""How a route says in OpenAPI that it also answers with a file."""
Form = Annotated[Literal["json", "csv"], Query(alias="format", description="csv: all in one file, without pages")]
"""How a request says that it wants a list as a file: `form: spreadsheet.Form = "json"`."""
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
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


def workbook(names: Sequence[str], rows: Iterable[Sequence[Any]], *, sheet: str) -> Response:
    """Return rows under their names as an XLSX file with one sheet; the same rows are the same bytes."""
    lines = "".join(_line(number, row) for number, row in enumerate([names, *rows], start=1))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as parts:
        for name, text in {
            "[Content_Types].xml": _CONTENT_TYPES,
            "_rels/.rels": _RELS.format(kind="officeDocument", target="xl/workbook.xml"),
            "xl/workbook.xml": _BOOK.format(sheet=quoteattr(sheet)),
            "xl/_rels/workbook.xml.rels": _RELS.format(kind="worksheet", target="worksheets/sheet1.xml"),
            "xl/worksheets/sheet1.xml": _SHEET.format(lines=lines),
        }.items():
            parts.writestr(zipfile.ZipInfo(name), _XML + text, zipfile.ZIP_DEFLATED)
    return Response(out.getvalue(), media_type=XLSX)


_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_CONTENT_TYPES = (
    f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/></Types>'
)
_RELS = (
    f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" Type="{_OFFICE}/{{kind}}" Target="{{target}}"/>'
    "</Relationships>"
)
_BOOK = (
    f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name={{sheet}} sheetId="1" r:id="rId1"/></sheets>'
    "</workbook>"
)
_SHEET = f'<worksheet xmlns="{_MAIN}"><sheetData>{{lines}}</sheetData></worksheet>'
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _line(number: int, row: Sequence[Any]) -> str:
    cells = "".join(
        f'<c t="inlineStr"><is><t xml:space="preserve">{escape(_NOT_XML.sub("", str(value)))}</t></is></c>'
        for value in ("" if each is None else each for each in row)
    )
    return f'<row r="{number}">{cells}</row>'


def decoded(body: bytes) -> str:
    """Return the text of a file: UTF-8, with or without its mark, else GB 18030, as spreadsheets in China write it."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return body.decode("gb18030").removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise bad_csv("not a text in UTF-8 or GB 18030") from None


def bad_csv(message: str) -> RequestValidationError:
    """Return how a file as a whole is refused."""
    return RequestValidationError([{"type": "csv", "loc": ("body",), "msg": message}])


def read(
    body: bytes, *, needed: Collection[str], known: Collection[str], rows_max: int
) -> list[tuple[int, dict[str, str]]]:
    """Return the rows of a CSV file, each with its number as a spreadsheet counts, its cells by the names of the header.

    Blank rows are left out. `needed` columns must be there, those that are not `known` are refused. Cells are separated by
    comma, semicolon or tab.
    """
    text = decoded(body)
    head = text.partition("\n")[0]
    separator = max(",;\t", key=head.count)
    try:
        header, *lines = list(csv.reader(io.StringIO(text), delimiter=separator, strict=True)) or [[]]
    except csv.Error:
        raise bad_csv("the quotes are not those of a CSV file") from None
    names = [name.strip().lower() for name in header]
    if not set(needed) <= set(names) or not set(names) <= set(known) or len(set(names)) < len(names):
        raise bad_csv(
            f"the header must name {', '.join(sorted(needed))}, and else only {', '.join(sorted(known))}, each once"
        )
    stripped = [[cell.strip() for cell in line] for line in lines]
    rows = [(number, row) for number, row in enumerate(stripped, start=2) if any(row)]
    if len(rows) > rows_max:
        raise bad_csv(f"at most {rows_max} rows")
    if any(len(row) > len(names) for _, row in rows):
        raise bad_csv("a row has more cells than the header")
    return [(number, dict.fromkeys(names, "") | dict(zip(names, row, strict=False))) for number, row in rows]


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
