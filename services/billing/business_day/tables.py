"""The table of the business day."""

from datetime import date

from sqlmodel import Field

from services.billing import base
from shared.db import columns
from shared.db.columns import table


class BusinessDay(base.Base, table=True):
    """The latest business date that a job or a closed route has brought: a single row that never goes back."""

    __tablename__ = "business_day"
    name: str = Field(sa_column=columns.key())
    day: date = base.day()


BUSINESS_DAY = table(BusinessDay)
