"""`wattline calendar make YEAR`: write the business days of a year, with its swapped days (调休), as a document."""

import argparse
import importlib
import json
import sys
from datetime import date, timedelta
from importlib import metadata
from pathlib import Path
from typing import Any

from shared import business_calendar
from shared.business_calendar import folder

LIBRARY = "chinese_calendar"
_FRIDAY = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("action", choices=("make",))
    parser.add_argument("year", type=int, help="YYYY")
    parser.add_argument(
        "--folder",
        type=Path,
        default=folder.DOCUMENTS,
        help="where YEAR.json is written; default: the documents of the product",
    )


def run(args: argparse.Namespace) -> int:
    """Write the document of a year; 0 = written, 1 = its days are not known, 2 = the library or the folder is not there."""
    try:
        library = importlib.import_module(LIBRARY)
    except ImportError:
        return _said(
            "the library chinesecalendar is not installed (a development set-up has it: requirements-dev.lock)", 2
        )
    try:
        document = made(library, args.year)
    except (NotImplementedError, ValueError):  # unknown, or no year at all
        return _said(f"{business_calendar.YearUnknown.code}: {args.year}: its swapped days are not known", 1)
    business_calendar.read(document)
    path = args.folder / f"{args.year}.json"
    try:
        path.write_bytes(_text(document))
    except OSError as fault:
        return _said(f"{path}: {fault.strerror}", 2)
    print(path)
    return 0


def made(library: Any, year: int) -> dict[str, Any]:
    """Return the document of a year; raises `NotImplementedError` where the library does not know its swapped days."""
    days = [date(year, 1, 1) + timedelta(days=n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]
    off: list[dict[str, str]] = []
    working: list[dict[str, str]] = []
    for day in days:
        is_off, name = library.get_holiday_detail(day)
        if is_off == (day.weekday() > _FRIDAY):
            continue
        item = {"day": day.isoformat(), "name": library.Holiday(name).chinese}
        (off if is_off else working).append(item)
    return {
        "id": "CN/business-days",
        "year": year,
        "title": f"{year}年工作日历",
        "source": f"国务院办公厅关于{year}年部分节假日安排的通知 (chinesecalendar {_version()})",
        "days_off": off,
        "working_days": working,
    }


def _version() -> str:
    return metadata.version("chinesecalendar")


def _text(document: dict[str, Any]) -> bytes:
    """Return a document as JSON with a line for each day, as people edit it."""
    lines = [f'  "{name}": {_json(value)}' for name, value in document.items() if not isinstance(value, list)]
    for name, value in document.items():
        if isinstance(value, list):
            items = ",\n".join(f"    {_json(item)}" for item in value)
            lines.append(f'  "{name}": [\n{items}\n  ]')
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _said(text: str, code: int) -> int:
    print(f"wattline: {text}", file=sys.stderr)
    return code
