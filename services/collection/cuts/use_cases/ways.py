"""What the use cases of cuts share: the rules, and what speaks against a cut now."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from services.collection.cuts import domain, store
from services.collection.cuts.domain import Rulebook
from services.collection.dunning.store.holds import held, wholly
from services.collection.ledger.store import accounts
from services.collection.prepaid.domain import Rulebook as PrepaidRules
from services.collection.supply import store as supply
from services.collection.supply.domain import PREPAID
from services.collection.supply.store import Cut
from shared.business_calendar import Calendar
from shared.db.engine import View
from shared.org_units import covers


@dataclass(frozen=True, slots=True)
class Ways:
    """The dated rules of cuts and of prepaid accounts, the calendar of business days and the zone of the utility."""

    rulebook: Rulebook
    calendar: Calendar
    zone: ZoneInfo
    prepaid: PrepaidRules
    second: Callable[[str, date, int], str | None]

    def day(self, now: datetime) -> date:
        """Return the utility's day."""
        return now.astimezone(self.zone).date()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of some cuts on a day: which of their debts nothing holds, marks of their points, classes, bans; which
    accounts a person holds as a whole."""

    unheld: Mapping[str, Sequence[str]]
    marks: Mapping[str, set[str]]
    classes: Mapping[str, str]
    bans: Sequence[Any]
    held: Set[str] = frozenset()

    def stops(self, cut: Cut, since: datetime, until: datetime) -> Literal["", "protected", "held", "banned"]:
        """Return the code of what keeps a cut from being carried out between two instants, or nothing."""
        if domain.protects(self.marks.get(cut["service_point_no"], ())):
            return "protected"
        is_held = cut["account_no"] in self.held if cut["cause"] == PREPAID else not self.unheld[cut["cut_no"]]
        if is_held:
            return "held"
        return "banned" if self.is_banned(cut["org_unit"], since, until) else ""

    def is_banned(self, org_unit: str, since: datetime, until: datetime) -> bool:
        """Return whether a ban holds for an org unit at some time of these."""
        return any(ban.from_at < until and since < ban.until and covers([ban.org_unit], org_unit) for ban in self.bans)


async def facts(view: View, cuts: Iterable[Cut], now: datetime, on: date) -> Facts:
    """Return what is known of cuts on a day (six statements)."""
    known = list(cuts)
    points = sorted({cut["service_point_no"] for cut in known})
    return Facts(
        unheld=await supply.owed(view, [cut["cut_no"] for cut in known], where=~held(on)),
        marks=await store.marks(view, points, on),
        classes=await accounts.customer_classes(view, sorted({cut["account_no"] for cut in known})),
        bans=await store.bans(view, since=now),
        held=await wholly(view, sorted({cut["account_no"] for cut in known}), on),
    )
