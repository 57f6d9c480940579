"""A home whose rooms are rented out (群租房): the day of a home at several times its level, even, with a high night. Pure."""

from collections.abc import Mapping

from services.billing.uses.domain import evidence
from services.billing.uses.domain.evidence import CLASS_PROFILE, Figure
from services.billing.uses.domain.habits import Habits
from services.billing.uses.domain.loads import WORKING
from services.billing.uses.domain.policy import SHOP, Uses

NAME = "use_like_rented_rooms"


def figures(habits: Habits, uses: Uses) -> Mapping[str, Figure | None]:
    """Return what speaks for rented rooms."""
    home = evidence.home(uses)
    return {
        "like_home": evidence.unlike(habits.shape, home),
        "like_shop": evidence.like(habits.shape, uses.profiles[SHOP], home, CLASS_PROFILE),
        "evening": evidence.share(habits.shape, uses.evening_hours, WORKING, home),
        "night_base": evidence.night_base(habits.shape, uses.night_hours),
        "evenness": evidence.evenness(habits.shape),
        "level_of_class": evidence.level_of_class(habits, uses),
        "level_of_past": evidence.level_of_past(habits),
    }
