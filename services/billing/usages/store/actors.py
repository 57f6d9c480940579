"""Who had a hand in what was measured on the days of bills: in what they rest on, and in what that took the place of."""

from collections.abc import Mapping
from datetime import date

import orjson
from sqlalchemy import Date, and_, select

from services.billing.usages.tables import USAGE
from shared.db import columns, travel
from shared.db.engine import View

Days = tuple[str, date, date]
"""Service point, first day, and the day after the last."""


async def of_days(view: View, days: Mapping[str, Days]) -> dict[str, list[str]]:
    """Return, by whatever names days, everybody who had a hand in a usage that shares a day with them, of any version.

    Of those out of force too: whoever misread what is corrected is no judge of the correction.
    """
    if not days:
        return {}
    given = travel.relation(
        view,
        "days",
        {
            "name": (columns.No, list(days)),
            "service_point_no": (columns.No, [point for point, _, _ in days.values()]),
            "from_": (Date(), [from_ for _, from_, _ in days.values()]),
            "to": (Date(), [to for _, _, to in days.values()]),
        },
    )
    u, g = USAGE.c, given.c
    shares = and_(u.service_point_no == g.service_point_no, u.period_from < g.to, u.period_to > g.from_)
    found: dict[str, set[str]] = {name: set() for name in days}
    for row in await view.all(select(g.name, u.payload).select_from(given.join(USAGE, shares))):
        found[row.name].update(orjson.loads(row.payload).get("actors", ()))
    return {name: sorted(who) for name, who in found.items()}
