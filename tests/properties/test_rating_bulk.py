"""The two implementations of rating agree on every bill: to the fen, line by line, state by state."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from services.billing.rating import rating, second_opinion
from services.billing.rating.bulk import rate as bulk
from tests.kits.effort import examples
from tests.properties.rating_requests import curve, requests_for
from tests.properties.rating_strategies import Drawn, books

BOTH = settings(max_examples=examples(50), suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
CURVES = settings(BOTH, max_examples=examples(20))

HOURS = {
    "series": "drawn/hours",
    "unit": "CNY/kWh",
    "source": "drawn",
    "interval_minutes": 60,
    "days": {
        (date(2024, 10, 1) + timedelta(days=n)).isoformat(): [f"0.{(n * 7 + h * 13) % 997:04d}" for h in range(24)]
        for n in range(500)
    },
}


def agreed(requests: Sequence[rating.Request], book: rating.TariffBook) -> list[rating.RatedBill | None]:
    """The bills of the bulk implementation, after both were found to agree."""
    bills = bulk.rate(requests, book)
    for mine, other in zip(bills, rating.rate(requests, book), strict=True):
        event("left to the reference" if mine is None else mine.refusal.code if mine.refusal else "rated")
        if mine is not None:
            assert second_opinion.difference(mine, other) is None, (mine, other)
    return bills


def with_numbers(request: rating.Request, times: int, more: int) -> rating.Request:
    """The same form with other numbers: usage, what the tiers have used, capacity."""
    parts = tuple(
        replace(
            part,
            wh={k: v * times + more for k, v in part.wh.items()},
            curves=tuple(replace(c, wh=[None if w is None else w * times + more for w in c.wh]) for c in part.curves),
        )
        for part in request.usage
    )
    state: Any = deepcopy(request.state)
    for ladder in state["ladders"].values():
        used = ladder["used_wh"]
        for tiers in used.values() if isinstance(used, dict) else [used]:
            tiers[:] = [abs(wh * times + more) for wh in tiers]
    facts = [replace(f, capacity_va=(f.capacity_va or 0) + abs(more)) for f in request.facts]
    # another day of the month in which the account was opened, and other people below every mark
    opened = min(facts[0].from_.replace(day=abs(more) % 28 + 1), request.from_)
    facts[0] = replace(facts[0], from_=opened, people=facts[0].people - (facts[0].people < 5) * (times % 2))
    return replace(request, usage=parts, state=state, facts=tuple(facts))


@BOTH
@given(st.data())
def test_bulk_and_reference_give_the_same_bill(data: st.DataObject) -> None:
    drawn = data.draw(books())
    agreed(data.draw(st.lists(requests_for(drawn), min_size=1, max_size=3)), drawn.book)


@BOTH
@given(st.data())
def test_rows_of_one_form_do_not_touch_each_other(data: st.DataObject) -> None:
    drawn = data.draw(books())
    request = data.draw(requests_for(drawn))
    pairs = data.draw(st.lists(st.tuples(st.integers(-2, 40), st.integers(-999, 999)), min_size=2, max_size=6))
    agreed([with_numbers(request, times, more) for times, more in pairs], drawn.book)


@BOTH
@given(st.data())
def test_the_lines_of_a_bulk_bill_sum_to_its_total(data: st.DataObject) -> None:
    drawn = data.draw(books())
    for bill in agreed([data.draw(requests_for(drawn))], drawn.book):
        if bill is not None:
            assert sum(line.amount_fen for line in bill.lines) == bill.total_fen


@BOTH
@given(st.data())
def test_rating_in_bulk_again_gives_the_same_bills(data: st.DataObject) -> None:
    drawn = data.draw(books())
    requests = data.draw(st.lists(requests_for(drawn), min_size=1, max_size=2))
    assert bulk.rate(requests, rating.load_book(drawn.documents)) == bulk.rate(requests, drawn.book)


# --- curves


def by_curves(drawn: Drawn, split: str) -> Drawn:
    """The drawn tariffs with what only curves can tell: tiers in time order, demand of a curve, hourly prices."""
    documents = deepcopy(drawn.documents)
    for document in documents:
        ladder = document.get("ladders", {}).get("ladder", {})
        for charge in document.get("charges", ()):
            own = isinstance(ladder.get("limits_kwh"), dict) and "by_period" in ladder["limits_kwh"]
            if "tier_kwh_of_periods" in charge and not own and not ladder.get("whole_quantity"):
                charge["tier_kwh_of_periods"] = split
            if charge["kind"] == "demand":
                charge["from_curve"] = "import"
        if "charges" in document:
            hourly = {"name": "hourly", "kind": "energy", "by": "interval", "price": {"series": "drawn/hours"}}
            document["charges"] = [*document["charges"], hourly]
    loaded = (*documents, HOURS)
    book = rating.load_book(loaded)
    return Drawn(loaded, book, drawn.tariff, book.versions[drawn.tariff])


@st.composite
def requests_by_curve(draw: st.DrawFn, drawn: Drawn) -> rating.Request:
    request = draw(requests_for(drawn, curves=False))
    zone = drawn.versions[-1].time_zone
    parts = []
    for part in request.usage:
        found = draw(curve("import", part.from_, part.to, zone))
        found = replace(found, minutes=15, wh=tuple(found.wh) * (found.minutes // 15))
        low = draw(st.sampled_from([0, 0, 0, 0, 0, -50]))
        gap = draw(st.integers(0, len(found.wh) - 1)) if draw(st.integers(0, 5)) == 0 else None
        wh = [None if w is None or i == gap else w + low for i, w in enumerate(found.wh)]
        other = {k: v for k, v in part.wh.items() if not k.startswith("import")}
        parts.append(replace(part, wh=other, curves=(replace(found, wh=wh),)))
    return replace(request, usage=tuple(parts))


@CURVES
@pytest.mark.parametrize("split", ["in_time_order", "by_share"])
@given(st.data())
def test_bulk_and_reference_agree_on_curves(split: str, data: st.DataObject) -> None:
    drawn = by_curves(data.draw(books()), split)
    request = data.draw(requests_by_curve(drawn))
    agreed([request, with_numbers(request, 3, 1)], drawn.book)
