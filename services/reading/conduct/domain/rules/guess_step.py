"""Suspected guess (估抄): a register goes on by the same step, again and again. Pure."""

from itertools import pairwise
from typing import Final

from services.reading.conduct.domain.rules.guess_estimate import same_meter
from services.reading.conduct.domain.visits import POINT, Found, History
from services.reading.policies.domain.conduct import MILLIONTHS_OF_A_WH, GuessStep

CODE: Final = "conduct.guess_step"


def find(history: History, rules: GuessStep) -> list[Found]:
    """Return the points whose last steps, so many in a row that persons have read, are equal and not zero."""
    found = []
    for now in history.now:
        last = same_meter(history.by_point[now.point])[-rules.cycles - 1 :]
        steps = [(b.shown or 0) - (a.shown or 0) for a, b in pairwise(last) if b.reader is not None]
        if len(steps) == rules.cycles and len(set(steps)) == 1 and steps[0] > 0:
            numbers = {"cycles": rules.cycles, "step_wh": steps[0] // MILLIONTHS_OF_A_WH}
            found.append(Found(rule=CODE, subject_kind=POINT, subject=now.point, reader=now.reader, numbers=numbers))
    return found
