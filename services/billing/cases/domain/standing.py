"""What stands of cases: charges, adjustments and changes of class, as one value that every step asks. Pure.

Each document claims days for something: what recorded energy costs (`price`), energy that was not recorded rightly, what capacity
costs, or a penalty of one of these. The same is not claimed twice for a day: the rules have one difference, or one
energy, of a breach, and its penalty comes on top of that (供电营业规则, 1996 and 2024). A change of class bills the difference by
the corrections of bills: beside it stands a penalty, never a difference.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from services.billing.cases.domain.calculation import ADJUSTS
from shared.dated import Period

BACK_BILLING, PENALTY, ADJUSTMENT, CLASS_CHANGE = "back_billing", "penalty", "adjustment", "class_change"
PRICE: Final = "price"
_ENERGY: Final = "energy"
_CLAIMS: Final = {"class_change": PRICE, "capacity_without_contract": "capacity"}
UNKNOWN_START: Final = date.min


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A charge, an adjustment or a change of class, with what it claims for which days: none where it holds no more.

    `case_no`: None of an adjustment for a tested meter. `days`: from `UNKNOWN_START` where nobody said since when. `fen`: None
    while corrections that follow from it are open, or where they are not known.
    """

    kind: str
    number: str
    case_no: str | None
    account_no: str
    service_point_no: str
    claim: str | None
    days: Period
    fen: int | None

    def claims_with(self, other: "Document") -> bool:
        """Return whether two claim the same for a day of the same supply: a change of class is of all points of its account."""
        by_class = [each.kind == CLASS_CHANGE for each in (self, other)]
        if self.claim is None or self.claim != other.claim or all(by_class):
            return False
        same_account = self.account_no == other.account_no
        if any(by_class):
            return same_account and self.days.overlaps(other.days)
        known = UNKNOWN_START not in (self.days.from_, other.days.from_)
        same_point = self.service_point_no == other.service_point_no
        return same_point and (same_account or known) and self.days.overlaps(other.days)

    def __str__(self) -> str:
        money = "" if self.fen is None else f", {self.fen} fen"
        return f"{self.kind} {self.number}{f' of case {self.case_no}' if self.case_no else ''}{money}"


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands, in the order of its making."""

    documents: tuple[Document, ...] = ()

    def of(self, case_no: str) -> "Standing":
        """Return what stands of a case."""
        return Standing(tuple(each for each in self.documents if each.case_no == case_no))

    def without(self, numbers: Collection[str]) -> "Standing":
        """Return what stands once some documents are taken back."""
        return Standing(tuple(each for each in self.documents if each.number not in numbers))

    @property
    def kinds(self) -> set[str]:
        """Which kinds of documents stand."""
        return {each.kind for each in self.documents}

    @property
    def fen(self) -> int | None:
        """What all of it comes to; None while that is open."""
        amounts = [each.fen for each in self.documents]
        return None if None in amounts else sum(fen for fen in amounts if fen is not None)

    def conflict(self, wanted: Iterable[Document]) -> Document | None:
        """Return the first document that claims what is wanted for a day of it."""
        asked = list(wanted)
        return next((each for each in self.documents if any(each.claims_with(one) for one in asked)), None)

    def class_change_over(self, wanted: Document) -> Document | None:
        """Return the change of class by which the difference of all days of what is wanted is billed."""
        for each in self.documents:
            if each.kind == CLASS_CHANGE and each.claims_with(wanted) and _covers(each.days, wanted.days):
                return each
        return None


def _covers(outer: Period, inner: Period) -> bool:
    ends = outer.to is None or (inner.to is not None and inner.to <= outer.to)
    return outer.from_ <= inner.from_ and ends


def claim_of(rule: str, kind: str) -> str:
    """Return what a document of a calculation by a rule claims."""
    claimed = _CLAIMS.get(rule, _ENERGY)
    return f"penalty:{claimed}" if kind == PENALTY else claimed


def wanted_of(case: Any, worked: Any, *, penalty_only: bool = False) -> list[Document]:
    """Return what a calculation of a case is to be charged as, or adjusted for: a document for each component that has money."""
    if worked.calculation in ADJUSTS:
        amounts: Sequence[tuple[str, int]] = ((ADJUSTMENT, worked.adjustment_fen),)
    else:
        back = 0 if penalty_only else worked.back_billing_fen
        amounts = ((BACK_BILLING, back), (PENALTY, worked.penalty_fen))
    return [
        Document(
            kind=kind,
            number="",
            case_no=case.case_no,
            account_no=case.account_no,
            service_point_no=case.service_point_no,
            claim=claim_of(worked.calculation, kind),
            days=days(worked.from_day, worked.to_day, known_by=worked.calculated_on),
            fen=fen,
        )
        for kind, fen in amounts
        if fen
    ]


def days(from_: date | None, to: date | None, *, known_by: date) -> Period:
    """Return the days of a document; what was not said is as early as may be, and not after it was known."""
    return Period(from_ or UNKNOWN_START, to or known_by)


def days_said(values: Mapping[str, Any]) -> tuple[date | None, date | None]:
    """Return the first day, and the day after the last, that inputs of a calculation say of all their loads; else None."""
    loads = values.get("loads")
    places = [load if "days" in load else dict(values) | dict(load) for load in loads] if loads else [values]
    found = []
    for name in ("from", "to"):
        said = [place.get(name) for place in places]
        found.append(None if None in said else [date.fromisoformat(str(day)) for day in said])
    first, last = found
    return (min(first) if first else None), (max(last) if last else None)
