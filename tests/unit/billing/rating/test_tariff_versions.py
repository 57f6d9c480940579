"""Versions of a tariff and values of a price series follow each other by day, without gap or overlap, and keep their content."""

from datetime import date

import pytest

from services.billing.rating import rating
from tests.unit.billing.rating.documents import PLAIN, changed


def version(number: int, start: str, end: str | None) -> rating.Tariff:
    return rating.load_tariff(changed(PLAIN, {"/version": number, "/effective": {"from": start, "to": end}}))


@pytest.mark.parametrize(
    ("code", "first_to", "second_from"),
    [
        ("version_gap", "2024-01-01", "2024-01-02"),
        ("version_overlap", "2024-01-02", "2024-01-01"),
        ("version_overlap", None, "2020-01-01"),
    ],
)
def test_versions_with_a_gap_or_an_overlap_are_refused(code: str, first_to: str | None, second_from: str) -> None:
    with pytest.raises(rating.TariffError) as caught:
        rating.TariffBook([version(1, "2020-01-01", first_to), version(2, second_from, None)])
    assert (caught.value.code, caught.value.pointer) == (code, "/effective/from")


def test_a_version_whose_end_is_open_holds_until_the_next_one_begins_and_keeps_its_hash() -> None:
    first, second = version(1, "2020-01-01", None), version(2, "2024-01-01", None)
    book = rating.TariffBook([second, first])
    found = [book.version_on("t/plain", d) for d in (date(2023, 12, 31), date(2024, 1, 1))]
    assert [(f.version, f.sha256) for f in found if f] == [("1", first.sha256), ("2", second.sha256)]


def test_versions_that_follow_each_other_are_found_by_day() -> None:
    book = rating.TariffBook([version(2, "2024-01-01", None), version(1, "2020-01-01", "2024-01-01")])
    days = [date(2019, 12, 31), date(2020, 1, 1), date(2023, 12, 31), date(2024, 1, 1)]
    found = [book.version_on("t/plain", d) for d in days]
    assert [f.version if f else None for f in found] == [None, "1", "1", "2"]


def test_a_version_that_a_bill_used_cannot_change() -> None:
    old, new = rating.load_tariff(PLAIN), rating.load_tariff(changed(PLAIN, {"/charges/0/price": "0.6"}))
    rating.check_replacement(old, new, used=False)
    rating.check_replacement(old, rating.load_tariff(PLAIN), used=True)
    with pytest.raises(rating.TariffError) as caught:
        rating.check_replacement(old, new, used=True)
    assert caught.value.code == "version_in_use"


def test_the_hash_depends_on_the_content_and_not_on_the_order_of_fields() -> None:
    turned = dict(reversed(list(PLAIN.items())))
    assert rating.load_tariff(turned).sha256 == rating.load_tariff(PLAIN).sha256
    assert rating.load_tariff(changed(PLAIN, {"/charges/0/price": "0.50"})).sha256 != rating.load_tariff(PLAIN).sha256


@pytest.mark.parametrize(
    ("code", "values"),
    [
        ("series_gap", [("2024-01-01", "2024-02-01"), ("2024-02-02", None)]),
        ("series_overlap", [("2024-01-01", "2024-02-02"), ("2024-02-01", None)]),
        ("dates_reversed", [("2024-02-01", "2024-01-01")]),
    ],
)
def test_a_price_series_with_a_fault_is_refused(code: str, values: list[tuple[str, str | None]]) -> None:
    rows = [{"from": a, "to": b, "price": "1"} for a, b in values]
    with pytest.raises(rating.TariffError) as caught:
        rating.load_series({"series": "s", "unit": "CNY/kWh", "source": "a test", "values": rows})
    assert caught.value.code == code
    assert caught.value.pointer.startswith("/values/")
