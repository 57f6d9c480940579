"""The meters that reads come from."""

from collections.abc import Sequence
from datetime import date

from services.reading.base import by_name
from services.reading.network.domain.registers import Registers
from services.reading.network.store import codec, installations
from services.reading.own_reads import store as own_reads
from services.reading.tasks.store import tasks
from shared.db.engine import View
from shared.frozen import document


@document
class MeterDay:
    """A meter on a local day: its registers, the point where it is (empty: nowhere), and the status of the day's task there.

    `watched_from`: reads of later days may change what was told of the point, even where no period ends. `curved`: the points
    where it is whose bills need load curves; both of a meter that is moved on that day. `own_asked`: the customer is asked for
    an own read. `daily`: the points where it is of which is told what runs each day.

    The org unit is that of the point, or of the meter where it stands nowhere.
    """

    meter_no: str
    day: date
    registers: Registers
    service_point_no: str
    org_unit: str
    route_no: str
    connection_kw: int | None
    status: str | None
    watched_from: date | None
    curved: tuple[str, ...]
    own_asked: bool
    daily: tuple[str, ...] = ()


async def meter_days(view: View, keys: Sequence[tuple[str, date]]) -> dict[tuple[str, date], MeterDay]:
    """Return meter, registers, point and task by meter and local day: one statement."""
    found = installations.meter_days(view, keys)
    own_asked = own_reads.is_asked(found.point).label("own_asked")
    statement = tasks.with_status(found.statement.add_columns(own_asked), point=found.point, day=found.day)
    rows = list(by_name(await view.all(statement)))
    curved: dict[tuple[str, date], tuple[str, ...]] = {}
    daily: dict[tuple[str, date], tuple[str, ...]] = {}
    for row in rows:
        if row["daily"]:
            key = row["meter_no"], row["day"]
            daily[key] = (*daily.get(key, ()), row["service_point_no"])
        if row["curved"]:
            key = row["meter_no"], row["day"]
            curved[key] = (*curved.get(key, ()), row["service_point_no"])
    return {
        (row["meter_no"], row["day"]): MeterDay(
            meter_no=row["meter_no"],
            day=row["day"],
            registers=codec.registers(row["registers"], row["numerator"], row["denominator"]),
            service_point_no=row["service_point_no"],
            org_unit=row["org_unit"],
            route_no=row["route_no"],
            connection_kw=row["connection_kw"],
            status=row["status"],
            watched_from=row["watched_from"],
            curved=curved.get((row["meter_no"], row["day"]), ()),
            own_asked=bool(row["own_asked"]),
            daily=daily.get((row["meter_no"], row["day"]), ()),
        )
        for row in rows
    }
