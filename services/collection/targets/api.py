"""Routes of those who collect, and of what they are to collect."""

from starlette.responses import Response

from services.collection.context import READ, WRITE, Own
from services.collection.targets import examples, schemas, store
from services.collection.targets.domain import ORG_UNIT, ROUTE, TEAM, Assignment, Target
from services.collection.targets.use_cases import targets, teams
from shared import web
from shared.fields import Day, Month
from shared.web import auth, batch, pagination
from shared.web.batch import Code

router = web.Router("/v1", tags=["recovery"])


@router.put("/teams", policy=WRITE, example=examples.TEAMS, response_model=batch.OutcomesOut)
async def put_teams(body: schemas.TeamsIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Say which team collects what an org unit or a route is owed, from a day on; each item is answered by itself."""
    given = [
        Assignment(
            unit_kind=ORG_UNIT if item.route_no is None else ROUTE,
            unit=item.route_no or item.org_unit,
            valid_from=item.from_,
            org_unit=item.org_unit,
            team=item.team,
        )
        for item in body.items
    ]
    async with db.begin() as tx:
        outcomes = await teams.put(tx, given, actor=caller.subject, may_see=caller.may_see, today=own.today())
    return batch.answer(outcomes)


@router.get("/teams", policy=READ)
async def list_teams(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, team: Code | None = None, on: Day | None = None
) -> pagination.Page[schemas.TeamOut]:
    """List who collects what: of a team, or as it holds on a day."""
    async with db.view() as view:
        rows = await store.teams(view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, team=team, on=on)
    return wanted.page(
        rows,
        key=lambda row: (row.unit_kind, row.unit, row.valid_from),
        item=lambda row: schemas.TeamOut.model_validate(row, from_attributes=True),
    )


@router.put("/targets", policy=WRITE, example=examples.TARGETS, response_model=batch.OutcomesOut)
async def put_targets(body: schemas.TargetsIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Set how much of what is due of a month a unit is to collect; each item is answered by itself.

    A target of a month that has not ended may be set anew: a version of its own, audited. That of a past month stays.
    """
    given = [
        Target(
            month=item.month,
            unit_kind=ROUTE if item.route_no else TEAM if item.team else ORG_UNIT,
            unit=item.route_no or item.team or item.org_unit,
            org_unit=item.org_unit,
            rate_bp=item.rate_bp,
        )
        for item in body.items
    ]
    async with db.begin() as tx:
        outcomes = await targets.put(tx, given, actor=caller.subject, may_see=caller.may_see, today=own.today())
    return batch.answer(outcomes)


@router.get("/targets", policy=READ)
async def list_targets(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, month: Month | None = None, last: bool = False
) -> pagination.Page[schemas.TargetOut]:
    """List targets with all their versions, or as they were set last."""
    async with db.view() as view:
        rows = await store.targets(
            view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, month=month, last=last
        )
    return wanted.page(
        rows,
        key=lambda row: (row.month, row.unit_kind, row.unit, row.version),
        item=lambda row: schemas.TargetOut.model_validate(row, from_attributes=True),
    )
