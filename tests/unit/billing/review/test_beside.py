"""What a bill is looked at beside once its run is compared."""

import random
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.billing.review.domain import beside, subject
from services.billing.review.domain.beside import Basis, Compared, First, Runs
from services.billing.review.domain.rules import drawn_sample, unlike_neighbours
from services.billing.review.domain.subject import Beside, Peers, Subject
from tests.unit.billing.review.test_review_rules import rules

RUN = ("R1", "2026-02")
LIMIT = rules().of("billing.unlike_neighbours")


def first(point: str, kwh: int, before_kwh: int | None = 200, **more: Any) -> First:
    values: dict[str, Any] = {
        "key": RUN,
        "service_point_no": point,
        "customer_class": "residential",
        "period_from": date(2026, 2, 1),
        "period_to": date(2026, 3, 1),
        "contract_no": "C",
        "contract_from": date(2020, 1, 1),
        "energy_wh": 1000 * kwh,
        "before_wh": None if before_kwh is None else 1000 * before_kwh,
        "before_days": 31,
    }
    return First(**values | more)


def test_neighbours_are_measured_by_class_and_size_and_too_few_say_nothing() -> None:
    homes = [first(f"H{n}", 180 + n) for n in range(11)]
    small = [first(f"S{n}", 50, 50) for n in range(9)]
    shops = [first(f"C{n}", 2000, 2000, customer_class="shop") for n in range(10)]
    new = [first("N1", 9000, None), first("Z1", 9000, 0)]
    found = unlike_neighbours.measure([*homes, *small, *shops, *new], LIMIT)
    assert set(found) == {"residential/3-10", "shop/30-"}
    assert found["shop/30-"] == Peers(10, 1107, 0)
    assert found["residential/3-10"].points == 11


def test_neighbours_are_the_same_in_any_order() -> None:
    homes = [first(f"H{n}", 150 + 7 * n) for n in range(30)]
    expected = unlike_neighbours.measure(homes, LIMIT)
    for seed in range(3):
        random.Random(seed).shuffle(homes)
        assert unlike_neighbours.measure(homes, LIMIT) == expected


def test_who_does_as_all_do_is_found_by_nothing_and_who_does_not_is() -> None:
    """All of the route use half as much again; one that uses as much as before is the one to look at."""
    homes = [first(f"H{n}", 270 + n % 5) for n in range(20)]
    peers = unlike_neighbours.measure(homes, LIMIT)

    def found(kwh: int) -> bool:
        bill = Subject(customer_class="residential", energy_wh=kwh * 1000, days=28, months=1, total_fen=0)
        bill.beside = Beside(200_000, 31, peers)
        return unlike_neighbours.find(bill, LIMIT) is not None

    assert not found(271)
    assert found(180)
    assert found(400)


@pytest.mark.parametrize(
    ("now", "changed"),
    [
        ({}, ()),
        ({"tariffs": frozenset({("t", "2", "b")})}, ("price",)),
        ({"tariffs": frozenset({("t", "1", "b")})}, ("price",)),
        ({"tariffs": frozenset({("t", "1", "a"), ("u", "1", "c")})}, ()),
        ({"tariffs": frozenset()}, ()),
        ({"policy": "q"}, ("policy",)),
        ({"software": "2"}, ("software",)),
        ({"tariffs": frozenset({("t", "2", "b")}), "policy": "q", "software": "2"}, ("price", "policy", "software")),
    ],
)
def test_what_is_another_than_in_the_run_before_is_told(now: dict[str, Any], changed: tuple[str, ...]) -> None:
    before = Basis(tariffs=frozenset({("t", "1", "a")}), policy="p", software="1")
    assert replace(before, **now).changed_since(before) == changed


def test_a_draw_takes_about_its_share_and_the_same_points_whenever_it_is_made() -> None:
    limit = rules(drawn_sample={"severity": "hold", "permille": 100}).of("billing.drawn_sample")
    points = [f"P{n}" for n in range(2000)]
    drawn = {point for point in points if limit.draws(beside.lot(RUN, point, ""))}
    assert 150 < len(drawn) < 250
    assert drawn == {point for point in reversed(points) if limit.draws(beside.lot(RUN, point, ""))}
    assert drawn != {point for point in points if limit.draws(beside.lot(("R1", "2026-03"), point, ""))}
    assert drawn != {point for point in points if limit.draws(beside.lot(RUN, point, "another seed"))}
    everybody = drawn_sample.Limit("hold", 1000)
    assert all(everybody.draws(beside.lot(RUN, point, "")) for point in points)
    assert not any(drawn_sample.Limit("hold", 0).draws(lot) for lot in (0, 5))


def test_cycles_are_counted_over_the_new_year() -> None:
    assert beside.cycle_after("2026-01", -1) == "2025-12"
    assert beside.cycle_after("2025-12", 2) == "2026-02"


def test_nothing_is_put_beside_a_bill_whose_run_is_not_examined() -> None:
    bill = Subject(customer_class="residential", energy_wh=1, days=28, months=1, total_fen=0)
    basis = Basis(tariffs=frozenset(), policy="", software="")
    run = Compared(key=RUN, months=1, basis=basis, changed=("price",))
    Runs(compared={RUN: run}).put_beside(bill, RUN, "A", date(2026, 2, 1))
    assert (bill.books_were_open, bill.run_changed, bill.beside) == (False, (), None)
    Runs(compared={RUN: replace(run, examined=True)}).put_beside(bill, RUN, "A", date(2026, 2, 1))
    assert (bill.books_were_open, bill.run_changed) == (True, ("price",))
    assert bill.lot == beside.lot(RUN, "A", "")


def test_a_supply_that_began_after_the_first_cycle_of_the_books_was_not_there_at_their_opening() -> None:
    opened = Runs(
        compared={RUN: Compared(key=RUN, months=1, basis=Basis(tariffs=frozenset(), policy="", software=""))},
        first_cycle="2026-01",
    )
    for began, is_new in ((None, False), (date(2026, 1, 31), False), (date(2026, 2, 1), True)):
        bill = Subject(customer_class="", energy_wh=0, days=28, months=1, total_fen=0, began=began)
        opened.put_beside(bill, RUN, "A", date(2026, 2, 1))
        assert bill.books_were_open is is_new


def test_what_is_kept_of_a_subject_makes_it_again() -> None:
    bill = Subject(
        customer_class="shop",
        energy_wh=5,
        days=28,
        months=1,
        total_fen=7,
        previous_wh=3,
        previous_days=31,
        began=date(2026, 2, 1),
        changed=("meter",),
        sub_meters={"SP2": 4},
        books_were_open=True,
    )
    kept = subject.as_json(bill)
    kept["began"] = str(kept["began"])  # as JSON has it
    again = subject.from_json(kept, energy_wh=5, days=28, months=1, total_fen=7)
    assert again == replace(bill, books_were_open=False)
