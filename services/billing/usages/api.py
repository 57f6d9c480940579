"""Usages that wait, over HTTP."""

from datetime import date, datetime

from pydantic import BaseModel

from services.billing.usages import store
from shared import web
from shared.web import auth, pagination

router = web.Router("/v1", tags=["runs"])
READ = auth.scope("billing:read")


class WaitingUsage(BaseModel):
    """A usage that no contract covers yet; it is billed by itself when one does."""

    usage_id: str
    service_point_no: str
    org_unit: str
    route_no: str
    cycle: str
    period_from: date
    period_to: date
    version: int
    waiting_for: str
    received_at: datetime


@router.get("/waiting-usages", policy=READ)
async def list_waiting(caller: auth.Current, db: web.Db, wanted: pagination.Query_) -> pagination.Page[WaitingUsage]:
    """List the usages that wait for a contract, by service point."""
    async with db.view() as view:
        names = tuple(WaitingUsage.model_fields)
        rows = await store.page_of_waiting(
            view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, names=names
        )
    return wanted.page(
        rows, key=lambda row: (row.service_point_no, row.usage_id), item=lambda row: WaitingUsage(**row._mapping)
    )
