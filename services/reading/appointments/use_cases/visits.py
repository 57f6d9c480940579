"""The visit of an appointment that is agreed: a site order of its day, and its customer is told."""

from collections.abc import Mapping, Sequence
from datetime import date

from services.reading.appointments.domain import AGREED, CANCELLED, SUBJECT, Appointment
from services.reading.orders import store as orders
from services.reading.orders.domain import LIFE, PERSON, Asked, withdraw
from services.reading.orders.use_cases import asking, ending
from shared.db.engine import Tx
from shared.events.reading import AppointmentChanged


async def arrange(tx: Tx, agreed: Sequence[Appointment]) -> None:
    """Make the site orders of appointments that are agreed, given to their readers, and tell it; the points are locked."""
    given = [(_asked(each), each.visit_on, each.reader) for each in agreed]
    await asking.ask_for_days(tx, given)
    tx.publish([_changed(each, AGREED, each.answered_on or each.asked_on) for each in agreed])


async def to_come(tx: Tx, agreed: Sequence[Appointment]) -> set[str]:
    """Return the numbers of the appointments whose visit has not been yet, locked."""
    there = await orders.lock(tx, [each.appointment_id for each in agreed])
    return {
        each.appointment_no
        for each in agreed
        if each.appointment_id in there and LIFE.may(there[each.appointment_id].state, "withdraw")
    }


async def call_off(tx: Tx, cancelled: Mapping[str, Appointment], today: date) -> None:
    """Withdraw the site orders of appointments that are called off, and tell it; the orders are locked."""
    there = await orders.lock(tx, [each.appointment_id for each in cancelled.values()])
    gone = [withdraw(there[each.appointment_id], each.closed_for or "") for each in cancelled.values()]
    await orders.write(tx, gone)
    await ending.tell(tx, [(order, today) for order in gone])
    tx.publish([_changed(each, CANCELLED, today) for each in cancelled.values()])


def _asked(appointment: Appointment) -> Asked:
    return Asked(
        order_no=appointment.appointment_id,
        kind=SUBJECT,
        service_point_no=appointment.service_point_no,
        org_unit=appointment.org_unit,
        origin=PERSON,
        requested_by=appointment.asked_by,
        reason=SUBJECT,
        reference=appointment.appointment_no,
        cycle=None,
        asked_on=appointment.asked_on,
    )


def _changed(appointment: Appointment, state: str, day: date) -> AppointmentChanged:
    return AppointmentChanged.model_validate(
        {
            "appointment_id": appointment.appointment_id,
            "service_point_no": appointment.service_point_no,
            "org_unit": appointment.org_unit,
            "state": state,
            "visit_on": appointment.visit_on,
            "from_time": appointment.from_time,
            "to_time": appointment.to_time,
            "changed_on": day,
        }
    )
