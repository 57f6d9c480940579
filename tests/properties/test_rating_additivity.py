"""Before rounding periods add up and the two ladder methods agree; after rounding they differ by half a fen per line at most."""

import itertools
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from services.billing.rating import rating, second_opinion
from services.billing.rating.bulk import rate as bulk
from tests.kits.effort import examples
from tests.properties.rating_requests import requests_for
from tests.properties.rating_strategies import Drawn, books
from tests.unit.billing.rating.documents import HOME, PLAIN, changed, request, state

WH = st.integers(0, 6_000_000) | st.sampled_from([2_759_999, 2_760_000, 2_760_001, 4_799_999, 4_800_000, 4_800_001])
PRICES = st.integers(1, 99_999).map(lambda n: f"{n // 10_000}.{n % 10_000:04d}")
START, END = date(2026, 1, 1), date(2026, 3, 1)


def exact(*bills: rating.RatedBill) -> Fraction:
    assert all(bill.refusal is None for bill in bills)
    return sum((line.exact.fraction() for bill in bills for line in bill.lines), Fraction(0))


def within_half_a_fen_per_line(one: list[rating.RatedBill], other: list[rating.RatedBill]) -> bool:
    lines = sum(len(bill.lines) for bill in one + other)
    return abs(sum(b.total_fen for b in one) - sum(b.total_fen for b in other)) * 2 <= lines


def sum_of(*prices: str) -> Any:
    return {"sum": list(prices)}


@settings(max_examples=examples(80))
@given(PRICES, PRICES, PRICES, WH, st.lists(st.integers(0, 3_000_000), min_size=3, max_size=3))
def test_prices_by_tier_and_add_ons_give_the_same(base: str, second: str, third: str, wh: int, used: list[int]) -> None:
    by_price = changed(
        HOME, {"/charges": [{"name": "e", "kind": "ladder_price", "ladder": "year", "price": []}]}, drop="/periods"
    )
    by_price["charges"][0]["price"] = [base, sum_of(base, second), sum_of(base, third)]
    add_on = {"name": "a", "kind": "ladder_add_on", "ladder": "year", "add": ["0", second, third]}
    by_add_on = changed(
        by_price, {"/id": "t/add", "/charges": [{"name": "e", "kind": "energy", "price": base}, add_on]}
    )
    book = rating.load_book([by_price, by_add_on])
    one, other = (rating.rate_one(request(i, wh={"import": wh}, state=state(*used)), book) for i in ("t/home", "t/add"))
    assert exact(one) == exact(other)
    assert one.state == other.state
    assert within_half_a_fen_per_line([one], [other])


