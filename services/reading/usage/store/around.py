"""What the service points around one have used: every function is one statement."""

from typing import NamedTuple

from sqlalchemy import func, select

from services.reading.usage import tables
from shared.db.engine import View

USAGE = tables.USAGE


class Around(NamedTuple):
    """What the other points of a route and org unit used in a cycle: how many there are, and the mean, half down."""

    points: int
    mean_wh: int


async def by_cycle(
    view: View, *, route_no: str, org_unit: str, without: str, from_cycle: str, to_cycle: str
) -> dict[str, Around]:
    """Return by cycle, from the first to the last one, what the other points of a route have used, as it stands now."""
    usage, other = USAGE.c, USAGE.alias("other")
    overtaken = (
        select(other.c.usage_id)
        .where(
            other.c.service_point_no == usage.service_point_no,
            other.c.period_from < usage.period_to,
            other.c.period_to > usage.period_from,
            other.c.version > usage.version,
        )
        .exists()
    )
    rows = await view.all(
        select(
            usage.cycle,
            func.count(usage.service_point_no.distinct()).label("points"),
            func.sum(usage.import_wh).label("wh"),
        )
        .where(usage.route_no == route_no, usage.org_unit == org_unit, usage.service_point_no != without)
        .where(usage.cycle >= from_cycle, usage.cycle <= to_cycle, usage.withdrawn == 0, ~overtaken)
        .group_by(usage.cycle)
    )
    return {row.cycle: Around(int(row.points), int(row.wh) // int(row.points)) for row in rows}
