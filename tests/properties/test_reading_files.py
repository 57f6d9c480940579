"""A file of reads says what the batch of the same reads says, in whatever form people make it."""

import csv
import io
import json
import unicodedata
from dataclasses import dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.reading.intake.api.batches import parse_json
from services.reading.intake.api.csv_files import SCIENTIFIC, Decimal, parse_csv

QUANTITIES = ("import", "import.peak", "export")
NUMBERS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,8}", fullmatch=True).filter(
    lambda number: not SCIENTIFIC.fullmatch(number)
)
VALUES = st.from_regex(r"[0-9]{1,6}(\.[0-9]{1,4})?", fullmatch=True)
SOURCES = ("site", "self", "estimated")


@st.composite
def reads(draw: st.DrawFn) -> dict[str, Any]:
    registers = draw(st.dictionaries(st.sampled_from(QUANTITIES), VALUES, min_size=1))
    minute = draw(st.integers(0, 59))
    item = {
        "meter_no": draw(NUMBERS),
        "read_at": f"2026-02-01T09:{minute:02d}:00+08:00",
        "source": draw(st.sampled_from(SOURCES)),
        "unit": "kWh",
        "registers": registers,
    }
    reader = draw(st.none() | NUMBERS)
    return item | ({"reader": reader} if reader else {})


@dataclass(frozen=True)
class Dialect:
    """How somebody's spreadsheet writes."""

    encoding: str
    separator: str
    decimal: Decimal
    quoting: int
    line_end: str
    before: str
    behind: str
    wide: bool
    trailing: int
    columns: tuple[str, ...]

    def cell(self, text: str) -> str:
        if self.wide:
            wide = "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in text)
            assert unicodedata.normalize("NFKC", wide) == text
            text = wide
        return f"{self.before}{text}{self.behind}" if text else text

    def write(self, items: list[dict[str, Any]]) -> bytes:
        out = io.StringIO(newline="")
        writer = csv.writer(out, delimiter=self.separator, quoting=self.quoting, lineterminator=self.line_end)  # type: ignore[arg-type]
        empty = [""] * self.trailing
        writer.writerow([self.cell(name.upper()) for name in self.columns] + empty)
        for item in items:
            point = "," if self.decimal == "comma" else "."
            values = {quantity: value.replace(".", point) for quantity, value in item["registers"].items()}
            writer.writerow([self.cell((item | values).get(name) or "") for name in self.columns] + empty)
        for _ in range(self.trailing):
            writer.writerow([""] * len(self.columns))
        return out.getvalue().encode(self.encoding)


DIALECTS = st.builds(
    Dialect,
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]),
    separator=st.sampled_from([",", ";", "\t"]),
    decimal=st.sampled_from(["point", "comma"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    before=st.sampled_from(["", " ", "\u3000"]),
    behind=st.sampled_from(["", "  ", "\u00a0"]),
    wide=st.booleans(),
    trailing=st.integers(0, 2),
    columns=st.permutations(["meter_no", "read_at", "source", "unit", "reader", *QUANTITIES, "备注"]).map(tuple),
)


@given(st.lists(reads(), min_size=1, max_size=5), DIALECTS)
def test_a_file_in_any_dialect_is_the_batch_of_the_same_reads(items: list[dict[str, Any]], dialect: Dialect) -> None:
    batch, outcomes, _ = parse_json(json.dumps({"items": items}).encode())
    assert outcomes == [None] * len(items)
    found, refusals = parse_csv(dialect.write(items), dialect.decimal)
    assert refusals == outcomes
    assert found == batch
