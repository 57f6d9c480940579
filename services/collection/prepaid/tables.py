"""What prepaid contracts have used since their last bill, and how their accounts stand."""

from datetime import date, datetime

from sqlalchemy import Boolean, Column, Date, Index, Integer, SmallInteger, String, Text, text
from sqlmodel import Field

from services.collection.base import Base
from shared.db import columns
from shared.db.columns import table

_DUE = text("due = 1")
_PROPOSE = text("propose_at IS NOT NULL")
_DOUBT = text("doubt = 'wanted'")


class PrepaidContract(Base, table=True):
    """The estimate of a contract in its highest version; nothing of it is posted. `dropped`: a bill has come of its days."""

    __tablename__ = "prepaid_contract"
    __table_args__ = (Index("prepaid_contract_account", "account_no"),)

    contract_no: str = Field(sa_column=columns.key())
    account_no: str = Field(sa_column=Column(columns.No, nullable=False))
    service_point_no: str = Field(sa_column=Column(columns.No, nullable=False))
    version: int = Field(sa_column=Column(Integer, nullable=False))
    mode: str = Field(sa_column=Column(columns.Code, nullable=False))
    period_from: date = Field(sa_column=Column(Date, nullable=False))
    through: date = Field(sa_column=Column(Date, nullable=False))
    amount_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    usual_fen: int | None = Field(sa_column=Column(columns.Amount))
    whole: bool = Field(sa_column=Column(Boolean, nullable=False))
    dropped: bool = Field(sa_column=Column(Boolean, nullable=False, server_default=text("false")))


class PrepaidAccount(Base, table=True):
    """How an account with such a contract stands; what is left as it was judged last.

    `due`: it is to be judged. `below_fen`: less than that, nothing is left, by the rules of when it was judged.
    `announcement_id`: what the customer was told by last that nothing is left. `code`: why no cut is proposed.
    `doubt`: the estimate has jumped, and what a person found of it.
    """

    __tablename__ = "prepaid_account"
    __table_args__ = (
        Index("prepaid_account_due", "account_no", postgresql_where=_DUE, sqlite_where=_DUE),
        Index("prepaid_account_propose", "propose_at", postgresql_where=_PROPOSE, sqlite_where=_PROPOSE),
        Index("prepaid_account_doubt", "account_no", "doubt", postgresql_where=_DOUBT, sqlite_where=_DOUBT),
        Index("prepaid_account_announcement", "announcement_id"),
    )

    account_no: str = Field(sa_column=columns.key())
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    due: int = Field(sa_column=Column(SmallInteger, nullable=False))
    mode: str = Field(sa_column=Column(columns.Code, nullable=False))
    state: str = Field(sa_column=Column(columns.Code, nullable=False))
    prepaid_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    owed_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    estimate_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    available_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    through: date | None = Field(sa_column=Column(Date))
    below_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    warned: int = Field(sa_column=Column(SmallInteger, nullable=False))
    notices: int = Field(sa_column=Column(Integer, nullable=False))
    episode: int = Field(sa_column=Column(Integer, nullable=False))
    overdrawn_on: date | None = Field(sa_column=Column(Date))
    announcement_id: str = Field(sa_column=Column(columns.No, nullable=False))
    told_at: datetime | None = Field(sa_column=Column(columns.Instant))
    propose_at: datetime | None = Field(sa_column=Column(columns.Instant))
    code: str = Field(sa_column=Column(columns.Code, nullable=False))
    doubt: str = Field(sa_column=Column(columns.Code, nullable=False))
    doubt_by: str | None = Field(sa_column=Column(columns.No))
    doubt_why: str = Field(sa_column=Column(Text, nullable=False))
    judged_at: datetime | None = Field(sa_column=Column(columns.Instant))


CONTRACT, PREPAID = table(PrepaidContract), table(PrepaidAccount)
