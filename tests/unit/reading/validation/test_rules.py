"""Each rule of validation fires at its limit, and not just under it."""

from services.reading.policies.domain import Deviation
from services.reading.validation.domain import duplicate, high, low, missing, negative
from services.reading.validation.domain.history import History

LIMIT = Deviation(percent=50, delta_wh_min=50_000)
MONTH = History(energy_wh=310_000, days=31)  # 10 kWh a day


def test_a_usage_is_high_from_half_as_much_again_a_day() -> None:
    found = high.find(420_000, 28, MONTH, LIMIT)
    assert found is not None
    assert (found.code, found.numbers["history_wh"]) == ("reading.high_usage", 310_000)


def test_a_usage_just_under_half_as_much_again_is_not_high() -> None:
    assert high.find(419_999, 28, MONTH, LIMIT) is None


def test_a_usage_is_low_from_half_as_much_a_day() -> None:
    found = low.find(140_000, 28, MONTH, LIMIT)
    assert found is not None
    assert found.code == "reading.low_usage"


def test_a_usage_just_above_half_as_much_is_not_low() -> None:
    assert low.find(140_001, 28, MONTH, LIMIT) is None


def test_a_deviation_of_few_kwh_is_no_finding_whatever_its_percentage() -> None:
    small = History(energy_wh=31_000, days=31)
    assert high.find(80_999, 31, small, LIMIT) is None
    assert high.find(81_000, 31, small, LIMIT) is not None
    assert low.find(0, 31, small, LIMIT) is None
    assert low.find(0, 31, History(50_000, 31), LIMIT) is not None


def test_without_history_nothing_is_high_or_low() -> None:
    assert high.find(10**9, 28, None, LIMIT) is None
    assert low.find(0, 28, None, LIMIT) is None


def test_the_same_key_with_other_content_is_a_conflicting_duplicate() -> None:
    assert duplicate.find((100, 5), (100, 6)) is not None


def test_the_same_key_with_the_same_content_is_no_finding() -> None:
    assert duplicate.find((100, 5), (100, 5)) is None


def test_a_register_that_ran_backwards_is_found() -> None:
    found = negative.find(1, 31)
    assert found is not None
    assert found.numbers == {"registers": 1, "days": 31}
    assert negative.find(0, 31) is None


def test_a_task_without_a_read_is_missing() -> None:
    assert missing.find(0, 1) is not None
    assert missing.find(1, 0) is None
