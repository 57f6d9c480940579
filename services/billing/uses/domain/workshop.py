"""A home used as a workshop (住宅用作作坊): the hours of work on business days, and little on days off. Pure."""

from collections.abc import Mapping

from services.billing.uses.domain import evidence
from services.billing.uses.domain.evidence import CLASS_PROFILE, OWN_PAST, Figure
from services.billing.uses.domain.habits import Habits
from services.billing.uses.domain.loads import WORKING
from services.billing.uses.domain.policy import WORKSHOP, Uses

NAME = "use_like_workshop"


def figures(habits: Habits, uses: Uses) -> Mapping[str, Figure | None]:
    """Return what speaks for a workshop."""
    home, shape = evidence.home(uses), habits.shape
    past = habits.past_shape.as_profile() if habits.past_shape else None
    return {
        "like_profile": evidence.like(shape, uses.profiles[WORKSHOP], home, CLASS_PROFILE),
        "like_profile_since": evidence.like(shape, uses.profiles[WORKSHOP], past, OWN_PAST),
        "work_hours": evidence.share(shape, uses.work_hours, WORKING, home),
        "days_off": evidence.days_off(shape, home),
        "level_of_class": evidence.level_of_class(habits, uses),
        "level_of_past": evidence.level_of_past(habits),
        "month_of_holidays": evidence.month_of_holidays(habits),
    }
