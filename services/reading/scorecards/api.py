"""Routes of scorecards: by route and reader, by reader, the rows behind each figure, and wrong reads as they are known by now."""

from dataclasses import replace
from functools import partial
from operator import attrgetter
from typing import Annotated, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel
from starlette.responses import Response

from services.reading.context import DUTY, Own
from services.reading.network.schemas import No, OrgUnit
from services.reading.reads.domain.days import ReadDays
from services.reading.scorecards import schemas
from services.reading.scorecards.domain.rows import Figure
from services.reading.scorecards.store import cards
from services.reading.scorecards.store.cards import Filters
from services.reading.scorecards.use_cases import collecting
from services.reading.wrong_reads import use_cases as wrong_reads
from shared import web
from shared.errors import BusinessError
from shared.fields import Month
from shared.web import auth, pagination, spreadsheet
from shared.web.pagination import Page

router = web.Router("/v1", tags=["scorecards"])
CSV_MAX = 20_000  # rows of a file: some seconds; a route has at most some thousand tasks
ALL = "reading:read"  # who has `reading:field` alone sees the own ones
Item = TypeVar("Item", bound=BaseModel)


class TooManyRows(BusinessError):
    status = 422
    code = "scorecard.too_many_rows"
    title = f"A file has at most {CSV_MAX} rows: name a route, a reader or a figure"


def _filters(
    caller: auth.Current,
    month: Month,
    route_no: No | None = None,
    reader: No | None = None,
    org_unit: OrgUnit | None = None,
) -> Filters:
    found = Filters(month=month, route_no=route_no, reader=reader, org_unit=org_unit)
    return found if caller.has(ALL) else replace(found, reader=caller.subject)


Wanted = Annotated[Filters, Depends(_filters)]


@router.get(
    "/scorecards",
    policy=DUTY,
    responses=spreadsheet.FILE,
    raises=(TooManyRows,),
    response_model=Page[schemas.ScorecardOut],
)
async def list_scorecards(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, filters: Wanted, form: spreadsheet.Form = "json"
) -> Response:
    """List the scorecards (考核结果) of a month, by route and reader; who has `reading:field` alone sees the own ones.

    They are made once, by `make-scorecards`; what is corrected later counts in the month in which it is.
    """
    asked = spreadsheet.asked(form, wanted, CSV_MAX)
    async with db.view() as view:
        rows = await cards.listed(view, visible=caller.visible, after=asked.after, limit=asked.fetch, filters=filters)
    page = asked.page(rows, key=lambda row: (row.route_no, row.reader, row.org_unit), item=schemas.ScorecardOut.of)
    return spreadsheet.page_or_file(form, page, schemas.ScorecardOut, TooManyRows)


@router.get(
    "/scorecards/readers",
    policy=DUTY,
    responses=spreadsheet.FILE,
    raises=(TooManyRows,),
    response_model=Page[schemas.ReaderScoreOut],
)
async def list_readers(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, filters: Wanted, form: spreadsheet.Form = "json"
) -> Response:
    """List the readers of a month, each with the sum of the scorecards on all routes that the caller sees."""
    asked = spreadsheet.asked(form, wanted, CSV_MAX)
    async with db.view() as view:
        rows = await cards.by_reader(
            view, visible=caller.visible, after=asked.after, limit=asked.fetch, filters=filters
        )
    item = partial(schemas.ReaderScoreOut.of, month=filters.month)
    return spreadsheet.page_or_file(
        form, asked.page(rows, key=lambda row: (row.reader,), item=item), schemas.ReaderScoreOut, TooManyRows
    )


@router.get(
    "/scorecards/rows",
    policy=DUTY,
    responses=spreadsheet.FILE,
    raises=(TooManyRows,),
    response_model=Page[schemas.ScorecardRowOut],
)
async def list_rows(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    filters: Wanted,
    figure: Annotated[Figure | None, Query(description="Those alone that this figure counts.")] = None,
    form: spreadsheet.Form = "json",
) -> Response:
    """List what the scorecards of a month count: as many rows as a figure says, of a route, a reader, or both."""
    asked = spreadsheet.asked(form, wanted, CSV_MAX)
    async with db.view() as view:
        rows = await cards.rows_of(
            view, visible=caller.visible, after=asked.after, limit=asked.fetch, filters=filters, figure=figure
        )
    page = asked.page(
        rows,
        key=lambda row: (row.kind, row.subject),
        item=lambda row: schemas.ScorecardRowOut.of(cards.document(row)),
    )
    return spreadsheet.page_or_file(form, page, schemas.ScorecardRowOut, TooManyRows)


@router.get("/wrong-reads", policy=DUTY)
async def list_wrong_reads(
    caller: auth.Current, db: web.Db, own: Own, wanted: pagination.Query_, filters: Wanted
) -> Page[schemas.WrongReadOut]:
    """List the reads that were corrected in a month (错抄), as they are known by now, and how soon each was fixed (当日处理)."""
    days = ReadDays(own.policies, own.zone)
    async with db.view() as view:
        found = await wrong_reads.of_month(view, filters.month, days, may_see=caller.may_see)
        wanted_of = {"route_no": filters.route_no, "reader": filters.reader, "org_unit": filters.org_unit}
        mine = sorted((each for each in found if each.is_of(**wanted_of)), key=attrgetter("correction_id"))
        last = wanted.last_as(str)
        shown = [each for each in mine if last is None or (each.correction_id,) > last][: wanted.fetch]
        rows = await collecting.of_wrong_reads(view, shown, own)
    return wanted.page(
        list(zip(shown, rows, strict=True)), key=lambda each: (each[0].correction_id,), item=schemas.WrongReadOut.of
    )
