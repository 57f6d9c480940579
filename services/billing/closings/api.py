"""Unused supply and closings over HTTP."""

from typing import Annotated

from fastapi import Path, Query, Response

from services.billing.business_day import store as business_days
from services.billing.closings import examples, schemas
from services.billing.closings.domain.closing import Closing
from services.billing.closings.domain.life import OBJECTED, TAKEN_BACK
from services.billing.closings.store import closings as store
from services.billing.closings.store import findings as findings_store
from services.billing.closings.store import unused as unused_store
from services.billing.closings.use_cases import approving, by_hand, finding, findings, proposing
from services.billing.closings.use_cases.by_hand import Deed
from services.billing.context import Own
from shared import approvals, web
from shared.db.engine import View
from shared.events.fact import MAX_NO
from shared.web import auth, business_day, conditional, errors, pagination, state
from shared.web.approvals import ASKED, asked

router = web.Router("/v1", tags=["closings"])
READ, WRITE = auth.scope("billing:read"), auth.scope("billing:write")
No = Annotated[str, Path(min_length=1, max_length=MAX_NO)]
NoFilter = Annotated[str | None, Query(min_length=1, max_length=MAX_NO)]
_DEED = (by_hand.UnknownClosing, business_day.InTheFuture)


@router.get("/unused-supplies", policy=READ)
async def list_unused(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    unused_state: Annotated[schemas.UnusedState | None, Query(alias="state")] = None,
    overdue: bool = False,
) -> pagination.Page[schemas.UnusedOut]:
    """List supply that nobody uses, as the self-check found it last (电量连续为零); `overdue`: not taken up in time."""
    async with db.view() as view:
        latest = await business_days.latest(view) if overdue else None
        rows = await unused_store.page(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            state=unused_state,
            late_on=latest,
        )
    return wanted.page(
        rows, key=lambda row: (row.contract_no,), item=lambda row: schemas.UnusedOut.of(unused_store.of(row))
    )


@router.post(
    "/unused-supplies/{contract_no}/explanation",
    policy=WRITE,
    raises=(finding.UnknownUnused, finding.NotOpen, finding.AlreadyOver, finding.TooLong),
    example=examples.EXPLANATION,
)
async def explain(
    contract_no: No, body: schemas.ExplanationIn, own: Own, caller: auth.Current, db: web.Db
) -> schemas.UnusedOut:
    """Say why a supply is unused, and until when that holds: for as many months at most as the policy says."""
    async with db.begin() as tx:
        row = await finding.explain(
            tx,
            contract_no,
            why=body.why,
            until=body.until,
            explanation=body.explanation,
            actor=caller.subject,
            may_see=caller.may_see,
            context=own,
        )
    return schemas.UnusedOut.of(row)


@router.post(
    "/closings",
    policy=WRITE,
    raises=(
        finding.UnknownUnused,
        finding.NotOpen,
        proposing.UnderWay,
        proposing.FoundLater,
        business_day.InTheFuture,
    ),
    status_code=201,
    example=examples.PROPOSAL,
)
async def propose(
    body: schemas.ProposalIn, own: Own, parts: state.Current, caller: auth.Current, db: web.Db
) -> schemas.ClosingOut:
    """Propose the closing (销户) of a contract on the work list; another person is asked to check it on site."""
    business_day.check(parts, body.business_date)
    async with db.begin() as tx:
        found = await proposing.propose(
            tx,
            body.contract_no,
            business_date=body.business_date,
            explanation=body.explanation,
            actor=caller.subject,
            may_see=caller.may_see,
            context=own,
        )
        return await _shown(tx, found)


@router.get("/closings", policy=READ)
async def list_closings(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    closing_state: Annotated[schemas.State | None, Query(alias="state")] = None,
    overdue: bool = False,
    waiting: bool = False,
    account_no: NoFilter = None,
    service_point_no: NoFilter = None,
) -> pagination.Page[schemas.ClosingOut]:
    """List closings; `overdue`: their step was due, `waiting`: they wait for what does not come by itself."""
    async with db.view() as view:
        latest = await business_days.latest(view)
        filters = store.Filters(
            state=closing_state,
            account_no=account_no,
            service_point_no=service_point_no,
            late_on=latest if overdue else None,
            waiting=waiting,
        )
        rows = await store.page(view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, filters=filters)
    return wanted.page(
        rows, key=lambda row: (row.closing_no,), item=lambda row: schemas.ClosingOut.of(store.of(row), latest)
    )


@router.get(
    "/closings/announced", policy=auth.public("an announcement is for everybody, and names a place and no person")
)
async def list_announced(db: web.Db, wanted: pagination.Query_) -> pagination.Page[schemas.AnnouncedOut]:
    """List the closings that are announced now (公示), of all org units."""
    async with db.view() as view:
        rows = await store.announced(view, after=wanted.after, limit=wanted.fetch)
    return wanted.page(
        rows,
        key=lambda row: (row.service_point_no, row.closing_no),
        item=lambda row: schemas.AnnouncedOut(**dict(row._mapping)),
    )


@router.get("/closing-findings", policy=READ)
async def list_findings(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    finding_state: Annotated[schemas.FindingState | None, Query(alias="state")] = None,
    code: schemas.FindingCode | None = None,
    account_no: NoFilter = None,
    overdue: bool = False,
) -> pagination.Page[schemas.FindingOut]:
    """List what came of closings too late to be a step of them; `overdue`: not explained in time."""
    async with db.view() as view:
        latest = await business_days.latest(view) if overdue else None
        filters = findings_store.Filters(state=finding_state, code=code, account_no=account_no, late_on=latest)
        rows = await findings_store.page(
            view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, filters=filters
        )
    return wanted.page(
        rows,
        key=lambda row: (row.closing_no, row.code),
        item=lambda row: schemas.FindingOut.of(findings_store.of(row)),
    )


