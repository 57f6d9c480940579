"""The folder that holds the documents of the business-day calendar: those that come with the product, or a utility's own."""

from pathlib import Path
from typing import Final

import orjson

from shared.business_calendar import Calendar, Year, read
from shared.document import DocumentError, Fault

DOCUMENTS: Final = Path(__file__).parent / "documents"


def load(folder: Path) -> Calendar:
    """Return the calendar of all documents (`*.json`) of a folder; raises `DocumentError` with the faults of all of them,
    `ValueError` for what is no JSON, `OSError` where there is no such folder."""
    years: dict[int, Year] = {}
    faults: list[Fault] = []
    for path in sorted(each for each in folder.iterdir() if each.suffix == ".json"):
        try:
            found = read(orjson.loads(path.read_bytes()))
        except DocumentError as error:
            faults += [fault._replace(detail=f"{path.name}: {fault.detail}") for fault in error.faults]
            continue
        if found.year in years:
            faults.append(Fault("name_twice", "/year", f"{path.name}: another document has this year"))
        years[found.year] = found
    if faults:
        raise DocumentError(*faults[0], faults[1:])
    return Calendar(years.values())
