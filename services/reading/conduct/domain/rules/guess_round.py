"""Suspected guess (估抄): registers are round, cycle for cycle. Pure."""

from typing import Final

from services.reading.conduct.domain.rules.guess_estimate import same_meter
from services.reading.conduct.domain.visits import POINT, Found, History
from services.reading.policies.domain.conduct import MILLIONTHS_OF_A_KWH, GuessRound

CODE: Final = "conduct.guess_round"


def find(history: History, rules: GuessRound) -> list[Found]:
    """Return the points whose reads were round so many cycles in a row, each another one than before."""
    found = []
    for now in history.now:
        last = same_meter(history.by_point[now.point])[-rules.cycles :]
        shown = [each.shown or 0 for each in last if each.reader is not None]
        is_round = all(each % (rules.kwh * MILLIONTHS_OF_A_KWH) == 0 for each in shown)
        if len(shown) == rules.cycles and is_round and len(set(shown)) == len(shown):
            numbers = {"cycles": rules.cycles, "kwh": rules.kwh}
            found.append(Found(rule=CODE, subject_kind=POINT, subject=now.point, reader=now.reader, numbers=numbers))
    return found
