"""Parties over HTTP: the only way in for a name or an address, and the only way out."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from services.notify import context
from services.notify.accounts import store as accounts
from services.notify.context import READ, WRITE, Context, Number
from services.notify.parties import examples, schemas, use_cases
from services.notify.parties.domain import Party
from services.notify.parties.store import parties as store
from services.notify.parties.use_cases import was_read
from shared import civil
from shared.db.engine import Database, Tx
from shared.errors import BusinessError
from shared.fields import Day
from shared.outcome import Outcome
from shared.web import auth, batch, errors, pagination, spreadsheet
from shared.web.batch import No
from shared.web.pagination import Page
from shared.web.routing import Json, Router
from shared.web.state import Db

router = Router(prefix="/v1", tags=["notify"])
CSV_MAX = 50_000  # rows of a file: some seconds
DryRun = Annotated[bool, Query(description="Nothing is stored: the outcomes are those that there would be.")]


class TooManyRows(BusinessError):
    status = 422
    code = "contact_points.too_many_rows"
    title = f"A file has at most {CSV_MAX:,} rows: narrow them by an org unit"


class NothingAskedFor(BusinessError):
    status = 422
    code = "parties.nothing_asked_for"
    title = "Name an account or a service point"


class NotStored(Exception):
    """Ends the unit of work of a dry run."""


async def _put(
    db: Database, caller: auth.Caller, ctx: Context, items: Sequence[Party], *, dry_run: bool = False
) -> list[Outcome]:
    outcomes: list[Outcome] = []
    try:
        async with db.begin() as tx:
            outcomes = await use_cases.put(
                tx,
                items,
                actor=caller.subject,
                may_see=caller.may_see,
                policy=ctx.policies.on(ctx.today()),
                today=ctx.today(),
                vault=ctx.vault,
                take_up=ctx.take_up,
            )
            if dry_run:
                raise NotStored
            tx.after_commit(ctx.wake)
    except NotStored:
        pass
    return outcomes


@router.put(
    "/parties/{party_no}",
    policy=WRITE,
    raises=use_cases.CONFLICTS,
    response_model=batch.OutcomeOut,
    example=examples.PARTY,
)
async def put_party(
    party_no: Number, body: schemas.PartyBody, db: Db, caller: auth.Current, ctx: context.Own, dry_run: DryRun = False
) -> Json:
    """Make or replace a party (当事人) with its contact points and roles."""
    outcomes = await _put(db, caller, ctx, [body.party(party_no, caller.subject)], dry_run=dry_run)
    return batch.single(outcomes, conflicts=[conflict.code for conflict in use_cases.CONFLICTS])


@router.put("/parties", policy=WRITE, response_model=batch.OutcomesOut, example=examples.PARTIES)
async def put_parties(
    body: schemas.PartyBatch, db: Db, caller: auth.Current, ctx: context.Own, dry_run: DryRun = False
) -> Json:
    """Make or replace up to 1,000 parties, each answered by itself; `dry_run` tells the outcomes and stores nothing."""
    items = [item.party(item.party_no, caller.subject) for item in body.items]
    return batch.answer(await _put(db, caller, ctx, items, dry_run=dry_run))


@router.post("/verifications", policy=WRITE, response_model=batch.OutcomesOut, example=examples.VERIFICATIONS)
async def post_verifications(body: schemas.VerificationBatch, db: Db, caller: auth.Current, ctx: context.Own) -> Json:
    """Note that up to 1,000 contact points were verified (核验): called, seen on site, or vouched for by the utility."""
    async with db.begin() as tx:
        outcomes = await use_cases.verify(
            tx,
            [item.verification(caller.subject) for item in body.items],
            may_see=caller.may_see,
            today=ctx.today(),
            vault=ctx.vault,
            take_up=ctx.take_up,
        )
        tx.after_commit(ctx.wake)
    return batch.answer(outcomes)


@router.get("/parties/{party_no}", policy=READ)
async def get_party(party_no: Number, db: Db, caller: auth.Current, ctx: context.Own) -> schemas.PartyOut:
    """Return a party with its name and the addresses of its contact points, for staff of its org unit only; audited."""
    async with db.begin() as tx:
        row = await store.party_row(tx, party_no, visible=caller.visible)
        if row is None:
            raise errors.not_found("party")
        tx.audit(was_read([party_no], actor=caller.subject, what="party"))
        (found,) = await shown(tx, ctx, [party_no])
    return found


async def shown(tx: Tx, ctx: Context, party_nos: Sequence[str]) -> list[schemas.PartyOut]:
    """Return parties as they are shown; the caller writes that they were read."""
    found = await store.parties(tx, ctx.vault, party_nos)
    verified = await store.verifications(tx, party_nos)
    account_nos = sorted({role.account_no for party, _ in found.values() for role in party.roles if role.account_no})
    org_units = await accounts.org_units(tx, account_nos)
    return [schemas.PartyOut.of(*found[party_no], verified, org_units) for party_no in party_nos]


@router.get("/parties", policy=READ, raises=(NothingAskedFor,))
async def list_parties(
    db: Db,
    caller: auth.Current,
    ctx: context.Own,
    wanted: pagination.Query_,
    account_no: Annotated[No | None, Query()] = None,
    service_point_no: Annotated[No | None, Query()] = None,
) -> Page[schemas.PartyOut]:
    """List the parties of an account or a service point, with names and addresses; audited, one entry a party."""
    if account_no is None and service_point_no is None:
        raise NothingAskedFor
    async with db.begin() as tx:
        numbers = await store.page(
            tx,
            account_no=account_no,
            service_point_no=service_point_no,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
        )
        found = await shown(tx, ctx, numbers[: wanted.limit])
        tx.audit(was_read([party.party_no for party in found], actor=caller.subject, what="parties of an account"))
        by_number = {party.party_no: party for party in found}
    return wanted.page(numbers, key=lambda number: (number,), item=lambda number: by_number[number])


@router.post(
    "/parties/{party_no}/moves",
    policy=WRITE,
    raises=(use_cases.NothingToMove, *use_cases.CONFLICTS),
    response_model=batch.OutcomeOut,
    example=examples.MOVE,
)
async def post_move(party_no: Number, body: schemas.MoveIn, db: Db, caller: auth.Current, ctx: context.Own) -> Json:
    """Move a party on a day: its roles towards one account or service point end, and begin towards another."""
    async with db.begin() as tx:
        if await store.party_row(tx, party_no, visible=caller.visible) is None:
            raise errors.not_found("party")
        outcomes = await use_cases.move(
            tx,
            party_no,
            leaves=body.leaves.towards(),
            enters=body.enters.towards() if body.enters else None,
            on=body.on,
            actor=caller.subject,
            may_see=caller.may_see,
            policy=ctx.policies.on(ctx.today()),
            today=ctx.today(),
            vault=ctx.vault,
            take_up=ctx.take_up,
        )
        tx.after_commit(ctx.wake)
    return batch.single(outcomes, conflicts=[conflict.code for conflict in use_cases.CONFLICTS])


@router.post("/party-lookups", policy=READ, example=examples.LOOK_UP)
async def post_lookup(body: schemas.LookUpIn, db: Db, caller: auth.Current, ctx: context.Own) -> schemas.FoundsOut:
    """Find the parties with exactly this name, number or address; audited, also where there is none."""
    indexes = ctx.vault.indexes(body.kind, body.value)
    async with db.begin() as tx:
        rows = await store.looked_up(tx, body.kind, indexes, visible=caller.visible)
        tx.audit(use_cases.was_looked_up(indexes[-1], actor=caller.subject, what=f"{body.kind}: {body.reason}"))
    found = rows[: store.FOUND_MAX]
    return schemas.FoundsOut(items=[schemas.FoundOut.model_validate(row) for row in found], more=len(rows) > len(found))


@router.post("/parties/{party_no}/erasure", policy=WRITE, raises=(use_cases.StillNeeded,), example=examples.ERASURE)
async def post_erasure(
    party_no: Number, body: schemas.ErasureIn, db: Db, caller: auth.Current, ctx: context.Own
) -> batch.OutcomeOut:
    """Erase what says who a party is, once all its roles have ended (个人信息删除); notices and books keep its number."""
    async with db.begin() as tx:
        if await store.party_row(tx, party_no, visible=caller.visible) is None:
            raise errors.not_found("party")
        await use_cases.erase(
            tx, party_no, actor=caller.subject, reason=body.reason, today=ctx.today(), vault=ctx.vault
        )
    return batch.OutcomeOut(index=0, status="done", id=party_no)


@router.get(
    "/stale-contact-points",
    policy=READ,
    responses=spreadsheet.FILE,
    raises=(TooManyRows,),
    response_model=Page[schemas.StaleOut],
)
async def list_stale(
    db: Db,
    caller: auth.Current,
    ctx: context.Own,
    wanted: pagination.Query_,
    on: Annotated[Day | None, Query(description="None: today.")] = None,
    form: spreadsheet.Form = "json",
) -> Response:
    """List the contact points in use that were not confirmed for longer than the policy allows: the next contact asks.

    Those of parties of accounts that often pay late, or were left with something owed, are listed sooner.
    """
    asked = spreadsheet.asked(form, wanted, CSV_MAX)
    day = on or ctx.today()
    policy = ctx.policies.on(day)
    before = civil.months_before(day, policy.stale_months)
    before_of_debtors = civil.months_before(day, min(policy.stale_months, policy.stale_months_debtors))
    async with db.view() as view:
        rows = await store.stale(
            view,
            before=before,
            before_of_debtors=before_of_debtors,
            on=day,
            visible=caller.visible,
            after=asked.after,
            limit=asked.fetch,
        )
    page = asked.page(rows, key=lambda row: (row.party_no, row.point_no), item=schemas.StaleOut.model_validate)
    return spreadsheet.page_or_file(form, page, schemas.StaleOut, TooManyRows)
