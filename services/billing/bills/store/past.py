"""The bills in force of contracts on days before: one statement."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from sqlalchemy import Date, and_, select

from services.billing.bills.domain.bills import EFFECTIVE
from services.billing.bills.domain.past import Past
from services.billing.bills.tables import BILL
from shared.db import columns, travel
from shared.db.engine import View

LONGEST: Final = timedelta(days=400)  # a bill that is longer is not looked for: the index goes by its first day


async def in_force(view: View, days: Mapping[str, tuple[date, date]]) -> dict[str, list[Past]]:
    """Return the bills in force of contracts that have a day of [from, to), in order."""
    given = travel.relation(
        view,
        "days",
        {
            "contract_no": (columns.No, list(days)),
            "earliest": (Date(), [from_ - LONGEST for from_, _ in days.values()]),
            "from_": (Date(), [from_ for from_, _ in days.values()]),
            "to": (Date(), [to for _, to in days.values()]),
        },
    )
    b = BILL.c
    shares = and_(
        b.contract_no == given.c.contract_no,
        b.period_from >= given.c.earliest,
        b.period_from < given.c.to,
        b.period_to > given.c.from_,
        b.status.in_(EFFECTIVE),
    )
    rows = await view.all(
        select(b.contract_no, b.period_from, b.period_to, b.energy_wh)
        .select_from(given.join(BILL, shares))
        .order_by(b.contract_no, b.period_from)
    )
    found: dict[str, list[Past]] = {}
    for row in rows:
        bill = Past(period_from=row.period_from, period_to=row.period_to, energy_wh=row.energy_wh)
        found.setdefault(row.contract_no, []).append(bill)
    return found
