"""Call tasks over HTTP: the list, taking one, and saying what came of the call; and what is to be said at a door."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Query

from services.notify import context
from services.notify.calls import domain, examples, store
from services.notify.calls.schemas import CallScript, CallTaskView, CallView, OutcomeIn, VisitScript
from services.notify.calls.use_cases import calling, visits
from services.notify.context import ANSWERS, Number
from services.notify.notices.store import notices
from shared.db.engine import Database
from shared.web import auth, errors, pagination
from shared.web.batch import No
from shared.web.routing import Router
from shared.web.state import Db

router = Router(prefix="/v1", tags=["notify"])


@router.get("/call-tasks", policy=ANSWERS)
async def list_call_tasks(
    db: Db,
    caller: auth.Current,
    own: context.Own,
    wanted: pagination.Query_,
    party_no: Annotated[No | None, Query()] = None,
    teller: Annotated[No | None, Query(description="Those whose party is told by this employee.")] = None,
    waiting_too: Annotated[bool, Query(description="Also those who are to be called again later.")] = False,
) -> pagination.Page[CallTaskView]:
    """List who is to be told by call, without numbers and names."""
    channels = own.policies.on(own.today()).channels
    async with db.view() as view:
        rows = await store.page(
            view,
            [name for name, channel in channels.items() if channel.gateway == domain.GATEWAY],
            party_no=party_no,
            teller=teller,
            due_by=None if waiting_too else db.clock.now(),
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
        )
    return wanted.page(rows, key=lambda row: (row.notice_id,), item=_task)


def _task(row: Any) -> CallTaskView:
    known = {"caller": row.caller or "", "tries": row.tries or 0}
    return CallTaskView(**{**row._mapping, **known})


@router.post("/call-tasks/{notice_id}/taking", policy=ANSWERS, raises=calling.TAKING)
async def take_call_task(notice_id: Number, db: Db, caller: auth.Current, own: context.Own) -> CallScript:
    """Take a task: the number and what is to be said are shown to who has it alone; audited."""
    await _check(db, notice_id, caller)
    async with db.begin() as tx:
        taken = await calling.take(
            tx,
            notice_id,
            caller=caller.subject,
            policy=own.policies.on(own.today()),
            catalogue=own.catalogue,
            vault=own.vault,
        )
    return CallScript(number=taken.number, **_said(taken.script))


def _said(script: calling.Script) -> dict[str, Any]:
    return {"name": script.name, "subject": script.subject, "script": script.text, "wishes": list(script.wishes)}


@router.post("/visits/{notice_id}/script", policy=ANSWERS, raises=(visits.NoVisit,))
async def read_visit_script(notice_id: Number, db: Db, caller: auth.Current, own: context.Own) -> VisitScript:
    """Return what is to be said at the door, and to whom, of a notice that somebody goes to tell; audited."""
    await _check(db, notice_id, caller)
    async with db.begin() as tx:
        script = await visits.read_out(
            tx,
            notice_id,
            visitor=caller.subject,
            policy=own.policies.on(own.today()),
            catalogue=own.catalogue,
            vault=own.vault,
        )
    return VisitScript(**_said(script))


@router.post("/call-tasks/{notice_id}/outcomes", policy=ANSWERS, raises=calling.TELLING, example=examples.OUTCOME)
async def tell_call_outcome(
    notice_id: Number, body: OutcomeIn, db: Db, caller: auth.Current, own: context.Own
) -> list[CallView]:
    """Say what came of a call; return all calls about the notice. Who was not reached is called again, or told another way."""
    await _check(db, notice_id, caller)
    async with db.begin() as tx:
        await calling.tell(
            tx,
            notice_id,
            body.outcome,
            promised_on=body.promised_on,
            caller=caller.subject,
            policies=own.policies,
            policy=own.policies.on(own.today()),
        )
        tx.after_commit(own.wake)
        rows: Sequence[Any] = await store.calls(tx, notice_id)
    return [CallView.model_validate(row, from_attributes=True) for row in rows]


async def _check(db: Database, notice_id: str, caller: auth.Caller) -> None:
    async with db.view() as view:
        if await notices.notice(view, notice_id, visible=caller.visible) is None:
            raise errors.not_found("notice")
