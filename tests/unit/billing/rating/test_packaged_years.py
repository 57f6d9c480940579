"""The packaged ladders by year: a year that is read on 1 January is of itself."""

from datetime import date

import pytest

from services.billing.rating.cases.read import requests_of
from services.billing.rating.rating_types import Request
from services.billing.rating.reference.engine import rate_one
from services.billing.rating.tariff.book import TariffBook, load_book
from services.billing.tariffs.documents import packaged

DOCUMENTS = packaged.documents("sample")
BY_YEAR = sorted(d["id"] for d in DOCUMENTS if any(x.get("span") == "year" for x in d.get("ladders", {}).values()))
YEAR = [f"2024-{month:02d}" for month in range(1, 13)]


def whole_year(book: TariffBook, tariff: str) -> Request:
    version = book.version_on(tariff, date(2024, 1, 1))
    assert version is not None
    periods = {f"import.{p.name}": "1500" for p in version.periods}
    (ladder,) = version.ladders.values()
    case = {
        "tariff": tariff,
        "cycle": {"from": "2024-01-01", "to": "2025-01-01", "read_day": "2025-01-01", "bill_months": YEAR},
        "account": [{"from": "2020-01-01", "people": 3, "class": "residential"}],
        "usage": {"import": "3000", **periods},
        "state": {"ladders": {ladder.name: {"year": 2024, "used_kwh": ["0", "0", "0"]}}},
    }
    (request,) = requests_of(case)
    return request


@pytest.mark.parametrize("tariff", BY_YEAR)
def test_a_year_that_is_read_on_1_january_fills_its_own_ladder(tariff: str) -> None:
    book = load_book(DOCUMENTS)
    request = whole_year(book, tariff)

    bill = rate_one(request, book)

    assert bill.refusal is None, bill.refusal
    assert bill.state is not None
    (ladder,) = bill.state["ladders"].values()
    assert ladder["year"] == 2024
    assert sum(ladder["used_wh"]) == 3_000_000
