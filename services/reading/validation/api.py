"""Routes of findings."""

from datetime import datetime

from pydantic import BaseModel

from services.reading.context import READ
from services.reading.network.schemas import Code, No
from services.reading.validation import store
from shared import web
from shared.fields import Month
from shared.web import auth, pagination

router = web.Router("/v1", tags=["findings"])


class FindingOut(BaseModel):
    finding_id: str
    entity_kind: str
    entity_id: str
    code: str
    service_point_no: str
    org_unit: str
    cycle: str
    numbers: dict[str, int]
    created_at: datetime


@router.get("/findings", policy=READ)
async def list_findings(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    code: Code | None = None,
    cycle: Month | None = None,
    service_point_no: No | None = None,
) -> pagination.Page[FindingOut]:
    """List findings of validation."""
    async with db.view() as view:
        rows = await store.listed(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            code=code,
            cycle=cycle,
            service_point_no=service_point_no,
        )
    return wanted.page(rows, key=lambda row: (row.finding_id,), item=lambda row: FindingOut(**store.document(row)))
