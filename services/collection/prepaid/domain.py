"""What is left of what was paid in (可用余额), and what follows from it: warnings, and that nothing is left. Pure.

    "prepaid": {
      "warn_fen": [5000, 2000],            each said once, until there is more than that again
      "below_fen": 0,                      less than that: nothing is left
      "cut_after": {"days": 7},            or {"minutes": 30}: after the customer was told; absent: nobody is cut
      "recheck": {"times": 3, "fen": 5000} an estimate so many times, and so much, above what is usual waits for a person
    }

Absent: nobody is warned. What is left is what was paid in, less what is owed, less what was used since the last bill; it is never
posted. A bill takes the place of the estimate of its days.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from shared import dated
from shared.dated import NotCovered, Versions
from shared.document import Node

FIELDS: Final = "prepaid"
FEN_MAX: Final = 10**9
LEVELS_MAX: Final = 5
DAYS_MAX: Final = 92
MINUTES_MAX: Final = 1440
TIMES_MAX: Final = 100
PREPAID: Final = "prepaid"
WANTED: Final = "wanted"
RIGHT: Final = "right"
WRONG: Final = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """When a customer is warned and told, and what is looked at before a cut. `cut_after` None: nobody is cut."""

    warn_fen: tuple[int, ...]
    below_fen: int
    cut_after: timedelta | None
    recheck_times: int
    recheck_fen: int

    def level(self, available_fen: int) -> int:
        """Return below how many of the levels a balance lies."""
        return sum(available_fen < fen for fen in self.warn_fen)


Rulebook = Versions[Rules | None]


def rules_on(rulebook: Rulebook, day: date) -> Rules | None:
    """Return the rules of a day; None where there are none."""
    try:
        return rulebook.on(day)
    except NotCovered:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a contract has used since its last bill, as billing told it last. `dropped`: a bill has come of its days."""

    contract_no: str
    service_point_no: str
    mode: str
    amount_fen: int
    usual_fen: int | None
    whole: bool
    through: date
    dropped: bool

    def jumps(self, rules: Rules) -> bool:
        """Return whether a person has to look at it before a cut: a part is not rated, or it is far above what is usual."""
        if self.dropped or self.mode != PREPAID:
            return False
        if not self.whole:
            return True
        usual = self.usual_fen
        more = self.amount_fen - usual if usual is not None else 0
        return usual is not None and self.amount_fen > rules.recheck_times * usual and more > rules.recheck_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What is left of an account, and of what; all in fen."""

    prepaid_fen: int
    owed_fen: int
    estimate_fen: int

    @property
    def available_fen(self) -> int:
        """What is left."""
        return self.prepaid_fen - self.owed_fen - self.estimate_fen


def estimated(estimates: Iterable[Estimate]) -> int:
    """Return what contracts have used that no bill is for."""
    return sum(each.amount_fen for each in estimates if each.mode == PREPAID and not each.dropped)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an account stands. `warned`: the levels it was warned of and is below; `notices`: how many were told in all; `episode`:
    how often there was enough again, and once.

    `overdrawn_on`: since when nothing is left. `told_at`: when the customer was told so. `propose_at`: when a cut is proposed.
    `doubt`: whether a person has to look at the estimate, or what he said.
    """

    warned: int = 0
    notices: int = 0
    episode: int = 1
    overdrawn_on: date | None = None
    told_at: datetime | None = None
    propose_at: datetime | None = None
    doubt: str = ""

    @property
    def state(self) -> str:
        """How it is called."""
        return "overdrawn" if self.overdrawn_on else "low" if self.warned else "enough"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an account stands now, and what is to be told: the level that it fell below, that nothing is left, that it is over."""

    standing: Standing
    low: int | None = None
    overdrawn: bool = False
    recovered: bool = False


def judge(rules: Rules, now: Standing, balance: Balance, estimates: Sequence[Estimate], on: date) -> Verdict:
    """Return how an account stands by what is left. Each level is told once, until there is more than it again."""
    available, level = balance.available_fen, rules.level(balance.available_fen)
    doubt = now.doubt
    if not any(each.jumps(rules) for each in estimates):
        doubt = ""
    elif not doubt and available < rules.below_fen:
        doubt = WANTED
    after = replace(now, warned=min(now.warned, level), doubt=doubt)
    if available >= rules.below_fen and now.overdrawn_on is not None:
        free = replace(
            after, overdrawn_on=None, told_at=None, propose_at=None, warned=level, doubt="", episode=now.episode + 1
        )
        return Verdict(free, recovered=True)
    if available < rules.below_fen:
        if now.overdrawn_on is not None:
            return Verdict(replace(after, warned=level))
        fallen = replace(after, overdrawn_on=on, warned=level, notices=now.notices + 1, told_at=None, propose_at=None)
        return Verdict(fallen, overdrawn=True)
    if level > now.warned:
        return Verdict(replace(after, warned=level, notices=now.notices + 1), low=level)
    if now.warned and level == 0:
        return Verdict(replace(after, episode=now.episode + 1), recovered=True)
    return Verdict(after)


def of_nobody(now: Standing) -> Verdict:
    """Return how an account stands that is not prepaid any more, or that no rules are for: as if all were paid."""
    ends = now.warned > 0 or now.overdrawn_on is not None
    return Verdict(Standing(notices=now.notices, episode=now.episode + ends), recovered=ends)


def told(rules: Rules | None, now: Standing, at: datetime) -> Standing:
    """Return how an account stands whose customer was told that nothing is left; the first time counts."""
    if now.overdrawn_on is None or (now.told_at is not None and now.told_at <= at):
        return now
    wait = rules.cut_after if rules else None
    return replace(now, told_at=at, propose_at=None if wait is None else at + wait)


def read(document: Node, *, also: str) -> Rulebook:
    """Return the rules of a policy document; `also` names the fields of a version that others read."""
    return dated.versions(document, lambda version: _rules(version.maybe(FIELDS)), fields=f"{FIELDS} {also}")


def _rules(node: Node | None) -> Rules | None:
    if node is None:
        return None
    node.keys("warn_fen below_fen cut_after recheck")
    levels = tuple([each.whole(-FEN_MAX, FEN_MAX) for each in node.get("warn_fen").items()])
    if list(levels) != sorted(set(levels), reverse=True) or len(levels) > LEVELS_MAX:
        node.get("warn_fen").refuse("value_wrong", f"at most {LEVELS_MAX} levels, the highest first, were expected")
    below = node.get("below_fen").whole(-FEN_MAX, FEN_MAX)
    if any(level < below for level in levels):
        node.get("warn_fen").refuse("value_wrong", "a level below `below_fen` would never be told")
    recheck = node.get("recheck").keys("times fen")
    return Rules(
        warn_fen=levels,
        below_fen=below,
        cut_after=_wait(node.maybe("cut_after")),
        recheck_times=recheck.get("times").whole(1, TIMES_MAX),
        recheck_fen=recheck.get("fen").whole(0, FEN_MAX),
    )


def _wait(node: Node | None) -> timedelta | None:
    if node is None:
        return None
    node.keys("days minutes")
    days, minutes = node.maybe("days"), node.maybe("minutes")
    if (days is None) == (minutes is None):
        node.refuse("value_wrong", "either days or minutes were expected")
    if days is not None:
        return timedelta(days=days.whole(0, DAYS_MAX))
    assert minutes is not None
    return timedelta(minutes=minutes.whole(0, MINUTES_MAX))
