"""The folder that holds the documents of the business-day calendar: those that come with the product, or a utility's own."""

from pathlib import Path
from typing import Final

import orjson

from shared.business_calendar import Calendar, Year, read
from shared.document import Node

DOCUMENTS: Final = Path(__file__).parent / "documents"


def load(folder: Path) -> Calendar:
    """Return the calendar of all documents (`*.json`) of a folder; raises `DocumentError`, `ValueError` for what is no JSON,
    `OSError` where there is no such folder."""
    years: dict[int, Year] = {}
    for path in sorted(each for each in folder.iterdir() if each.suffix == ".json"):
        document = orjson.loads(path.read_bytes())
        found = read(document)
        if found.year in years:
            raise Node(document).get("year").fail("name_twice", f"{path.name}: another document has this year")
        years[found.year] = found
    return Calendar(years.values())
