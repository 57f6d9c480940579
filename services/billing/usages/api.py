"""Usages over HTTP: what a service point has, and what waits for a contract."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Path, Query
from pydantic import BaseModel, Field

from services.billing.usages import use_cases
from services.billing.usages.store import codec
from services.billing.usages.store import usages as store
from shared import web
from shared.db.engine import Database
from shared.events.fact import MAX_NO
from shared.events.reading import UsageMeasured
from shared.fields import Words
from shared.web import auth, errors, pagination
from shared.web.batch import In

T = TypeVar("T")
router = web.Router("/v1", tags=["usages"])
READ = auth.scope("billing:read")
REASON_MAX = 1000
EXAMPLE = {"reason": "An empty flat between two tenants; the owner has no contract."}


class UsageOut(BaseModel):
    """One version of a usage as reading told it."""

    usage_id: str
    service_point_no: str
    org_unit: str
    route_no: str
    cycle: str
    period_from: date
    period_to: date
    version: int
    months: int
    import_wh: int
    late: bool
    status: Literal["in_force", "superseded", "withdrawn"] = Field(
        description="`superseded`: one of a higher version shares a day with it; `withdrawn`: its period is no more"
    )
    received_at: datetime


class WaitingUsage(BaseModel):
    """A usage that no contract covers; it is billed by itself when one does, also where it is closed."""

    usage_id: str
    service_point_no: str
    org_unit: str
    route_no: str
    cycle: str
    period_from: date
    period_to: date
    version: int
    import_wh: int
    waiting_for: Literal["contract", "closed"]
    received_at: datetime
    closed_reason: str | None
    closed_by: str | None
    closed_at: datetime | None


class ClosingIn(In):
    reason: Words = Field(max_length=REASON_MAX, description="why its energy will not be billed")


@router.get("/usages", policy=READ)
async def list_usages(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    service_point_no: Annotated[str, Query(min_length=1, max_length=MAX_NO)],
) -> pagination.Page[UsageOut]:
    """List all versions of the usages of a service point, by period."""
    return await _page(db, caller, wanted, service_point_no, _usage)


@router.get("/heard-usages", policy=READ)
async def list_heard(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    service_point_no: Annotated[str, Query(min_length=1, max_length=MAX_NO)],
) -> pagination.Page[UsageMeasured]:
    """List all versions of the usages of a service point as reading told them, so that it can take them back after a restore."""
    return await _page(db, caller, wanted, service_point_no, codec.fact_of)


async def _page(
    db: Database, caller: auth.Caller, wanted: pagination.Wanted, service_point_no: str, item: Callable[[Any], T]
) -> pagination.Page[T]:
    async with db.view() as view:
        rows = await store.page(
            view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, service_point_no=service_point_no
        )
    return wanted.page(rows, key=lambda row: (row.period_from, row.usage_id), item=item)


@router.get("/waiting-usages", policy=READ)
async def list_waiting(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    status: Annotated[Literal["waiting", "closed"], Query()] = "waiting",
) -> pagination.Page[WaitingUsage]:
    """List the usages without a contract by service point: those that wait for one, or those that a person has closed."""
    async with db.view() as view:
        names = tuple(WaitingUsage.model_fields)
        waiting_for = store.CLOSED if status == "closed" else store.CONTRACT_MISSING
        rows = await store.page_of_waiting(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            names=names,
            waiting_for=waiting_for,
        )
    return wanted.page(
        rows, key=lambda row: (row.service_point_no, row.usage_id), item=lambda row: WaitingUsage(**row._mapping)
    )


@router.post(
    "/waiting-usages/{usage_id}/closing",
    policy=auth.scope("billing:review"),
    raises=(use_cases.NotWaiting, use_cases.ClosedForAnotherReason),
    example=EXAMPLE,
)
async def close_waiting(
    usage_id: Annotated[str, Path(min_length=1, max_length=MAX_NO)], body: ClosingIn, caller: auth.Current, db: web.Db
) -> WaitingUsage:
    """Say why a waiting usage will not be billed; a contract that comes, or a newer version, takes it up all the same."""
    async with db.begin() as tx:
        row = await use_cases.close(tx, usage_id, reason=body.reason, actor=caller.subject, may_see=caller.may_see)
    if row is None:
        raise errors.not_found("usage")
    return WaitingUsage(**{name: row._mapping[name] for name in WaitingUsage.model_fields})


def _usage(row: Any) -> UsageOut:
    values = {name: row._mapping[name] for name in UsageOut.model_fields if name != "status"}
    return UsageOut(**values, status="superseded" if row.superseded else "withdrawn" if row.withdrawn else "in_force")
