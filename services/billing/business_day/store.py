"""The business day: what billing takes for today where nobody names a date."""

from datetime import date

from sqlalchemy import ColumnElement, ScalarSelect, false, func, select, update

from services.billing.business_day.tables import BUSINESS_DAY
from shared.db import bulk
from shared.db.engine import Tx, View

DAY = "billing"


async def latest(view: View) -> date | None:
    """Return the latest business date that billing has heard of."""
    day: date | None = await view.scalar(select(BUSINESS_DAY.c.day).where(BUSINESS_DAY.c.name == DAY))
    return day


async def not_before(view: View, day: date) -> date:
    """Return the latest business date, or a day that is after all that billing has heard of."""
    return max(day, await latest(view) or day)


def of_latest() -> ScalarSelect[date]:
    """Return the latest business date as a part of a statement; null where there is none."""
    return select(BUSINESS_DAY.c.day).where(BUSINESS_DAY.c.name == DAY).scalar_subquery()


def has_come(day: ColumnElement[date]) -> ColumnElement[bool]:
    """Return the condition that a day is not after the latest business date."""
    return day <= of_latest()


def is_over(day: ColumnElement[date]) -> ColumnElement[bool]:
    """Return the condition that a day is before the latest business date."""
    return func.coalesce(day < of_latest(), false())


async def advance(tx: Tx, day: date) -> None:
    """Move the business day forward; a past day leaves it where it is."""
    await bulk.insert_ignore(tx, BUSINESS_DAY, {"name": [DAY], "day": [day]}, key=("name",))
    await tx.execute(update(BUSINESS_DAY).where(BUSINESS_DAY.c.name == DAY, BUSINESS_DAY.c.day < day).values(day=day))
