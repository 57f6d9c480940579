"""Notices and receipts over HTTP, and what nobody was told of yet."""

from typing import Annotated, Any

from fastapi import Query

from services.notify import context
from services.notify.context import READ, READ_ALL, WRITE, Number
from services.notify.notices import examples
from services.notify.notices.domain.receipts import message_id
from services.notify.notices.schemas import (
    NoticeView,
    NoticeWithWays,
    Paced,
    ReceiptState,
    ReceiptView,
    Resend,
    State,
    UnaddressedView,
    WaitState,
    WayView,
)
from services.notify.notices.store import joined, notices, receipts, unaddressed, ways
from services.notify.notices.use_cases import resend_by_hand
from shared.fields import Month
from shared.web import auth, errors, pagination
from shared.web.batch import No
from shared.web.routing import Router
from shared.web.state import Db

router = Router(prefix="/v1", tags=["notify"])


@router.get("/notices", policy=READ)
async def list_notices(
    db: Db,
    caller: auth.Current,
    wanted: pagination.Query_,
    account_no: Annotated[No | None, Query()] = None,
    question_id: Annotated[No | None, Query()] = None,
    state: State | None = None,
    cycle: Annotated[Month | None, Query()] = None,
    paced: Paced | None = None,
) -> pagination.Page[NoticeView]:
    """List notices in the order they were queued."""
    async with db.view() as view:
        rows = await notices.notices_page(
            view,
            account_no=account_no,
            question_id=question_id,
            state=state,
            cycle=cycle,
            paced=paced,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
        )
    return wanted.page(rows, key=lambda row: (row.notice_id,), item=_notice_view)


def _notice_view(row: Any) -> NoticeView:
    return NoticeView.model_validate(row, from_attributes=True)


@router.get("/notices/{notice_id}", policy=READ)
async def get_notice(notice_id: Number, db: Db, caller: auth.Current) -> NoticeWithWays:
    """Return a notice with its receipt (state, attempts, hash of what was sent) and the ways that it took."""
    async with db.view() as view:
        row = await notices.notice(view, notice_id, visible=caller.visible)
        if row is None:
            raise errors.not_found("notice")
        taken = await ways.of_notices(view, [notice_id])
        lead = (await joined.leads(view, [(notice_id, row.way)])).get((notice_id, row.way))
    return NoticeWithWays(
        **_notice_view(row).model_dump(),
        message_id=message_id(*(lead or (notice_id, row.way))),
        ways=[WayView.model_validate(way, from_attributes=True) for way in taken.get(notice_id, ())],
    )


@router.get("/receipts", policy=READ_ALL)
async def list_receipts(
    db: Db, wanted: pagination.Query_, state: ReceiptState | None = None
) -> pagination.Page[ReceiptView]:
    """List what gateways said became of messages, in the order in which they came."""
    async with db.view() as view:
        rows = await receipts.page(view, state=state, after=wanted.after, limit=wanted.fetch)
    return wanted.page(
        rows, key=receipts.key_of, item=lambda row: ReceiptView.model_validate(row, from_attributes=True)
    )


@router.post(
    "/notices/{notice_id}/resend",
    policy=WRITE,
    raises=[
        resend_by_hand.NoticeStillOnItsWay,
        resend_by_hand.ResentTooOften,
        resend_by_hand.NotWanted,
        resend_by_hand.Withdrawn,
    ],
    example=examples.RESEND,
)
async def resend_notice(notice_id: Number, body: Resend, db: Db, caller: auth.Current, ctx: context.Own) -> NoticeView:
    """Send a final notice again, as a new message to the contact's present address."""
    async with db.begin() as tx:
        if await notices.notice(tx, notice_id, visible=caller.visible) is None:
            raise errors.not_found("notice")
        await resend_by_hand.resend(tx, notice_id, actor=caller.subject, reason=body.reason)
        tx.after_commit(ctx.wake)
        row = await notices.notice(tx, notice_id, visible=caller.visible)
    return _notice_view(row)


@router.get("/unaddressed", policy=READ)
async def list_unaddressed(
    db: Db, caller: auth.Current, wanted: pagination.Query_, state: WaitState | None = None
) -> pagination.Page[UnaddressedView]:
    """List what nobody was told of: it waits for an account or a contact, or no contact came in time."""
    async with db.view() as view:
        rows = await unaddressed.unaddressed_page(
            view, state=state, visible=caller.visible, after=wanted.after, limit=wanted.fetch
        )
    return wanted.page(rows, key=lambda row: (row.cause_id, row.template), item=_unaddressed_view)


def _unaddressed_view(row: Any) -> UnaddressedView:
    return UnaddressedView.model_validate(row, from_attributes=True)
