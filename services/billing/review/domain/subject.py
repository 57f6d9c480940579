"""What the review rules look at."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from operator import attrgetter
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Peers:
    """How the usage of so many points changed since the run before: the median, and the median deviation from it, in permille."""

    points: int
    median: int
    deviation: int


@dataclass(frozen=True, slots=True)
class Beside:
    """What a point used before, and how its neighbours' use has changed since, by group of class and size."""

    before_wh: int
    before_days: int
    peers: Mapping[str, Peers]


@dataclass(slots=True, kw_only=True)
class Subject:
    """One calculated bill beside the effective bills before it.

    Energies in Wh, amounts in fen, power factors in hundredths. `previous_wh` is None for the first bill of a contract,
    `last_year_wh` where no bill of its has enough of the same days of last year; it is normalised to the days of this bill on
    which the point had supply.

    `zeros_in_a_row`: for how many cycles on end nothing was used as meters that were read show, this bill's among them, and
    `zeros_before` without it.

    `cut_days`: on how many of its days the point was cut; those of the bill before are not among `previous_days`.
    `began`: the first day of the contract, where its supply begins with this bill. `changed`: what of the account or the meter
    is another since the first day of the bill, `changed_within` since a later one. `suspended`: all equipment is (暂停).
    `corrects`: it takes the place of an issued bill; `version` and `edited`: of its usage, and why it was told again.
    `cycle_days`: of the reading cycle, where it was told. `sub_meters`: what each measured, None where there are none.

    `basic_fen`: capacity and demand charges (基本电费), None where the account is not of the kind that has any, and
    `basic_expected_fen` what they were before, where nothing says that they should be others. `factor_permille`: the adjustment
    for the power factor, above 0 a penalty.

    What its run says of it once that is compared, and is not kept: `beside` its neighbours; `books_were_open`, the run before is
    there, or its supply began after the first cycle of the books; `run_changed`, what the run was calculated by that the one
    before was not; `lot`, its lot in the draw, below 2⁶⁴; `lots_to`, the highest
    of those that are drawn in any case.
    """

    customer_class: str
    energy_wh: int
    days: int
    months: int
    total_fen: int
    previous_wh: int | None = None
    previous_days: int = 0
    last_year_wh: int | None = None
    estimated: bool = False
    estimates_in_a_row: int = 0
    settles_estimate: bool = False
    zeros_in_a_row: int = 0
    zeros_before: int = 0
    unpriced_wh: int = 0
    cut_days: int = 0
    began: date | None = None
    changed: tuple[str, ...] = ()
    changed_within: tuple[str, ...] = ()
    suspended: bool = False
    corrects: bool = False
    version: int = 1
    edited: str = ""
    cycle_days: int | None = None
    sub_meters: Mapping[str, int] | None = None
    losses_wh: int = 0
    reactive_wh: int | None = None
    basic_fen: int | None = None
    basic_expected_fen: int | None = None
    power_factor: int | None = None
    previous_power_factor: int | None = None
    factor_permille: int = 0
    reading_findings: tuple[str, ...] = ()
    rating_findings: tuple[str, ...] = ()
    beside: Beside | None = None
    books_were_open: bool = False
    run_changed: tuple[str, ...] = ()
    lot: int = 0
    lots_to: int = -1

    @property
    def supplied_days(self) -> int:
        """Return on how many of its days the point had supply."""
        return self.days - self.cut_days


_OF_BILL: Final = frozenset(("energy_wh", "days", "months", "total_fen"))
_OF_RUN: Final = frozenset(("beside", "books_were_open", "run_changed", "lot"))
_KEPT: Final = [one for one in fields(Subject) if one.name not in _OF_BILL | _OF_RUN]
_NAMES: Final = tuple(one.name for one in _KEPT)
_DEFAULTS: Final = tuple(one.default for one in _KEPT)
_VALUES: Final = attrgetter(*_NAMES)


def as_json(subject: Subject) -> dict[str, Any]:
    """Return what a subject is kept as beside its bill, so that rules can look at it again: what is not as usual.

    What the bill says itself is not kept twice, and what its run says of it is the run's.
    """
    values = zip(_NAMES, _VALUES(subject), _DEFAULTS, strict=True)
    return {name: value for name, value, usual in values if value != usual}


def from_json(kept: Mapping[str, Any], *, energy_wh: int, days: int, months: int, total_fen: int) -> Subject:
    """Return a subject as it was kept beside a bill of these figures."""
    known: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in kept.items() if name in _NAMES
    }
    if known.get("began"):
        known["began"] = date.fromisoformat(known["began"])
    return Subject(energy_wh=energy_wh, days=days, months=months, total_fen=total_fen, **known)
