"""Bills in force of some runs as the review looked at them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, and_, select

from services.billing.bills.domain.bills import EFFECTIVE
from services.billing.bills.tables import BILL, BILL_DOCUMENT
from services.billing.usages.store import usages as usages_store
from shared.db import columns, travel
from shared.db.columns import Condition
from shared.db.engine import View

_HEAD = (
    *("bill_id", "service_point_no", "route_no", "cycle", "period_from", "period_to"),
    *("energy_wh", "total_fen", "findings"),
)


async def bills(view: View, runs: Sequence[tuple[str, str]], *, visible: Condition) -> Sequence[Row[Any]]:
    """Return the bills in force of runs (route, cycle), with what they were calculated from and the day of their read.

    They are found by the usages of the run.
    """
    given = travel.relation(
        view,
        "runs",
        {"route_no": (columns.No, [route for route, _ in runs]), "cycle": (columns.No, [cycle for _, cycle in runs])},
    )
    b, usage = BILL.c, usages_store.usages()
    of_run = and_(usage.c.route_no == given.c.route_no, usage.c.cycle == given.c.cycle)
    return await view.all(
        select(*(b[name] for name in _HEAD), usage.c.read_date, BILL_DOCUMENT.c.context)
        .select_from(
            given.join(usage, of_run)
            .join(BILL, b.usage_id == usage.c.usage_id)
            .join(BILL_DOCUMENT, BILL_DOCUMENT.c.bill_id == b.bill_id)
        )
        .where(visible(b.org_unit), b.status.in_(EFFECTIVE))
        .order_by(b.bill_id)
    )
