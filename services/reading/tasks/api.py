"""Why points could not be read; tasks are listed with their readers (`readers`)."""

from starlette.responses import Response

from services.reading.context import UPLOAD, Own
from services.reading.tasks import examples, schemas
from services.reading.tasks.domain.reasons import NO_REASON
from services.reading.tasks.use_cases import unread
from shared import web
from shared.web import auth, batch
from shared.web.batch import OutcomesOut

router = web.Router("/v1", tags=["tasks"])


@router.put(
    "/unread-reasons",
    policy=UPLOAD,
    example=examples.UNREAD_REASONS,
    response_model=OutcomesOut,
)
async def put_unread_reasons(body: schemas.UnreadReasons, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Note why up to 1,000 points could not be read (未抄原因), by a code of the policy; their estimates carry the reason.

    Without a code what was said of a point is taken back: it is unexplained again.
    """
    items = [
        unread.Unread(service_point_no=item.service_point_no, read_date=item.read_date, reason=item.reason or NO_REASON)
        for item in body.items
    ]
    async with db.begin() as tx:
        outcomes = await unread.put(tx, items, actor=caller.subject, may_see=caller.may_see, policies=own.policies)
    return batch.answer(outcomes)
