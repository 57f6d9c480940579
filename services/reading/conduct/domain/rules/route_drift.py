"""A whole route is read off its day (整段漂移): nobody has asked its customers. Pure."""

from statistics import median_low
from typing import Final

from services.reading.conduct.domain.visits import ROUTE, Found, History
from services.reading.policies.domain.conduct import RouteDrift

CODE: Final = "conduct.route_drift"


def find(history: History, rules: RouteDrift) -> list[Found]:
    """Return the route, where so many percent of what persons have read on it are off, to the same side.

    It is the conduct of the one person who has read all of that; of several it names nobody.
    """
    visits = history.now
    off = [each.days_off for each in visits if each.is_off]
    side = max(([days for days in off if days < 0], [days for days in off if days > 0]), key=len)
    if len(visits) < rules.points_min or len(side) * 100 < rules.percent * len(visits):
        return []
    readers = {each.reader for each in visits if each.is_off}
    reader = readers.pop() if len(readers) == 1 else None
    numbers = {"points": len(visits), "off": len(side), "days_off": median_low(side)}
    return [Found(rule=CODE, subject_kind=ROUTE, subject=history.route_no, reader=reader, numbers=numbers)]
