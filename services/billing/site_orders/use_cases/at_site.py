"""A bill for which a site order is out waits for it, and closes only with an explanation afterwards."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from services.billing.site_orders import store
from services.billing.site_orders.domain import CAME_BACK, WAITING, Site
from services.billing.site_orders.store import Days
from shared.db.engine import Tx, View
from shared.errors import BusinessError


class SiteOrderOpen(BusinessError):
    status = 409
    code = "bill.site_order_open"
    title = "A site order is out for the bill: it waits for the result, or somebody takes the order back"


class UnexplainedAfterSite(BusinessError):
    status = 422
    code = "bill.site_order_unexplained"
    title = "What was looked at on site is closed with an explanation"


async def check(tx: Tx, bills: Sequence[Row[Any]], explanation: str) -> None:
    """Check that the review of bills may end: nothing is out for any of them, and what came back is explained.

    Raises SiteOrderOpen, UnexplainedAfterSite.
    """
    orders = [each for found in (await store.of_bills(tx, [Days.of(row) for row in bills])).values() for each in found]
    out = sorted({each.order_no for each in orders if store.is_out(each)})
    if out:
        raise SiteOrderOpen(", ".join(out))
    if orders and not explanation.strip():
        raise UnexplainedAfterSite


async def sites(view: View, bills: Sequence[Row[Any]]) -> Mapping[str, Site]:
    """Return where bills stand that were sent to site, by bill; others are not in it."""
    found = await store.of_bills(view, [Days.of(row) for row in bills])
    return {bill_id: WAITING if any(map(store.is_out, rows)) else CAME_BACK for bill_id, rows in found.items()}
