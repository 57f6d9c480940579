"""From when on meters are idle, by the policy of the day of a report, and what they cost, month by month."""

from datetime import date

from services.reading.idle_meters.domain.idle import Costs
from services.reading.idle_meters.store.idle import Limits
from services.reading.policies.domain import Policies


def limits(on: date, policies: Policies) -> Limits:
    """Return the limits of a day."""
    policy = policies.on_or_first(on)
    return Limits(
        on=on,
        unused_cycles=policy.idle.unused_cycles,
        stock_days=policy.idle.stock_days,
        taken_back_days=policy.stock.taken_back_days,
    )


def costs(on: date, policies: Policies) -> Costs:
    """Return what idle meters have cost by a day."""
    return Costs(lambda day: policies.on_or_first(day).idle, on)
