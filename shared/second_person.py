"""Who needs a second person (四眼原则): rules by kind, amount and role, part of each version of a service's policy. Pure.

    "approvals": {"bill.decision": [{"from_fen": 500000, "second": "billing:review"}, {"from_fen": 10000000, "second": "…"}]}

Below the first amount one person is enough; from an amount on the second one has the scope beside it. A kind with an empty list
never needs two; one of which the policy is silent always does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shared.document import Node

AMOUNT_MAX: Final = 10**15


@dataclass(frozen=True, slots=True)
class Step:
    """From this amount on the second person needs this scope."""

    from_fen: int
    second: str


@dataclass(frozen=True, slots=True)
class SecondPerson:
    """The rules of one policy version, ascending by amount for each kind."""

    steps: Mapping[str, tuple[Step, ...]]

    def scope(self, kind: str, fen: int = AMOUNT_MAX) -> str | None:
        """Return the scope of the second person that a kind needs for an amount; None where one person is enough.

        What has no amount is of the last step.
        """
        return next((step.second for step in reversed(self.steps[kind]) if step.from_fen <= abs(fen)), None)


def read(node: Node | None, kinds: Mapping[str, str]) -> SecondPerson:
    """Return the rules of a policy for the kinds of a service, each with the scope of the second person where it is silent."""
    steps: dict[str, tuple[Step, ...]] = {kind: (Step(0, scope),) for kind, scope in kinds.items()}
    for kind, listed in node.keys(" ".join(kinds)).fields() if node else ():
        if kind in kinds:
            steps[kind] = _steps(listed)
    return SecondPerson(steps)


def _steps(listed: Node) -> tuple[Step, ...]:
    found: list[Step] = []
    for item in listed.items():
        item.keys("from_fen second")
        amount = item.get("from_fen").whole(0, AMOUNT_MAX)
        if found and amount <= found[-1].from_fen:
            item.get("from_fen").refuse("value_wrong", "amounts ascend")
        found.append(Step(amount, item.get("second").text()))
    return tuple(found)
