"""A usage above what the period before lets expect."""

from services.reading.policies.domain import Deviation
from services.reading.validation.domain.findings import Finding
from services.reading.validation.domain.history import History, compared

CODE = "reading.high_usage"


def find(energy_wh: int, days: int, history: History | None, limit: Deviation) -> Finding | None:
    """Find a usage whose daily average is above that of the period before, by the limit's percentage and energy."""
    if history is None or days <= 0 or history.days <= 0:
        return None
    expected = history.energy_wh * days  # times history.days, to stay with integers
    actual = energy_wh * history.days
    if actual * 100 < expected * (100 + limit.percent) or actual - expected < limit.delta_wh_min * history.days:
        return None
    return Finding(CODE, compared(energy_wh, days, history))
