"""Disputes are opened, whichever way a doubt came in, each answered by itself, any of them twice."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.reading.context import Context
from services.reading.disputes import store
from services.reading.disputes.domain import OPENED, Dispute, Opened, begin
from services.reading.disputes.use_cases import facts
from services.reading.disputes.use_cases.stepping import step_of
from services.reading.network.domain.reference import ServicePoint
from services.reading.network.store import points
from services.reading.usage.store import usages
from shared.business_calendar import YearUnknown
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.outcome import OTHER_ORG_UNIT, REPEATED, Outcome, refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """What is doubted, under a number of the asker's own."""

    dispute_no: str
    service_point_no: str
    cycles: tuple[str, ...]
    channel: str
    raised_by: str
    reason: str
    words: str | None
    opened_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What doubts are held against. `last`: the latest business date that may be given."""

    points: Mapping[str, ServicePoint]
    told: set[tuple[str, str]]
    unended: Mapping[str, str]
    there: Mapping[str, Dispute]
    may_see: Callable[[str], bool]
    reasons: tuple[str, ...]
    last: date

    def refusal(self, doubt: Doubt) -> Outcome | None:
        """Return why a doubt cannot be a dispute."""
        number, point = doubt.dispute_no, self.points.get(doubt.service_point_no)
        if point is None:
            return refused("reading.unknown_service_point", "there is no such service point", number)
        if not self.may_see(point.org_unit):
            return refused(OTHER_ORG_UNIT, id=number)
        if number in self.there:
            return None
        if doubt.opened_on > self.last:
            return refused("business_date.in_the_future", "the day lies after tomorrow", number)
        if doubt.reason not in self.reasons:
            return refused("reading.unknown_reason", "the policy has no such reason", number)
        if unknown := [cycle for cycle in doubt.cycles if (point.service_point_no, cycle) not in self.told]:
            return refused("dispute.unknown_cycle", f"no usage of the point was told of {unknown[0]}", number)
        if other := self.unended.get(doubt.service_point_no):
            return refused("dispute.there_is_one", f"dispute {other} about the point has not ended", number)
        return None


async def open_(
    tx: Tx, given: Sequence[Doubt], *, actor: str, may_see: Callable[[str], bool], own: Context, last: date
) -> list[Outcome]:
    """Open disputes, one outcome per item. Of a point there is one at a time.

    `already_done`: the number is there with the same content; `conflicting_duplicate`: with other content, which stays.
    """
    times = Counter(each.dispute_no for each in given)
    at_once = Counter(each.service_point_no for each in given)
    locked = await points.lock(tx, sorted(at_once))
    known = Known(
        points=locked,
        told=await usages.cycles_told(tx, sorted(at_once)),
        unended=await store.unended_at(tx, sorted(at_once)),
        there=await store.by_no(tx, list(times)),
        may_see=may_see,
        reasons=own.policies.on(last).disputes.reasons,
        last=last,
    )
    new: dict[str, Dispute] = {}
    outcomes: list[Outcome] = []
    for each in given:
        number = each.dispute_no
        if times[number] > 1 or at_once[each.service_point_no] > 1:
            outcomes.append(refused(REPEATED, id=number))
            continue
        outcome = known.refusal(each)
        if outcome is None:
            opened = _opened(each, locked[each.service_point_no].org_unit, actor)
            outcome = _met(opened, known.there.get(number)) or _begin(opened, own, new)
        outcomes.append(outcome)
    inserted = await store.insert_new(tx, [new[number] for number in sorted(new)])
    assert inserted == set(new), "the point is locked, and its number was free"
    tx.publish([facts.changed(each) for each in new.values()])
    tx.audit(
        [
            AuditEntry(
                action="dispute.opened",
                entity_kind="dispute",
                entity_id=each.dispute_no,
                actor=actor,
                reason=each.opened.reason,
                after_version=1,
            )
            for each in new.values()
        ]
    )
    return outcomes


def _opened(doubt: Doubt, org_unit: str, actor: str) -> Opened:
    return Opened(
        dispute_no=doubt.dispute_no,
        service_point_no=doubt.service_point_no,
        org_unit=org_unit,
        cycles=doubt.cycles,
        channel=doubt.channel,
        raised_by=doubt.raised_by,
        reason=doubt.reason,
        words=doubt.words,
        opened_by=actor,
        opened_on=doubt.opened_on,
    )


def _met(opened: Opened, there: Dispute | None) -> Outcome | None:
    if there is None:
        return None
    return Outcome("already_done" if there.opened == opened else "conflicting_duplicate", id=opened.dispute_no)


def _begin(opened: Opened, own: Context, new: dict[str, Dispute]) -> Outcome:
    try:
        new[opened.dispute_no] = begin(opened, step_of(OPENED, opened.opened_on, own))
    except YearUnknown:
        return refused(YearUnknown.code, YearUnknown.title, opened.dispute_no)
    return Outcome("done", id=opened.dispute_no)
