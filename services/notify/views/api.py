"""What this service keeps about a party, over HTTP."""

from typing import Any

import orjson

from services.notify import context
from services.notify.calls.schemas import CallView
from services.notify.context import READ, Context, Number
from services.notify.letters.schemas import LetterView
from services.notify.notices.domain.receipts import message_id
from services.notify.notices.schemas import NoticeView, WayView
from services.notify.notices.store import joined, ways
from services.notify.parties import api as parties
from services.notify.parties.schemas import PartyOut
from services.notify.parties.store import parties as parties_store
from services.notify.parties.use_cases import was_read
from services.notify.policies.domain import PLAIN
from services.notify.questions.use_cases.texts import text_of
from services.notify.templates.domain import Rendered
from services.notify.views import examples, store
from services.notify.views.schemas import AnswerView, ExportIn, ExportOut, LookView, ToldView
from shared.db import audit
from shared.web import auth, errors, pagination
from shared.web.routing import Router
from shared.web.state import Db

router = Router(prefix="/v1", tags=["notify"])
LOOKS_MAX = 1000  # the first ones: some hundred kB


@router.post("/parties/{party_no}/exports", policy=READ, example=examples.EXPORT)
async def export_party(
    party_no: Number, body: ExportIn, db: Db, caller: auth.Current, own: context.Own, wanted: pagination.Query_
) -> ExportOut:
    """Hand out all that is kept about a party, its notices in pages, for the party itself (个人信息查阅、复制); audited."""
    async with db.begin() as tx:
        if await parties_store.party_row(tx, party_no, visible=caller.visible) is None:
            raise errors.not_found("party")
        (party,) = await parties.shown(tx, own, [party_no])
        looks = await audit.list_page(tx, entity_kind="party_read", entity_id=party_no, after_id=0, limit=LOOKS_MAX + 1)
        tx.audit(was_read([party_no], actor=caller.subject, what=f"export: {body.reason}"))
        rows = await store.notices(tx, party_no, after=wanted.after, limit=wanted.fetch)
        notice_ids = [row.notice_id for row in rows[: wanted.limit]]
        taken = await ways.of_notices(tx, notice_ids)
        leads = await joined.leads(tx, [(row.notice_id, row.way) for row in rows[: wanted.limit]])
        calls = await store.calls(tx, notice_ids)
        letters = await store.letters(tx, notice_ids)
        questions = await store.questions(tx, [row.question_id for row in rows if row.question_id is not None])

    def told(row: Any) -> ToldView:
        text = _text(own, row, party)
        question = questions.get(row.question_id)
        return ToldView(
            **NoticeView.model_validate(row, from_attributes=True).model_dump(),
            message_id=message_id(*leads.get((row.notice_id, row.way), (row.notice_id, row.way))),
            ways=[WayView.model_validate(way, from_attributes=True) for way in taken.get(row.notice_id, ())],
            figures=orjson.loads(row.figures),
            subject=text and text.subject,
            body=text and text.body,
            letters=[LetterView.model_validate(letter) for letter in letters.get(row.notice_id, ())],
            calls=[CallView.model_validate(call) for call in calls.get(row.notice_id, ())],
            question=AnswerView.model_validate(question) if question is not None else None,
        )

    return ExportOut(
        party=party,
        looks=[LookView(**{name: each[name] for name in LookView.model_fields}) for each in looks[:LOOKS_MAX]],
        more_looks=len(looks) > LOOKS_MAX,
        notices=wanted.page(rows, key=lambda row: (row.notice_id,), item=told),
    )


def _text(own: Context, row: Any, party: PartyOut) -> Rendered | None:
    try:
        zone = party.preferences.hours.zone if party.preferences.hours else ""
        return text_of(row, own.catalogue, party.language, tone=row.tone or PLAIN, zone=zone)
    except KeyError:  # a later version of the template shows a figure that the cause did not bring
        return None
