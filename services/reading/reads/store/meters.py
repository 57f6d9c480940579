"""The meters that reads come from."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from services.reading.network.store import installations
from services.reading.tasks.store import tasks
from shared.db.engine import View


class Resolved(NamedTuple):
    """A meter on a local day: its registers, the point where it is (empty: nowhere), and the status of the day's task there."""

    meter_no: str
    day: date
    registers: str
    numerator: int
    denominator: int
    service_point_no: str
    org_unit: str
    route_no: str
    status: str | None


async def resolve(view: View, keys: Sequence[tuple[str, date]]) -> list[Resolved]:
    """Return meter, registers, point and task for pairs of meter and local day: one statement."""
    found = installations.meter_days(view, keys)
    statement = tasks.with_status(found.statement, point=found.point, day=found.day)
    return list(map(Resolved._make, await view.all(statement)))
