"""Routes of cycles: how far a route is in one."""

from datetime import date
from typing import Annotated

from fastapi import Path
from pydantic import Field

from services.reading.context import READ
from services.reading.network.schemas import Month, No, Shown
from services.reading.tasks.domain.route_cycles import CLOSED
from services.reading.tasks.store import route_cycles, tasks
from shared import web
from shared.web import auth, errors, pagination

router = web.Router("/v1", tags=["cycles"])


class RouteCycleOut(Shown):
    """A route in a cycle, with the counts of its closing; 0 while it is open."""

    route_no: str
    cycle: str
    org_unit: str
    read_date: date
    closed_on: date | None
    expected: int
    actual: int
    estimated: int
    missed: int
    usages: int
    sum_wh: int


class ProgressOut(RouteCycleOut):
    """A route in a cycle. While it is open the counts are those of now, once closed those of its closing."""

    unexplained: int = Field(description="Points without a read and without a reader's reason.")


@router.get("/routes/{route_no}/cycles", policy=READ)
async def list_route_cycles(
    route_no: Annotated[No, Path()],
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    cycle: Month | None = None,
) -> pagination.Page[RouteCycleOut]:
    """List the cycles of a route by read date; the counts of those that are open are 0."""
    async with db.view() as view:
        rows = await route_cycles.listed(
            view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, route_no=route_no, cycle=cycle
        )
    return wanted.page(rows, key=lambda row: (row.read_date,), item=RouteCycleOut.of)


@router.get("/routes/{route_no}/cycles/{cycle}", policy=READ)
async def get_progress(
    route_no: Annotated[No, Path()],
    cycle: Annotated[Month, Path()],
    caller: auth.Current,
    db: web.Db,
    read_date: date | None = None,
) -> ProgressOut:
    """Return how far a route is in a cycle: expected, read, estimated, missed, and what nobody has explained.

    Where the route's read day was moved, two read dates may have one name: the latest is shown, or that of `read_date`.
    """
    async with db.view() as view:
        if read_date is None:
            found = await route_cycles.named(view, route_no, cycle)
        else:
            found = await route_cycles.route_cycle(view, route_no, read_date)
        if found is None or found.cycle != cycle or not caller.may_see(found.org_unit):
            raise errors.not_found("route_cycle")
        totals = found.totals if found.status == CLOSED else await tasks.totals(view, route_no, found.read_date)
        unexplained = await tasks.unexplained(view, route_no, found.read_date)
    return ProgressOut(
        route_no=route_no,
        cycle=cycle,
        org_unit=found.org_unit,
        read_date=found.read_date,
        closed_on=found.closed_on,
        expected=totals.expected,
        actual=totals.actual,
        estimated=totals.estimated,
        missed=totals.missed,
        usages=totals.usages,
        sum_wh=totals.sum_wh,
        unexplained=unexplained,
    )
