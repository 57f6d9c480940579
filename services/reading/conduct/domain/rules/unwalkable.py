"""Reads follow one another faster than anybody walks (抄表间隔异常). Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from services.reading.conduct.domain.visits import READER, Found, History
from services.reading.policies.domain.conduct import Unwalkable

CODE: Final = "conduct.unwalkable"


def find(history: History, rules: Unwalkable) -> list[Found]:
    """Return the readers who say that they read more points within a time than anybody can."""
    found = []
    for reader, visits in history.now_by_reader().items():
        most = _most_within(sorted(each.read_at for each in visits), timedelta(seconds=rules.seconds))
        if most > rules.points_max:
            numbers = {"points": most, "seconds": rules.seconds, "reads": len(visits)}
            found.append(Found(rule=CODE, subject_kind=READER, subject=reader, reader=reader, numbers=numbers))
    return found


def _most_within(times: Sequence[datetime], span: timedelta) -> int:
    most, first = 0, 0
    for last, at in enumerate(times):
        while at - times[first] >= span:
            first += 1
        most = max(most, last - first + 1)
    return most
