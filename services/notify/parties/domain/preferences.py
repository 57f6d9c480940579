"""What a party prefers (偏好): when it may be disturbed, and by which channels it is told of what, or not at all."""

from dataclasses import dataclass
from datetime import time
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.notify.policies.domain import Policy
from services.notify.policies.domain.pace import BUDGETS, LEGAL, Hours

WISHES_MAX: Final = 50
CHANNELS_MAX: Final = 20
FAULTS: Final = {
    "party.unknown_zone": "The time zone of the preferred hours is not known, such as Europe/Berlin",
    "party.reversed_hours": "The preferred hours must end after they begin, on the same day",
    "party.unknown_notice": "A preference is about a budget class (legal, service, tip) or a kind of notice",
    "party.unknown_channel": "The policy has no such channel",
    "party.preference_repeated": "Two preferences are about the same",
    "party.opt_out_of_legal": (
        "A right depends on this notice, so that it cannot be declined: choose the channel over which it comes instead"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferred:
    """The hours of every day in which a party wants to be told, in its own zone where it names one."""

    opens: time
    closes: time
    zone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How a party wants to be told of a kind of notice or a budget class (`about`): channels first, never, or not at all."""

    about: str
    first: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    not_wanted: bool = False


_ANY: Final = Wish(about="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What a party prefers; nothing, as most."""

    hours: Preferred | None = None
    wishes: tuple[Wish, ...] = ()

    def about(self, template: str, policy: Policy) -> Wish:
        """Return what is wished of a kind of notice: of itself, or else of its budget class."""
        if not self.wishes:
            return _ANY
        found = {wish.about: wish for wish in self.wishes}
        return found.get(template) or found.get(policy.manners[template].budget) or _ANY

    def open_hours(self) -> Hours | None:
        """Return the hours that the party has named, in place of the policy's."""
        return Hours(self.hours.opens, self.hours.closes) if self.hours else None

    @property
    def zone(self) -> str:
        """The zone that the party has named; empty: the utility's."""
        return self.hours.zone if self.hours else ""


PLAIN: Final = Preferences()


def place(wish: Wish, channel: str, of_policy: int) -> int:
    """Return where a channel stands among the ways to a party: those that it wants first come before all others."""
    return wish.first.index(channel) - len(wish.first) if channel in wish.first else of_policy


def fault(preferences: Preferences, policy: Policy) -> str | None:
    """Return the code of what is wrong with the preferences of a party, or None."""
    if preferences.hours is not None and (code := _fault_of_hours(preferences.hours)):
        return code
    if len({wish.about for wish in preferences.wishes}) < len(preferences.wishes):
        return "party.preference_repeated"
    codes = (_fault_of_wish(wish, policy) for wish in preferences.wishes)
    return next((code for code in codes if code), None)


def _fault_of_hours(hours: Preferred) -> str | None:
    if hours.closes <= hours.opens:
        return "party.reversed_hours"
    try:
        ZoneInfo(hours.zone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "party.unknown_zone"
    return None


def _fault_of_wish(wish: Wish, policy: Policy) -> str | None:
    if wish.about not in policy.manners and wish.about not in BUDGETS:
        return "party.unknown_notice"
    if not {*wish.first, *wish.never} <= set(policy.channels):
        return "party.unknown_channel"
    legal = wish.about == LEGAL or (wish.about in policy.manners and policy.manners[wish.about].legal)
    return "party.opt_out_of_legal" if wish.not_wanted and legal else None


def zone_of(preferences: Preferences, utility: ZoneInfo) -> ZoneInfo:
    """Return the zone in which a party lives."""
    return ZoneInfo(preferences.zone) if preferences.zone else utility


def in_order(preferences: Preferences) -> Preferences:
    """Return preferences with their wishes in the order in which they are stored: what is wanted has none."""
    return Preferences(hours=preferences.hours, wishes=tuple(sorted(preferences.wishes, key=lambda wish: wish.about)))
