"""Who needs a second person: by the limits that are in force now, whatever day a person names."""

from datetime import date

from services.billing.business_day import store as business_day
from services.billing.context import Context
from shared.db.engine import View
from shared.second_person import SecondPerson


async def rules(view: View, context: Context) -> SecondPerson:
    """Return the rules of the latest business date that billing has heard of: who names a day does not choose the limits."""
    return on(await business_day.latest(view), context)


def on(latest: date | None, context: Context) -> SecondPerson:
    """Return the rules of the latest business date, where that is known already."""
    return context.policies.on(latest or date.max).approvals
