"""Validation (复核) of reads and usages: named rules with coded findings. A finding does not stop a usage; it travels with it.

Only a register that runs backwards stops: there is no usage to tell then, until a correction, a better read or an estimate.
"""

from dataclasses import dataclass

from services.reading.domain.policy import Deviation
from services.reading.domain.registers import Counts

DUPLICATE = "reading.conflicting_duplicate"
NEGATIVE = "reading.negative_usage"
HIGH = "reading.high_usage"
LOW = "reading.low_usage"
MISSING = "reading.missing_read"
LATE_UNUSED = "reading.late_read_unused"


@dataclass(frozen=True, slots=True)
class Finding:
    """A coded result of a rule; `numbers` are what it compared."""

    code: str
    numbers: dict[str, int]


@dataclass(frozen=True, slots=True)
class History:
    """The usage of the period before, for comparison."""

    energy_wh: int
    days: int


def duplicate(stored: Counts, given: Counts) -> Finding | None:
    """Find a read that has the natural key of a stored one and other content."""
    if stored == given:
        return None
    return Finding(DUPLICATE, {f"stored_{i}": count for i, count in enumerate(stored)})


def negative(backward: tuple[str, ...], period_days: int) -> Finding | None:
    """Find registers that ran backwards by more than a roll-over explains."""
    if not backward:
        return None
    return Finding(NEGATIVE, {"registers": len(backward), "days": period_days})


def high(energy_wh: int, days: int, history: History | None, limit: Deviation) -> Finding | None:
    """Find a usage whose daily average is above that of the period before, by the limit's percentage and energy."""
    if history is None or days <= 0 or history.days <= 0:
        return None
    expected = history.energy_wh * days  # times history.days, to stay with integers
    actual = energy_wh * history.days
    if actual * 100 < expected * (100 + limit.percent) or actual - expected < limit.delta_wh_min * history.days:
        return None
    return Finding(HIGH, _compared(energy_wh, days, history))


def low(energy_wh: int, days: int, history: History | None, limit: Deviation) -> Finding | None:
    """Find a usage whose daily average is below that of the period before, by the limit's percentage and energy."""
    if history is None or days <= 0 or history.days <= 0:
        return None
    expected = history.energy_wh * days
    actual = energy_wh * history.days
    if actual * 100 > expected * (100 - limit.percent) or expected - actual < limit.delta_wh_min * history.days:
        return None
    return Finding(LOW, _compared(energy_wh, days, history))


def missing(reads: int, estimates_in_a_row: int) -> Finding | None:
    """Find a task without a read at the end of its window."""
    if reads:
        return None
    return Finding(MISSING, {"estimates_in_a_row": estimates_in_a_row})


def _compared(energy_wh: int, days: int, history: History) -> dict[str, int]:
    return {
        "energy_wh": energy_wh,
        "days": days,
        "history_wh": history.energy_wh,
        "history_days": history.days,
    }
