"""The sample district: registers, curves and months of every customer agree, and each story is what its title says."""

from datetime import date

import numpy as np
import pytest

from services.demo import setup
from services.demo.district import (
    EPOCH,
    EXCHANGE_DAY,
    GO_LIVE,
    MANUAL_SLOT,
    MISREAD_COUNTS,
    TIME_OF_USE,
    District,
    complete_days,
    days,
)
from services.demo.stories import MONTHS, STORIES

FEBRUARY, MARCH = date(2026, 2, 1), date(2026, 3, 1)


@pytest.fixture(scope="module")
def district() -> District:
    return District()


def number(face: str) -> int:
    return int(face.replace(".", ""))


def test_the_sample_has_its_complete_days() -> None:
    sample = complete_days()
    assert sample.shape == (712, 48)
    assert sample[0, :3].tolist() == [142, 91, 128]


def test_the_same_seed_makes_the_same_district_and_another_another(district: District) -> None:
    everyone = range(district.size)
    assert district.reads(everyone, FEBRUARY) == District().reads(everyone, FEBRUARY)
    assert district.reads(everyone, FEBRUARY) != District(seed=1).reads(everyone, FEBRUARY)


def test_five_hundred_customers_live_on_four_routes_of_which_one_is_read_by_hand(district: District) -> None:
    assert [(r.route_no, len(r.members), r.manual) for r in district.routes] == [
        ("R1", 125, False),
        ("R2", 125, False),
        ("R3", 210, False),
        ("R4", 40, True),
    ]
    assert sorted(i for r in district.routes for i in r.members) == list(range(500))
    assert [r.quantities == TIME_OF_USE for r in district.routes] == [True, True, False, False]


@pytest.mark.parametrize("seed", [1, 7, 2026, 234252])
def test_the_misread_bill_is_no_sudden_rise_that_would_be_held(seed: int) -> None:
    """It has to be out before its register is corrected, or there is nothing to take back."""
    district = District(2000, seed=seed)
    misread = [district.stories["read_corrected"]]
    before, start, noted = (district.counts(misread, day)[0, 0] for day in (EPOCH, GO_LIVE, FEBRUARY))
    assert noted + MISREAD_COUNTS - start < 1.5 * (start - before)


def test_registers_only_run_forward(district: District) -> None:
    everyone = range(district.size)
    before = district.counts(everyone, EPOCH)
    for day in days(GO_LIVE, MARCH):
        after = district.counts(everyone, day)
        assert (after >= before).all()
        before = after


def test_the_total_of_a_time_of_use_meter_is_the_sum_of_its_periods_at_every_half_hour(district: District) -> None:
    who = range(250)
    start = district.counts(who, EPOCH)
    assert (start[:, 0] == start[:, 1] + start[:, 2]).all()
    for slot in range(48):
        counts = district.counts(who, date(2026, 2, 14), slot)
        assert (counts[:, 0] == counts[:, 1] + counts[:, 2]).all()


def test_day_curves_add_up_to_the_difference_of_the_registers(district: District) -> None:
    assert set(district.curves.values()) == {15, 30}
    for i, minutes in district.curves.items():
        total = 0
        for day in days(GO_LIVE, FEBRUARY):
            values = district.curve(i, day)
            assert len(values) == 24 * 60 // minutes
            total += sum(values)
        assert total == district.energy_wh(i, GO_LIVE, FEBRUARY)["import"]


def test_months_add_up_to_their_sum(district: District) -> None:
    for i in range(district.size):
        months = [district.energy_wh(i, m.first, m.read_on) for m in MONTHS]
        whole = district.energy_wh(i, MONTHS[0].first, MONTHS[-1].read_on)
        assert whole == {q: sum(m[q] for m in months) for q in whole}


def test_only_the_story_of_implausible_usage_is_implausible_or_jumps(district: District) -> None:
    story = district.stories["implausible_usage"]
    for i in set(range(district.size)) - {district.stories["unused"]}:
        january = district.energy_wh(i, *_span(0))["import"]
        february = district.energy_wh(i, *_span(1))["import"]
        jumps = abs(february * 31 - january * 28) * 100 >= january * 28 * 30
        assert (february > 1_000_000 or jumps) == (i == story)
        assert 0 < january < 1_000_000


def _span(month: int) -> tuple[date, date]:
    return MONTHS[month].first, MONTHS[month].read_on


