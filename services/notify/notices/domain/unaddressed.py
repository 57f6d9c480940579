"""How long a cause waits for a contact: as the policy of its own day says."""

from collections.abc import Callable
from datetime import date, timedelta

from services.notify.policies.domain import Policies, Policy
from shared.dated import Period


def wait_ends(day: date, days: int) -> date:
    """Return the last business day on which a contact that comes late still gets the notice."""
    return day + timedelta(days=days)


def waited_out(policies: Policies, business_date: date) -> list[Period]:
    """Return the days whose causes have waited for a contact long enough by a business date."""
    return _waited(policies, business_date, lambda policy: policy.wait_for_contact_days)


def told_at_doors(policies: Policies, business_date: date) -> list[Period]:
    """Return the days whose causes are told at the door by a business date: no contact point was verified for it so long."""
    return _waited(policies, business_date, lambda policy: policy.at_door.after_days if policy.at_door else None)


def _waited(policies: Policies, business_date: date, days_of: Callable[[Policy], int | None]) -> list[Period]:
    found = []
    for version in policies:
        days = days_of(version.rules)
        if days is None:
            continue
        end = business_date - timedelta(days=days)
        if version.period.to is not None:
            end = min(end, version.period.to)
        if version.period.from_ < end:
            found.append(Period(version.period.from_, end))
    return found