@router.post(
    "/closings/{closing_no}/findings/{code}/explanation",
    policy=WRITE,
    raises=(
        by_hand.UnknownClosing,
        findings.UnknownFinding,
        findings.NotOpen,
        findings.Changed,
        findings.TookPart,
    ),
    example=examples.FINDING,
)
async def explain_finding(
    closing_no: No, code: schemas.FindingCode, body: schemas.FindingExplanationIn, caller: auth.Current, db: web.Db
) -> schemas.FindingOut:
    """Say what becomes of a finding; a closing that waits for it goes on."""
    async with db.begin() as tx:
        found = await findings.explain(
            tx,
            closing_no,
            code,
            what=body.what,
            explanation=body.explanation,
            actor=caller.subject,
            may_see=caller.may_see,
        )
    return schemas.FindingOut.of(found)


@router.get("/closings/{closing_no}", policy=READ)
async def get_closing(closing_no: No, caller: auth.Current, db: web.Db, response: Response) -> schemas.ClosingOut:
    """Return a closing, with who did what."""
    async with db.view() as view:
        found = await store.get(view, closing_no)
        if found is None or not caller.may_see(found.org_unit):
            raise errors.not_found("closing")
        response.headers["ETag"] = conditional.etag(found.version)
        return await _shown(view, found)


@router.post(
    "/closings/{closing_no}/objection",
    policy=WRITE,
    raises=(*_DEED, by_hand.EndedAlready),
    example=examples.OBJECTION,
)
async def object_(
    closing_no: No, body: schemas.DeedIn, own: Own, parts: state.Current, caller: auth.Current, db: web.Db
) -> schemas.ClosingOut:
    """Take down that somebody objects (异议): the closing is withdrawn at once.

    Once its contract has ended it stays as it is, and the objection is listed at `GET /v1/closing-findings`.
    """
    business_day.check(parts, body.business_date)
    async with db.begin() as tx:
        return await _shown(tx, await by_hand.withdraw(tx, _deed(closing_no, body, caller), OBJECTED, context=own))


@router.post(
    "/closings/{closing_no}/withdrawal",
    policy=WRITE,
    raises=(*_DEED, by_hand.EndedAlready),
    example=examples.TAKEN_BACK,
)
async def withdraw(
    closing_no: No, body: schemas.DeedIn, own: Own, parts: state.Current, caller: auth.Current, db: web.Db
) -> schemas.ClosingOut:
    """Take a closing back that should not have been proposed."""
    business_day.check(parts, body.business_date)
    async with db.begin() as tx:
        return await _shown(tx, await by_hand.withdraw(tx, _deed(closing_no, body, caller), TAKEN_BACK, context=own))


@router.post(
    "/closings/{closing_no}/told",
    policy=WRITE,
    raises=(*_DEED, by_hand.NotAnnounced, by_hand.ToldTooEarly),
    example=examples.TOLD,
)
async def tell(
    closing_no: No, body: schemas.ToldIn, parts: state.Current, caller: auth.Current, db: web.Db
) -> schemas.ClosingOut:
    """Note that the customer was told of the announcement in person, where no notice could be delivered."""
    business_day.check(parts, body.told_on)
    deed = Deed(
        closing_no=closing_no,
        actor=caller.subject,
        on=body.told_on,
        explanation=body.explanation,
        may_see=caller.may_see,
    )
    async with db.begin() as tx:
        return await _shown(tx, await by_hand.tell(tx, deed, body.way))


@router.post(
    "/closings/{closing_no}/site-orders",
    policy=WRITE,
    raises=(*_DEED, by_hand.NothingToAsk),
    example=examples.AGAIN,
)
async def ask_again(
    closing_no: No, body: schemas.DeedIn, own: Own, parts: state.Current, caller: auth.Current, db: web.Db
) -> schemas.ClosingOut:
    """Ask again for the check or the final read that could not be done, or that its proposer has done."""
    business_day.check(parts, body.business_date)
    async with db.begin() as tx:
        return await _shown(tx, await by_hand.ask_again(tx, _deed(closing_no, body, caller), context=own))


@router.post(
    "/closings/{closing_no}/approval",
    policy=WRITE,
    raises=(
        by_hand.UnknownClosing,
        approving.NotYet,
        approving.Against,
        approving.LateObjection,
        approvals.AskedAlready,
        *conditional.RAISES,
    ),
    responses=ASKED,
    status_code=202,
    example=examples.APPROVAL,
)
async def ask_approval(
    closing_no: No,
    body: schemas.ApprovalIn,
    seen: conditional.VersionSeen,
    own: Own,
    caller: auth.Current,
    db: web.Db,
) -> Response:
    """Ask a second person to approve a closing once the time for objections is over; then its final read is asked for."""
    async with db.begin() as tx:
        found = await approving.ask(
            tx,
            closing_no,
            seen=seen,
            explanation=body.explanation,
            actor=caller.subject,
            may_see=caller.may_see,
            context=own,
        )
    return asked(found)


def _deed(closing_no: str, body: schemas.DeedIn, caller: auth.Caller) -> Deed:
    return Deed(
        closing_no=closing_no,
        actor=caller.subject,
        on=body.business_date,
        explanation=body.explanation,
        may_see=caller.may_see,
    )


async def _shown(view: View, closing: Closing) -> schemas.ClosingOut:
    return schemas.ClosingOut.of(closing, await business_days.latest(view))
