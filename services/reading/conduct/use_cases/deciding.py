"""Findings of conduct are decided on by another person than whose conduct it is."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from services.reading.conduct import store
from services.reading.conduct.domain.findings import EVENTS, LIFE, OPEN, Finding
from services.reading.conduct.use_cases import finding
from services.reading.reads.domain.days import ReadDays
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.outcome import REPEATED, Outcome, refused

UNKNOWN = "reading.unknown_conduct_finding"
OWN = "reading.own_conduct"
CHANGED = "reading.conduct_finding_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody makes of a finding in the version seen; `explanation` is a code of the utility's own."""

    finding_id: str
    version: int
    verdict: str
    explanation: str


async def decide(
    tx: Tx, given: Sequence[Decision], *, actor: str, may_see: Callable[[str], bool], days: ReadDays
) -> list[Outcome]:
    """Decide on findings, one outcome per item; the same decision by the same person again is `already_done`.

    What is found of a route that several have read is the conduct of each of them.
    """
    times = Counter(each.finding_id for each in given)
    known = await store.lock(tx, list(times))
    shared = [each for each in known.values() if each.found.reader is None]
    readers = await finding.readers(tx, [(each.route_no, each.read_date) for each in shared], days)
    own = {each.finding_id for each in known.values() if each.found.reader == actor}
    own |= {each.finding_id for each in shared if actor in readers.get((each.route_no, each.read_date), ())}
    outcomes = [_judge(each, known, times, actor, may_see, own) for each in given]
    done = [each for each, outcome in zip(given, outcomes, strict=True) if outcome.status == "done"]
    await store.put(tx, [_decided(known[each.finding_id], each, actor) for each in done])
    tx.audit(
        [
            AuditEntry(
                action=f"conduct_finding.{each.verdict}",
                entity_kind="conduct_finding",
                entity_id=each.finding_id,
                actor=actor,
                reason=each.explanation,
                before_version=each.version,
                after_version=each.version + 1,
            )
            for each in done
        ]
    )
    return outcomes


def _judge(
    given: Decision,
    known: Mapping[str, Finding],
    times: Counter[str],
    actor: str,
    may_see: Callable[[str], bool],
    own: Collection[str],
) -> Outcome:
    number, found = given.finding_id, known.get(given.finding_id)
    if times[number] > 1:
        return refused(REPEATED, id=number)
    if found is None or not may_see(found.org_unit):
        return refused(UNKNOWN, "there is no such finding", id=number)
    said = found.state, found.decided_by, found.explanation
    if said == (given.verdict, actor, given.explanation):
        return Outcome("already_done", id=number)
    if number in own:
        return refused(OWN, "nobody decides on the own conduct", id=number)
    if found.state != OPEN or found.version != given.version:
        return refused(CHANGED, "the finding is another one than that which was seen, or is decided on", id=number)
    return Outcome("done", id=number)


def _decided(finding: Finding, decision: Decision, actor: str) -> Finding:
    return replace(
        finding,
        state=LIFE.move(finding.state, EVENTS[decision.verdict]),
        version=finding.version + 1,
        decided_by=actor,
        explanation=decision.explanation,
    )
