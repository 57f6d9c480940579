"""A reader that was given no partition joins again: a group that was divided while there were no topics is divided anew."""

from itertools import pairwise

from shared.bus.asking_again import UNASSIGNED_SECONDS, UNASSIGNED_SECONDS_MAX, AskAgain


def test_who_is_given_nothing_asks_again_ever_later() -> None:
    asks, now, times = AskAgain(), 0.0, []
    while len(times) < 8:
        if asks.is_due(given=False, now=now):
            times.append(now)
        now += 1
    pauses = [b - a for a, b in pairwise(times)]
    assert times[0] == UNASSIGNED_SECONDS
    assert pauses == [min(2**n * UNASSIGNED_SECONDS, UNASSIGNED_SECONDS_MAX) for n in range(1, 8)]


def test_who_was_given_something_begins_anew() -> None:
    asks = AskAgain()
    assert not asks.is_due(given=False, now=0)
    assert asks.is_due(given=False, now=UNASSIGNED_SECONDS)
    assert not asks.is_due(given=True, now=UNASSIGNED_SECONDS + 1)
    assert not asks.is_due(given=False, now=100)
    assert asks.is_due(given=False, now=100 + UNASSIGNED_SECONDS)
