"""Routes of findings of conduct."""

from dataclasses import replace
from typing import Annotated

from fastapi import Depends
from starlette.responses import Response

from services.reading.conduct import examples, schemas, store
from services.reading.conduct.store import Filters
from services.reading.conduct.use_cases import deciding
from services.reading.context import DUTY, WRITE, Own
from services.reading.network.schemas import Code, No, OrgUnit
from services.reading.reads.domain.days import ReadDays
from shared import web
from shared.fields import Month
from shared.web import auth, batch, pagination
from shared.web.batch import OutcomesOut

router = web.Router("/v1", tags=["conduct"])


def _filters(
    rule: Code | None = None,
    cycle: Month | None = None,
    route_no: No | None = None,
    reader: No | None = None,
    subject: No | None = None,
    state: schemas.State | None = None,
    org_unit: OrgUnit | None = None,
) -> Filters:
    return Filters(
        rule=rule, cycle=cycle, route_no=route_no, reader=reader, subject=subject, state=state, org_unit=org_unit
    )


@router.get("/conduct-findings", policy=DUTY)
async def list_findings(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, filters: Annotated[Filters, Depends(_filters)]
) -> pagination.Page[schemas.ConductFindingOut]:
    """List findings of conduct by read date; who has `reading:field` alone sees the own ones."""
    if not caller.has("reading:read"):
        filters = replace(filters, reader=caller.subject)
    async with db.view() as view:
        rows = await store.listed(view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, filters=filters)
    return wanted.page(
        rows,
        key=lambda row: (row.read_date, row.finding_id),
        item=lambda row: schemas.ConductFindingOut.model_validate(store.document(row)),
    )


@router.post("/conduct-findings/decisions", policy=WRITE, example=examples.DECISIONS, response_model=OutcomesOut)
async def post_decisions(body: schemas.DecisionsIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Confirm or explain up to 1,000 findings in the version seen, each answered by itself; nobody decides on the own conduct."""
    days = ReadDays(own.policies, own.zone)
    async with db.begin() as tx:
        outcomes = await deciding.decide(
            tx, [item.given() for item in body.items], actor=caller.subject, may_see=caller.may_see, days=days
        )
    return batch.answer(outcomes)
