"""The tables of routes in cycles, and of the contracts that cut periods."""

from datetime import date

from sqlalchemy import Column, Date, Integer, String
from sqlmodel import Field

from services.reading.base import ORG_UNIT, Base, required
from shared.db import columns
from shared.db.columns import table


class RouteCycle(Base, table=True):
    """One route in one cycle, with the control totals of its closing."""

    __tablename__ = "route_cycle"

    route_no: str = Field(sa_column=columns.key())
    cycle: str = Field(sa_column=Column(String(7), primary_key=True))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    read_date: date = Field(sa_column=required(Date))
    closed_on: date | None = Field(sa_column=Column(Date))
    expected: int = Field(sa_column=required(Integer))
    actual: int = Field(sa_column=required(Integer))
    estimated: int = Field(sa_column=required(Integer))
    missed: int = Field(sa_column=required(Integer))
    usages: int = Field(sa_column=required(Integer))
    sum_wh: int = Field(sa_column=required(columns.BigInt))


class Contract(Base, table=True):
    """Billing's contract, copied from its facts: its first and last day cut usage periods."""

    contract_no: str = Field(sa_column=columns.key())
    account_no: str = Field(sa_column=required(columns.No))
    service_point_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    starts_on: date = Field(sa_column=required(Date))
    ends_on: date | None = Field(sa_column=Column(Date))
    version: int = Field(sa_column=required(Integer))


ROUTE_CYCLE = table(RouteCycle)
CONTRACT = table(Contract)
