"""Routes of what disputes hold of dunning."""

from datetime import date

from pydantic import BaseModel

from services.collection.context import READ
from services.collection.dunning.store import doubts as store
from shared import web
from shared.fields import Day
from shared.web import auth, pagination
from shared.web.batch import No

router = web.Router("/v1", tags=["dunning"])


class HoldOut(BaseModel):
    """A cycle of a service point that is in doubt: nobody is reminded of it up to `held_until`; null: the dispute has ended."""

    dispute_no: str
    service_point_no: str
    cycle: str
    org_unit: str
    state: str
    opened_on: date
    held_until: date | None


@router.get("/dispute-holds", policy=READ)
async def list_holds(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    service_point_no: No | None = None,
    held_on: Day | None = None,
    lapsed_on: Day | None = None,
) -> pagination.Page[HoldOut]:
    """List what disputes hold of dunning. `held_on`: on that day; `lapsed_on`: whose hold ended before that day, not renewed."""
    async with db.view() as view:
        rows = await store.holds(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            service_point_no=service_point_no,
            held_on=held_on,
            lapsed_on=lapsed_on,
        )
    return wanted.page(
        rows,
        key=lambda row: (row.dispute_no, row.cycle),
        item=lambda row: HoldOut.model_validate(row, from_attributes=True),
    )


class ChargeHoldOut(BaseModel):
    """A charge of a case that is disputed: nobody is reminded of it up to `held_until`; null: the hold has ended."""

    charge_no: str
    account_no: str
    service_point_no: str
    org_unit: str
    held_until: date | None


@router.get("/charge-holds", policy=READ)
async def list_charge_holds(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    account_no: No | None = None,
    held_on: Day | None = None,
) -> pagination.Page[ChargeHoldOut]:
    """List the charges of cases that are or were held of dunning. `held_on`: on that day."""
    async with db.view() as view:
        rows = await store.charge_holds(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            account_no=account_no,
            held_on=held_on,
        )
    return wanted.page(
        rows,
        key=lambda row: (row.charge_no,),
        item=lambda row: ChargeHoldOut.model_validate(row, from_attributes=True),
    )
