"""Why a job of cycles has nothing to do on a business date: what an operator is told."""

from datetime import date, timedelta

from services.reading.policies.domain import Policies
from services.reading.tasks.store import route_cycles
from shared.db.engine import View


def to_plan(business_date: date, policies: Policies) -> str:
    """Say why no route is to be planned."""
    first_day = next(iter(policies)).period.from_
    if business_date <= first_day:
        return f"the first policy holds from {first_day}"
    return f"no route has its read day in {business_date:%Y-%m} by {business_date}"


async def to_close(view: View, business_date: date, policies: Policies) -> str:
    """Say why no route is to be closed."""
    first_day = next(iter(policies)).period.from_
    if business_date <= first_day:
        return f"the first policy holds from {first_day}"
    read_date = await route_cycles.first_open(view)
    if read_date is None:
        return "no route is planned that is not closed"
    return f"windows are open until {read_date + timedelta(days=policies.on(read_date).window_days)}"
