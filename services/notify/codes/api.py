"""Codes over HTTP: one is asked for at a contact point, and told back."""

from typing import Annotated, Any

from fastapi import Path

from services.notify import context
from services.notify.codes import examples, store, use_cases
from services.notify.codes.schemas import AnswerIn, AskIn, CodeView
from services.notify.context import READ, WRITE, Number
from services.notify.parties.store import parties
from shared.db.engine import View
from shared.web import auth, errors, pagination
from shared.web.routing import Router
from shared.web.state import Db

router = Router(prefix="/v1/parties/{party_no}/points/{point_no}", tags=["notify"])
PointNo = Annotated[str, Path(min_length=1, max_length=64)]


async def _check(view: View, party_no: str, caller: auth.Caller) -> None:
    if await parties.party_row(view, party_no, visible=caller.visible) is None:
        raise errors.not_found("party")


def _view(row: Any) -> CodeView:
    return CodeView.model_validate(row, from_attributes=True)


@router.post("/codes", policy=WRITE, raises=use_cases.ASKING, example=examples.ASK)
async def ask_for_code(
    party_no: Number, point_no: PointNo, body: AskIn, db: Db, caller: auth.Current, own: context.Own
) -> CodeView:
    """Send a code to a contact point at once, for the person to tell it back; one that was sent before is good no more."""
    async with db.begin() as tx:
        await _check(tx, party_no, caller)
        row = await use_cases.ask(
            tx,
            party_no,
            point_no,
            [place.towards() for place in body.places],
            actor=caller.subject,
            today=own.today(),
            policy=own.policies.on(own.today()),
            gateways=own.code_gateways,
            vault=own.vault,
        )
        if row is None:
            raise errors.not_found("contact point")
        tx.after_commit(own.wake_codes)
    return _view(row)


@router.post("/verify", policy=WRITE, raises=(use_cases.Refused,), example=examples.ANSWER)
async def answer_code(
    party_no: Number, point_no: PointNo, body: AnswerIn, db: Db, caller: auth.Current, own: context.Own
) -> CodeView:
    """Take the code that the person tells back: the contact point is verified for the places that it was asked for."""
    async with db.begin() as tx:
        await _check(tx, party_no, caller)
        row = await use_cases.answer(
            tx,
            party_no,
            point_no,
            body.code,
            actor=caller.subject,
            today=own.today(),
            vault=own.vault,
            take_up=own.take_up,
        )
        tx.after_commit(own.wake)
    if row is None:  # only now: a wrong answer counts
        raise use_cases.Refused
    return _view(row)


@router.get("/codes", policy=READ)
async def list_codes(
    party_no: Number, point_no: PointNo, db: Db, caller: auth.Current, wanted: pagination.Query_
) -> pagination.Page[CodeView]:
    """List the codes that were asked for a contact point, and what became of them."""
    async with db.view() as view:
        await _check(view, party_no, caller)
        rows = await store.page(view, party_no, point_no, after=wanted.after, limit=wanted.fetch)
    return wanted.page(rows, key=lambda row: (row.code_id,), item=_view)
