"""What a usage is compared with: the usage of the period before."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class History:
    """The usage of the period before, for comparison."""

    energy_wh: int
    days: int


def history_of(energy_wh: Mapping[str, int], days: int) -> History | None:
    """Return the comparison figure of a period, or None where it had no import register or no days."""
    return History(energy_wh["import"], days) if days > 0 and "import" in energy_wh else None


def compared(energy_wh: int, days: int, history: History) -> dict[str, int]:
    """Return the numbers of a finding that compares a usage with the one before."""
    return {
        "energy_wh": energy_wh,
        "days": days,
        "history_wh": history.energy_wh,
        "history_days": history.days,
    }
