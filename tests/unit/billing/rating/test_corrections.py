"""Corrections: a traceable one re-rates its cycle and every later one."""

from dataclasses import replace
from datetime import date
from typing import Any

from services.billing.rating import corrections, rating
from tests.unit.billing.rating.documents import HOME, changed, request, state

TIERS = {"name": "tiers", "kind": "ladder_price", "ladder": "year", "price": ["1", "2", "3"]}
BOOK = rating.load_book([changed(HOME, {"/charges": [TIERS]}, drop="/periods")])
ENDS = [date(2026, m, 1) for m in range(1, 7)]


def rate(requests: Any) -> list[rating.RatedBill]:
    return rating.rate(requests, BOOK)


def chain(*kwh: int) -> list[tuple[rating.Request, rating.RatedBill]]:
    out = []
    carried: Any = state(0, 0, 0)
    for index, amount in enumerate(kwh):
        a, b = ENDS[index], ENDS[index + 1]
        asked = request(
            "t/home", from_=a, to=b, read_day=b, bill_months=(a,), wh={"import": amount * 1000}, state=carried
        )
        (bill,) = rate([asked])
        carried = bill.state
        out.append((asked, bill))
    return out


def with_kwh(asked: rating.Request, kwh: int) -> rating.Request:
    return replace(asked, usage=(rating.UsagePart(asked.from_, asked.to, {"import": kwh * 1000}),))


def test_a_correction_moves_later_cycles_into_other_tiers() -> None:
    cycles = chain(2000, 700, 500, 100)
    found, after = corrections.rerate(cycles, {0: with_kwh(cycles[0][0], 1800)}, rate)
    # 200 kWh less at 1 yuan; 200 kWh of the third cycle come down from tier 2 to tier 1
    assert [(c.index, c.delta_fen) for c in found] == [(0, -20_000), (1, 0), (2, -20_000), (3, 0)]
    assert after == state(2_760_000, 340_000, 0)


def test_a_correction_that_changes_no_tier_later_on_changes_no_later_amount() -> None:
    cycles = chain(100, 100, 100)
    found, after = corrections.rerate(cycles, {1: with_kwh(cycles[1][0], 50)}, rate)
    assert [(c.index, c.delta_fen) for c in found] == [(1, -5_000), (2, 0)]
    assert after == state(250_000, 0, 0)


def test_two_corrections_that_cancel_out_stop_where_the_state_meets_the_old_one() -> None:
    cycles = chain(100, 100, 100, 100)
    changed_cycles = {0: with_kwh(cycles[0][0], 60), 1: with_kwh(cycles[1][0], 140)}
    asked: list[int] = []

    def counted(requests: Any) -> list[rating.RatedBill]:
        asked.append(len(requests))
        return rate(requests)

    found, after = corrections.rerate(cycles, changed_cycles, counted)
    assert [(c.index, c.delta_fen) for c in found] == [(0, -4_000), (1, 4_000)]
    assert (len(asked), after) == (2, cycles[-1][1].state)


def test_nothing_changed_is_nothing_corrected() -> None:
    cycles = chain(100, 100)
    assert corrections.rerate(cycles, {}, rate) == ([], cycles[-1][1].state)
    assert corrections.rerate([], {}, rate) == ([], None)


def test_a_cycle_that_cannot_be_rated_ends_the_correction() -> None:
    cycles = chain(100, 100, 100)
    wrong = replace(cycles[1][0], usage=())
    found, after = corrections.rerate(cycles, {1: wrong}, rate)
    assert [(c.index, c.new.refusal.code if c.new.refusal else "") for c in found] == [(1, "usage_span")]
    assert after == cycles[0][1].state
