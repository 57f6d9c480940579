"""The issued bills of service points over spans of days: one statement."""

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Date, Row, and_, select

from services.billing.bills.domain.bills import ISSUED
from services.billing.bills.tables import BILL, BILL_DOCUMENT
from services.billing.contracts.store import contracts as contracts_store
from shared.db import columns, travel
from shared.db.engine import View

_HEAD = ("bill_id", "usage_id", "account_no", "org_unit", "period_from", "period_to", "energy_wh")


class Span(NamedTuple):
    """The days [from_, to) of a service point, under a name of the asker's own."""

    name: str
    service_point_no: str
    from_: date
    to: date


async def issued(view: View, spans: Sequence[Span]) -> Sequence[Row[Any]]:
    """Return the issued bills in force that share a day with spans, each with the `name` of its span and its lines as text."""
    names, points, starts, ends = zip(*spans, strict=True) if spans else ((), (), (), ())
    given = travel.relation(
        view,
        "spans",
        {
            "name": (columns.No, names),
            "service_point_no": (columns.No, points),
            "from_": (Date(), starts),
            "to": (Date(), ends),
        },
    )
    b, contract = BILL.c, contracts_store.contracts()
    shares = and_(
        b.contract_no == contract.c.contract_no,
        b.service_point_no == given.c.service_point_no,
        b.period_from < given.c.to,
        b.period_to > given.c.from_,
        b.status == ISSUED,
    )
    at_point = contract.c.service_point_no == given.c.service_point_no
    with_lines = BILL_DOCUMENT.c.bill_id == b.bill_id
    return await view.all(
        select(given.c.name, *(b[name] for name in _HEAD), BILL_DOCUMENT.c.lines)
        .select_from(given.join(contract, at_point).join(BILL, shares).join(BILL_DOCUMENT, with_lines))
        .order_by(b.period_from, b.bill_id)
    )
