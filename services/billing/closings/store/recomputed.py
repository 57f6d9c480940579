"""Closings with their final bills: for who calculates them again."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, select

from services.billing.closings.tables import CLOSING
from shared.db import bulk
from shared.db.engine import View


async def of_points(view: View, service_point_nos: Sequence[str]) -> Sequence[Row[Any]]:
    """Return the closings at some points whose final bill is out."""
    keys = {"service_point_no": service_point_nos}
    return await bulk.select_in(view, CLOSING, keys, where=CLOSING.c.bill_id.is_not(None))


async def billed(view: View, closing_nos: Sequence[str]) -> Sequence[Row[Any]]:
    """Return closings by their numbers whose final bill is out."""
    return await bulk.select_in(view, CLOSING, {"closing_no": closing_nos}, where=CLOSING.c.bill_id.is_not(None))


async def billed_between(view: View, since: date, until: date) -> list[str]:
    """Return the closings whose final bill went out on days, both included."""
    c = CLOSING.c
    return [row.closing_no for row in await view.all(select(c.closing_no).where(c.billed_on.between(since, until)))]
