"""Routes of reminders."""

from datetime import date
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Row

from services.collection.context import READ
from services.collection.dunning import store
from services.collection.ledger.schemas import Fen
from shared import web
from shared.web import auth, pagination
from shared.web.batch import DerivedFrom, No

router = web.Router("/v1", tags=["reminders"])


class ReminderOut(BaseModel):
    reminder_id: str
    receivable_id: str
    stage: int
    account_no: str
    org_unit: str
    outstanding_fen: Fen
    business_date: date
    derived_from: list[DerivedFrom]


@router.get("/reminders", policy=READ)
async def list_reminders(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, account_no: No | None = None
) -> pagination.Page[ReminderOut]:
    """List the reminders that were due, one per overdue receivable and stage."""
    async with db.view() as view:
        rows = await store.listed(
            view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, account_no=account_no
        )
    return wanted.page(rows, key=lambda row: (row.reminder_id,), item=_reminder)


def _reminder(row: Row[Any]) -> ReminderOut:
    origin = DerivedFrom(service="collection", kind="receivable", id=row.receivable_id)
    return ReminderOut(
        **{name: value for name, value in row._mapping.items() if name != "recorded_at"}, derived_from=[origin]
    )
