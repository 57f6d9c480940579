"""What rules found, and what they would find by other limits: counted by rule and customer class, with verdicts. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

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


@dataclass(slots=True, kw_only=True)
class Replay:
    """What was counted of bills. `unknown`: bills of which it was not kept what the rules looked at; they count nowhere else."""

    bills: int = 0
    unknown: int = 0
    held_then: int = 0
    held_now: int = 0
    rules: dict[tuple[str, str], Counted] = field(default_factory=dict)

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


def shown(counted: Mapping[str, int]) -> dict[str, Any]:
    """Return how many had which verdict."""
    return {name: counted.get(name, 0) for name in (RIGHT, WRONG, KNOWN, UNSAID)}
