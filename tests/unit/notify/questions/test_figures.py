"""Figures as people type them: what is taken for a number, and what is wrong with the rest."""

import pytest

from services.notify.questions.domain import figures, pages
from services.notify.questions.domain.figures import AskedFigure

ASKED = (AskedFigure("import", 6, 2),)


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("123456.78", "123456.78"),
        (" 1180.4 ", "1180.4"),
        ("１１８０．４０", "1180.40"),
        ("0001180", "1180"),
        ("00000000", "0"),
        ("5.", None),
        (".5", None),
        ("5.100", "5.100"),
    ],
)
def test_what_a_face_shows_is_taken(typed: str, value: str | None) -> None:
    values, faults = figures.take(ASKED, {"import": typed})
    assert (values.get("import"), bool(faults)) == (value, value is None)


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ("", figures.MISSING),
        ("  ", figures.MISSING),
        ("about 100", figures.NOT_A_NUMBER),
        ("-1", figures.NOT_A_NUMBER),
        ("1,5", figures.NOT_A_NUMBER),
        ("1e3", figures.NOT_A_NUMBER),
        ("१२", figures.NOT_A_NUMBER),
        ("1.2.3", figures.NOT_A_NUMBER),
        ("1234567", figures.TOO_MANY_DIGITS),
        ("1.234", figures.TOO_MANY_DECIMALS),
    ],
)
def test_what_is_no_figure_of_the_face_is_told_with_its_fault(typed: str, fault: str) -> None:
    assert figures.take(ASKED, {"import": typed}) == ({}, {"import": fault})


def test_what_was_not_asked_for_is_a_fault() -> None:
    assert figures.take(ASKED, {"import": "1", "import.peak": "1"})[1] == {"import.peak": figures.UNKNOWN}
    assert figures.take((), {}) == ({}, {})


@pytest.mark.parametrize("language", pages.LANGUAGES)
def test_a_page_has_words_for_each_fault_of_a_figure(language: str) -> None:
    assert set(pages.FAULTS[language]) == set(figures.FAULTS) - {figures.UNKNOWN}