@pytest.mark.parametrize("name", ["meter_exchange", "mistyped_exchange"])
def test_the_exchanged_meter_and_the_new_one_together_counted_what_was_used(district: District, name: str) -> None:
    i = district.stories[name]
    closing, opening = district.exchange_faces(i)
    start = district.faces(i, district.counts([i], GO_LIVE)[0])
    (last,) = district.reads([i], FEBRUARY)
    assert last["meter_no"] == district.new_meter_no(i)
    for quantity, wh in district.energy_wh(i, GO_LIVE, FEBRUARY).items():
        old = number(closing[quantity]) - number(start[quantity])
        new = number(last["registers"][quantity]) - number(opening[quantity])
        assert (old + new) * 10 == wh
    assert number(opening["import"]) == 2 * number(opening.get("import.peak", "3.20"))
    assert district.reads([i], date(2026, 1, 14))[0]["meter_no"] == district.customers[i].meter_no
    assert EXCHANGE_DAY.day == 15


def test_the_closing_register_that_was_mistyped_lacks_a_digit(district: District) -> None:
    old, _ = setup.exchange(district, district.stories["mistyped_exchange"])
    assert old["closing"] == {"import": "113.00"}
    assert district.exchange_faces(district.stories["mistyped_exchange"])[0] == {"import": "1130.00"}


def test_who_moves_in_has_an_account_and_a_contract_from_the_day_on_which_the_other_one_ends(
    district: District,
) -> None:
    out, in_ = setup.move(district)
    (ends,), (begins,) = out["contracts"], in_["contracts"]
    assert ends["to"] == begins["from"] == in_["opened_on"] == "2026-01-12"
    assert ends["service_point_no"] == begins["service_point_no"]
    i = district.stories["move"]
    assert [out["account_no"], in_["account_no"]] == district.accounts_of(i)
    assert {district.index_of[account_no] for account_no in district.accounts_of(i)} == {i}


def test_the_register_that_rolls_over_shows_less_after_january_than_before(district: District) -> None:
    i = district.stories["rollover"]
    start = number(district.faces(i, district.counts([i], GO_LIVE)[0])["import"])
    stop = number(district.reads([i], FEBRUARY)[0]["registers"]["import"])
    assert stop < start < 10**6
    assert (stop + 10**6 - start) * 10 == district.energy_wh(i, GO_LIVE, FEBRUARY)["import"]


def test_behind_the_current_transformer_a_count_is_forty_times_as_much(district: District) -> None:
    i = district.stories["multiplier"]
    start, stop = district.counts([i, i], GO_LIVE)[0, 0], district.counts([i], FEBRUARY)[0, 0]
    assert district.customers[i].multiplier == 40
    assert int(stop - start) * 400 == district.energy_wh(i, GO_LIVE, FEBRUARY)["import"]


def test_the_readers_file_misses_one_door_in_january_and_has_one_number_wrong(district: District) -> None:
    route = district.routes[-1]
    rows = setup.csv_file(district, route, FEBRUARY).decode().splitlines()
    assert len(rows) == len(route.members)  # the header, and one door less
    wrong = district.customers[district.stories["read_corrected"]].meter_no
    missed = district.customers[district.stories["missed_read"]].meter_no
    faces = {row.split(",")[0]: row.split(",")[-1] for row in rows[1:]}
    assert missed not in faces
    (right,) = district.reads([district.stories["read_corrected"]], FEBRUARY, slot=MANUAL_SLOT)
    assert number(faces[wrong]) - number(right["registers"]["import"]) == 6000
    assert len(setup.csv_file(district, route, MARCH).decode().splitlines()) == len(route.members) + 1


def test_every_story_is_another_customer(district: District) -> None:
    assert len(set(district.stories.values())) == len(STORIES)


def test_every_customer_is_set_up_in_every_service(district: District) -> None:
    everyone = range(district.size)
    assert len(setup.points(district, everyone)) == 500
    assert len(setup.meters(district, everyone)) == 502
    assert len(setup.installations(district, everyone)) == 500
    numbers = {item["account_no"] for item in setup.accounts(district, everyone)}
    assert len(numbers) == 500
    assert {item["roles"][0]["account_no"] for item in setup.parties(district, everyone)} == numbers


@pytest.mark.parametrize(("customers", "routes"), [(60, 4), (2_000, 4), (10_000, 40)])
def test_districts_of_other_sizes_keep_the_same_rules(customers: int, routes: int) -> None:
    district = District(customers, routes=routes)
    assert len(district.routes) == routes
    assert all(len(route.members) >= 15 for route in district.routes)
    assert [r.quantities for r in district.routes].count(TIME_OF_USE) == routes // 2
    assert len(set(district.stories.values())) == len(STORIES)
    used = district.counts(range(customers), FEBRUARY) - district.counts(range(customers), GO_LIVE)
    assert np.flatnonzero(used[:, 0] <= 0).tolist() == [district.stories["unused"]]


def test_a_district_that_is_too_small_for_its_stories_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 15"):
        District(59)
