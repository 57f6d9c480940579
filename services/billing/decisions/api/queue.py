"""The review queue over HTTP: listed in pages or as a file, and counted."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import orjson
from fastapi import Depends, Query
from sqlalchemy import Row
from starlette.responses import Response

from services.billing.base import PATH, PATH_MAX
from services.billing.bills.api.bills import READ, NoFilter, head
from services.billing.bills.store import queue as store
from services.billing.bills.store.queue import Filters
from services.billing.context import Context, Own
from services.billing.decisions.api import judged
from services.billing.decisions.schemas.queue import CountsOut, GroupOut, QueueItem
from services.billing.decisions.use_cases import queue
from services.billing.decisions.use_cases.queue import Judged, Order, TooManyToOrder
from services.billing.review import store as review_store
from services.billing.site_orders.domain import Site
from services.billing.site_orders.use_cases import at_site
from shared import web
from shared.db.columns import Condition
from shared.db.engine import View
from shared.errors import BusinessError
from shared.events.fact import MAX_CODE
from shared.fields import Month
from shared.web import auth, pagination, spreadsheet
from shared.web.pagination import Page

router = web.Router("/v1", tags=["bills"])
CSV_MAX = 10_000  # rows of a file, as many as can be ordered by risk
BANDS_HOURS: Final = (0, 24, 72, 168)
AGES: Final = [f"{from_}-{to or ''}" for from_, to in zip(BANDS_HOURS, (*BANDS_HOURS[1:], None), strict=True)]
HOURS_MAX, FEN_MAX = 24 * 3660, 10**15
Hours = Annotated[int | None, Query(ge=0, le=HOURS_MAX, description="since it was held, to the instant of the call")]
Fen = Annotated[int | None, Query(ge=-FEN_MAX, le=FEN_MAX, description="the amount of the bill, both ends meant")]
Unit = Annotated[str | None, Query(pattern=PATH, max_length=PATH_MAX, description="with all below it")]


class TooManyRows(BusinessError):
    status = 422
    code = "review_queue.too_many_rows"
    title = f"A file has at most {CSV_MAX:,} rows: narrow them by filters"


class Asked:
    """The filters of a request, whose ages count from an instant."""

    def __init__(self, filters: Filters, age_from_hours: int | None, age_to_hours: int | None) -> None:
        self._filters, self._from, self._to = filters, age_from_hours, age_to_hours

    def at(self, now: datetime) -> Filters:
        """Return the filters as they are at an instant."""
        held_by = None if self._from is None else now - timedelta(hours=self._from)
        held_after = None if self._to is None else now - timedelta(hours=self._to)
        return replace(self._filters, held_by=held_by, held_after=held_after)


def _asked(
    code: Annotated[str | None, Query(min_length=1, max_length=MAX_CODE, description="of a finding")] = None,
    cycle: Annotated[Month | None, Query()] = None,
    route_no: NoFilter = None,
    customer_class: NoFilter = None,
    org_unit: Unit = None,
    age_from_hours: Hours = None,
    age_to_hours: Hours = None,
    amount_from_fen: Fen = None,
    amount_to_fen: Fen = None,
    assignee: NoFilter = None,
    unassigned: Annotated[bool, Query(description="nobody's")] = False,
    site: Annotated[Site | None, Query(description="sent to site: an order is out, or all have ended")] = None,
) -> Asked:
    filters = Filters(
        code=code,
        cycle=cycle,
        route_no=route_no,
        customer_class=customer_class,
        org_unit=org_unit,
        amount_from_fen=amount_from_fen,
        amount_to_fen=amount_to_fen,
        assignee=assignee,
        unassigned=unassigned,
        site=site,
    )
    return Asked(filters, age_from_hours, age_to_hours)


Wanted = Annotated[Asked, Depends(_asked)]
Ordered = Annotated[Order, Query(description="age: the oldest first; risk: most money at risk times precision first")]


@router.get(
    "/review-queue",
    policy=READ,
    responses=spreadsheet.FILE,
    raises=(TooManyToOrder, TooManyRows),
    response_model=Page[QueueItem],
)
async def review_queue(
    caller: auth.Current,
    db: web.Db,
    own: Own,
    wanted: pagination.Query_,
    filters: Wanted,
    order: Ordered = "age",
    form: spreadsheet.Form = "json",
) -> Response:
    """List the bills that wait for a reviewer, oldest first, with their findings, how often their rules were right, and who read.

    `order=risk`: by money at risk times precision, the most first, as the verdicts were when the first page was read.
    `format=csv`: all of it.
    """
    wanted = spreadsheet.asked(form, wanted, CSV_MAX)
    async with db.view() as view:
        page = await _page(view, caller.visible, own, wanted, filters, order, db.clock.now())
    return spreadsheet.page_or_file(form, page, QueueItem, TooManyRows)


@router.get("/review-queue/counts", policy=READ)
async def count_queue(caller: auth.Current, db: web.Db, filters: Wanted) -> CountsOut:
    """Count the bills that wait for a reviewer, with the filters of the list, by code, route, class, org unit, assignee, age."""
    now = db.clock.now()
    bands = [now - timedelta(hours=hours) for hours in BANDS_HOURS[1:]]
    meant = filters.at(now)
    async with db.view() as view:
        total = await store.total(view, visible=caller.visible, filters=meant)
        found = {
            group: await store.counted(view, group, visible=caller.visible, filters=meant, bands=bands)
            for group in store.GROUPS
        }
    items = [
        GroupOut(
            by=group,
            name=AGES[row.name] if group == "age" else row.name,
            bills=row.bills,
            total_fen=row.total_fen,
        )
        for group in store.GROUPS
        for row in found[group]
    ]
    return CountsOut(**total._mapping, items=items)


async def _page(
    view: View,
    visible: Condition,
    own: Context,
    wanted: pagination.Wanted,
    filters: Asked,
    order: str,
    now: datetime,
) -> Page[QueueItem]:
    last = wanted.last_as(datetime, int, str) if order == "risk" else None
    said = await queue.judged(view, visible, last[0] if last else now, own)
    meant = filters.at(said.until)
    if order == "age":
        rows = await store.page(view, visible=visible, after=wanted.after, limit=wanted.fetch, filters=meant)
        items = await items_of(view, rows[: wanted.limit], said, now)
        return wanted.page(rows, key=lambda row: (row.held_at, row.bill_id), item=lambda row: items[row.bill_id])
    waiting = await store.to_order(view, visible=visible, limit=queue.ORDERED_MAX + 1, filters=meant)
    keys = wanted.page(
        said.by_risk(waiting, last)[: wanted.fetch], key=lambda key: (said.until, *key), item=lambda key: key[1]
    )
    heads = await store.by_id(view, keys.items)
    items = await items_of(view, [heads[bill_id] for bill_id in keys.items], said, now)
    return Page(items=list(items.values()), next_cursor=keys.next_cursor)


async def items_of(view: View, rows: Sequence[Row[Any]], said: Judged, now: datetime) -> dict[str, QueueItem]:
    """Return bills of the queue as they are shown, by id."""
    readers = await review_store.readers(view, [row.bill_id for row in rows])
    sites = await at_site.sites(view, rows)
    return {
        row.bill_id: QueueItem(
            **head(row)
            | {
                "findings": [
                    judged.finding(f, said.of(f["code"], row.customer_class, row.org_unit))
                    for f in orjson.loads(row.findings)
                ]
            },
            customer_class=row.customer_class,
            site=sites.get(row.bill_id),
            at_risk_fen=said.at_risk_fen(row),
            held_at=row.held_at,
            age_seconds=max(int((now - row.held_at).total_seconds()), 0),
            read_by=readers.get(row.bill_id, []),
            assignee=row.assignee,
            assigned_at=row.assigned_at,
        )
        for row in rows
    }
