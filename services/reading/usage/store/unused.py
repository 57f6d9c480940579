"""What was not used: zero usages at the end of what is known of points, as a part of other stores' statements."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, and_, exists, func, or_

from services.reading.usage import tables
from services.reading.usage.domain.usages import ESTIMATED

USAGE = tables.USAGE
_NOT_ZERO: Final = tuple(f"%:{sign}%" for sign in "123456789-")
"""How a quantity stands in the JSON of energies that is not zero; fed in counts as used."""


@dataclass(frozen=True, slots=True)
class Unused:
    """A source joined with the zero usages of each row since its last use; a row without any is none. To be grouped by it."""

    source: FromClause
    since: ColumnElement[date]
    cycles: ColumnElement[int]


def since_last_use(source: FromClause, point: ColumnElement[Any], first: ColumnElement[date], on: date) -> Unused:
    """Return a source with the periods of its points from `first` to a day on which nothing was used, and nothing since.

    Of what stands: the highest version on a day, unless it is withdrawn. An estimate is no proof that nothing was used.
    """
    mine = and_(USAGE.c.service_point_no == point, USAGE.c.period_from >= first, USAGE.c.period_to <= on)
    later = USAGE.alias("later")
    used_later = exists().where(
        later.c.service_point_no == USAGE.c.service_point_no,
        later.c.period_from > USAGE.c.period_from,
        later.c.period_to <= on,
        _stands(later),
        _used(later),
    )
    there = and_(mine, _stands(USAGE), ~_used(USAGE), ~used_later)
    return Unused(source.join(USAGE, there), func.min(USAGE.c.period_from), func.count(USAGE.c.cycle.distinct()))


def _stands(usage: FromClause) -> ColumnElement[bool]:
    other = USAGE.alias()
    overtaken = exists().where(
        other.c.service_point_no == usage.c.service_point_no,
        other.c.period_from < usage.c.period_to,
        other.c.period_to > usage.c.period_from,
        other.c.version > usage.c.version,
    )
    return and_(usage.c.withdrawn == 0, ~overtaken)


def _used(usage: FromClause) -> ColumnElement[bool]:
    moved = or_(usage.c.import_wh != 0, *(usage.c.energy.like(pattern) for pattern in _NOT_ZERO))
    return or_(usage.c.quality == ESTIMATED, moved)
