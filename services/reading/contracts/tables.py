"""The table of contracts, copied from billing's facts."""

from datetime import date

from sqlalchemy import Column, Date, Integer, SmallInteger, Text
from sqlmodel import Field

from services.reading.base import Base, required
from shared.db import columns
from shared.db.columns import table


class Contract(Base, table=True):
    """Billing's contract, copied from its facts: its first and last day cut usage periods.

    `curve_minutes`: the slots of the load curve that its bills need; null: none. `annulled`: it never was.
    `cycle_months`: how many months each of its bills is for. `payment_modes`: how it is paid from which day on, as
    `2026-05-01 prepaid 2026-09-01 postpaid`; postpaid before the first of them.
    """

    contract_no: str = Field(sa_column=columns.key())
    account_no: str = Field(sa_column=required(columns.No))
    service_point_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    starts_on: date = Field(sa_column=required(Date))
    ends_on: date | None = Field(sa_column=Column(Date))
    curve_minutes: int | None = Field(sa_column=Column(SmallInteger))
    annulled: int = Field(sa_column=Column(SmallInteger, nullable=False, server_default="0"))
    cycle_months: int = Field(sa_column=Column(SmallInteger, nullable=False, server_default="1"))
    payment_modes: str = Field(sa_column=Column(Text, nullable=False, server_default=""))
    version: int = Field(sa_column=required(Integer))


CONTRACT = table(Contract)
