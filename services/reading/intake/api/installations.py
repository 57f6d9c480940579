"""Routes, and what usages rest on: of points, meters and installations these follow a change in the same unit of work."""

from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from services.reading.context import READ, WRITE, Context, Own
from services.reading.intake.use_cases import changing, connecting, following
from services.reading.network import examples, schemas
from services.reading.network.domain.reference import Meter, Route
from services.reading.network.schemas import MeterNo, No
from services.reading.network.store import installations as store
from services.reading.network.use_cases import installation_corrections as corrections
from services.reading.network.use_cases import installations, reference
from services.reading.network.use_cases.reference import PointGiven
from services.reading.reads.domain.days import ReadDays
from services.reading.tasks.use_cases import late_points, routes
from shared import approvals, web
from shared.db.approvals import Approval
from shared.fields import Day
from shared.outcome import Outcome
from shared.web import auth, batch, errors, pagination
from shared.web.approvals import ASKED, AWAITING, asked
from shared.web.batch import OutcomeOut, OutcomesOut

router = web.Router("/v1", tags=["reference data"])


async def _put_routes(db: web.Db, caller: auth.Caller, wanted: list[Route]) -> list[Outcome]:
    async with db.begin() as tx:
        return await routes.put(tx, wanted, actor=caller.subject, may_see=caller.may_see)


@router.put(
    "/routes/{route_no}",
    policy=WRITE,
    raises=(routes.NeedsRequest,),
    response_model=OutcomeOut,
    example=examples.ROUTE,
)
async def put_route(
    route_no: Annotated[No, Path()], body: schemas.RouteIn, caller: auth.Current, db: web.Db
) -> Response:
    """Put a route with its read day (抄表例日). One that has a cycle keeps read day and months: 409 `read_day.needs_request`."""
    outcomes = await _put_routes(db, caller, [body.route(route_no)])
    return batch.single(outcomes, conflicts=[routes.NeedsRequest.code])


@router.put("/routes", policy=WRITE, example=examples.ROUTES, response_model=OutcomesOut)
async def put_routes(body: schemas.Routes, caller: auth.Current, db: web.Db) -> Response:
    """Put up to 1,000 routes."""
    return batch.answer(await _put_routes(db, caller, [item.route(item.route_no) for item in body.items]))


async def _put_points(db: web.Db, caller: auth.Caller, own: Context, given: list[PointGiven]) -> list[Outcome]:
    async with db.begin() as tx:
        by = changing.By(actor=caller.subject, may_see=caller.may_see)
        return await connecting.put(tx, given, by=by, own=own)


@router.put(
    "/service-points/{service_point_no}",
    policy=WRITE,
    raises=(reference.UnknownRoute, approvals.AskedAlready),
    responses=AWAITING,
    response_model=OutcomeOut,
    example=examples.POINT,
)
async def put_point(
    service_point_no: Annotated[No, Path()], body: schemas.PointIn, caller: auth.Current, db: web.Db, own: Own
) -> Response:
    """Put a service point on a route; where a read window of that is open, it is to be read in it.

    202 (`awaiting_approval`, `id` names it) where another `connection_kw` would change what was told of days that are billed:
    somebody else approves it first (`/v1/approvals`).
    """
    outcomes = await _put_points(db, caller, own, [body.point(service_point_no)])
    return batch.single(outcomes, conflicts=[approvals.AskedAlready.code])


