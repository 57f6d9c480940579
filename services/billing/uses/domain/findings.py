"""The life of a suspicion that a home is used for something else. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from services.billing.review.domain.findings import Finding
from services.billing.uses.domain.policy import Again
from shared import natural
from shared.statemachine import StateMachine

NO_CASES: Final[Mapping[str, tuple[str, date]]] = {}
FALLS: Final = ("billing.use_idle",)
"""What is found by how little is used: more of it is no more suspicion."""
OPEN: Final = "open"
JUDGED: Final = "judged"
WITHDRAWN: Final = "withdrawn"
LIFE: Final = StateMachine(
    name="use finding",
    starts=(OPEN,),
    moves={
        "judge": {OPEN: JUDGED},
        "withdraw": {OPEN: WITHDRAWN, JUDGED: WITHDRAWN},
        "find_again": {WITHDRAWN: OPEN},
        "rise": {OPEN: OPEN, JUDGED: OPEN},
    },
)
"""`withdraw`: by what is known now it is found no more. `find_again`: it is; a verdict was about what had been found before.

`rise`: it has become so much more than what was judged that it is asked again.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something is found: a contract, its point, and whose they are."""

    contract_no: str
    account_no: str
    service_point_no: str
    org_unit: str
    customer_class: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What was said last of a finding, on which business date, and its score and Wh a day then; None where that is not known."""

    verdict: str
    on: date
    score: int
    wh_a_day: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UseFinding:
    """What a detector found of a contract. `values` is its working; `changed_on` the business date that changed it last.

    `wh_a_day`: what is used, and so billed by a class that may be the wrong one. `judged`: what was said of it last, by a person
    or the end of its case; it stays where it is found anew, or is asked again.
    """

    finding_id: str
    place: Place
    code: str
    score: int
    confidence: int
    wh_a_day: int
    values: Mapping[str, Any]
    state: str
    verdict: str
    found_on: date
    changed_on: date
    version: int
    judged: Judgement | None = None

    def judge(self, verdict: str, on: date) -> Judgement:
        """Return what is said of it as it is now."""
        return Judgement(verdict=verdict, on=on, score=self.score, wh_a_day=self.wh_a_day)


def id_of(contract_no: str, since: date, code: str) -> str:
    """Return the id of what a detector finds of a contract that began on a day: the same whenever it is found."""
    return natural.key_id(since, "use_finding", contract_no, code)


def found(place: Place, since: date, finding: Finding, on: date) -> UseFinding:
    """Return a new finding of a business date."""
    return UseFinding(
        finding_id=id_of(place.contract_no, since, finding.code),
        place=place,
        code=finding.code,
        score=finding.values["score"],
        confidence=finding.values["confidence"],
        wh_a_day=finding.values["wh_a_day"],
        values=finding.values,
        state=LIFE.start(OPEN),
        verdict="",
        found_on=on,
        changed_on=on,
        version=1,
    )


def changed(
    there: Iterable[UseFinding],
    now: Sequence[UseFinding],
    on: date,
    *,
    ended: Mapping[str, tuple[str, date]] = NO_CASES,
    again: Again,
) -> list[UseFinding]:
    """Return what is to be written so that `now` stands: new ones, those found again or otherwise, those withdrawn.

    `ended`: by finding what the end of its case says, and on which day. One that has risen over what was judged is asked again.
    """
    known = {each.finding_id: each for each in there}
    wanted = {each.finding_id: each for each in now}
    result = []
    for number, each in wanted.items():
        before = known.get(number)
        if before is None:
            result.append(each)
        elif before.state == WITHDRAWN:
            state = LIFE.move(before.state, "find_again")
            result.append(replace(each, state=state, judged=before.judged, version=before.version + 1))
        else:
            judged = _judged(before, ended.get(number))
            if (
                judged is not None
                and _is_said(before, ended.get(number))
                and _has_risen(each, judged, before, on, again)
            ):
                state = LIFE.move(before.state, "rise")
                result.append(replace(each, state=state, judged=judged, version=before.version + 1))
            elif _figures(before) != _figures(each) or judged != before.judged:
                kept = replace(each, state=before.state, verdict=before.verdict, found_on=before.found_on)
                result.append(replace(kept, judged=judged, version=before.version + 1))
    for number, each in known.items():
        if number not in wanted and each.state != WITHDRAWN:
            state = LIFE.move(each.state, "withdraw")
            result.append(replace(each, state=state, verdict="", changed_on=on, version=each.version + 1))
    return result


def _judged(before: UseFinding, ended: tuple[str, date] | None) -> Judgement | None:
    """Return what was said last; of what the end of a case says the figures are those that stood when it was heard first."""
    if before.state != OPEN or ended is None:
        return before.judged
    verdict, day = ended
    known = before.judged
    return known if known and (known.verdict, known.on) == ended else before.judge(verdict, day)


def _is_said(before: UseFinding, ended: tuple[str, date] | None) -> bool:
    return before.state == JUDGED or ended is not None


def _has_risen(now: UseFinding, judged: Judgement, before: UseFinding, on: date, again: Again) -> bool:
    """Return whether it is to be asked again, on a day after it was found and judged: one signal a day."""
    if on <= max(before.found_on, judged.on):
        return False
    if now.score - judged.score >= again.score:
        return True
    level = judged.wh_a_day
    return (
        now.code not in FALLS
        and level is not None
        and 1000 * (now.wh_a_day - level) >= again.level_permille * level > 0
    )


def _figures(finding: UseFinding) -> tuple[Any, ...]:
    return finding.place, finding.score, finding.confidence, dict(finding.values)
