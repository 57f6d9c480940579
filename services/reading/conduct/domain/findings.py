"""Findings of conduct (抄表行为核查): made by rules, taken back by them where facts change, judged by a person. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal, get_args

from services.reading.conduct.domain.visits import Found
from shared.statemachine import StateMachine

OPEN: Final = "open"
WITHDRAWN: Final = "withdrawn"
Verdict = Literal["confirmed", "explained"]
VERDICTS: Final = get_args(Verdict)
_ANY: Final = (OPEN, WITHDRAWN, *VERDICTS)
LIFE: Final = StateMachine(
    name="finding of conduct",
    starts=(OPEN,),
    moves={
        "find_otherwise": dict.fromkeys(_ANY, OPEN),
        "withdraw": dict.fromkeys((OPEN, *VERDICTS), WITHDRAWN),
        "confirm": {OPEN: "confirmed"},
        "explain": {OPEN: "explained"},
    },
)
"""`find_otherwise`: facts have changed the numbers, or it is found again; a verdict was about other numbers and falls.
`withdraw`: by what is known now the rule does not find it any more."""
EVENTS: Final = {"confirmed": "confirm", "explained": "explain"}
SEPARATOR: Final = "~"
FAMILY: Final = "conduct."


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule has found of a route on a read date, and what became of it."""

    found: Found
    route_no: str
    read_date: date
    cycle: str
    org_unit: str
    state: str
    version: int
    found_on: date
    decided_by: str | None = None
    explanation: str | None = None

    @property
    def finding_id(self) -> str:
        """What it is found by: rule, subject, route and read date. A finding of a reader is one of each route."""
        rule = self.found.rule.removeprefix(FAMILY)
        return SEPARATOR.join((rule, self.found.subject, self.route_no, str(self.read_date)))


def changed(there: Mapping[str, Finding], now: Iterable[Finding]) -> list[Finding]:
    """Return what is to be stored so that the findings are what rules find now: new ones, others, and those withdrawn."""
    made: list[Finding] = []
    wanted = {each.finding_id: each for each in now}
    for number, each in wanted.items():
        old = there.get(number)
        if old is None:
            made.append(each)
        elif old.found != each.found or old.state == WITHDRAWN:
            made.append(replace(each, state=LIFE.move(old.state, "find_otherwise"), version=old.version + 1))
    for number, old in there.items():
        if number not in wanted and old.state != WITHDRAWN:
            made.append(replace(old, state=LIFE.move(old.state, "withdraw"), version=old.version + 1))
    return made