@router.put("/service-points", policy=WRITE, example=examples.POINTS, response_model=OutcomesOut)
async def put_points(body: schemas.Points, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Put up to 1,000 service points; one that awaits a second person (`awaiting_approval`) stops no other."""
    return batch.answer(await _put_points(db, caller, own, [item.point(item.service_point_no) for item in body.items]))


async def _put_meters(db: web.Db, caller: auth.Caller, own: Context, wanted: list[Meter]) -> list[Outcome]:
    async with db.begin() as tx:
        put = await reference.put_meters(tx, wanted, actor=caller.subject, may_see=caller.may_see)
        await following.follow(tx, put.changes, days=ReadDays(own.policies, own.zone))
    return put.outcomes


@router.put(
    "/meters/{meter_no}",
    policy=WRITE,
    raises=(following.NotShown,),
    response_model=OutcomeOut,
    example=examples.METER,
)
async def put_meter(
    meter_no: Annotated[MeterNo, Path()], body: schemas.MeterIn, caller: auth.Current, db: web.Db, own: Own
) -> Response:
    """Put a meter with its registers and multiplier, which hold for installations that are made afterwards.

    The code `reading.installed_unchanged` says that there are some which keep theirs.
    """
    return batch.single(await _put_meters(db, caller, own, [body.meter(meter_no)]))


@router.put("/meters", policy=WRITE, raises=(following.NotShown,), example=examples.METERS, response_model=OutcomesOut)
async def put_meters(body: schemas.Meters, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Put up to 1,000 meters. One whose waiting reads the new faces could not show refuses all (`reading.not_shown`)."""
    return batch.answer(await _put_meters(db, caller, own, [item.meter(item.meter_no) for item in body.items]))


@router.put(
    "/installations",
    policy=WRITE,
    raises=(following.NotShown,),
    example=examples.INSTALLATIONS,
    response_model=OutcomesOut,
)
async def put_installations(body: schemas.Installations, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Install and remove up to 1,000 meters, in the order given; where a read window is open, a new one is to be read in it.

    A meter exchange is two items: the old meter again with `removed_on` and `closing`, and the new one with its `opening`.
    An installation has the registers and the multiplier that its meter was last put with, and keeps them. `awaiting_approval`:
    days that are billed would get another multiplier, and somebody else approves it first (`/v1/approvals`, `id` names it).
    """
    given = [installations.Given(**item.model_dump()) for item in body.items]
    async with db.begin() as tx:
        await late_points.hold_routes(tx, [each.service_point_no for each in given])
        by = changing.By(actor=caller.subject, may_see=caller.may_see)
        outcomes = await changing.put(tx, given, by=by, own=own)
    return batch.answer(outcomes)


@router.post(
    "/installations/{meter_no}/{installed_on}/correction",
    policy=WRITE,
    raises=(
        corrections.UnknownInstallation,
        following.NotShown,
        following.MakesSuspect,
        approvals.AskedAlready,
    ),
    responses=ASKED,
    response_model=OutcomeOut,
    example=examples.INSTALLATION_CORRECTION,
)
async def post_correction(
    meter_no: Annotated[MeterNo, Path()],
    installed_on: Day,
    body: schemas.InstallationCorrectionIn,
    caller: auth.Current,
    db: web.Db,
    own: Own,
) -> Response:
    """Correct an installation: days, registers at both ends, faces, multiplier. What is not given stays as it is.

    Usages are derived again. Where registers would contradict others by it, it is refused and names them, unless `confirm` is
    true. With another `installed_on` it stands under that day, and is annulled under this one. 202 where billed days get another
    multiplier by it: somebody else approves it first (`/v1/approvals`).
    """
    correction = body.correction(meter_no, installed_on)
    by = changing.By(actor=caller.subject, may_see=caller.may_see)
    async with db.begin() as tx:
        outcome = await changing.correct(tx, correction, confirm=body.confirm, by=by, own=own)
    return asked(outcome) if isinstance(outcome, Approval) else batch.single([outcome], conflicts=[corrections.OVERLAP])


@router.post(
    "/installations/{meter_no}/{installed_on}/annulment",
    policy=WRITE,
    raises=(corrections.UnknownInstallation, following.NotShown),
    response_model=OutcomeOut,
    example=examples.INSTALLATION_ANNULMENT,
)
async def post_annulment(
    meter_no: Annotated[MeterNo, Path()],
    installed_on: Day,
    body: schemas.InstallationAnnulmentIn,
    caller: auth.Current,
    db: web.Db,
    own: Own,
) -> Response:
    """Annul an installation that never was: its reads wait for another one. It may be put again, as its next version."""
    async with db.begin() as tx:
        done = await corrections.annul(
            tx, (meter_no, installed_on), reason=body.reason, actor=caller.subject, may_see=caller.may_see
        )
        await following.follow(tx, done.changes, days=ReadDays(own.policies, own.zone))
    return batch.single([done.outcome])


@router.get("/installations", policy=READ)
async def list_installations(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    service_point_no: No | None = None,
    meter_no: MeterNo | None = None,
) -> pagination.Page[schemas.InstallationOut]:
    """List installations by meter and first day; those that were annulled are among them, and say so."""
    async with db.view() as view:
        rows = await store.listed(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            service_point_no=service_point_no,
            meter_no=meter_no,
        )
    return wanted.page(
        rows,
        key=lambda row: (row.meter_no, row.installed_on),
        item=lambda row: schemas.InstallationOut(**store.document(row), annulled=bool(row.annulled)),
    )


@router.get("/installations/{meter_no}/{installed_on}", policy=READ)
async def get_installation(
    meter_no: Annotated[MeterNo, Path()], installed_on: Day, caller: auth.Current, db: web.Db
) -> schemas.InstallationWithVersionsOut:
    """Return an installation with what it was from each change on, the last one first; the last 100."""
    async with db.view() as view:
        rows = await store.versions(view, meter_no, installed_on)
        org_unit = await store.org_unit(view, rows[0].service_point_no) if rows else None
    if org_unit is None or not caller.may_see(org_unit):
        raise errors.not_found("installation")
    versions = [schemas.InstallationVersionOut(**store.document(row) | store.change(row)) for row in rows]
    return schemas.InstallationWithVersionsOut(
        **store.document(rows[0]), annulled=store.is_annulled(rows[0].kind), versions=versions
    )
