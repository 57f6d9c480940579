"""The tables of accounts and contracts."""

from datetime import date, datetime

from sqlalchemy import Column, Date, Index, Integer, SmallInteger, Text, text
from sqlmodel import Field

from services.billing import base
from shared.db import columns
from shared.db.columns import table


class Account(base.Base, table=True):
    """An account (户). `facts` is the JSON list of its terms; `digest` tells whether a PUT changes anything."""

    account_no: str = Field(sa_column=columns.key())
    org_unit: str = base.path()
    opened_on: date = base.day()
    closed_on: date | None = base.day(nullable=True)
    facts: str = base.long_text()
    customer_no: str = base.no()
    digest: str = base.no()
    version: int


class Contract(base.Base, table=True):
    """Supply of one service point. `account_version` is the account's: all its contracts are written with it.

    `annulled`: it never was. `reason`: why it was moved or annulled, as last stated.
    `payment_modes`: the JSON list of its payment modes, empty where it has none. `asked`: the points that it names and that are
    not known yet, each with the org units of who named it, as JSON, the first since `asked_at`. `refused`: those that proved
    to be another bureau's. `daily`: see `store/daily.py`.
    `closing_ends_on`: the day on which a closing has ended it; it never goes on after that.
    """

    __table_args__ = (
        Index("contract_service_point", "service_point_no"),
        Index("contract_account", "account_no"),
        Index(
            "contract_undecided",
            "contract_no",
            postgresql_where=text("asked <> '' OR refused <> ''"),
            sqlite_where=text("asked <> '' OR refused <> ''"),
        ),
        Index(
            "contract_daily",
            "contract_no",
            "daily",
            postgresql_where=text("daily > 0"),
            sqlite_where=text("daily > 0"),
        ),
        Index("contract_asking", "asked_at", postgresql_where=text("asked <> ''"), sqlite_where=text("asked <> ''")),
    )
    contract_no: str = Field(sa_column=columns.key())
    account_no: str = base.no()
    account_version: int
    service_point_no: str = base.no()
    from_date: date = base.day()
    to_date: date | None = base.day(nullable=True)
    assignments: str = base.long_text()
    opening: str = base.long_text()
    cycle_months: int
    annulled: bool
    reason: str = base.long_text()
    curve_minutes: int | None = Field(default=None)
    payment_modes: str = base.long_text()
    sub_meters: str = Field(sa_column=Column(Text, nullable=False, server_default=""))
    daily: int = Field(sa_column=Column(SmallInteger, nullable=False, server_default="0"))
    asked: str = Field(sa_column=Column(Text, nullable=False, server_default=""))
    asked_at: datetime | None = base.instant(nullable=True)
    refused: str = Field(sa_column=Column(Text, nullable=False, server_default=""))
    closing_ends_on: date | None = base.day(nullable=True)


class AccountBefore(base.Base, table=True):
    """What an account was until a PUT changed it, up to and with a version: bills that were calculated by it rest on it."""

    __tablename__ = "account_before"
    account_no: str = Field(sa_column=columns.key())
    version: int = Field(sa_column=Column(Integer, primary_key=True))
    org_unit: str = base.path()
    facts: str = base.long_text()


class ContractBefore(base.Base, table=True):
    """What a contract was until a PUT of its account changed it, up to and with a version of the account."""

    __tablename__ = "contract_before"
    contract_no: str = Field(sa_column=columns.key())
    account_version: int = Field(sa_column=Column(Integer, primary_key=True))
    service_point_no: str = base.no()
    from_date: date = base.day()
    to_date: date | None = base.day(nullable=True)
    assignments: str = base.long_text()
    opening: str = base.long_text()
    cycle_months: int
    annulled: bool
    sub_meters: str = base.long_text()


class SubMeter(base.Base, table=True):
    """The sub-meters that contracts name, on the days that these cover: which main meters a usage is taken off."""

    __tablename__ = "sub_meter"
    __table_args__ = (Index("sub_meter_main", "main_point_no"), Index("sub_meter_contract", "contract_no"))
    service_point_no: str = Field(sa_column=columns.key())
    from_date: date = Field(sa_column=Column(Date, primary_key=True))
    to_date: date | None = base.day(nullable=True)
    contract_no: str = base.no()
    main_point_no: str = base.no()


class ServicePoint(base.Base, table=True):
    """A service point as reading told it, or only named by a contract: then it has no org unit yet and version 0.

    A PUT of accounts locks it, so that two of them never give one service point two contracts at a time.
    """

    __tablename__ = "service_point"
    service_point_no: str = Field(sa_column=columns.key())
    org_unit: str | None = Field(default=None, sa_column=Column(base.PATH_COLUMN, nullable=True))
    version: int = Field(sa_column=Column(Integer, nullable=False, server_default="0"))


ACCOUNT, CONTRACT, SERVICE_POINT = table(Account), table(Contract), table(ServicePoint)
SUB_METER = table(SubMeter)
ACCOUNT_BEFORE, CONTRACT_BEFORE = table(AccountBefore), table(ContractBefore)


# The condition of the partial index, with its values in the text of the statement: against a bound value, SQLite cannot tell
# that the index has the rows.
IS_UNDECIDED = text("contract.asked <> '' OR contract.refused <> ''")
IS_ASKING = text("contract.asked <> ''")
