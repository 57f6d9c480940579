"""Which leaflets travel with which bill, and which documents are refused."""

from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from services.notify.leaflets import domain
from services.notify.leaflets.domain import Billed
from shared.document import DocumentError


def leaflet(name: str = "cooling", **more: Any) -> dict[str, Any]:
    texts = {"zh": {"title": "夏季空调", "text": "调高一度。"}, "en": {"title": "Cooling", "text": "Set it higher."}}
    given = {"leaflet": name, "kind": "tip", "classes": ["residential"], "travels_on": "06-15", "texts": texts}
    return {key: value for key, value in (given | more).items() if value is not None}


def document(*leaflets: Any, **effective: Any) -> dict[str, Any]:
    span = {"from": "2000-01-01", "to": None} | effective
    return {"id": "CN/x", "title": "x", "versions": [{"version": "1", "effective": span, "leaflets": list(leaflets)}]}


def bill(since: str, until: str, *, tariff: str = "CN-ZJ/residential@1", kwh: int = 100) -> Billed:
    days = {"period_from": date.fromisoformat(since), "period_to": date.fromisoformat(until)}
    return Billed(account_no="a1", tariff=tariff, energy_wh=kwh * 1000, **days)


@pytest.mark.parametrize("months", [1, 2, 3, 6, 12])
def test_whatever_the_length_of_its_periods_a_supply_gets_it_once_a_year(months: int) -> None:
    known = domain.load(document(leaflet()))
    days = [date(2024 + place // 12, place % 12 + 1, 1) for place in range(0, 37, months)]
    found = [each for a, b in pairwise(days) for each in known.with_bills([bill(a.isoformat(), b.isoformat())])[0]]
    assert found == [("cooling", year) for year in (2024, 2025, 2026)]


@pytest.mark.parametrize(
    ("given", "billed", "travels"),
    [
        ({}, {}, True),
        ({}, {"tariff": "CN-ZJ/residential/time-of-use@3"}, True),
        ({}, {"tariff": "CN-ZJ/residential-like@3"}, False),
        ({}, {"tariff": "CN-ZJ/general/single@3"}, False),
        ({"classes": ["*"]}, {"tariff": "CN-ZJ/general/single@3"}, True),
        ({"usage_kwh": {"from": 100}}, {"kwh": 100}, True),
        ({"usage_kwh": {"from": 101}}, {"kwh": 100}, False),
        ({"usage_kwh": {"from": 0, "to": 100}}, {"kwh": 100}, False),
        ({"travels_on": None}, {}, False),
        ({"travels_on": "07-01"}, {}, False),
        ({"travels_on": "06-01"}, {}, True),
    ],
)
def test_it_goes_by_class_season_and_usage(given: Any, billed: Any, travels: bool) -> None:
    known = domain.load(document(leaflet(**given)))
    assert bool(known.with_bills([bill("2026-06-01", "2026-07-01", **billed)])[0]) == travels


def test_a_version_counts_on_the_days_for_which_it_holds() -> None:
    one, two = document(leaflet(), to="2026-06-15"), document(leaflet("heating", travels_on="06-16"))
    two["versions"][0]["effective"]["from"] = "2026-06-15"
    both = one | {"versions": [*one["versions"], {**two["versions"][0], "version": "2"}]}
    known = domain.load(both)
    assert known.with_bills([bill("2026-06-01", "2026-07-01")])[0] == [("heating", 2026)]
    assert [each.leaflet for each in known.on(date(2026, 6, 14))] == ["cooling"]
    assert "调高一度" in known.enclosed("cooling heating", "zh")


@pytest.mark.parametrize(
    "given",
    [
        {"travels_on": "02-29"},
        {"travels_on": "6-15"},
        {"kind": "papers"},
        {"request": "name"},
        {"kind": "poem"},
        {"leaflet": "Cool"},
        {"unknown": 1},
        {"usage_kwh": {"from": -1}},
        {"texts": {"zh": {"title": "x", "text": "y"}}},
        {"texts": {"zh": {"title": "x\ny", "text": "y"}, "en": {"title": "x", "text": "y"}}},
        {"texts": {"zh": {"title": "x", "text": "y" * 1201}, "en": {"title": "x", "text": "y"}}},
    ],
)
def test_a_document_that_cannot_be_used_is_refused(given: Any) -> None:
    with pytest.raises(DocumentError):
        domain.load(document(leaflet(**given)))


def test_a_leaflet_that_is_there_twice_is_refused() -> None:
    with pytest.raises(DocumentError):
        domain.load(document(leaflet(), leaflet()))
