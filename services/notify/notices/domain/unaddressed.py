"""How long a cause waits for a contact: as the policy of its own day says."""

from datetime import date, timedelta

from services.notify.policies.domain import Policies
from shared.dated import Period


def wait_ends(day: date, days: int) -> date:
    """Return the last business day on which a contact that comes late still gets the notice."""
    return day + timedelta(days=days)


def waited_out(policies: Policies, business_date: date) -> list[Period]:
    """Return the days whose causes have waited for a contact long enough by a business date."""
    found = []
    for version in policies:
        end = business_date - timedelta(days=version.rules.wait_for_contact_days)
        if version.period.to is not None:
            end = min(end, version.period.to)
        if version.period.from_ < end:
            found.append(Period(version.period.from_, end))
    return found
