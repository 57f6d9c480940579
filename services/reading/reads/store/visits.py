"""The read that is nearest to the read date of a point: when it was read, and by whom. Every function is one statement, or a
part of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    FromClause,
    String,
    Subquery,
    and_,
    case,
    exists,
    extract,
    func,
    select,
)

from services.reading.network.store import installations
from services.reading.reads import tables
from services.reading.reads.domain import identity
from services.reading.reads.domain.identity import ReadKey
from services.reading.reads.domain.reach import EARLY, LATE, ON_TIME, Reach
from services.reading.reads.store.corrections import ANNULLED
from shared.db import columns, travel
from shared.db.engine import View

READ, CORRECTION = tables.READ, tables.CORRECTION
ESTIMATED = "estimated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """The read of a read date. `reader`: of a meter that tells by itself, none."""

    key: ReadKey
    reader: str | None
    outcome: str


async def annulled(view: View, since: datetime, until: datetime) -> list[ReadKey]:
    """Return the reads of a time that are annulled."""
    own, later = CORRECTION.alias(), CORRECTION.alias()
    after = exists().where(later.c.read_id == own.c.read_id, later.c.number > own.c.number)
    rows = await view.all(select(own.c.read_id).where(own.c.kind == ANNULLED, ~after).order_by(own.c.read_id))
    keys = [identity.natural_key(row.read_id) for row in rows]
    return [key for key in keys if since <= key.read_at < until]


def nearest(view: View, tasks: FromClause, reaches: Sequence[Reach], without: Sequence[ReadKey]) -> Subquery:
    """Return tasks, a relation with `point` and `read_date`, the dates those of the reaches, each with its nearest read.

    To the columns of the relation come `meter_no`, `read_at`, `source`, `reader` and `outcome`, null where there is no read. Of
    equally near ones that with a reader comes first, then the earlier one. What another system estimated is none, nor is one of
    `without`. Nothing is joined twice: how many rows a relation of given values has is not known to who plans the statement.
    """
    reach = _reaches(view, reaches)
    bounds = [column for column in reach.c if column.name != "read_date"]
    dated = tasks.join(reach, reach.c.read_date == tasks.c.read_date)
    wanted = select(*tasks.c, *bounds).select_from(dated).subquery("wanted")
    meters = installations.meters_there(wanted, wanted.c.read_date, also_none=True)
    inside = and_(
        READ.c.meter_no == meters.meter_no,
        READ.c.read_at >= wanted.c.since,
        READ.c.read_at < wanted.c.until,
        READ.c.source != ESTIMATED,
        *_not_among(view, without),
    )
    at = extract("epoch", READ.c.read_at)
    distance = case(
        (READ.c.read_at.is_(None), None),
        (READ.c.read_at < wanted.c.starts, wanted.c.starts_s - at),
        (READ.c.read_at >= wanted.c.ends, at - wanted.c.ends_s + 1),
        else_=0,
    )
    outcome = case(
        (READ.c.read_at.is_(None), None),
        (READ.c.read_at < wanted.c.on_from, EARLY),
        (READ.c.read_at >= wanted.c.on_to, LATE),
        else_=ON_TIME,
    )
    order = distance, READ.c.reader.is_(None), READ.c.read_at, READ.c.meter_no, READ.c.source
    place = func.row_number().over(partition_by=(wanted.c.point, wanted.c.read_date), order_by=order)
    shown = [READ.c.meter_no, READ.c.read_at, READ.c.source, READ.c.reader, outcome.label("outcome")]
    ranked = (
        select(*(wanted.c[column.name] for column in tasks.c), *shown, place.label("place"))
        .select_from(meters.source.outerjoin(READ, inside))
        .subquery("ranked")
    )
    found = select(*(column for column in ranked.c if column.name != "place")).where(ranked.c.place == 1)
    return found.subquery("visited")


async def of_tasks(
    view: View, keys: Sequence[tuple[str, date]], reaches: Sequence[Reach]
) -> dict[tuple[str, date], Visit]:
    """Return the reads of pairs of point and read date, where there are any; two statements."""
    if not keys:
        return {}
    without = await annulled(view, min(each.since for each in reaches), max(each.until for each in reaches))
    given: dict[str, Any] = {
        "point": (String(), [key[0] for key in keys]),
        "read_date": (Date(), [key[1] for key in keys]),
    }
    visited = nearest(view, travel.relation(view, "task_day", given), reaches, without)
    rows = await view.all(select(visited).where(visited.c.read_at.is_not(None)))
    return {
        (row.point, row.read_date): Visit(
            key=ReadKey(row.meter_no, row.read_at, row.source), reader=row.reader, outcome=row.outcome
        )
        for row in rows
    }


def _reaches(view: View, reaches: Sequence[Reach]) -> FromClause:
    instants = ("since", "on_from", "starts", "ends", "on_to", "until")
    given: dict[str, Any] = {"read_date": (Date(), [each.read_date for each in reaches])}
    given |= {name: (columns.Instant, [getattr(each, name) for each in reaches]) for name in instants}
    given |= {
        f"{name}_s": (BigInteger(), [int(getattr(each, name).timestamp()) for each in reaches])
        for name in ("starts", "ends")
    }
    return travel.relation(view, "reach", given)


def _not_among(view: View, keys: Sequence[ReadKey]) -> list[ColumnElement[bool]]:
    if not keys:
        return []
    gone = travel.relation(
        view,
        "annulled",
        {
            "meter_no": (String(), [key.meter_no for key in keys]),
            "read_at": (columns.Instant, [key.read_at for key in keys]),
            "source": (String(), [key.source for key in keys]),
        },
    )
    same = and_(gone.c.meter_no == READ.c.meter_no, gone.c.read_at == READ.c.read_at, gone.c.source == READ.c.source)
    return [~select(gone.c.meter_no).where(same).exists()]
