"""What becomes of open questions as days pass: they are asked again, and expire."""

from datetime import date
from typing import Any

import orjson
from sqlalchemy import Row

from services.notify.notices.domain.causes import Cause
from services.notify.notices.store import notices, unaddressed
from services.notify.notices.use_cases.queueing import queue_causes
from services.notify.policies.domain import Policies
from services.notify.questions.domain import reminders
from services.notify.questions.domain.questions import Closing, why_unanswered
from services.notify.questions.domain.states import QUESTION_LIFE
from services.notify.questions.store import questions as store
from shared.db.engine import Tx
from shared.events.notify import QuestionExpired


async def expire(tx: Tx, *, org_unit: str, business_date: date) -> int:
    """Close the questions of an org unit whose last day is over, publish that nobody answered and why, and return how many.

    One that is heard after its last day is among them: it expires at the next run.
    """
    questions = await store.lock_overdue(tx, org_unit=org_unit, business_date=business_date)
    if not questions:
        return 0
    delivered = await notices.delivered(tx, [question.question_id for question in questions])
    closings = [
        Closing(
            question_id=question.question_id,
            state=QUESTION_LIFE.target("not answered"),
            code=why_unanswered(delivered.get(question.question_id, ())),
            closed_on=business_date,
        )
        for question in questions
    ]
    await store.close(tx, closings)
    await unaddressed.close_questions(tx, [closing.question_id for closing in closings])
    tx.publish([_expired(question, closing) for question, closing in zip(questions, closings, strict=True)])
    return len(questions)


def _expired(question: Row[Any], closing: Closing) -> QuestionExpired:
    return QuestionExpired.model_validate(
        {
            "question_id": question.question_id,
            "subject_kind": question.subject_kind,
            "subject_id": question.subject_id,
            "service_point_no": question.service_point_no,
            "account_no": question.account_no,
            "reason": closing.code,
            "expired_on": closing.closed_on,
            "causation_id": question.question_id,
        }
    )


async def remind(tx: Tx, *, org_unit: str, business_date: date, policies: Policies) -> int:
    """Ask the open questions of an org unit again whose reminders have come due, each once, and return how many.

    Of reminders that come due together, as after days that were missed, one is sent. Who was never told, for want of a contact,
    is not reminded.
    """
    due = {
        question.question_id: (question, count)
        for question in await store.lock_waiting(tx, org_unit=org_unit, business_date=business_date)
        if (count := _due(question, business_date, policies)) > question.reminders
    }
    if not due:
        return 0
    told = await notices.delivered(tx, list(due))
    causes = [_again(question, count, business_date) for name, (question, count) in due.items() if name in told]
    await store.set_reminders(tx, {question_id: count for question_id, (_, count) in due.items()})
    if causes:
        await queue_causes(tx, causes, policies)
    return len(causes)


def _due(question: Row[Any], business_date: date, policies: Policies) -> int:
    return reminders.due(
        policies.on(question.asked_on).remind_days_before,
        asked_on=question.asked_on,
        answer_by=question.answer_by,
        business_date=business_date,
    )


def _again(question: Row[Any], number: int, business_date: date) -> Cause:
    return Cause(
        kind="question",
        id=reminders.cause_id(question.question_id, question.asked_on, number),
        template=question.template,
        account_no=question.account_no,
        service_point_no=question.service_point_no,
        org_unit=question.org_unit,
        cycle=business_date.isoformat()[:7],
        day=business_date,
        figures={**orjson.loads(question.figures), "account_no": question.account_no, "asked": "again"},
        question_id=question.question_id,
    )
