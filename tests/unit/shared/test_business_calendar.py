"""Business days: the week, the state's days off, and the swapped days on which people work."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from shared import business_calendar
from shared.business_calendar import YearUnknown, folder
from shared.document import DocumentError

SHIPPED = folder.load(folder.DOCUMENTS)
FRIDAY, SATURDAY = "2026-03-06", "2026-03-07"


def document(**more: Any) -> dict[str, Any]:
    return {"id": "X", "year": 2026, "title": "T", "source": "S", "days_off": [], "working_days": []} | more


@pytest.mark.parametrize(
    ("day", "due"),
    [
        (date(2026, 3, 2), date(2026, 3, 3)),  # Monday
        (date(2026, 3, 6), date(2026, 3, 9)),  # Friday
        (date(2026, 2, 13), date(2026, 2, 14)),  # Friday before a Saturday on which people work
        (date(2026, 2, 14), date(2026, 2, 24)),  # the spring festival
        (date(2025, 12, 31), date(2026, 1, 4)),  # over the end of a year, to a Sunday on which people work
        (date(2024, 9, 30), date(2024, 10, 8)),
        (date(2025, 10, 8), date(2025, 10, 9)),
    ],
)
def test_the_business_day_after_a_day(day: date, due: date) -> None:
    assert SHIPPED.after(day) == due


def test_several_business_days_after_a_day_and_none() -> None:
    saturday = date(2026, 3, 7)
    assert [SHIPPED.after(saturday, n) for n in (0, 1, 2, 6)] == [
        date(2026, 3, 9),
        date(2026, 3, 9),
        date(2026, 3, 10),
        date(2026, 3, 16),
    ]


@pytest.mark.parametrize(("year", "count"), [(2024, 251), (2025, 248), (2026, 248)])
def test_the_shipped_years_have_the_business_days_of_the_published_plan(year: int, count: int) -> None:
    days = [date.fromordinal(n) for n in range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal())]
    assert sum(SHIPPED.is_business_day(day) for day in days) == count


def test_a_year_that_is_not_there_is_refused_with_a_code() -> None:
    with pytest.raises(YearUnknown) as refused:
        SHIPPED.after(date(2026, 12, 31))
    assert (refused.value.code, refused.value.detail) == ("calendar.year_unknown", "2027")


def test_a_folder_of_ones_own_is_the_calendar(tmp_path: Path) -> None:
    (tmp_path / "2026.json").write_text(json.dumps(document(days_off=[{"day": FRIDAY, "name": "停产"}])))
    calendar = folder.load(tmp_path)
    assert (calendar.after(date(2026, 3, 5)), calendar.last_year) == (date(2026, 3, 9), 2026)
    (tmp_path / "again.json").write_text(json.dumps(document()))
    with pytest.raises(DocumentError, match="name_twice at /year"):
        folder.load(tmp_path)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"days_off": [{"day": SATURDAY, "name": "x"}]}, "value_wrong at /days_off/0/day"),
        ({"working_days": [{"day": FRIDAY, "name": "x"}]}, "value_wrong at /working_days/0/day"),
        ({"days_off": [{"day": "2025-03-06", "name": "x"}]}, "value_wrong at /days_off/0/day"),
        ({"days_off": [{"day": FRIDAY, "name": "x"}] * 2}, "name_twice at /days_off/1/day"),
        ({"workdays": []}, "field_unknown at /workdays"),
        ({"year": "2026"}, "value_wrong at /year"),
    ],
)
def test_a_document_that_is_wrong_names_its_fault(change: dict[str, Any], fault: str) -> None:
    with pytest.raises(DocumentError, match=fault):
        business_calendar.read(document(**change))


def test_all_faults_of_a_document_are_told_at_once_and_of_a_folder_those_of_every_file(tmp_path: Path) -> None:
    days = [{"day": SATURDAY, "name": "x"}, {"day": FRIDAY, "nam": "x"}, {"day": "soon", "name": "x"}]
    wrong = document(days_off=days, working_days=7, workdays=[])
    with pytest.raises(DocumentError) as refused:
        business_calendar.read(wrong)
    pointers = [
        "/workdays",
        "/days_off/0/day",
        "/days_off/1/nam",
        "/days_off/1/name",
        "/days_off/2/day",
        "/working_days",
    ]
    assert [fault.pointer for fault in refused.value.faults] == pointers
    with pytest.raises(DocumentError) as refused:
        business_calendar.read(document(year="2026", days_off=[{"day": FRIDAY, "name": "x"}]))
    assert [fault.pointer for fault in refused.value.faults] == ["/year"], (
        "the days are not judged by a year that is wrong"
    )

    (tmp_path / "1.json").write_text(json.dumps(wrong))
    (tmp_path / "2.json").write_text(json.dumps(document(year=0)))
    with pytest.raises(DocumentError) as refused:
        folder.load(tmp_path)
    assert [(f.pointer, f.detail.split(":")[0]) for f in refused.value.faults] == [
        *((pointer, "1.json") for pointer in pointers),
        ("/year", "2.json"),
    ]
