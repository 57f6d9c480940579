"""Readers, inspectors and deputies are assigned: whole rows by place and first day, one outcome per item."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from services.reading.network.store import routes
from services.reading.network.use_cases.reference import UnknownRoute, outside
from services.reading.readers.domain import assignments as domain
from services.reading.readers.domain.assignments import ASSIGNED, PERSON_DEPUTY, Assignment
from services.reading.readers.store import assignments
from shared import batch_put
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.outcome import OTHER_ORG_UNIT, Outcome, refused

OVERLAP = "reading.assignments_overlap"
ENDS_BEFORE = "reading.ends_before_it_begins"
NO_SELF = "reading.own_deputy"
REASON_NEEDED = "reading.past_needs_reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be assigned; `reason`: why past days are assigned otherwise. A route's org unit is its own."""

    kind: str
    of_no: str
    role: str
    from_: date
    to: date | None
    subject: str
    org_unit: str | None
    reason: str | None


async def put(
    tx: Tx, given: Sequence[Wanted], *, actor: str, may_see: Callable[[str], bool], today: date
) -> list[Outcome]:
    """Assign, one outcome per item. One that ends on its first day takes an assignment back.

    Refused: a route that is not there, another org unit, a place that somebody else has on one of the days, days before
    `today` without a reason. A deputy of a person needs a caller who sees all routes of that person on those days.
    """
    await assignments.alone(tx)
    units = await routes.org_units(tx, sorted({each.of_no for each in given if each.kind != PERSON_DEPUTY}))
    wanted = [_assignment(each, units) for each in given]
    there = await assignments.of_places(tx, [each.place for each in wanted])
    persons = sorted({each.of_no for each in wanted if each.kind == PERSON_DEPUTY})
    theirs = await assignments.of_subjects(tx, ASSIGNED, persons)
    reasons = {each.assignment_id: said.reason for each, said in zip(wanted, given, strict=True)}

    def fault(new: Assignment, old: Assignment | None) -> Outcome | None:
        number = new.assignment_id
        if new.kind != PERSON_DEPUTY and new.of_no not in units:
            return refused(UnknownRoute.code, UnknownRoute.title, id=number)
        if elsewhere := outside(new, old, number=number, may_see=may_see):
            return elsewhere
        if new.to is not None and new.to < new.from_:
            return refused(ENDS_BEFORE, "the end lies before the first day", id=number)
        if new.kind == PERSON_DEPUTY:
            if new.subject == new.of_no:
                return refused(NO_SELF, "nobody is the own deputy", id=number)
            if any(
                each.subject == new.of_no and each.shares_a_day(new) and not may_see(each.org_unit) for each in theirs
            ):
                return refused(OTHER_ORG_UNIT, id=number)
        changed = domain.first_day_changed(new, old)
        if changed is not None and changed < today and not reasons[number]:
            return refused(REASON_NEEDED, "days that are past are assigned otherwise: say why", id=number)
        return None

    sound = [each for each in wanted if not fault(each, there.get(each.assignment_id, (None, 0))[0])]
    clashing = domain.overlapping((each for each, _ in there.values()), sound)

    def refusal(new: Assignment, old: Assignment | None) -> Outcome | None:
        if found := fault(new, old):
            return found
        if new.assignment_id in clashing:
            return refused(OVERLAP, "somebody else is assigned on one of the days", id=new.assignment_id)
        return None

    outcomes = await batch_put.put(
        tx,
        wanted,
        kind="reader_assignment",
        number=lambda each: each.assignment_id,
        stored=there,
        refusal=refusal,
        write=partial(assignments.put, tx),
        actor=actor,
    )
    tx.audit(_past(wanted, outcomes, there, reasons, actor, today))
    return outcomes


def _past(
    wanted: Sequence[Assignment],
    outcomes: Sequence[Outcome],
    there: Mapping[str, tuple[Assignment, int]],
    reasons: Mapping[str, str | None],
    actor: str,
    today: date,
) -> list[AuditEntry]:
    """Return an audit row for each change of days that are past, with its reason."""
    return [
        AuditEntry(
            action="reader_assignment.past_changed",
            entity_kind="reader_assignment",
            entity_id=each.assignment_id,
            actor=actor,
            reason=reasons[each.assignment_id] or "",
        )
        for each, outcome in zip(wanted, outcomes, strict=True)
        if outcome.status == "done"
        and (changed := domain.first_day_changed(each, there.get(each.assignment_id, (None, 0))[0])) is not None
        and changed < today
    ]


def _assignment(wanted: Wanted, units: Mapping[str, str]) -> Assignment:
    return Assignment(
        kind=wanted.kind,
        of_no=wanted.of_no,
        role=wanted.role,
        from_=wanted.from_,
        to=wanted.to,
        subject=wanted.subject,
        org_unit=(wanted.org_unit or "") if wanted.kind == PERSON_DEPUTY else units.get(wanted.of_no, ""),
    )
