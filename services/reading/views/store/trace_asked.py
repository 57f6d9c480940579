"""The trace from a notice to what customers were asked or told of by reading: what was asked for, by its codes and days."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from functools import partial
from typing import Any, Final

from services.reading.appointments import domain as appointments
from services.reading.appointments import store as appointment_store
from services.reading.disputes import domain as disputes
from services.reading.disputes import store as dispute_store
from services.reading.disputes.domain import Dispute
from services.reading.own_reads import domain as own_reads
from services.reading.own_reads import store as own_read_store
from services.reading.read_day_changes import domain as read_day_changes
from services.reading.read_day_changes import store as request_store
from services.reading.tasks.store import tasks
from shared import natural
from shared.db.engine import View
from shared.trace import Origin, TraceNode

SERVICE: Final = "reading"
UNREADABLE: Final = "unreadable"
_OF_REQUEST: Final = (
    "route_no",
    "read_day",
    "months",
    "from_cycle",
    "visit_on",
    "reason",
    "requested_by",
    "asked_on",
    "answer_by",
)
_OF_APPOINTMENT: Final = (
    "appointment_no",
    "service_point_no",
    "visit_on",
    "from_time",
    "to_time",
    "reader",
    "proposed_by",
    "asked_by",
    "asked_on",
    "state",
)
_OF_DOUBT: Final = ("service_point_no", "cycles", "channel", "raised_by", "reason", "opened_on")
_OF_DISPUTE: Final = ("state", "due_on", "held_until", "visit_on", "ended_on", "outcome")
_OF_TASK: Final = ("service_point_no", "read_date", "cycle", "status")


async def _request(kind: str, view: View, id: str) -> TraceNode | None:
    row = await request_store.row(view, id)
    if row is None or (row.visit_on is not None) != (kind == read_day_changes.VISIT):
        return None
    return TraceNode(SERVICE, kind, id, _shown(row, _OF_REQUEST), org_unit=row.org_unit)


async def _appointment(view: View, id: str) -> TraceNode | None:
    """Find it by its number, as a question names it, or by its id and state, as what is told of it does."""
    found = (await appointment_store.by_no(view, [id])).get(id)
    origins: tuple[Origin, ...] = ()
    if found is None:
        of_id = id.partition("~")[0]
        found = (await appointment_store.by_id(view, [of_id])).get(of_id)
        origins = () if found is None else (Origin(SERVICE, appointments.SUBJECT, found.appointment_no),)
    if found is None:
        return None
    return TraceNode(SERVICE, appointments.SUBJECT, id, _shown(found, _OF_APPOINTMENT), origins, found.org_unit)


async def _own_read(view: View, id: str) -> TraceNode | None:
    found = (await own_read_store.by_no(view, [id])).get(id)
    if found is None:
        return None
    return TraceNode(SERVICE, own_reads.SUBJECT, id, asdict(found), org_unit=found.org_unit)


async def _unreadable(view: View, id: str) -> TraceNode | None:
    point, _, day = id.rpartition("~")
    try:
        key = point, date.fromisoformat(day)
    except ValueError:
        return None
    task = (await tasks.by_key(view, [key])).get(key)
    if task is None:
        return None
    return TraceNode(SERVICE, UNREADABLE, id, _shown(task, _OF_TASK), org_unit=task.org_unit)


async def _dispute(view: View, id: str) -> TraceNode | None:
    """Find it by its number, or by the id under which customers are told of a step of it, which begins with its first day."""
    found = (await dispute_store.by_no(view, [id])).get(id)
    origins: tuple[Origin, ...] = ()
    if found is None and (day := natural.day_of(id)) is not None:
        found = next((each for each in await dispute_store.opened_on(view, day) if id in told_ids(each)), None)
        origins = () if found is None else (Origin(SERVICE, disputes.SUBJECT, found.dispute_no),)
    if found is None:
        return None
    shown = _shown(found.opened, _OF_DOUBT) | _shown(found, _OF_DISPUTE)
    return TraceNode(SERVICE, disputes.SUBJECT, id, shown, origins, found.opened.org_unit)


def told_ids(dispute: Dispute) -> list[str]:
    """Return the ids under which customers are told of the steps of a dispute."""
    opened = dispute.opened
    return [
        natural.key_id(opened.opened_on, disputes.SUBJECT, opened.dispute_no, state) for state in disputes.LIFE.states
    ]


def _shown(row: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


TRACERS: Final[Mapping[str, Callable[[View, str], Awaitable[TraceNode | None]]]] = {
    read_day_changes.CHANGE: partial(_request, read_day_changes.CHANGE),
    read_day_changes.VISIT: partial(_request, read_day_changes.VISIT),
    appointments.SUBJECT: _appointment,
    own_reads.SUBJECT: _own_read,
    UNREADABLE: _unreadable,
    disputes.SUBJECT: _dispute,
}
"""What traces each kind of document."""
