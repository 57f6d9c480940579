"""Suspected guess (估抄): what a reader says to have seen is what would have been estimated. Pure."""

from collections.abc import Sequence
from typing import Final

from services.reading.conduct.domain.visits import POINT, Found, History, Visit
from services.reading.policies.domain.conduct import MILLIONTHS_OF_A_WH, GuessEstimate

CODE: Final = "conduct.guess_estimate"


def find(history: History, rules: GuessEstimate) -> list[Found]:
    """Return the points whose reads were, so many cycles in a row, what the daily average before them gives."""
    found = []
    for now in history.now:
        visits = same_meter(history.by_point[now.point])
        steps = list(zip(visits, visits[1:], visits[2:], strict=False))[-rules.cycles :]
        if len(steps) == rules.cycles and all(_is_estimate(a, b, c, rules) for a, b, c in steps):
            numbers = {"cycles": rules.cycles, "tolerance_wh": rules.tolerance_wh}
            found.append(Found(rule=CODE, subject_kind=POINT, subject=now.point, reader=now.reader, numbers=numbers))
    return found


def same_meter(visits: Sequence[Visit]) -> list[Visit]:
    """Return the last visits without a break to a point's present meter, as far as its register is known."""
    found: list[Visit] = []
    for each in reversed(visits):
        if each.meter_no != visits[-1].meter_no or each.shown is None:
            break
        found.append(each)
    return found[::-1]


def _is_estimate(before: Visit, last: Visit, now: Visit, rules: GuessEstimate) -> bool:
    step, went = (last.day - before.day).days, (last.shown or 0) - (before.shown or 0)
    if step <= 0 or went <= 0 or now.reader is None:
        return False
    differs = abs(((now.shown or 0) - (last.shown or 0)) * step - went * (now.day - last.day).days)
    return differs <= rules.tolerance_wh * MILLIONTHS_OF_A_WH * step
