"""Bills, the review queue and its decisions over HTTP."""

from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import Path, Query, Request, Response
from sqlalchemy import select

from services.billing.adapters import bill_lines, queries
from services.billing.adapters.tables import BILL, CONTRACT, IS_IN_REVIEW
from services.billing.application import decisions
from services.billing.application.context import Context
from services.billing.domain.bills import ADJUSTED, EFFECTIVE, MOVES, PROPOSED, REVERSED
from services.billing.entrypoints import examples
from services.billing.entrypoints.schemas import (
    BillHead,
    BillOut,
    DecidedOut,
    DecisionIn,
    DecisionOut,
    QueueItem,
)
from shared import web
from shared.events.fact import MAX_NO, Month
from shared.web import auth, business_day, conditional, errors, pagination

router = web.Router("/v1", tags=["bills"])
BillId = Annotated[str, Path(min_length=1, max_length=MAX_NO)]
NoFilter = Annotated[str | None, Query(min_length=1, max_length=MAX_NO)]
StatusFilter = Annotated[str | None, Query(pattern="^(" + "|".join(MOVES) + ")$", max_length=16)]
READ = auth.scope("billing:read")


@router.get("/bills", policy=READ)
async def list_bills(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    account_no: NoFilter = None,
    route_no: NoFilter = None,
    cycle: Annotated[Month | None, Query()] = None,
    status: StatusFilter = None,
) -> pagination.Page[BillHead]:
    """List bill versions, of an account, a route, a cycle or a status, in the order of their making."""
    b = BILL.c
    statement = select(BILL).where(caller.visible(b.org_unit), wanted.after(b.bill_id))
    if account_no is not None:
        own = select(CONTRACT.c.contract_no).where(CONTRACT.c.account_no == account_no)
        statement = statement.where(b.contract_no.in_(own))
    for column, value in ((b.route_no, route_no), (b.cycle, cycle), (b.status, status)):
        if value is not None:
            statement = statement.where(column == value)
    async with db.view() as view:
        rows = await view.all(statement.order_by(b.bill_id).limit(wanted.fetch))
    return wanted.page(rows, key=lambda row: (row.bill_id,), item=lambda row: BillHead(**_head(row)))


@router.get("/bills/{bill_id}", policy=READ)
async def get_bill(bill_id: BillId, caller: auth.Current, db: web.Db, response: Response) -> BillOut:
    """Return a bill with its lines, formulas, decisions, and what it was derived from."""
    async with db.view() as view:
        row = await queries.bill(view, bill_id)
        if row is None or not caller.may_see(row.org_unit):
            raise errors.not_found("bill")
        later = await queries.replaced_by(view, bill_id, row.contract_no)
        correction_id = await queries.corrected_by(view, bill_id, row.contract_no)
        told_by = await queries.told_by(view, bill_id) if row.by_difference else None
        made = await queries.decisions(view, bill_id)
        node = await queries.trace(view, "bill", bill_id)
    assert node is not None
    context, state = orjson.loads(row.context), row.restated_state or row.ladder_state
    response.headers["ETag"] = conditional.etag(row.row_version)
    return BillOut(
        **_head(row),
        lines=bill_lines.shown(row.lines),
        components=dict(orjson.loads(row.components)),
        tax_fen=context["tax_fen"],
        quantities_wh=context["quantities"],
        tariffs=[{"id": t[0], "version": t[1], "content_hash": t[2]} for t in orjson.loads(row.tariffs)],
        ladder_state=orjson.loads(state) if state else None,
        replaces=row.replaces,
        replaced_by=later,
        correction_id=row.correction_id,
        reversed_by=correction_id if row.status == REVERSED else None,
        adjusted_by=correction_id if row.status == ADJUSTED else None,
        difference_id=told_by,
        decisions=[DecisionOut(**{name: d._mapping[name] for name in DecisionOut.model_fields}) for d in made],
        calculated_at=row.calculated_at,
        derived_from=[{"service": o.service, "kind": o.kind, "id": o.id} for o in node.derived_from],
    )


@router.get("/review-queue", policy=READ)
async def review_queue(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, route_no: NoFilter = None
) -> pagination.Page[QueueItem]:
    """List the bills that wait for a reviewer, oldest first, with their findings and who read."""
    b = BILL.c
    statement = select(BILL).where(caller.visible(b.org_unit), IS_IN_REVIEW, wanted.after(b.held_at, b.bill_id))
    if route_no is not None:
        statement = statement.where(b.route_no == route_no)
    async with db.view() as view:
        rows = await view.all(statement.order_by(b.held_at, b.bill_id).limit(wanted.fetch))
        readers = await queries.readers(view, [row.bill_id for row in rows])
    now = db.clock.now()
    return wanted.page(
        rows,
        key=lambda row: (row.held_at, row.bill_id),
        item=lambda row: QueueItem(
            **_head(row), held_at=row.held_at, age_seconds=_age(now, row.held_at), read_by=readers.get(row.bill_id, [])
        ),
    )


@router.post(
    "/bills/{bill_id}/decisions",
    policy=auth.scope("billing:review"),
    raises=(
        decisions.UnknownBill,
        decisions.StaleDecision,
        decisions.ReviewerRead,
        decisions.ExplanationMissing,
        decisions.NotDecidable,
        decisions.NotRated,
        decisions.ContractGone,
        business_day.InTheFuture,
        *conditional.RAISES,
    ),
    example=examples.DECISION,
)
async def decide(
    bill_id: BillId,
    body: DecisionIn,
    seen: conditional.VersionSeen,
    request: Request,
    caller: auth.Current,
    db: web.Db,
) -> DecidedOut:
    """Decide on a bill in the version that If-Match names; the answer is the bill now in force."""
    business_day.check(request.app.state.web, body.business_date)
    context: Context = request.app.state.context
    decision = decisions.Decision(
        kind=body.decision,
        explanation=body.explanation,
        actor=caller.subject,
        seen=seen,
        business_date=body.business_date,
    )
    async with db.begin() as tx:
        await decisions.decide(tx, bill_id, decision, may_see=caller.may_see, context=context)
    async with db.view() as view:
        own = await queries.bill(view, bill_id)
        assert own is not None
        b = BILL.c
        now = await view.first(
            select(b.bill_id, b.status, b.row_version)
            .where(
                b.contract_no == own.contract_no,
                b.period_from == own.period_from,
                b.period_to == own.period_to,
                b.status.in_((*EFFECTIVE, PROPOSED)),
            )
            .order_by(b.version.desc())
            .limit(1)
        )
    shown = now or own
    return DecidedOut(bill_id=shown.bill_id, status=shown.status, row_version=shown.row_version)


_PLAIN = tuple(name for name in BillHead.model_fields if name != "findings")


def _head(row: Any) -> dict[str, Any]:
    return {name: row._mapping[name] for name in _PLAIN} | {"findings": orjson.loads(row.findings)}


def _age(now: datetime, since: datetime) -> int:
    return max(int((now - since).total_seconds()), 0)
