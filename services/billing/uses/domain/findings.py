"""The life of a suspicion that a home is used for something else. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from services.billing.review.domain.findings import Finding
from shared import natural
from shared.statemachine import StateMachine

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
    },
)
"""`withdraw`: by what is known now it is found no more. `find_again`: it is; a verdict was about what had been found before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something is found: a contract, its point, and whose they are."""

    contract_no: str
    account_no: str
    service_point_no: str
    org_unit: str
    customer_class: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UseFinding:
    """What a detector found of a contract. `values` is its working; `changed_on` the business date that changed it last."""

    finding_id: str
    place: Place
    code: str
    score: int
    confidence: int
    values: Mapping[str, Any]
    state: str
    verdict: str
    found_on: date
    changed_on: date
    version: int


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
        values=finding.values,
        state=LIFE.start(OPEN),
        verdict="",
        found_on=on,
        changed_on=on,
        version=1,
    )


def changed(there: Iterable[UseFinding], now: Sequence[UseFinding], on: date) -> list[UseFinding]:
    """Return what is to be written so that `now` stands: new ones, those found again or otherwise, those withdrawn."""
    known = {each.finding_id: each for each in there}
    wanted = {each.finding_id: each for each in now}
    result = []
    for number, each in wanted.items():
        before = known.get(number)
        if before is None:
            result.append(each)
        elif before.state == WITHDRAWN:
            state = LIFE.move(before.state, "find_again")
            result.append(replace(each, state=state, version=before.version + 1))
        elif _figures(before) != _figures(each):
            version = before.version + 1
            kept = replace(each, state=before.state, verdict=before.verdict, found_on=before.found_on, version=version)
            result.append(kept)
    for number, each in known.items():
        if number not in wanted and each.state != WITHDRAWN:
            state = LIFE.move(each.state, "withdraw")
            result.append(replace(each, state=state, verdict="", changed_on=on, version=each.version + 1))
    return result


def _figures(finding: UseFinding) -> tuple[Any, ...]:
    return finding.place, finding.score, finding.confidence, dict(finding.values)
