"""From when on meters are idle, by the policy of the day of a report."""

from datetime import date

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
