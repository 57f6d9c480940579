"""An answer is taken: the first one is the one, but for those that overrule it, as an objection does."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal

import orjson
from sqlalchemy import Row

from services.notify.notices.store import unaddressed
from services.notify.questions.domain import figures
from services.notify.questions.domain.questions import Closing
from services.notify.questions.domain.states import ANSWERED, OPEN, QUESTION_LIFE, WITHDRAWN
from services.notify.questions.store import questions as store
from services.notify.templates.domain import Figures, Kinds
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.events.notify import CustomerAnswered

Way = Literal["link", "call", "reply", "counter"]


class UnknownAnswer(BusinessError):
    status = 422
    code = "question.unknown_answer"
    title = "The question has no such answer"


class WrongDay(BusinessError):
    status = 422
    code = "question.wrong_day"
    title = "The answer was given before the question was asked, or after its last day"


class AlreadyAnswered(BusinessError):
    status = 409
    code = "question.already_answered"
    title = "The question has another answer already, which counts; who asked decides on what the customer says now"


class Closed(BusinessError):
    status = 409
    code = "question.closed"
    title = "The question is withdrawn, or has expired"


class NobodyAsked(BusinessError):
    status = 409
    code = "question.nobody_asked"
    title = "Nobody is known to be supplied at the service point, so nobody was asked"


class BadFigures(BusinessError):
    """`wrong`: what is wrong with each figure that is, by name."""

    status = 422
    code = "question.bad_figures"
    title = "A figure of the answer is missing, no number, or one that cannot be"

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(", ".join(f"{name}: {fault}" for name, fault in faults.items() if fault != figures.UNKNOWN))
        self.wrong = faults


class SeenInTheFuture(BusinessError):
    status = 422
    code = "question.seen_in_the_future"
    title = "The figures were seen at an instant that lies ahead"


REFUSALS = (UnknownAnswer, WrongDay, AlreadyAnswered, Closed, NobodyAsked, BadFigures, SeenInTheFuture)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An answer as it came: by the customer's link (`notice_id`: in which notice it stood), or written down by an employee.

    `figures`: as they were typed, by name; `seen_at`: when the customer has seen them, none: now.
    """

    answer: str
    answered_on: date
    way: Way
    recorded_by: str | None = None
    notice_id: str | None = None
    figures: Mapping[str, str] = field(default_factory=dict)
    seen_at: datetime | None = None


async def answer(tx: Tx, question_id: str, given: Given, kinds: Kinds) -> bool:
    """Take the answer to a question that there is, and return whether it is new: the same one again changes nothing.

    Raises one of REFUSALS where it cannot be taken. The question's row is locked: one of several answers, the expiry and the
    withdrawal that come together is the one; but an answer that overrules (`Kind.overruling`) is taken and told after the others.
    """
    question = (await store.lock(tx, [question_id]))[question_id]
    values, faults = figures.take(store.asked(question), given.figures)
    if _is_repeated(question, given, values, given.answer in overruling(question, kinds)):
        return False
    if faults:
        raise BadFigures(faults)
    if given.seen_at is not None and given.seen_at > tx.now:
        raise SeenInTheFuture
    seen_at = (given.seen_at or tx.now).astimezone(UTC).replace(microsecond=0) if values else None
    state = QUESTION_LIFE.move(question.state, "answered" if question.state == OPEN else "overruled")
    await store.close(tx, [_closing(question_id, state, given, values, seen_at)])
    await unaddressed.close_questions(tx, [question_id])
    tx.publish(
        [
            CustomerAnswered(
                question_id=question_id,
                subject_kind=question.subject_kind,
                subject_id=question.subject_id,
                account_no=question.account_no,
                service_point_no=question.service_point_no,
                answer=given.answer,
                answered_on=given.answered_on,
                way=given.way,
                recorded_by=given.recorded_by,
                figures=values,
                seen_at=seen_at,
                causation_id=question_id,
            )
        ]
    )
    return True


async def record(tx: Tx, question_id: str, given: Given, kinds: Kinds, *, explanation: str) -> None:
    """Take an answer that an employee has heard or read, with an audit entry where it is new."""
    if await answer(tx, question_id, given, kinds):
        entry = AuditEntry(
            action=f"question.answer.{given.way}",
            entity_kind="question",
            entity_id=question_id,
            actor=given.recorded_by or "",
            reason=explanation,
        )
        tx.audit([entry])


def answers(question: Row[Any]) -> list[str]:
    """Return what may be answered to a question."""
    found: list[str] = orjson.loads(question.answers)
    return found


def overruling(question: Row[Any], kinds: Kinds) -> list[str]:
    """Return the answers to a question that are taken still where it is answered otherwise, or its last day is over."""
    taken = kinds[question.template].overruling if question.state != WITHDRAWN else ()
    return [each for each in answers(question) if each in taken and each != question.answer]


def shown(question: Row[Any]) -> Figures:
    """Return the figures of a question as its page shows them."""
    found: Figures = orjson.loads(question.figures)
    return {**found, "account_no": question.account_no or "", "answering": "page"}


def _is_repeated(question: Row[Any], given: Given, values: Mapping[str, str], overrules: bool) -> bool:
    """Return whether this very answer is there already; raises where it cannot be taken."""
    if given.answer not in answers(question):
        raise UnknownAnswer(", ".join(answers(question)))
    if question.state == ANSWERED and not overrules:
        if question.answer != given.answer or values != store.given(question):
            raise AlreadyAnswered
        return True
    if question.state != OPEN and not overrules:
        raise Closed(question.state)
    if question.account_no is None:
        raise NobodyAsked
    last = date.max if overrules else question.answer_by
    if not question.asked_on <= given.answered_on <= last:
        raise WrongDay(f"{question.asked_on} to {question.answer_by}")
    return False


def _closing(
    question_id: str, state: str, given: Given, values: Mapping[str, str], seen_at: datetime | None
) -> Closing:
    return Closing(
        question_id=question_id,
        state=state,
        answer=given.answer,
        way=given.way,
        recorded_by=given.recorded_by,
        notice_id=given.notice_id,
        closed_on=given.answered_on,
        given_figures=orjson.dumps(values).decode() if values else None,
        seen_at=seen_at,
    )
