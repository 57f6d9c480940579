"""Bills in force of some cycles as the review looked at them, contract by contract."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from services.billing.bills.domain.bills import EFFECTIVE
from services.billing.bills.tables import BILL, BILL_DOCUMENT
from shared.db import columns, travel
from shared.db.columns import Condition
from shared.db.engine import View

_HEAD = (
    *("bill_id", "contract_no", "service_point_no", "route_no", "cycle", "period_from", "period_to"),
    *("energy_wh", "total_fen", "findings"),
)


async def contracts(
    view: View, *, visible: Condition, cycles: tuple[str, str], after: str, limit: int
) -> Sequence[str]:
    """Return the next contracts behind a number with bills in force of cycles."""
    b = BILL.c
    rows = await view.all(
        select(b.contract_no)
        .where(b.contract_no > after, visible(b.org_unit), b.cycle.between(*cycles), b.status.in_(EFFECTIVE))
        .distinct()
        .order_by(b.contract_no)
        .limit(limit)
    )
    return [row.contract_no for row in rows]


async def bills(
    view: View, contract_nos: Sequence[str], *, visible: Condition, cycles: tuple[str, str]
) -> Sequence[Row[Any]]:
    """Return the bills in force of contracts and cycles, with what they were calculated from."""
    given = travel.relation(view, "given", {"contract_no": (columns.No, contract_nos)})
    b = BILL.c
    return await view.all(
        select(*(b[name] for name in _HEAD), BILL_DOCUMENT.c.context)
        .select_from(
            given.join(BILL, b.contract_no == given.c.contract_no).join(
                BILL_DOCUMENT, BILL_DOCUMENT.c.bill_id == b.bill_id
            )
        )
        .where(visible(b.org_unit), b.cycle.between(*cycles), b.status.in_(EFFECTIVE))
        .order_by(b.contract_no, b.period_from)
    )
