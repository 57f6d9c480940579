"""Answers of customers to proposed appointments."""

from collections.abc import Sequence

from services.reading.appointments import store
from services.reading.appointments.domain import AGREED, LIFE, Appointment
from services.reading.appointments.use_cases import visits
from services.reading.network.store import points
from shared.db.engine import Tx
from shared.events.notify import Answer, QuestionExpired


async def take(tx: Tx, facts: Sequence[Answer]) -> Sequence[Answer]:
    """Take answers, and that there was none; the first is the one. Who agrees is expected on the day.

    Return those to questions that were never asked.
    """
    there = await store.by_id(tx, [fact.question_id for fact in facts])
    if there:
        await points.lock(tx, [each.service_point_no for each in there.values()])
        now = await store.by_id(tx, list(there))
        before = dict(now)
        for fact in facts:
            if fact.question_id in now:
                now[fact.question_id] = _answered(now[fact.question_id], fact)
        changed = [each for number, each in now.items() if each != before[number]]
        await store.write(tx, changed)
        await visits.arrange(tx, [each for each in changed if each.state == AGREED])
    return [fact for fact in facts if fact.question_id not in there]


def _answered(appointment: Appointment, fact: Answer) -> Appointment:
    if isinstance(fact, QuestionExpired):
        return appointment.after("expire", fact.reason) if LIFE.may(appointment.state, "expire") else appointment
    if appointment.answered_on is not None:
        return appointment
    return appointment.with_answer(fact.answer, fact.answered_on, fact.way, fact.recorded_by)
