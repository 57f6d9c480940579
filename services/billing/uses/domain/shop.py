"""A home used as a shop (住宅用作商铺): open through the day and at weekends, less of an evening than a home has. Pure."""

from collections.abc import Mapping

from services.billing.uses.domain import evidence
from services.billing.uses.domain.evidence import CLASS_PROFILE, OWN_PAST, Figure
from services.billing.uses.domain.habits import Habits
from services.billing.uses.domain.loads import WORKING
from services.billing.uses.domain.policy import SHOP, Uses

NAME = "use_like_shop"


def figures(habits: Habits, uses: Uses) -> Mapping[str, Figure | None]:
    """Return what speaks for a shop."""
    home, shape = evidence.home(uses), habits.shape
    past = habits.past_shape.as_profile() if habits.past_shape else None
    return {
        "like_profile": evidence.like(shape, uses.profiles[SHOP], home, CLASS_PROFILE),
        "like_profile_since": evidence.like(shape, uses.profiles[SHOP], past, OWN_PAST),
        "open_hours": evidence.share(shape, uses.open_hours, WORKING, home),
        "days_off": evidence.days_off(shape, home),
        "night": evidence.share(shape, uses.night_hours, WORKING, home),
        "evenness": evidence.evenness(shape),
        "level_of_class": evidence.level_of_class(habits, uses),
        "level_of_past": evidence.level_of_past(habits),
        "month_of_holidays": evidence.month_of_holidays(habits),
    }
