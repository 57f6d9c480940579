"""What is recorded of meters in stock, each under a number of its own: receipts, movements, results of tests. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.reading.stock.domain.life import SCRAP, TAKE_BACK, Happening
from shared.frozen import document

ERROR_PERMILLE_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A meter that came with a range. `verified_until`: the last day of the verification that its maker brought (检定有效期)."""

    meter_no: str
    received_on: date
    warehouse: str
    verified_until: date | None

    def happening(self) -> Happening:
        """Return it as a step of a life."""
        return Happening(name="receive", on=self.received_on, place=self.warehouse)


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A step of a meter in stock. `warehouse`: where it is from then on, if that is said; `reason`: why it is scrapped."""

    movement_no: str
    meter_no: str
    kind: str
    moved_on: date
    warehouse: str | None
    reason: str | None

    def happening(self) -> Happening:
        """Return it as a step of a life."""
        return Happening(name=self.kind, on=self.moved_on, number=self.movement_no, place=self.warehouse)


@document
class LoadError:
    """The error of a meter at a load, in permille of what it should have shown; at a power factor such as `0.5L`."""

    load_percent: int
    power_factor: str
    error_permille: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What a laboratory found of a meter (检定结果), by the number of its certificate. `next_due_on`: until when that holds."""

    lab_no: str
    meter_no: str
    tested_on: date
    result: str
    errors: tuple[LoadError, ...]
    next_due_on: date | None

    def happening(self) -> Happening:
        """Return it as a step of a life."""
        return Happening(name="pass" if self.result == "passed" else "fail", on=self.tested_on)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What is known of a meter in stock; of movements those alone that fit its life. Nothing that was annulled."""

    receipt: Receipt | None = None
    movements: Sequence[Movement] = ()
    tests: Sequence[Tested] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FitRules:
    """What a meter needs for use: a test since it was taken back, a verification that has not expired."""

    tested_before_use: bool
    refuse_expired: bool


SCRAPPED = "reading.meter_scrapped"
FAILED_TEST = "reading.meter_failed_test"
NOT_TESTED = "reading.meter_not_tested"
EXPIRED = "reading.meter_verification_expired"
TEXTS = {
    SCRAPPED: "the meter was scrapped by then",
    FAILED_TEST: "the last test of the meter by then was failed",
    NOT_TESTED: "the meter was taken back and not tested since",
    EXPIRED: "the verification of the meter has expired by then",
}


def unfit(history: History, installed_on: date, removed_on: date | None, rules: FitRules) -> str | None:
    """Return the code of what speaks against an installation over [installed_on, removed_on), None where nothing does.

    A meter of which nothing is recorded in stock may be installed.
    """
    if any(each.kind == SCRAP and (removed_on is None or each.moved_on < removed_on) for each in history.movements):
        return SCRAPPED
    tests = sorted((each for each in history.tests if each.tested_on <= installed_on), key=_order)
    if tests and tests[-1].result == "failed":
        return FAILED_TEST
    back = [each.moved_on for each in history.movements if each.kind == TAKE_BACK and each.moved_on <= installed_on]
    if rules.tested_before_use and back and not any(each.tested_on >= max(back) for each in tests):
        return NOT_TESTED
    until = _verified_until(history.receipt, tests)
    if rules.refuse_expired and until is not None and until < installed_on:
        return EXPIRED
    return None


def _order(test: Tested) -> tuple[date, bool, str]:
    return test.tested_on, test.result == "passed", test.lab_no


def _verified_until(receipt: Receipt | None, tests: Sequence[Tested]) -> date | None:
    """Return until when the last verification holds that says so; the last test that was passed counts before the maker's."""
    for test in reversed(tests):
        if test.next_due_on is not None:
            return test.next_due_on
    return receipt.verified_until if receipt else None
