"""A point is read off its day again and again (例日随意变动): its customer cannot rely on it. Pure."""

from typing import Final

from services.reading.conduct.domain.visits import POINT, Found, History
from services.reading.policies.domain.conduct import DaysOff

CODE: Final = "conduct.days_off"


def find(history: History, rules: DaysOff) -> list[Found]:
    """Return the points whose read is off its day, as were so many of their last ones."""
    found = []
    for now in history.now:
        last = history.by_point[now.point][-rules.cycles :]
        off = sum(each.is_off for each in last)
        if now.is_off and off >= rules.off_min:
            numbers = {"cycles": len(last), "off": off, "days_off": now.days_off}
            found.append(Found(rule=CODE, subject_kind=POINT, subject=now.point, reader=now.reader, numbers=numbers))
    return found
