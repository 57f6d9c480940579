"""Scorecards are made once, some days after their month; what comes later is counted by the first one that is made after that."""

from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import true

from services.reading.adherence.use_cases import looking
from services.reading.context import Context
from services.reading.reads.domain.days import ReadDays
from services.reading.scorecards.domain.rows import NOBODY, TASK, WRONG, Row
from services.reading.scorecards.store import cards
from services.reading.scorecards.use_cases import collecting
from services.reading.tasks.domain.tasks import task_id
from services.reading.tasks.store import route_cycles
from shared import civil
from shared.db.engine import Tx, View

MONTHS: Final = 3  # for routes whose cycles were closed late; what is older is counted by the next month that is made
LATER: Final = "9999-12"
Wanted = tuple[str, str]
"""Month and route."""


async def due(view: View, business_date: date, own: Context) -> list[Wanted]:
    """Return (month, route) of the scorecards that are to be made on a business date, in order of months.

    The first month of all is the last one that is over; a route waits until its cycles of that month and before it are closed.
    """
    months = _months(business_date, await cards.first_month(view), own)
    if not months:
        return []
    made = await cards.made(view, months)
    closed = await route_cycles.closed(view, months)
    first, end = civil.month(months[0])[0], civil.month(months[-1])[1]
    came = [(_came(row)[:7], row.route_no) for row in await collecting.uncounted(view, first, end, own)]
    is_open = await route_cycles.first_open_of_routes(view)
    return sorted(each for each in {*closed, *came} - made if is_open.get(each[1], LATER) > each[0])


def _months(business_date: date, first: str | None, own: Context) -> list[str]:
    """Return the last months that are over for long enough, and in which there are scorecards or could be the first ones."""
    day = business_date - timedelta(days=own.policies.on_or_first(business_date).scorecards.after_days)
    months: list[str] = []
    for _ in range(MONTHS):
        day = day.replace(day=1) - timedelta(days=1)
        months.insert(0, f"{day:%Y-%m}")
    begin = next(iter(own.policies)).period.from_
    since = first or max(months[-1], f"{begin:%Y-%m}")
    return [month for month in months if month >= since]


def _came(row: Row) -> str:
    """Return the day on which something came that is no task."""
    return str(row.details.get("fixed_on") or row.details.get("corrected_on") or row.day)


async def make(tx: Tx, *, month: str, route_no: str, business_date: date, own: Context) -> dict[str, int]:
    """Make the scorecards of a route in a month; a constant number of statements. What has them keeps them.

    A route on which something was fixed in a year without a business-day calendar waits for that calendar.
    """
    if (month, route_no) in await cards.made(tx, [month]):
        return {"scorecards": 0, "rows": 0}
    since, before = await cards.first_month(tx) or month, civil.month(month)[1]
    cycles = await route_cycles.cycles_without(tx, route_no, since, month, beside=cards.counts_task)
    theirs = [row for cycle in (*cycles, month) for row in await _tasks(tx, cycle, route_no, own)]
    counted = await cards.counted(tx, theirs)
    rows = [row for row in theirs if (row.kind, row.subject) not in counted]
    rows += await collecting.uncounted(tx, civil.month(since)[0], before, own, route_nos={route_no})
    if not rows:
        return {"scorecards": 0, "rows": 0}
    if any(row.kind == WRONG and row.fix_days is None for row in rows):
        return {"scorecards": 0, "rows": 0, "routes_without_calendar": 1}
    await cards.keep(tx, month, rows)
    made = await cards.add_up(tx, month, route_no, made_on=business_date)
    return {"scorecards": made, "rows": len(rows)}


async def _tasks(view: View, cycle: str, route_no: str, own: Context) -> list[Row]:
    """Return the tasks of a route in a cycle as scorecards count them; three statements."""
    wanted = looking.Wanted(cycle=cycle, route_no=route_no)
    rows = await looking.every(view, wanted, ReadDays(own.policies, own.zone), visible=lambda _: true())
    return [_task(row) for row in rows]


def _task(row: Any) -> Row:
    return Row(
        kind=TASK,
        subject=task_id(row.point, row.read_date),
        route_no=row.route_no,
        reader=row.planned_reader or NOBODY,
        org_unit=row.org_unit,
        service_point_no=row.point,
        day=row.read_date,
        ended=row.outcome,
        status=row.status,
        read_by=row.reader,
        details={"read_at": row.read_at.isoformat(), "source": row.source} if row.read_at else {},
    )
