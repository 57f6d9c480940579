"""Appointments, in and out: every function is one statement."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, case, or_, select, true

from services.reading.appointments import tables
from services.reading.appointments.domain import AGREED, ASKED, CANCELLED, Appointment
from services.reading.base import equals
from services.reading.orders.domain import DONE, NOT_DONE, WITHDRAWN
from services.reading.orders.store import ORDER, UNFINISHED
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

APPOINTMENT = tables.APPOINTMENT
_NAMES = tuple(each.name for each in fields(Appointment))
_CHANGES = ("state", "answered_on", "way", "recorded_by", "closed_for")
_WITH_VISIT = APPOINTMENT.outerjoin(ORDER, ORDER.c.order_no == APPOINTMENT.c.appointment_id)
_VISITED = {DONE: "kept", NOT_DONE: "missed", WITHDRAWN: CANCELLED}
STATE = case(
    *((ORDER.c.state == of_order, state) for of_order, state in _VISITED.items()), else_=APPOINTMENT.c.state
).label("state")
"""What became of an appointment: its visit says whether it was kept."""


async def insert(tx: Tx, appointments: Sequence[Appointment]) -> None:
    """Write appointments."""
    await bulk.insert_rows(tx, APPOINTMENT, _columns(appointments, _NAMES))


async def write(tx: Tx, appointments: Sequence[Appointment]) -> None:
    """Write what became of appointments."""
    await bulk.update_from(
        tx, APPOINTMENT, _columns(appointments, ("appointment_no", *_CHANGES)), key=("appointment_no",)
    )


async def by_no(view: View, appointment_nos: Sequence[str]) -> dict[str, Appointment]:
    """Return appointments by their numbers."""
    rows = await bulk.select_in(view, APPOINTMENT, {"appointment_no": appointment_nos})
    return {row.appointment_no: _appointment(row) for row in rows}


async def by_id(view: View, appointment_ids: Sequence[str]) -> dict[str, Appointment]:
    """Return appointments by the ids of their questions."""
    rows = await bulk.select_in(view, APPOINTMENT, {"appointment_id": sorted(set(appointment_ids))})
    return {row.appointment_id: _appointment(row) for row in rows}


async def waiting_at(view: View, service_point_nos: Sequence[str]) -> set[str]:
    """Return the points that have an appointment which is asked for, or agreed with its visit to come."""
    to_come = select(ORDER.c.order_no).where(
        ORDER.c.order_no == APPOINTMENT.c.appointment_id, ORDER.c.state.in_(UNFINISHED)
    )
    waits = or_(APPOINTMENT.c.state == ASKED, (APPOINTMENT.c.state == AGREED) & to_come.exists())
    rows = await bulk.select_in(view, APPOINTMENT, {"service_point_no": service_point_nos}, where=waits)
    return {row.service_point_no for row in rows}


async def listed(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    service_point_no: str | None,
    reader: str | None,
    state: str | None,
    on: date | None,
) -> Sequence[Row[Any]]:
    """Return a page of appointments by the day of the visit, each as it stands."""
    row = APPOINTMENT.c
    shown = [each for each in row if each.name != "state"]
    is_on: ColumnElement[bool] = true() if on is None else row.visit_on == on
    return await view.all(
        select(*shown, STATE, ORDER.c.outcome.label("visit_outcome"))
        .select_from(_WITH_VISIT)
        .where(visible(row.org_unit), after(row.visit_on, row.appointment_no), is_on)
        .where(equals(row.service_point_no, service_point_no), equals(row.reader, reader), equals(STATE, state))
        .order_by(row.visit_on, row.appointment_no)
        .limit(limit)
    )


def _columns(appointments: Sequence[Appointment], names: Sequence[str]) -> dict[str, list[Any]]:
    columns = {name: [getattr(each, name) for each in appointments] for name in names}
    if "asked_on" in names:
        columns["appointment_id"] = [each.appointment_id for each in appointments]
    return columns


def _appointment(row: Row[Any]) -> Appointment:
    return Appointment(**{name: getattr(row, name) for name in _NAMES})
