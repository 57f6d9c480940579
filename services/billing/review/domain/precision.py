"""How often a review rule is right, by the verdicts of reviewers (命中率), and what a bill that it holds is worth looking at."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal

from services.billing.review.domain.findings import Finding

RIGHT: Final = "right"
WRONG: Final = "wrong"
KNOWN: Final = "known"
"""The rule is right, and what it found was known and explained before: it says neither for it nor against it."""
VERDICTS: Final = (RIGHT, WRONG, KNOWN)
By = Literal["class", "org_unit"]
_Z: Final = Decimal("1.959963984540054")  # of the normal distribution, for 95 %
_PRIOR_WEIGHT: Final = 4  # z² rounded: so many verdicts weighs what is expected of a rule before there are any


@dataclass(frozen=True, slots=True)
class Floor:
    """What is expected of a rule: it is for change once so many verdicts say that its precision lies under the permille.

    `prior_permille` is expected of a rule that nobody has judged. `narrow_verdicts_min`: with so many verdicts on bills of a
    class, of an org unit or of both a rule is reckoned with by these alone.
    """

    permille: int
    verdicts_min: int
    prior_permille: int
    narrow_verdicts_min: int


@dataclass(frozen=True, slots=True)
class Tally:
    """In how many bills that were decided a rule had found something, and what reviewers said of it."""

    found: int = 0
    right: int = 0
    wrong: int = 0
    known: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        """Return what is said of both together."""
        return Tally(
            self.found + other.found, self.right + other.right, self.wrong + other.wrong, self.known + other.known
        )

    @property
    def judged(self) -> int:
        """Return the number of verdicts that count: what was known says nothing of the rule."""
        return self.right + self.wrong

    @property
    def permille(self) -> int | None:
        """Return the precision, None where nobody has judged."""
        return round(Decimal(1000 * self.right) / self.judged) if self.judged else None

    def interval(self) -> tuple[int, int] | None:
        """Return between which permilles the precision lies with 95 % confidence, None where nobody has judged.

        By Wilson's score, which also holds for few verdicts and near 0 and 1.
        """
        n = self.judged
        if not n:
            return None
        p, z2 = Decimal(self.right) / n, _Z * _Z
        centre, half = p + z2 / (2 * n), _Z * (p * (1 - p) / n + z2 / (4 * n * n)).sqrt()
        scale = 1000 / (1 + z2 / n)
        return round(scale * (centre - half)), round(scale * (centre + half))

    def is_below(self, floor: Floor) -> bool:
        """Return whether the rule is to be changed: there are verdicts enough, and the whole interval lies under the floor."""
        interval = self.interval()
        return interval is not None and self.judged >= floor.verdicts_min and interval[1] < floor.permille

    def expected(self, floor: Floor) -> int:
        """Return the precision to reckon with, in permille: the prior, until verdicts outweigh it.

        One verdict against a new rule does not put its bills last.
        """
        return (1000 * self.right + _PRIOR_WEIGHT * floor.prior_permille) // (self.judged + _PRIOR_WEIGHT)


NOBODY: Final = Tally()


def of(code: str, tallies: Mapping[str, Tally]) -> Tally:
    """Return the tally of a rule, an empty one where none of its findings was decided on."""
    return tallies.get(code, NOBODY)


def split(narrowest: Mapping[tuple[str, str, str], Tally], by: By | None) -> dict[tuple[str, str], Tally]:
    """Sum what is said by rule, class and org unit: by rule and one of the two, empty where all are one."""
    found: dict[tuple[str, str], Tally] = {}
    for (code, customer_class, org_unit), tally in narrowest.items():
        key = code, "" if by is None else customer_class if by == "class" else org_unit
        found[key] = found.get(key, NOBODY) + tally
    return found


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A tally of a rule, and of whose bills it is: of a customer class, of an org unit, of both; None: of all."""

    tally: Tally
    customer_class: str | None = None
    org_unit: str | None = None


class Tallies:
    """What is said of rules, given by rule, customer class and org unit of the bills, to be had as narrow as verdicts reach."""

    def __init__(self, narrowest: Mapping[tuple[str, str, str], Tally], floor: Floor) -> None:
        self._floor = floor
        self._sums: dict[tuple[str, str | None, str | None], Tally] = {}
        for (code, customer_class, org_unit), tally in narrowest.items():
            for narrow in _narrowings(customer_class, org_unit):
                self._sums[code, *narrow] = self._sums.get((code, *narrow), NOBODY) + tally

    def of(self, code: str, customer_class: str, org_unit: str) -> Narrowed:
        """Return the tally of a rule to reckon with for a bill.

        Of its class and org unit, else of its class, else of its org unit, where there are verdicts enough; else all of it.
        """
        for narrow in _narrowings(customer_class, org_unit)[:-1]:
            tally = self._sums.get((code, *narrow), NOBODY)
            if tally.judged >= self._floor.narrow_verdicts_min:
                return Narrowed(tally, *narrow)
        return Narrowed(self._sums.get((code, None, None), NOBODY))


def _narrowings(customer_class: str, org_unit: str) -> tuple[tuple[str | None, str | None], ...]:
    return (customer_class, org_unit), (customer_class, None), (None, org_unit), (None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a bill comes to, in fen and Wh, and what the bills of its contract in the year before came to together."""

    total_fen: int
    energy_wh: int
    bills_before: int = 0
    before_fen: int = 0
    before_wh: int = 0

    @property
    def expected_fen(self) -> int:
        """Return the mean of the bills before, 0 where there are none."""
        return self.before_fen // self.bills_before if self.bills_before else 0

    def worth_fen(self, wh: int) -> int | None:
        """Return what energy costs as it did before, or as in this bill where nothing was used before; None without a price."""
        fen, of_wh = (self.before_fen, self.before_wh) if self.before_wh > 0 else (self.total_fen, self.energy_wh)
        return abs(wh * fen) // abs(of_wh) if of_wh and fen else None


def stake_fen(bill: Figures, values: Mapping[str, Any]) -> int:
    """Return the money that a finding is about, by its figures: how far the bill is from what the rule expects.

    Energy at the price before; where the rule expects no figure, how far the amount is from the mean of the bills before, all
    of it where there are none.
    """
    worth = None
    if "expected_wh" in values:
        worth = bill.worth_fen(values["energy_wh"] - values["expected_wh"])
    elif "expected_fen" in values:
        worth = abs(values["basic_fen"] - values["expected_fen"])
    elif "unpriced_wh" in values:
        worth = bill.worth_fen(values["unpriced_wh"])
    return abs(bill.total_fen - bill.expected_fen) if worth is None else worth


def at_risk_fen(bill: Figures, holding: Iterable[Finding], tallies: Mapping[str, Tally], floor: Floor) -> int:
    """Return the money at risk in a held bill: the most of what the rules that hold it are about, each times its precision.

    A bill that no rule holds (a person does, a correction is proposed) is no false alarm: all of its amount is. One that could
    not be rated has none, and counts as the mean of the bills before.
    """
    stakes = [stake_fen(bill, found.values) * of(found.code, tallies).expected(floor) // 1000 for found in holding]
    return max(stakes, default=abs(bill.total_fen) or abs(bill.expected_fen))
