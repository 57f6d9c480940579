"""Texts that a spreadsheet would take for formulas are written as texts, numbers and everything else as they are."""

import csv
import io
import zipfile
from xml.etree import ElementTree

import pytest
from fastapi.exceptions import RequestValidationError

from shared.web import spreadsheet


def written(value: object) -> str:
    (_, row) = csv.reader(io.StringIO(bytes(spreadsheet.answer(["a"], [[value]]).body).decode()))
    return row[0] if row else ""


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-cmd", "@SUM(A1)", "\t=1", "-1-1", "+1+1", "-"])
def test_a_text_that_would_be_a_formula_is_written_as_text(text: str) -> None:
    assert written(text) == f"'{text}"


@pytest.mark.parametrize("value", ["", "R1", "-12.5", "+3", "a=b", "居民", 'with "quotes", and commas', -5, 0])
def test_everything_else_is_written_as_it_is(value: object) -> None:
    assert written(value) == str(value)


def test_a_workbook_holds_texts_alone_and_is_the_same_bytes_each_time() -> None:
    rows = [["=1+1", 12, None], ['<a> & "b"\x00', "居民", True]]
    first, second = (bytes(spreadsheet.workbook(["a", "b", "c"], rows, sheet="x").body) for _ in range(2))
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as parts:
        sheet = ElementTree.fromstring(parts.read("xl/worksheets/sheet1.xml"))
        assert {name: ElementTree.fromstring(parts.read(name)).tag for name in parts.namelist()}
    cells = [cell for cell in sheet.iter() if cell.tag.endswith("}c")]
    assert {cell.get("t") for cell in cells} == {"inlineStr"}
    texts = ["".join(cell.itertext()) for cell in cells]
    assert texts == ["a", "b", "c", "=1+1", "12", "", '<a> & "b"', "居民", "True"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_file_is_read_as_spreadsheets_write_it(encoding: str, separator: str, line_end: str) -> None:
    lines = (["Letter", "reason", "name"], ["1", "moved", "李明"], ["", "", ""], ["2", ""])
    body = line_end.join(separator.join(line) for line in lines).encode(encoding)
    rows = spreadsheet.read(body, needed=("letter",), known=("letter", "reason", "name"), rows_max=2)
    first = {"letter": "1", "reason": "moved", "name": "李明"}
    assert rows == [(2, first), (4, {"letter": "2", "reason": "", "name": ""})]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"reason\nx\n",
        b"letter,letter\n1,2\n",
        b"letter,colour\n1,2\n",
        b"letter\n1\n2\n3\n",
        b"letter\n1,2\n",
        b"\xff",
    ],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(RequestValidationError):
        spreadsheet.read(body, needed=("letter",), known=("letter",), rows_max=2)
