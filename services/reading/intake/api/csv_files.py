"""Reads of a manual route in a CSV file, as people and spreadsheets make them."""

import csv
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from services.reading.intake.api.batches import valid
from services.reading.intake.schemas import MALFORMED
from services.reading.intake.use_cases.intake import ReadItem
from services.reading.network.domain.refusal import Refused
from services.reading.network.schemas import ITEMS_MAX, QUANTITY_PATTERN
from shared.outcome import Outcome, refused
from shared.web import spreadsheet

FIXED_COLUMNS = ("meter_no", "read_at", "source", "unit", "reader")
SEPARATORS = (",", ";", "\t")
FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
"""Full-width forms (全角) become their ASCII ones. Nothing else that looks like a digit does: 12² kWh are not 122."""
SCIENTIFIC = re.compile("-?[0-9]([.,][0-9]+)?[eE][+-][0-9]{2,}")
SPREADSHEET_MARKS = ("=", "#", "'")  # a formula, an error or a column too narrow, a number kept as text
SPACES = " \u00a0\u3000"
FIRST_ROW = 2  # as a spreadsheet counts: the header is row 1

Decimal = Literal["point", "comma"]


def parse_csv(body: bytes, decimal: Decimal) -> tuple[list[ReadItem], list[Outcome | None]]:
    """Read a CSV file with a header: meter_no, read_at, source, unit, reader, then a column per quantity.

    UTF-8, with or without its mark, else GB 18030; cells separated as the header's are, by comma, semicolon or tab. A row is one
    line, refused by itself where it is broken. An empty register cell means that the meter has no such register. Source `site`
    and unit `kWh` are taken where they are not given.
    """
    head, *lines = re.split(r"\r\n|\r|\n", spreadsheet.decoded(body))
    header, separator = _header(head)
    while lines and not lines[-1].strip(f'{SPACES}{separator}"'):
        lines.pop()
    if len(lines) > ITEMS_MAX:
        raise spreadsheet.bad_csv(f"at most {ITEMS_MAX} rows")
    items: list[ReadItem] = []
    outcomes: list[Outcome | None] = []
    for line in lines:
        try:
            items.append(valid(_item(header, _cells(line, separator), decimal)))
            outcomes.append(None)
        except Refused as fault:
            outcomes.append(refused(fault.code, fault.text))
    return items, outcomes


def with_rows(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Return the outcomes of a file's rows, each message with its row as a spreadsheet counts them."""
    return [
        replace(outcome, message=f"row {row}: {outcome.message}") if outcome.message else outcome
        for row, outcome in enumerate(outcomes, FIRST_ROW)
    ]


def _cells(line: str, separator: str) -> list[str]:
    line = re.sub(f'"[{SPACES}]+(?={separator}|$)', '"', line)
    try:
        cells = next(csv.reader([line], delimiter=separator, skipinitialspace=True, strict=True))
    except csv.Error:
        raise Refused(MALFORMED, "the quotes are not those of a CSV file") from None
    return [cell.translate(FULL_WIDTH).strip() for cell in cells]


def _header(line: str) -> tuple[list[str], str]:
    for separator in SEPARATORS:
        try:
            names = [re.sub(r"\s+", "_", cell.lower()) for cell in _cells(line, separator)]
        except Refused:
            continue
        while names and not names[-1]:
            names.pop()
        if {"meter_no", "read_at"} <= set(names):
            if len(set(names)) != len(names) or "" in names or set(names) <= set(FIXED_COLUMNS):
                break
            return names, separator
    raise spreadsheet.bad_csv("the header must name meter_no, read_at and the quantities, each once")


def _item(header: Sequence[str], cells: Sequence[str], decimal: Decimal) -> dict[str, Any]:
    if len(cells) < len(header) or any(cells[len(header) :]):
        raise Refused(MALFORMED, f"{len(cells)} cells, the header has {len(header)}")
    registers: dict[str, str] = {}
    item: dict[str, Any] = {"source": "site", "unit": "kWh", "registers": registers}
    for number, (name, cell) in enumerate(zip(header, cells, strict=False), 1):
        if not cell:
            continue
        if cell.startswith(SPREADSHEET_MARKS) or SCIENTIFIC.fullmatch(cell):
            raise Refused(
                "reading.spreadsheet_trace", f"column {number}: written by a spreadsheet, no longer what was typed"
            )
        if name in FIXED_COLUMNS:
            item[name] = cell
        elif not re.fullmatch(QUANTITY_PATTERN, name):
            raise Refused("reading.unknown_column", f"column {number}: its name is no quantity")
        else:
            registers[name] = _value(number, cell, decimal)
    return item


def _value(number: int, cell: str, decimal: Decimal) -> str:
    if decimal == "point":
        return cell
    if "." in cell:
        raise Refused("reading.malformed_value", f"column {number}: a point where the decimal comma was declared")
    return cell.replace(",", ".")
