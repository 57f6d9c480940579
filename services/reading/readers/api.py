"""Routes of readers: who is assigned, who should change with whom, and tasks with who was to read and who did."""

from typing import Annotated, Literal

from fastapi import Query
from starlette.responses import Response

from services.reading.context import DUTY, READ, WRITE, Own
from services.reading.network.domain import calendar
from services.reading.network.schemas import No, OrgUnit
from services.reading.policies.domain import Role
from services.reading.readers import examples, schemas
from services.reading.readers.domain.assignments import Kind
from services.reading.readers.store import assignments, duty
from services.reading.readers.store.assignments import Filters
from services.reading.readers.use_cases import assigning, rotating, who
from services.reading.reads.domain.days import ReadDays
from shared import web
from shared.fields import Day, Month
from shared.web import auth, batch, errors, pagination
from shared.web.batch import OutcomesOut

router = web.Router("/v1", tags=["readers"])


@router.put("/reader-assignments", policy=WRITE, example=examples.ASSIGNMENTS, response_model=OutcomesOut)
async def put_assignments(body: schemas.AssignmentsIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Assign up to 1,000 readers (抄表员), inspectors (用电检查员) and deputies (代班) by days, each answered by itself."""
    async with db.begin() as tx:
        outcomes = await assigning.put(
            tx,
            [item.wanted() for item in body.items],
            actor=caller.subject,
            may_see=caller.may_see,
            today=calendar.local_day(tx.now, own.zone),
        )
    return batch.answer(outcomes)


@router.get("/reader-assignments", policy=READ)
async def list_assignments(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    kind: Kind | None = None,
    role: Role | None = None,
    route_no: No | None = None,
    subject: Annotated[No | None, Query(description="Who has it, or whose deputy it is.")] = None,
    on: Annotated[Day | None, Query(description="Those that hold on this day.")] = None,
) -> pagination.Page[schemas.AssignmentOut]:
    """List assignments by route or person, role and first day, also those that were taken back."""
    filters = Filters(kind=kind, role=role, of_no=route_no, subject=subject, on=on)
    async with db.view() as view:
        rows = await assignments.listed(
            view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, filters=filters
        )
    return wanted.page(
        rows, key=lambda row: (row.kind, row.of_no, row.role, row.from_day), item=schemas.AssignmentOut.of
    )


@router.get("/route-readers", policy=DUTY)
async def list_route_readers(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    on: Day,
    subject: Annotated[No | None, Query(description="Routes of this person alone.")] = None,
) -> pagination.Page[schemas.RouteReadersOut]:
    """List routes with who has their roles on a day; who has `reading:field` alone sees the own ones."""
    subject = subject if caller.has("reading:read") else caller.subject
    async with db.view() as view:
        rows = await duty.routes_of_day(
            view, on, visible=caller.visible, after=wanted.after, limit=wanted.fetch, subject=subject
        )
    return wanted.page(
        rows,
        key=lambda row: (row.route_no,),
        item=lambda row: schemas.RouteReadersOut.model_validate(row, from_attributes=True),
    )


@router.get("/reader-rotations", policy=READ)
async def get_rotation(
    caller: auth.Current,
    db: web.Db,
    own: Own,
    org_unit: OrgUnit,
    from_: Annotated[Day, Query(alias="from", description="The day from which readers change.")],
) -> schemas.ProposalOut:
    """Propose which readers of an org unit change their routes (轮换), by policy; nothing changes by it."""
    if not caller.may_see(org_unit):
        raise errors.not_found("org_unit")
    async with db.view() as view:
        proposal = await rotating.propose(view, org_unit, from_, own.policies)
    return schemas.ProposalOut.of(proposal)


@router.post(
    "/reader-rotations/acceptances",
    policy=WRITE,
    raises=(rotating.OtherProposal, rotating.DayIsPast),
    example=examples.ACCEPTED,
)
async def post_acceptance(body: schemas.AcceptedIn, caller: auth.Current, db: web.Db, own: Own) -> schemas.ProposalOut:
    """Assign what was proposed, from its day on; refused where it is another proposal by now."""
    if not caller.may_see(body.org_unit):
        raise errors.not_found("org_unit")
    async with db.begin() as tx:
        accepted = await rotating.accept(
            tx,
            body.org_unit,
            body.from_,
            content_hash=body.content_hash,
            policies=own.policies,
            actor=caller.subject,
            may_see=caller.may_see,
            today=calendar.local_day(tx.now, own.zone),
        )
    return schemas.ProposalOut.of(accepted)


@router.get("/tasks", policy=READ)
async def list_tasks(
    caller: auth.Current,
    db: web.Db,
    own: Own,
    wanted: pagination.Query_,
    route_no: No | None = None,
    cycle: Month | None = None,
    status: Literal["open", "suspect", "read", "estimated", "missed"] | None = None,
    service_point_no: No | None = None,
    planned_reader: No | None = None,
    unexplained: bool = False,
) -> pagination.Page[schemas.ReaderTaskOut]:
    """List reading tasks, each with who was to read it and who did. `unexplained`: those with neither a read nor a reason."""
    async with db.view() as view:
        rows = await who.tasks_with_readers(
            view,
            ReadDays(own.policies, own.zone),
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            route_no=route_no,
            cycle=cycle,
            status=status,
            service_point_no=service_point_no,
            planned_reader=planned_reader,
            is_unexplained=unexplained,
        )
    return wanted.page(rows, key=lambda row: row.key, item=lambda row: schemas.ReaderTaskOut.model_validate(row.shown))
