"""Batches of letters over HTTP: what waits, making one, its register and texts, and what became of its letters."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import Query
from sqlalchemy import Row
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from services.notify import context
from services.notify.context import LETTERS, Context, Number
from services.notify.letters import examples, store, use_cases
from services.notify.letters.api import outcome_files
from services.notify.letters.domain import Printed, Told
from services.notify.letters.schemas import (
    BatchIn,
    BatchState,
    BatchView,
    CancellationIn,
    PostingIn,
    RegisterLine,
    RegisterView,
    TextLine,
    TextsView,
    ToldBatch,
    WaitingLetterView,
)
from services.notify.letters.use_cases import Desk
from shared.db.engine import Database, Tx
from shared.outcome import Outcome
from shared.web import auth, batch, errors, pagination, spreadsheet
from shared.web.routing import Json, Router
from shared.web.state import Db

router = Router(prefix="/v1", tags=["notify"])
Form = Annotated[Literal["json", "csv", "xlsx"], Query(alias="format", description="csv, xlsx: as a file")]
DryRun = Annotated[bool, Query(description="Nothing is stored: the outcomes are those that there would be.")]
FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {name: {"schema": {"type": "string"}} for name in ("text/csv", spreadsheet.XLSX)}},
}
TextForm = Annotated[
    Literal["json", "text"], Query(alias="format", description="text: a form feed between two letters")
]
TEXTS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}
CSV_BODY = {
    "requestBody": {
        "required": True,
        "content": {"text/csv": {"schema": {"type": "string", "maxLength": 1_000_000}, "example": examples.CSV}},
    }
}


class NotStored(Exception):
    """Ends the unit of work of a dry run."""


def _desk(own: Context) -> Desk:
    return Desk(catalogue=own.catalogue, policies=own.policies, vault=own.vault, today=own.today())


@router.get("/letters", policy=LETTERS)
async def list_waiting_letters(
    db: Db, caller: auth.Current, own: context.Own, wanted: pagination.Query_
) -> pagination.Page[WaitingLetterView]:
    """List the notices that wait to be printed as letters and are in no batch, without names and addresses."""
    async with db.view() as view:
        rows = await store.waiting_page(
            view, _desk(own).channels, visible=caller.visible, after=wanted.after, limit=wanted.fetch
        )
    return wanted.page(
        rows,
        key=lambda row: (row.queued_at, row.account_no, row.notice_id),
        item=lambda row: WaitingLetterView.model_validate(row),
    )


@router.get("/letter-batches", policy=LETTERS)
async def list_letter_batches(
    db: Db, caller: auth.Current, wanted: pagination.Query_, state: BatchState | None = None
) -> pagination.Page[BatchView]:
    """List batches of letters in the order in which they were made."""
    async with db.view() as view:
        rows = await store.page(view, state=state, visible=caller.visible, after=wanted.after, limit=wanted.fetch)
    return wanted.page(rows, key=lambda row: (row.made_at, row.batch_no), item=BatchView.model_validate)


@router.post("/letter-batches", policy=LETTERS, raises=use_cases.MAKING, example=examples.BATCH)
async def make_letter_batch(body: BatchIn, db: Db, caller: auth.Current, own: context.Own) -> BatchView:
    """Put the letters that wait, up to 1,000, into a batch: no letter is ever in two. The same one again changes nothing."""
    caller.require(body.org_unit)
    async with db.begin() as tx:
        await use_cases.make(
            tx,
            body.batch_no,
            org_unit=body.org_unit,
            letters_max=body.letters_max,
            actor=caller.subject,
            desk=_desk(own),
        )
        made = await _batch(tx, body.batch_no, caller)
    return BatchView.model_validate(made)


@router.get("/letter-batches/{batch_no}", policy=LETTERS)
async def get_letter_batch(batch_no: Number, db: Db, caller: auth.Current) -> BatchView:
    """Return a batch of letters."""
    async with db.view() as view:
        row = await store.batch(view, batch_no, visible=caller.visible)
    if row is None:
        raise errors.not_found("letter_batch")
    return BatchView.model_validate(row)


@router.get("/letter-batches/{batch_no}/register", policy=LETTERS, responses=FILES, response_model=RegisterView)
async def get_register(
    batch_no: Number, db: Db, caller: auth.Current, own: context.Own, form: Form = "json"
) -> Response:
    """Return the register of a batch, with names and addresses; audited, one entry a party."""
    row, letters = await _read(batch_no, db, caller, own)
    lines = [_line(*each) for each in letters]
    if form == "json":
        return Json(RegisterView(batch=BatchView.model_validate(row), items=lines).model_dump(mode="json"))
    names = list(RegisterLine.model_fields)
    rows = [list(line.model_dump(mode="json").values()) for line in lines]
    if form == "csv":
        return spreadsheet.answer(names, rows)
    return spreadsheet.workbook(names, rows, sheet="letters")


@router.get("/letter-batches/{batch_no}/texts", policy=LETTERS, responses=TEXTS, response_model=TextsView)
async def get_texts(
    batch_no: Number, db: Db, caller: auth.Current, own: context.Own, form: TextForm = "json"
) -> Response:
    """Return the letters of a batch as they are to be printed; audited, one entry a party.

    One that is not as it was printed is left out: what is printed by then must not be posted.
    """
    _, letters = await _read(batch_no, db, caller, own)
    there = [letter for _, letter in letters if letter is not None]
    if form == "text":
        return PlainTextResponse("\f".join(letter.text for letter in there))
    items = [TextLine(letter=each.place, content_hash=each.content_hash, text=each.text) for each in there]
    return Json(TextsView(items=items).model_dump(mode="json"))


async def _read(
    batch_no: str, db: Database, caller: auth.Caller, own: Context
) -> tuple[Row[Any], Sequence[tuple[Row[Any], Printed | None]]]:
    async with db.begin() as tx:
        row = await _batch(tx, batch_no, caller)
        return row, await use_cases.read(tx, row, actor=caller.subject, desk=_desk(own))


def _line(row: Row[Any], letter: Printed | None) -> RegisterLine:
    return RegisterLine(
        letter=row.place,
        notice_id=row.notice_id,
        account_no=row.account_no,
        name=letter.name if letter else "",
        address=letter.address if letter else "",
        content_hash=row.printed_hash,
        as_printed=letter is not None,
        checked_against=letter.checked_against if letter else "",
        outcome=row.outcome,
        on=row.told_on,
        register_no=row.register_no,
        reason=row.reason,
    )


@router.post("/letter-batches/{batch_no}/posting", policy=LETTERS, raises=use_cases.POSTING, example=examples.POSTING)
async def post_letter_batch(
    batch_no: Number, body: PostingIn, db: Db, caller: auth.Current, own: context.Own
) -> BatchView:
    """Say that a batch was posted, with the hash of its register. A letter that is not as it was printed holds it up."""
    async with db.begin() as tx:
        row = await _locked(tx, batch_no, caller)
        await use_cases.post(
            tx,
            row,
            posted_on=body.posted_on,
            register_hash=body.register_hash,
            actor=caller.subject,
            desk=_desk(own),
        )
        row = await _batch(tx, batch_no, caller)
    return BatchView.model_validate(row)


@router.post(
    "/letter-batches/{batch_no}/cancellation",
    policy=LETTERS,
    raises=(use_cases.NotOpen,),
    example=examples.CANCELLATION,
)
async def cancel_letter_batch(batch_no: Number, body: CancellationIn, db: Db, caller: auth.Current) -> BatchView:
    """Cancel a batch that was not posted: its letters wait for another one."""
    async with db.begin() as tx:
        row = await _locked(tx, batch_no, caller)
        await use_cases.cancel(tx, row, actor=caller.subject, reason=body.reason)
        row = await _batch(tx, batch_no, caller)
    return BatchView.model_validate(row)


@router.post(
    "/letter-batches/{batch_no}/outcomes",
    policy=LETTERS,
    raises=(use_cases.NotPosted,),
    response_model=batch.OutcomesOut,
    example=examples.OUTCOMES,
)
async def tell_letter_outcomes(
    batch_no: Number, body: ToldBatch, db: Db, caller: auth.Current, own: context.Own, dry_run: DryRun = False
) -> Json:
    """Say which letters of a batch were delivered and which came back: these go another way, their addresses unverified."""
    return batch.answer(await _tell(batch_no, [item.told() for item in body.items], db, caller, own, dry_run))


@router.post(
    "/letter-batches/{batch_no}/outcomes/csv",
    policy=LETTERS,
    raises=(use_cases.NotPosted,),
    media_types=("text/csv",),
    openapi_extra=CSV_BODY,
    response_model=batch.OutcomesOut,
)
async def tell_letter_outcomes_by_file(
    batch_no: Number, request: Request, db: Db, caller: auth.Current, own: context.Own, dry_run: DryRun = False
) -> Json:
    """Take what became of letters from a CSV file, such as the register with outcomes filled in; rows without are left out."""
    return batch.answer(await _tell(batch_no, outcome_files.parse(await request.body()), db, caller, own, dry_run))


async def _tell(
    batch_no: str, told: Sequence[Told], db: Database, caller: auth.Caller, own: Context, dry_run: bool
) -> list[Outcome]:
    outcomes: list[Outcome] = []
    try:
        async with db.begin() as tx:
            row = await _locked(tx, batch_no, caller)
            outcomes = await use_cases.tell(
                tx, row, told, actor=caller.subject, policies=own.policies, today=own.today()
            )
            if dry_run:
                raise NotStored
            tx.after_commit(own.wake)
    except NotStored:
        pass
    return outcomes


async def _batch(tx: Tx, batch_no: str, caller: auth.Caller) -> Row[Any]:
    row = await store.batch(tx, batch_no, visible=caller.visible)
    if row is None:
        raise errors.not_found("letter_batch")
    return row


async def _locked(tx: Tx, batch_no: str, caller: auth.Caller) -> Row[Any]:
    row = await store.batch_for_update(tx, batch_no)
    if row is None or not caller.may_see(row.org_unit):
        raise errors.not_found("letter_batch")
    return row
