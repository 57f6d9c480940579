"""Points that come after their route was planned: planned at once, and closed by the reads that are there."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from services.reading.intake.use_cases import stored
from services.reading.policies.domain import Policies
from services.reading.reads.domain.days import ReadDays
from services.reading.tasks.use_cases import late_points
from services.reading.usage.use_cases import measuring
from shared.db.engine import Tx


async def plan(tx: Tx, service_point_nos: Sequence[str], *, policies: Policies, zone: ZoneInfo) -> None:
    """Make the tasks of points for the read dates of their routes whose windows are open; reads that are there close them."""
    new = await late_points.plan_points(tx, service_point_nos)
    await measuring.apply(tx, await stored.closing(tx, new, ReadDays(policies, zone)), policies=policies)
