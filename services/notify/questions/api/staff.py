"""Questions for the staff: what is asked, how it stands, and answers that came by call, reply or at the counter."""

from typing import Annotated, Any

from fastapi import Query

from services.notify import context
from services.notify.context import ANSWERS, READ, Number
from services.notify.questions import examples
from services.notify.questions.schemas import AnswerIn, QuestionView, State
from services.notify.questions.store import questions
from services.notify.questions.use_cases import answering
from services.notify.questions.use_cases.answering import Given
from shared.fields import Day
from shared.web import auth, business_day, errors, pagination
from shared.web.batch import No
from shared.web.routing import Router
from shared.web.state import Current, Db

router = Router(prefix="/v1/questions", tags=["notify"])


@router.get("", policy=READ)
async def list_questions(
    db: Db,
    caller: auth.Current,
    wanted: pagination.Query_,
    state: State | None = None,
    subject_kind: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
    account_no: Annotated[No | None, Query()] = None,
    due_by: Annotated[
        Day | None, Query(description="Whose last day for an answer is this one or an earlier one.")
    ] = None,
) -> pagination.Page[QuestionView]:
    """List questions to customers by id."""
    async with db.view() as view:
        rows = await questions.page(
            view,
            state=state,
            subject_kind=subject_kind,
            account_no=account_no,
            due_by=due_by,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
        )
    return wanted.page(rows, key=lambda row: (row.question_id,), item=_view)


def _view(row: Any) -> QuestionView:
    return QuestionView.model_validate(row, from_attributes=True)


@router.get("/{question_id}", policy=READ)
async def get_question(question_id: Number, db: Db, caller: auth.Current) -> QuestionView:
    """Return a question; its notices are at `GET /v1/notices?question_id=…`."""
    async with db.view() as view:
        row = await questions.question(view, question_id, visible=caller.visible)
    if row is None:
        raise errors.not_found("question")
    return _view(row)


@router.post(
    "/{question_id}/answer",
    policy=ANSWERS,
    raises=[*answering.REFUSALS, business_day.InTheFuture],
    example=examples.ANSWER,
)
async def record_answer(
    question_id: Number, body: AnswerIn, web: Current, caller: auth.Current, own: context.Own
) -> QuestionView:
    """Record what a customer has answered by call, reply or at the counter; the same answer again changes nothing.

    An objection to a closing is taken after another answer, and after the last day: billing lists what came late.
    """
    business_day.check(web, body.answered_on)
    given = Given(
        answer=body.answer,
        answered_on=body.answered_on or own.today(),
        way=body.way,
        recorded_by=caller.subject,
        figures=body.figures,
        seen_at=body.seen_at,
    )
    async with web.database.begin() as tx:
        if await questions.question(tx, question_id, visible=caller.visible) is None:
            raise errors.not_found("question")
        await answering.record(tx, question_id, given, own.catalogue.kinds, explanation=body.explanation)
        row = await questions.question(tx, question_id, visible=caller.visible)
    return _view(row)