@settings(max_examples=examples(80))
@given(WH, st.integers(0, 6_000_000), st.integers(1, 58), st.lists(st.integers(0, 3_000_000), min_size=3, max_size=3))
def test_a_cycle_cut_in_two_adds_up(peak: int, valley: int, days: int, used: list[int]) -> None:
    book = rating.load_book([HOME])
    cut = START + timedelta(days=days)
    parts = [{"import.peak": peak // 3, "import.valley": valley}, {"import.peak": peak - peak // 3, "import.valley": 0}]
    whole = request(
        "t/home",
        from_=START,
        to=END,
        read_day=END,
        wh={"import.peak": peak, "import.valley": valley},
        state=state(*used),
    )
    first = request("t/home", from_=START, to=cut, read_day=cut, wh=parts[0], state=state(*used))
    one = rating.rate_one(whole, book)
    a = rating.rate_one(first, book)
    b = rating.rate_one(request("t/home", from_=cut, to=END, read_day=END, wh=parts[1], state=a.state), book)
    assert exact(one) == exact(a, b)
    assert one.state == b.state
    assert within_half_a_fen_per_line([one], [a, b])


@settings(max_examples=examples(80))
@given(WH, st.integers(0, 6_000_000), st.lists(st.integers(1, 58), max_size=4, unique=True))
def test_reads_within_the_cycle_change_nothing(peak: int, valley: int, days: list[int]) -> None:
    """A meter exchange or a control read cuts the usage into parts; the bill is that of their sum."""
    book = rating.load_book([HOME])
    whole = request(
        "t/home",
        from_=START,
        to=END,
        read_day=END,
        wh={"import.peak": peak, "import.valley": valley},
        state=state(0, 0, 0),
    )
    borders = [START, *(START + timedelta(days=d) for d in sorted(days)), END]
    share = peak // (len(borders) - 1)
    parts = []
    for index, (a, b) in enumerate(itertools.pairwise(borders)):
        last = index == len(borders) - 2
        own = peak - share * index if last else share
        parts.append(rating.UsagePart(a, b, {"import.peak": own, "import.valley": valley if last else 0}))
    assert rating.rate_one(replace(whole, usage=tuple(parts)), book) == rating.rate_one(whole, book)


@settings(max_examples=examples(80))
@given(WH, st.integers(1, 30), PRICES, PRICES)
def test_a_new_price_within_the_cycle_shares_the_kwh_by_days_without_losing_any(
    wh: int, days: int, before: str, after: str
) -> None:
    change = (date(2026, 1, 1) + timedelta(days=days)).isoformat()
    charge = {"name": "energy", "kind": "energy", "price": before}
    first = {**PLAIN, "charges": [charge], "effective": {"from": "2020-01-01", "to": change}}
    second = {**PLAIN, "version": 2, "charges": [{**charge, "price": after}], "effective": {"from": change, "to": None}}
    bill = rating.rate_one(request(wh={"import": wh}), rating.load_book([first, second]))
    assert sum(line.quantity or 0 for line in bill.lines) == wh
    assert bill.quantities_wh["import"] == wh
    shares = {line.version: line.quantity or 0 for line in bill.lines}
    assert abs(shares.get("1", 0) * 31 - wh * days) * 2 <= 31


# --- tariffs over all charge kinds

DRAWN = settings(
    max_examples=examples(60), suppress_health_check=[HealthCheck.too_slow], phases=[Phase.explicit, Phase.generate]
)


def of_one_version(drawn: Drawn, by_the_kwh: bool) -> Drawn:
    """The drawn tariff without a change of version or ladder year within a cycle, so that nothing cuts it.

    `by_the_kwh`: with the charges on metered kWh alone: energy, levies, export, the tiers of a ladder of the year.
    """
    documents = [d for d in drawn.documents if d.get("version") != 2]
    document = documents[-1] | {"effective": {"from": "2020-01-01", "to": None}, "series_at": "read_day"}
    ladder = document.get("ladders", {}).get("ladder")
    if ladder and "cycle_belongs_to" in ladder:
        document["ladders"] = {"ladder": ladder | {"cycle_belongs_to": "read_day"}}
    if by_the_kwh:
        kept = ladder and ladder["span"] == "year" and not {"free", "outside_months"} & set(ladder)
        document["charges"] = [
            c
            for c in document["charges"]
            if (c["kind"] in ("energy", "export") and "quantity" not in c)
            or (c["name"] == "tiers" and kept and c.get("tier_kwh_of_periods") != "by_share")
        ]
        document["rounding"] = {**HOME["rounding"], **{n: document["rounding"][n] for n in ("loss", "share")}}
        document.pop("tax", None)
        document.pop("undivided_kwh", None)  # what is divided by the share of one part is not divided so over both
        if not kept:
            document.pop("ladders", None)
    documents[-1] = document
    book = rating.load_book(documents)
    return Drawn(tuple(documents), book, drawn.tariff, book.versions[drawn.tariff])


def in_one_part(request: rating.Request) -> rating.Request:
    """The request with one fact and one read of registers, none of them below zero."""
    wh = {name: abs(value) for name, value in request.usage[0].wh.items()}
    fact = replace(request.facts[-1], from_=date(2020, 1, 1))
    return replace(request, facts=(fact,), usage=(rating.UsagePart(request.from_, request.to, wh),))


def read_between(part: rating.UsagePart, day: date) -> tuple[rating.UsagePart, rating.UsagePart]:
    """A third of every energy before a day and the rest after it; the demand of both is the same."""
    third = {name: wh if name.startswith("demand") else wh // 3 for name, wh in part.wh.items()}
    rest = {name: wh if name.startswith("demand") else wh - third[name] for name, wh in part.wh.items()}
    return rating.UsagePart(part.from_, day, third), rating.UsagePart(day, part.to, rest)


def drawn_whole(data: st.DataObject, by_the_kwh: bool) -> tuple[Drawn, rating.Request, date]:
    drawn = of_one_version(data.draw(books()), by_the_kwh)
    whole = in_one_part(data.draw(requests_for(drawn, curves=False)))
    return drawn, whole, whole.from_ + timedelta(days=data.draw(st.integers(1, (whole.to - whole.from_).days - 1)))


@DRAWN
@given(st.data())
def test_a_read_within_the_cycle_changes_nothing_whatever_the_charges(data: st.DataObject) -> None:
    drawn, whole, day = drawn_whole(data, by_the_kwh=False)
    cut = replace(whole, usage=read_between(whole.usage[0], day))
    bill = rating.rate_one(whole, drawn.book)
    assert rating.rate_one(cut, drawn.book) == bill
    (twin,) = bulk.rate([cut], drawn.book)
    assert twin is None or second_opinion.difference(twin, bill) is None


@DRAWN
@given(st.data())
def test_charges_on_kwh_of_a_cycle_that_is_billed_in_two_add_up_before_rounding(data: st.DataObject) -> None:
    drawn, whole, day = drawn_whole(data, by_the_kwh=True)
    before, after = read_between(whole.usage[0], day)
    # the months and the read day stay, so that season, prices and ladder year do
    one = rating.rate_one(whole, drawn.book)
    first = rating.rate_one(replace(whole, to=day, usage=(before,)), drawn.book)
    second = rating.rate_one(replace(whole, from_=day, usage=(after,), state=first.state), drawn.book)
    if one.refusal is not None:
        assert one.refusal.code in {"ladder_state_wrong", "price_changes_in_cycle", "register_missing"}
        return
    assert exact(one) == exact(first, second)
    assert (one.state or {})["ladders"] == (second.state or {})["ladders"]
    assert within_half_a_fen_per_line([one], [first, second])
