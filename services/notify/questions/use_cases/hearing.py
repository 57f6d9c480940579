"""Questions are heard, and their withdrawals, in any order."""

from collections.abc import Sequence

from services.notify.accounts import store as accounts
from services.notify.notices.store import unaddressed
from services.notify.questions.domain.questions import Closing, Question
from services.notify.questions.domain.states import OPEN, QUESTION_LIFE
from services.notify.questions.store import questions as store
from shared.db.engine import Tx
from shared.events.reading import QuestionWithdrawn


class ConflictingQuestion(Exception):
    """A question that is known came again as another one: a fault of the sender, set aside for a person."""


async def keep(tx: Tx, questions: Sequence[Question]) -> set[str]:
    """Keep questions that are new, and return the ids of those that are to be asked: new, and not withdrawn before.

    The caller holds the anchors of their service points. One that came before as another one raises ConflictingQuestion.
    """
    first = {q.question_id: q for q in reversed(questions)}
    for question in questions:
        if question != first[question.question_id]:
            raise ConflictingQuestion(question.question_id)
    withdrawn = await store.take_withdrawals(tx, list(first))
    new = await store.insert(tx, list(first.values()), withdrawn)
    repeated = [question for question_id, question in first.items() if question_id not in new]
    if repeated and (differing := await store.differing(tx, repeated)):
        raise ConflictingQuestion(differing[0])
    return new - set(withdrawn)


async def withdraw(tx: Tx, facts: Sequence[QuestionWithdrawn]) -> None:
    """Close the questions that need no answer any more; one that is closed already stays as it is, one unknown is waited for."""
    reasons = {fact.question_id: fact.reason for fact in facts}
    points = {fact.service_point_no for fact in facts}
    await accounts.lock_anchors(tx, map(accounts.service_point_anchor, points))
    known = await store.lock(tx, list(reasons))
    withdrawn = QUESTION_LIFE.target("withdrawn")
    closings = [
        Closing(question_id=row.question_id, state=withdrawn, code=reasons[row.question_id])
        for row in known.values()
        if row.state == OPEN
    ]
    if closings:
        await store.close(tx, closings)
        await unaddressed.close_questions(tx, [one.question_id for one in closings])
    if unknown := {question_id: reason for question_id, reason in reasons.items() if question_id not in known}:
        await store.keep_withdrawals(tx, unknown)
