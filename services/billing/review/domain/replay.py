"""What rules found, and what they would find by other limits: counted by rule and customer class, with verdicts. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from services.billing.review.domain.findings import HOLD, Finding, worst
from services.billing.review.domain.precision import KNOWN, RIGHT, WRONG

UNSAID: Final = "unsaid"
_WEIGHT: Final = (RIGHT, KNOWN, WRONG)
"""Of several verdicts on a bill the first of these counts: something was right about it."""


@dataclass(slots=True)
class Counted:
    """Bills in which a rule found something then, and would now; of those that would go and come, how many had which verdict."""

    then: int = 0
    now: int = 0
    go: dict[str, int] = field(default_factory=dict)
    come: dict[str, int] = field(default_factory=dict)

    def add(self, other: "Counted") -> None:
        """Add what was counted of other bills."""
        self.then += other.then
        self.now += other.now
        for mine, theirs in ((self.go, other.go), (self.come, other.come)):
            for verdict, count in theirs.items():
                mine[verdict] = mine.get(verdict, 0) + count


@dataclass(slots=True)
class CountedRuns:
    """Runs of which a rule found something then, and would now; how many of those would go and come."""

    then: int = 0
    now: int = 0
    go: int = 0
    come: int = 0


@dataclass(slots=True, kw_only=True)
class Replay:
    """What was counted of bills and runs.

    `unknown`: bills of which it was not kept what the rules looked at; they count nowhere else. `runs_unknown`: runs that are not
    looked at as a whole, their bills alone are. `as_they_stand`: runs with findings that are not looked for again, by code.
    """

    bills: int = 0
    unknown: int = 0
    held_then: int = 0
    held_now: int = 0
    rules: dict[tuple[str, str], Counted] = field(default_factory=dict)
    runs: int = 0
    runs_unknown: int = 0
    runs_held_then: int = 0
    runs_held_now: int = 0
    run_rules: dict[str, CountedRuns] = field(default_factory=dict)
    as_they_stand: dict[str, int] = field(default_factory=dict)

    def take(
        self,
        customer_class: str,
        then: Collection[str],
        now: Collection[str],
        verdicts: Mapping[str, str],
        *,
        held_then: bool,
        held_now: bool,
    ) -> None:
        """Count a bill with the codes of what was found then and would be now, and the verdicts on its findings by code.

        Of what would come nobody has said anything: what was said of the bill's other findings stands for it.
        """
        self.bills += 1
        self.held_then += held_then
        self.held_now += held_now
        for code in {*then, *now}:
            counted = self.rules.setdefault((code, customer_class), Counted())
            was, is_ = code in then, code in now
            counted.then += was
            counted.now += is_
            if was and not is_:
                verdict = verdicts.get(code, UNSAID)
                counted.go[verdict] = counted.go.get(verdict, 0) + 1
            elif is_ and not was:
                said = set(verdicts.values())
                verdict = verdicts.get(code) or next((each for each in _WEIGHT if each in said), UNSAID)
                counted.come[verdict] = counted.come.get(verdict, 0) + 1

    def take_run(self, then: Sequence[Finding], now: Sequence[Finding], as_they_stand: Sequence[Finding]) -> None:
        """Count a run with what was found of it then and would be now, and what stands then as now."""
        self.runs += 1
        self.runs_held_then += worst([*then, *as_they_stand]) == HOLD
        self.runs_held_now += worst([*now, *as_they_stand]) == HOLD
        codes_then, codes_now = {one.code for one in then}, {one.code for one in now}
        for code in codes_then | codes_now:
            counted = self.run_rules.setdefault(code, CountedRuns())
            counted.then += code in codes_then
            counted.now += code in codes_now
            counted.go += code not in codes_now
            counted.come += code not in codes_then
        self._stand(as_they_stand)

    def pass_over_run(self, as_they_stand: Sequence[Finding]) -> None:
        """Count a run that cannot be looked at as a whole, with what stands of it."""
        self.runs_unknown += 1
        self._stand(as_they_stand)

    def _stand(self, found: Sequence[Finding]) -> None:
        for code in {one.code for one in found}:
            self.as_they_stand[code] = self.as_they_stand.get(code, 0) + 1


def shown(counted: Mapping[str, int]) -> dict[str, Any]:
    """Return how many had which verdict."""
    return {name: counted.get(name, 0) for name in (RIGHT, WRONG, KNOWN, UNSAID)}
