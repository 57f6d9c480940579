"""Rotation (轮换) is proposed from what is assigned, and assigned where a person accepts the proposal that was seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from services.reading.network.store import routes
from services.reading.policies.domain import Policies
from services.reading.readers.domain import rotation
from services.reading.readers.domain.assignments import ASSIGNED, READER, Assignment
from services.reading.readers.domain.rotation import Change, Held
from services.reading.readers.store import assignments, duty
from services.reading.readers.use_cases import assigning
from services.reading.readers.use_cases.assigning import Wanted
from services.reading.tasks.store import route_cycles
from shared.db.engine import Tx, View
from shared.errors import BusinessError


class OtherProposal(BusinessError):
    status = 412
    code = "reading.rotation_changed"
    title = "The proposal is another one by now than the one that was seen"


class DayIsPast(BusinessError):
    status = 422
    code = "reading.rotation_in_the_past"
    title = "Readers change from today on or later"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Who should change with whom from a day on, in an org unit; `content_hash` is named by who accepts it."""

    org_unit: str
    from_: date
    cycles_in_a_row_max: int
    changes: list[Change]

    @property
    def content_hash(self) -> str:
        """The hash of what was seen."""
        return rotation.hash_of(self.org_unit, self.from_, self.changes)


async def propose(view: View, org_unit: str, day: date, policies: Policies) -> Proposal:
    """Propose who changes with whom from a day on: each reader who has had a route for as many cycles as the policy allows.

    Counted are read dates before the day on which the route was that reader's, deputies or not, up to the policy's number.
    """
    limit = policies.on(day).readers.cycles_in_a_row_max
    numbers = await routes.of_unit(view, org_unit)
    dates = {
        route_no: [each for each in days if each < day][-limit:]
        for route_no, days in (await route_cycles.days(view, numbers)).items()
    }
    keys = [(route_no, each) for route_no in numbers for each in (*dates.get(route_no, ()), day)]
    readers = await duty.regular_readers(view, keys)
    held = []
    for route_no in numbers:
        reader = readers[route_no, day]
        if reader is not None:
            of_route = {each: readers[route_no, each] for each in dates.get(route_no, ())}
            cycles = rotation.in_a_row(list(of_route), of_route, reader)
            held.append(Held(route_no=route_no, org_unit=org_unit, reader=reader, cycles=cycles))
    return Proposal(org_unit=org_unit, from_=day, cycles_in_a_row_max=limit, changes=rotation.propose(held, limit))


async def accept(
    tx: Tx,
    org_unit: str,
    day: date,
    *,
    content_hash: str,
    policies: Policies,
    actor: str,
    may_see: Callable[[str], bool],
    today: date,
) -> Proposal:
    """Assign what was proposed, from its day on, all of it; raises `DayIsPast`, and `OtherProposal` where it is another one by
    now."""
    if day < today:
        raise DayIsPast
    await assignments.alone(tx)
    proposal = await propose(tx, org_unit, day, policies)
    if proposal.content_hash != content_hash:
        raise OtherProposal
    new = {}
    for change in proposal.changes:
        if change.other_route_no and change.other_reader:
            new[change.route_no] = change.other_reader
            new[change.other_route_no] = change.reader
    there = await assignments.of_places(tx, [(ASSIGNED, route_no, READER) for route_no in new])
    held = [each for each, _ in there.values() if each.holds_on(day)]
    wanted = [part for each in held for part in _handed_over(each, new[each.of_no], day)]
    outcomes = await assigning.put(tx, wanted, actor=actor, may_see=may_see, today=today)
    if any(each.status == "refused" for each in outcomes):
        raise OtherProposal
    return proposal


def _handed_over(held: Assignment, reader: str, day: date) -> Sequence[Wanted]:
    """Return an assignment up to a day, and that of another reader for the rest of it."""
    before = [] if held.from_ == day else [_wanted(held, held.subject, held.from_, day)]
    return [*before, _wanted(held, reader, day, held.to)]


def _wanted(held: Assignment, subject: str, start: date, end: date | None) -> Wanted:
    return Wanted(
        kind=held.kind,
        of_no=held.of_no,
        role=held.role,
        from_=start,
        to=end,
        subject=subject,
        org_unit=None,
        reason=None,
    )
