"""Freezes over HTTP: set, listed, lifted, and the bills that wait for them."""

from typing import Annotated

from fastapi import Path, Query

from services.billing.bills.api.bills import READ, NoFilter, head
from services.billing.bills.store import bills as bills_store
from services.billing.bills.store import shown
from services.billing.context import Own
from services.billing.freezes import store
from services.billing.freezes.domain import Kind, Standing
from services.billing.freezing import examples, use_cases
from services.billing.freezing.schemas import FreezeIn, FreezeOut, FrozenBillOut, LiftIn
from services.billing.freezing.use_cases import Freezing
from shared import web
from shared.events.fact import MAX_NO
from shared.web import auth, pagination

router = web.Router("/v1", tags=["freezes"])
FREEZE = auth.scope("billing:review", "billing:release")
RELEASE = "billing:release"
FreezeId = Annotated[str, Path(min_length=1, max_length=MAX_NO)]


@router.post(
    "/freezes",
    policy=FREEZE,
    raises=(use_cases.UnknownSubject, use_cases.OverAlready, use_cases.StandsAlready, use_cases.TooMany),
    example=examples.FREEZE,
)
async def post_freeze(body: FreezeIn, caller: auth.Current, db: web.Db) -> FreezeOut:
    """Freeze a bill, a contract, a route or a rule: no bill of it goes out, and no issued one is corrected, while that stands.

    A bill or contract takes `billing:review`, a route or rule `billing:release`.
    """
    kind, subject = body.named()
    _require_scope(caller, kind)
    wanted = Freezing(kind=kind, subject=subject, reason=body.reason, until=body.until, actor=caller.subject)
    async with db.begin() as tx:
        freeze_id = await use_cases.freeze(tx, wanted, may_see=caller.may_see)
        row = await store.get(tx, freeze_id)
    return FreezeOut.of(row)


@router.get("/freezes", policy=READ)
async def list_freezes(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    kind: Annotated[Kind | None, Query()] = None,
    stands: Annotated[bool | None, Query(description="those alone that stand, or that do not")] = None,
) -> pagination.Page[FreezeOut]:
    """List freezes in the order of their making."""
    async with db.view() as view:
        rows = await store.page(
            view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, kind=kind, stands=stands
        )
    return wanted.page(rows, key=lambda row: (row.freeze_id,), item=FreezeOut.of)


@router.post(
    "/freezes/{freeze_id}/lift",
    policy=FREEZE,
    raises=(use_cases.UnknownFreeze, use_cases.LiftedAlready),
    example=examples.LIFT,
)
async def lift_freeze(freeze_id: FreezeId, body: LiftIn, own: Own, caller: auth.Current, db: web.Db) -> FreezeOut:
    """Lift a freeze: what waited goes out by itself. Takes the scope that freezing it took."""
    async with db.view() as view:
        found = await store.get(view, freeze_id)
    if found is None or not caller.may_see(found.org_unit):
        raise use_cases.UnknownFreeze
    _require_scope(caller, found.kind)
    async with db.begin() as tx:
        await use_cases.lift(tx, freeze_id, reason=body.reason, actor=caller.subject, context=own)
        row = await store.get(tx, freeze_id)
    return FreezeOut.of(row)


@router.get("/frozen-bills", policy=READ)
async def list_frozen_bills(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    freeze_id: NoFilter = None,
) -> pagination.Page[FrozenBillOut]:
    """List the bills, ready or in review, that freezes keep from going out, of one freeze or of all that stand."""
    async with db.view() as view:
        standing = await store.standing(view)
        asked = [each for each in standing.freezes if freeze_id in (None, each.freeze_id)]
        rows = await shown.frozen(view, Standing(asked), visible=caller.visible, after=wanted.after, limit=wanted.fetch)
    return wanted.page(
        rows,
        key=lambda row: (row.bill_id,),
        item=lambda row: FrozenBillOut(**head(row), frozen_by=bills_store.frozen_by(standing, row)),
    )


def _require_scope(caller: auth.Caller, kind: str) -> None:
    """Refuse (403) to freeze or lift what keeps back many bills to who may not release them, and what is one's to who may."""
    if not caller.has(RELEASE if kind in use_cases.OF_RELEASE else "billing:review"):
        raise auth.forbidden_scope()
