"""What runs at prepaid points as reading told it last, and what that will cost as billing told it last."""

from datetime import date, datetime

from sqlalchemy import Boolean, Column, Date, Index, Integer
from sqlmodel import Field

from services.billing import base
from shared.db import columns
from shared.db.columns import table


class HeardRegister(base.Base, table=True):
    """The daily register (日冻结示数) of a service point in its highest version. `said`: the rest of it, as JSON."""

    __tablename__ = "heard_register"

    service_point_no: str = Field(sa_column=columns.key())
    version: int = Field(sa_column=Column(Integer, nullable=False))
    org_unit: str = base.path()
    period_from: date = base.day()
    through: date = base.day()
    said: str = base.long_text()
    heard_at: datetime = base.instant()


class DailyCharge(base.Base, table=True):
    """What was told last of a contract that is prepaid on some day.

    `not_out_fen`: of bills that are not out yet; the rest is of the register. `why`: a code, where a part could not be rated.
    `turns_on`: the next day on which it is paid in another way.
    """

    __tablename__ = "daily_charge"
    __table_args__ = (Index("daily_charge_account", "account_no"), Index("daily_charge_turns", "turns_on"))

    contract_no: str = Field(sa_column=columns.key())
    account_no: str = base.no()
    service_point_no: str = base.no()
    org_unit: str = base.path()
    version: int = Field(sa_column=Column(Integer, nullable=False))
    mode: str = Field(sa_column=Column(columns.Code, nullable=False))
    period_from: date = base.day()
    through: date = base.day()
    amount_fen: int = base.amount()
    not_out_fen: int = base.amount()
    energy_wh: int = Field(sa_column=Column(columns.BigInt, nullable=False))
    usual_fen: int | None = base.amount(nullable=True)
    whole: bool = Field(sa_column=Column(Boolean, nullable=False))
    why: str = Field(sa_column=Column(columns.Code, nullable=False))
    turns_on: date | None = Field(sa_column=Column(Date))
    told_at: datetime = base.instant()


class DailyEstimate(base.Base, table=True):
    """What a register of a contract came to when it was rated last, by the day on which it begins: the lines of no bill."""

    __tablename__ = "daily_estimate"

    contract_no: str = Field(sa_column=columns.key())
    period_from: date = Field(sa_column=Column(Date, primary_key=True))
    version: int = Field(sa_column=Column(Integer, nullable=False))
    through: date = base.day()
    amount_fen: int = base.amount()
    energy_wh: int = Field(sa_column=Column(columns.BigInt, nullable=False))
    lines: str = base.long_text()
    rated_at: datetime = base.instant()


REGISTER, CHARGE, ESTIMATE = table(HeardRegister), table(DailyCharge), table(DailyEstimate)
