"""A bill for which a site order is out waits for it, and closes only with an explanation afterwards."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from services.billing.site_orders import store
from services.billing.site_orders.domain import CAME_BACK, WAITING, Site
from services.billing.site_orders.store import Days
from shared.db.engine import View
from shared.errors import BusinessError


class SiteOrderOpen(BusinessError):
    status = 409
    code = "bill.site_order_open"
    title = "A site order is out for the bill: it waits for the result, or somebody takes the order back"


class UnexplainedAfterSite(BusinessError):
    status = 422
    code = "bill.site_order_unexplained"
    title = "What was looked at on site is closed with an explanation"


async def orders_of(view: View, bills: Sequence[Row[Any]]) -> Mapping[str, Sequence[Row[Any]]]:
    """Return the site orders about bills, or about any version of their days, by bill."""
    return await store.of_bills(view, [Days.of(row) for row in bills])


def check(orders: Sequence[Row[Any]], explanation: str) -> None:
    """Check that the review of bills with these orders may end: none is out, and what came back is explained.

    Raises SiteOrderOpen, UnexplainedAfterSite.
    """
    out = sorted({each.order_no for each in orders if store.is_out(each)})
    if out:
        raise SiteOrderOpen(", ".join(out))
    if orders and not explanation.strip():
        raise UnexplainedAfterSite


async def sites(view: View, bills: Sequence[Row[Any]]) -> Mapping[str, Site]:
    """Return where bills stand that were sent to site, by bill; others are not in it."""
    found = await orders_of(view, bills)
    return {bill_id: WAITING if any(map(store.is_out, rows)) else CAME_BACK for bill_id, rows in found.items()}
