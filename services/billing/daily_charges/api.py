"""Routes of daily charges (日测算电费): what prepaid contracts will be charged by now, and how it differs from the bill."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BaseModel, Field

from services.billing.bills.store import lines, shown
from services.billing.contracts.store import contracts as contracts_store
from services.billing.daily_charges import domain, store
from shared import web
from shared.events.fact import MAX_NO
from shared.web import auth, errors, pagination

router = web.Router("/v1", tags=["daily charges"])
READ = auth.scope("billing:read")
No = Annotated[str, Path(min_length=1, max_length=MAX_NO)]


class DailyChargeOut(BaseModel):
    contract_no: str
    account_no: str
    service_point_no: str
    org_unit: str
    version: int
    mode: str = Field(description="How it is paid by now.")
    period_from: date = Field(description="The first day that no issued bill is for.")
    through: date = Field(description="The first day of which nothing is known.")
    amount_fen: int
    not_out_fen: int = Field(description="Of it, of bills that are not out yet.")
    energy_wh: int
    usual_fen: int | None = Field(description="What as many days cost on the bills that were issued last.")
    whole: bool
    why: str = Field(description="The code of what could not be rated; empty where all was.")
    told_at: datetime


class ShownChargeOut(DailyChargeOut):
    lines: list[dict[str, Any]] = Field(
        description="Of the register, as those of a bill; not of the bills that are not out."
    )


class DailyChargesOut(BaseModel):
    items: list[ShownChargeOut]


class LineDifferenceOut(BaseModel):
    charge: str
    title: str
    period: str
    tier: int | None
    price: str | None
    estimate_kwh: str | None
    bill_kwh: str | None
    estimate_fen: int
    bill_fen: int
    difference_fen: int


class EstimateOut(BaseModel):
    bill_id: str
    period_from: date
    period_to: date
    through: date = Field(
        description="The first day that the last estimate did not know; `period_from` where there was none."
    )
    estimate_fen: int
    bill_fen: int
    difference_fen: int = Field(description="The sum of those of the lines.")
    estimate_wh: int
    bill_wh: int
    reasons: list[str] = Field(description="`days_not_estimated`, `other_energy`, `bill_rests_on_estimated_read`.")
    lines: list[LineDifferenceOut]


_PLAIN = tuple(DailyChargeOut.model_fields)


@router.get("/daily-charges", policy=READ)
async def list_daily_charges(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    unrated: Annotated[bool, Query(description="Of prepaid contracts of which a part could not be rated.")] = False,
) -> pagination.Page[DailyChargeOut]:
    """List what contracts that are prepaid on some day will be charged, as it was told last."""
    where = [store.unrated()] if unrated else []
    async with db.view() as view:
        rows = await store.page(view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, where=where)
    return wanted.page(rows, key=lambda row: (row.contract_no,), item=lambda row: DailyChargeOut(**_of(row)))


@router.get("/accounts/{account_no}/daily-charges", policy=READ)
async def get_daily_charges(account_no: No, caller: auth.Current, db: web.Db) -> DailyChargesOut:
    """Return what the contracts of an account will be charged by now, line by line; empty where none is ever prepaid."""
    async with db.view() as view:
        known = await contracts_store.rows(view, [account_no])
        if not known or not caller.may_see(known[0].org_unit):
            raise errors.not_found("account")
        rows = await store.of_account(view, account_no)
    newest = {row.contract_no: row for row in rows}
    return DailyChargesOut(items=[ShownChargeOut(**_of(row), lines=lines.shown(row.lines)) for row in newest.values()])


@router.get("/bills/{bill_id}/estimate", policy=READ)
async def get_estimate(bill_id: No, caller: auth.Current, db: web.Db) -> EstimateOut:
    """Return what a bill and the last estimate of its days differ by, line by line, to the fen; where there was none, all."""
    async with db.view() as view:
        bill = await shown.bill(view, bill_id)
        if bill is None or not caller.may_see(bill.org_unit):
            raise errors.not_found("bill")
        last = await store.estimate(view, bill.contract_no, bill.period_from)
    through, fen, wh = (last.through, last.amount_fen, last.energy_wh) if last else (bill.period_from, 0, 0)
    found = domain.differences(lines.shown(last.lines) if last else [], lines.shown(bill.lines))
    why = domain.reasons(
        through=through, period_to=bill.period_to, estimate_wh=wh, bill_wh=bill.energy_wh, estimated=bill.estimated
    )
    return EstimateOut(
        bill_id=bill_id,
        period_from=bill.period_from,
        period_to=bill.period_to,
        through=through,
        estimate_fen=fen,
        bill_fen=bill.total_fen,
        difference_fen=bill.total_fen - fen,
        estimate_wh=wh,
        bill_wh=bill.energy_wh,
        reasons=why,
        lines=[LineDifferenceOut.model_validate(one, from_attributes=True) for one in found],
    )


def _of(row: Any) -> dict[str, Any]:
    return {name: row._mapping[name] for name in _PLAIN}
