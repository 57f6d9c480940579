"""Routes of recovery (电费回收): what of a month is collected, who is still open, and how old debts are."""

from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import BaseModel, Field
from sqlalchemy import Row
from starlette.responses import Response

from services.collection.context import READ, Own
from services.collection.ledger.domain import months
from services.collection.ledger.schemas import Fen
from services.collection.ledger.store.months import last_closed
from services.collection.targets import domain
from services.collection.targets.schemas import OrgUnit
from services.collection.views.store import recovery
from services.collection.views.store.recovery import By, Filters
from shared import web
from shared.db.engine import View
from shared.errors import BusinessError
from shared.fields import Day, Month
from shared.web import auth, pagination, spreadsheet
from shared.web.batch import Code, No
from shared.web.pagination import Page

router = web.Router("/v1", tags=["recovery"])
CSV_MAX = 20_000  # rows of a file: some seconds


class TooManyRows(BusinessError):
    status = 422
    code = "recovery.too_many_rows"
    title = f"A file has at most {CSV_MAX} rows: name an org unit, a route or a team"


class DayNotReached(BusinessError):
    status = 422
    code = "recovery.day_not_reached"
    title = "The day lies in the future"


class AsOf(BaseModel):
    """As of when figures are; those that are `final` never change: the month of the day is closed."""

    as_of: date = Field(description="What counts up to and with this accounting date.")
    final: bool = Field(description="Whether its month is closed: no figure as of this day ever changes.")


class Figures(AsOf):
    """What became due of a month, and what of it is collected by a day."""

    month: Month
    due_fen: Fen
    due_count: int
    collected_fen: Fen = Field(description="What settles it: payments, prepayment, and credits of bills below zero.")
    collected_count: int = Field(description="Receivables that are settled as a whole.")
    open_fen: Fen
    open_count: int
    rate_bp: int | None = Field(
        description="Collected ÷ due by amount, in basis points, rounded down; null: nothing due."
    )
    count_rate_bp: int | None = Field(description="The same by receivables.")


class ProgressOut(Figures):
    """A unit's recovery of a month as of a day."""

    by: By
    unit: str | None = Field(description="Null: all that is asked for, or what names no such unit.")
    target_bp: int | None = Field(
        description="The target of the unit for the month; of `total` that of the org unit asked for."
    )
    target_reached: bool | None = Field(description="Exactly, to the fen; null without a target.")


class DayOut(Figures):
    """The recovery of a month as of one of its days; of days that are not listed nothing changed."""


class OpenOut(AsOf):
    """A receivable that is still open (未结零): how much, since when, at which stage and with whom."""

    month: Month
    receivable_id: str
    account_no: str
    org_unit: str
    route_no: str | None
    customer_class: str | None
    team: str | None = Field(description="Who collects it as of the day; null: nobody is assigned.")
    document_kind: str
    document_id: str
    cycle: str
    issued_on: date
    due_on: date
    days_overdue: int = Field(description="Days since the due date; 0 on it and before.")
    amount_fen: Fen
    open_fen: Fen
    stage: int | None = Field(
        description="The stage of dunning of the last step about it by then; null: there was none."
    )
    action: str | None = Field(description="What was to be done at that step.")
    stage_on: date | None = Field(description="The day of that step.")


class AgeingOut(AsOf):
    """What is open of a unit and due for so many days (账龄)."""

    by: By
    unit: str | None
    bucket: int
    from_days: int | None = Field(description="Days overdue; null: it is not overdue.")
    to_days: int | None = Field(description="Null: or longer.")
    open_fen: Fen
    open_count: int


def _filters(
    caller: auth.Current,
    org_unit: OrgUnit | None = None,
    route_no: No | None = None,
    customer_class: Code | None = None,
    team: Code | None = None,
) -> Filters:
    return Filters(
        visible=caller.visible, org_unit=org_unit, route_no=route_no, customer_class=customer_class, team=team
    )


Wanted = Annotated[Filters, Depends(_filters)]
On = Annotated[Day | None, Query(alias="as_of", description="Today where it is not given; not in the future.")]
ByUnit = Annotated[By, Query(description="`total`: one row of all that is asked for.")]


def _day(own: Own, as_of: Day | None) -> date:
    day = own.today() if as_of is None else as_of
    if day > own.today():
        raise DayNotReached
    return day


async def _as_of(view: View, day: date) -> dict[str, Any]:
    closed = await last_closed(view)
    return {"as_of": day, "final": closed is not None and day < months.first_day_after(closed)}


@router.get(
    "/recovery",
    policy=READ,
    responses=spreadsheet.FILE,
    raises=(TooManyRows, DayNotReached),
    response_model=Page[ProgressOut],
)
async def list_recovery(
    db: web.Db,
    own: Own,
    wanted: pagination.Query_,
    filters: Wanted,
    month: Month,
    as_of: On = None,
    by: ByUnit = "org_unit",
    form: spreadsheet.Form = "json",
) -> Response:
    """List what of a month is collected by the end of a day, by unit: due, collected, open, and the target.

    It is of the receivables of that `month`, by what counts in the ledger up to the day; the team is the one of that day.
    """
    day, asked = _day(own, as_of), spreadsheet.asked(form, wanted, CSV_MAX)
    async with db.view() as view:
        shared = await _as_of(view, day) | {"month": month}
        rows = await recovery.progress(
            view, month=month, on=day, by=by, filters=filters, after=asked.after, limit=asked.fetch
        )
    page = asked.page(rows, key=lambda row: (row.unit,), item=lambda row: _progress(row, by, shared))
    return spreadsheet.page_or_file(form, page, ProgressOut, TooManyRows)


