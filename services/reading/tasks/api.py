"""Routes of reading tasks: what is to be read, and why it could not be."""

from typing import Literal

from starlette.responses import Response

from services.reading.context import READ, UPLOAD
from services.reading.network.schemas import No
from services.reading.tasks import examples, schemas
from services.reading.tasks.store import tasks
from services.reading.tasks.use_cases import unread
from shared import web
from shared.fields import Month
from shared.web import auth, batch, pagination
from shared.web.batch import OutcomesOut

router = web.Router("/v1", tags=["tasks"])


@router.get("/tasks", policy=READ)
async def list_tasks(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    route_no: No | None = None,
    cycle: Month | None = None,
    status: Literal["open", "suspect", "read", "estimated", "missed"] | None = None,
    service_point_no: No | None = None,
) -> pagination.Page[schemas.TaskOut]:
    """List reading tasks."""
    async with db.view() as view:
        rows = await tasks.listed(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            route_no=route_no,
            cycle=cycle,
            status=status,
            service_point_no=service_point_no,
        )
    return wanted.page(rows, key=lambda row: (row.service_point_no, row.read_date), item=schemas.TaskOut.of)


@router.put(
    "/unread-reasons",
    policy=UPLOAD,
    example=examples.UNREAD_REASONS,
    response_model=OutcomesOut,
)
async def put_unread_reasons(body: schemas.UnreadReasons, caller: auth.Current, db: web.Db) -> Response:
    """Note why up to 1,000 points could not be read (未抄原因); their estimates carry the reason."""
    items = [unread.Unread(**item.model_dump()) for item in body.items]
    async with db.begin() as tx:
        outcomes = await unread.put(tx, items, actor=caller.subject, may_see=caller.may_see)
    return batch.answer(outcomes)
