"""Who has the first meter that is read remotely is told so, once a point, whatever comes in which order."""

from collections.abc import Sequence
from datetime import date, timedelta

from services.reading.network.store import points
from services.reading.rollouts.store import first_remote as store
from shared.db.engine import Tx, View
from shared.events.meters import FirstRemoteMeterFitted

POINTS_MAX = 1000  # at a time, so that memory does not grow with what was left
NEWS_DAYS = 92  # who has had such a meter for a season knows it


async def units(view: View, business_date: date, types: Sequence[str]) -> Sequence[str]:
    """Return the org units with points that are to be told on a business date."""
    return await store.units(view, business_date, _since(business_date), types)


async def tell(tx: Tx, org_unit: str, business_date: date, types: Sequence[str]) -> int:
    """Tell the points of an org unit that have had their first remotely read meter for less than a season; return how many."""
    count = 0
    while found := await store.untold(tx, org_unit, business_date, _since(business_date), types, POINTS_MAX):
        await points.lock(tx, [row.service_point_no for row in found])
        new = await store.keep(tx, found, business_date)
        told = [row for row in found if row.service_point_no in new]
        tx.publish(
            [
                FirstRemoteMeterFitted(
                    service_point_no=row.service_point_no,
                    org_unit=row.org_unit,
                    meter_no=row.meter_no,
                    fitted_on=row.fitted_on,
                    told_on=business_date,
                )
                for row in told
            ]
        )
        count += len(told)
    return count


def _since(business_date: date) -> date:
    return business_date - timedelta(days=NEWS_DAYS)