@router.get(
    "/recovery/days",
    policy=READ,
    responses=spreadsheet.FILE,
    raises=(TooManyRows, DayNotReached),
    response_model=Page[DayOut],
)
async def list_recovery_days(
    db: web.Db,
    own: Own,
    wanted: pagination.Query_,
    filters: Wanted,
    month: Month,
    as_of: On = None,
    form: spreadsheet.Form = "json",
) -> Response:
    """List what of a month is collected by the end of each day on which that changed, up to a day: the way to zero."""
    day, asked = _day(own, as_of), spreadsheet.asked(form, wanted, CSV_MAX)
    async with db.view() as view:
        closed = await last_closed(view)
        rows = await recovery.days(view, month=month, on=day, filters=filters, after=asked.after, limit=asked.fetch)
    first_open = months.first_day_after(closed) if closed else date.min

    def item(row: Row[Any]) -> DayOut:
        return DayOut(**_figures(row), month=month, as_of=row.day, final=row.day < first_open)

    page = asked.page(rows, key=lambda row: (row.day,), item=item)
    return spreadsheet.page_or_file(form, page, DayOut, TooManyRows)


@router.get(
    "/zero-list",
    policy=READ,
    responses=spreadsheet.FILE,
    raises=(TooManyRows, DayNotReached),
    response_model=Page[OpenOut],
)
async def list_zero(
    db: web.Db,
    own: Own,
    wanted: pagination.Query_,
    filters: Wanted,
    month: Month,
    as_of: On = None,
    form: spreadsheet.Form = "json",
) -> Response:
    """List what of a month is still to be brought to zero (结零): each receivable that is open at the end of a day."""
    day, asked = _day(own, as_of), spreadsheet.asked(form, wanted, CSV_MAX)
    async with db.view() as view:
        shared = await _as_of(view, day)
        rows = await recovery.zero_list(
            view, month=month, on=day, filters=filters, after=asked.after, limit=asked.fetch
        )

    def item(row: Row[Any]) -> OpenOut:
        return OpenOut(**row._mapping, **shared, days_overdue=max((day - row.due_on).days, 0))

    page = asked.page(rows, key=lambda row: (row.receivable_id,), item=item)
    return spreadsheet.page_or_file(form, page, OpenOut, TooManyRows)


@router.get(
    "/ageing",
    policy=READ,
    responses=spreadsheet.FILE,
    raises=(TooManyRows, DayNotReached),
    response_model=Page[AgeingOut],
)
async def list_ageing(
    db: web.Db,
    own: Own,
    wanted: pagination.Query_,
    filters: Wanted,
    as_of: On = None,
    by: ByUnit = "org_unit",
    form: spreadsheet.Form = "json",
) -> Response:
    """List what is open at the end of a day, of all months, by unit and by how long it is overdue (`ageing` of the policy)."""
    day, asked = _day(own, as_of), spreadsheet.asked(form, wanted, CSV_MAX)
    buckets = domain.buckets(own.ageing.on_or_first(day))
    async with db.view() as view:
        shared = await _as_of(view, day) | {"by": by}
        rows = await recovery.ageing(
            view, on=day, by=by, buckets=buckets, filters=filters, after=asked.after, limit=asked.fetch
        )

    def item(row: Row[Any]) -> AgeingOut:
        bucket = buckets[row.bucket]
        found = {"open_fen": int(row.open_fen), "open_count": int(row.open_count)}
        days = {"bucket": bucket.number, "from_days": bucket.from_days, "to_days": bucket.to_days}
        return AgeingOut(unit=row.unit or None, **found, **days, **shared)

    page = asked.page(rows, key=lambda row: (row.unit, row.bucket), item=item)
    return spreadsheet.page_or_file(form, page, AgeingOut, TooManyRows)


def _figures(row: Row[Any]) -> dict[str, Any]:
    due_fen, due_count = int(row.due_fen), int(row.due_count)
    collected_fen, collected_count = int(row.collected_fen), int(row.collected_count)
    return {
        "due_fen": due_fen,
        "due_count": due_count,
        "collected_fen": collected_fen,
        "collected_count": collected_count,
        "open_fen": due_fen - collected_fen,
        "open_count": due_count - collected_count,
        "rate_bp": domain.rate_bp(collected_fen, due_fen),
        "count_rate_bp": domain.rate_bp(collected_count, due_count),
    }


def _progress(row: Row[Any], by: By, shared: dict[str, Any]) -> ProgressOut:
    figures = _figures(row)
    reached = domain.is_reached(row.target_bp, figures["collected_fen"], figures["due_fen"])
    return ProgressOut(
        **figures, **shared, by=by, unit=row.unit or None, target_bp=row.target_bp, target_reached=reached
    )
