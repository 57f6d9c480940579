"""What the policy says of cases: which codes are signals of what, and how long steps and holds may take."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from services.billing.review.domain.rule import ANY
from shared.document import Node

Kind = Literal["change_of_use", "high_usage", "breach", "theft", "wrong_wiring", "wrong_multiplier", "meter_error"]
"""用电性质变更嫌疑, 居民大电量, 违约用电, 窃电, 错接线, 倍率错误, 计量误差."""
KINDS: Final[tuple[str, ...]] = get_args(Kind)
Source = Literal["finding", "observation", "alarm"]
SOURCES: Final[tuple[str, ...]] = get_args(Source)
"""What has codes that a policy takes for signals; a tip names its kind."""
Step = Literal["site_check", "calculation", "decision"]
STEPS: Final[tuple[str, ...]] = get_args(Step)
DAYS_MAX: Final = 250  # business days: longer than a year is a slip
HOLD_DAYS_MAX: Final = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRules:
    """The rules of cases on a day. `signals`: by source and code the kind; `steps`: by kind the business days of each step."""

    signals: Mapping[str, Mapping[str, str]]
    steps: Mapping[str, Mapping[str, int]]
    hold_days: int

    def kind_of(self, source: str, code: str) -> str | None:
        """Return of what kind of case a code is a signal; None where it is none."""
        return self.signals.get(source, {}).get(code)

    def steps_of(self, kind: str) -> Mapping[str, int]:
        """Return the steps of a kind of case, each with the business days after its first signal."""
        return self.steps.get(kind, self.steps.get(ANY, {}))


NONE: Final = CaseRules(signals={}, steps={}, hold_days=30)
"""Of a policy that is silent about cases: tips alone open them, and nothing is due."""


def read(node: Node | None) -> CaseRules:
    """Return the rules of the `cases` part of a policy."""
    if node is None:
        return NONE
    node.keys("signals steps hold_days")
    signals = node.get("signals").keys(" ".join(SOURCES))
    steps = node.get("steps").keys(" ".join((ANY, *KINDS)))
    return CaseRules(
        signals={
            source: {code: kind.choice(*KINDS) for code, kind in codes.fields()} for source, codes in signals.fields()
        },
        steps={kind: _steps(listed) for kind, listed in steps.fields()},
        hold_days=node.get("hold_days").whole(1, HOLD_DAYS_MAX),
    )


def _steps(node: Node) -> dict[str, int]:
    node.keys(" ".join(STEPS))
    return {step: days.whole(0, DAYS_MAX) for step, days in node.fields()}
