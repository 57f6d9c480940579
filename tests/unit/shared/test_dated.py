"""Half-open periods, and the versions of a document that follow one another without gap or overlap."""

from datetime import date
from typing import Any

import pytest

from shared import dated
from shared.dated import NotCovered, Period
from shared.document import DocumentError, Node

JANUARY, FEBRUARY, MARCH = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)


def test_a_period_has_its_first_day_and_not_its_end() -> None:
    period = Period(JANUARY, FEBRUARY)
    assert JANUARY in period
    assert date(2026, 1, 31) in period
    assert FEBRUARY not in period
    assert date(2025, 12, 31) not in period


def test_a_period_without_an_end_goes_on() -> None:
    assert date(9999, 12, 31) in Period(JANUARY)


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (Period(JANUARY, FEBRUARY), Period(FEBRUARY, MARCH), False),
        (Period(JANUARY, MARCH), Period(FEBRUARY, MARCH), True),
        (Period(JANUARY), Period(MARCH), True),
        (Period(JANUARY, FEBRUARY), Period(MARCH), False),
    ],
)
def test_two_periods_overlap_where_a_day_lies_in_both(one: Period, other: Period, overlap: bool) -> None:
    assert one.overlaps(other) is overlap
    assert other.overlaps(one) is overlap


def document(*effective: tuple[str, str | None], **more: Any) -> Node:
    versions = [
        {"version": str(i), "effective": {"from": start, "to": end}, "limit": i}
        for i, (start, end) in enumerate(effective)
    ]
    return Node({"id": "CN/example", "title": "Example", "versions": versions} | more)


def limits(node: Node) -> dated.Versions[int]:
    return dated.versions(node, lambda version: version.get("limit").whole(0, 9), fields="limit")


def test_the_version_of_a_day_is_the_one_whose_period_has_it() -> None:
    versions = limits(document(("2026-01-01", "2026-02-01"), ("2026-02-01", None)))
    assert [versions.on(day) for day in (JANUARY, date(2026, 1, 31), FEBRUARY, MARCH)] == [0, 0, 1, 1]
    assert versions.version_on(MARCH).name == "1"


def test_a_day_before_all_versions_has_no_rules() -> None:
    with pytest.raises(NotCovered):
        limits(document(("2026-01-01", None))).on(date(2025, 12, 31))


@pytest.mark.parametrize(
    ("node", "code", "pointer"),
    [
        (document(), "value_wrong", "/versions"),
        (document(("2026-01-01", "2026-02-01")), "value_wrong", "/versions"),
        (document(("2026-01-01", "2026-02-01"), ("2026-03-01", None)), "version_gap", "/versions/1/effective"),
        (document(("2026-01-01", "2026-03-01"), ("2026-02-01", None)), "version_overlap", "/versions/1/effective"),
        (document(("2026-01-01", None), ("2026-02-01", None)), "version_overlap", "/versions/1/effective"),
        (document(("2026-02-01", "2026-02-01")), "dates_reversed", "/versions/0/effective"),
        (document(("2026-02-30", None)), "value_wrong", "/versions/0/effective/from"),
        (document(("2026-01-01", None), limti=1), "field_unknown", "/limti"),
        (Node({"id": "CN/x", "title": "x", "versions": [{"vresion": "1"}]}), "field_unknown", "/versions/0/vresion"),
        (Node({"id": "CN/x", "title": "x"}), "field_missing", "/versions"),
        (Node([]), "not_an_object", ""),
    ],
)
def test_a_document_is_refused_with_the_place_of_its_fault(node: Node, code: str, pointer: str) -> None:
    with pytest.raises(DocumentError) as refused:
        limits(node)
    assert (refused.value.code, refused.value.pointer) == (code, pointer)


def test_all_faults_of_all_versions_are_told_at_once() -> None:
    """A wrong date is told as such, not as a gap before or after it too."""
    spans = (
        ("2026-01-01", "2026-02-01"),
        ("soon", "2026-04-01"),
        ("2026-05-01", "2026-06-01"),
        ("2026-06-02", "2026-07-01"),
    )
    wrong = document(*spans, titel="x").value
    wrong["versions"][2] |= {"limit": 10, "limti": 1}
    with pytest.raises(DocumentError) as refused:
        Node.read(wrong, limits)
    assert [(fault.code, fault.pointer) for fault in refused.value.faults] == [
        ("field_unknown", "/titel"),
        ("value_wrong", "/versions/1/effective/from"),
        ("field_unknown", "/versions/2/limti"),
        ("value_wrong", "/versions/2/limit"),
        ("version_gap", "/versions/3/effective"),
        ("value_wrong", "/versions"),
    ]
