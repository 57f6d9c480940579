"""A home in which nobody lives (空置): next to nothing is used, day after day and month after month. Pure."""

from collections.abc import Mapping

from services.billing.uses.domain import evidence
from services.billing.uses.domain.evidence import Figure
from services.billing.uses.domain.habits import Habits
from services.billing.uses.domain.policy import Uses

NAME = "use_idle"


def figures(habits: Habits, uses: Uses) -> Mapping[str, Figure | None]:
    """Return what speaks for an idle home."""
    return {
        "quiet_days": evidence.quiet_days(habits.shape, uses.quiet_day_wh),
        "evenness": evidence.evenness(habits.shape),
        "low_months": evidence.low_months(habits, uses),
        "level_of_class": evidence.level_of_class(habits, uses),
        "level_of_past": evidence.level_of_past(habits),
    }
