"""How far a route is in a cycle."""

from datetime import date

from services.reading.tasks.domain.tasks import Totals
from services.reading.tasks.store import tasks
from services.reading.usage.store import usages
from shared.db.engine import View


async def totals(view: View, route_no: str, read_date: date) -> Totals:
    """Return the control totals of a route's planned date as they are now."""
    counts = await tasks.counts(view, route_no, read_date)
    told, sum_wh = await usages.totals(view, route_no, read_date)
    return Totals(
        expected=counts.expected,
        actual=counts.actual,
        estimated=counts.estimated,
        missed=counts.missed,
        usages=told,
        sum_wh=sum_wh,
    )
