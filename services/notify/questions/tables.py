"""The tables of questions: what is asked, withdrawals that came before their question, and the links that answer one."""

from datetime import date, datetime

from sqlalchemy import Column, Date, Index, Integer, SmallInteger, String, Text, text
from sqlmodel import Field

from services.notify.base import Base
from shared.db import columns
from shared.db.columns import table

_OPEN = text("state = 'open'")


class Question(Base, table=True):
    """A question to whoever is supplied at a service point, and how it ended: one row for ever."""

    __tablename__ = "question"
    __table_args__ = (
        # what the daily jobs look for
        Index("question_due", "org_unit", "answer_by", postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("question_subject", "subject_id"),
    )

    question_id: str = Field(sa_column=columns.key())
    template: str = Field(sa_column=Column(String(32), nullable=False))
    subject_kind: str = Field(sa_column=Column(columns.Code, nullable=False))
    subject_id: str = Field(sa_column=Column(columns.No, nullable=False))
    service_point_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    account_no: str | None = Field(sa_column=Column(columns.No, index=True))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    asked_on: date = Field(sa_column=Column(Date, nullable=False))
    answer_by: date = Field(sa_column=Column(Date, nullable=False))
    answers: str = Field(sa_column=Column(Text, nullable=False))
    figures: str = Field(sa_column=Column(Text, nullable=False))
    asked_figures: str = Field(sa_column=Column(Text, nullable=False, server_default="[]"))
    state: str = Field(sa_column=Column(String(16), nullable=False))
    code: str = Field(sa_column=Column(columns.Code, nullable=False))
    reminders: int = Field(sa_column=Column(SmallInteger, nullable=False))
    heard_at: datetime = Field(sa_column=Column(columns.Instant, nullable=False))
    closed_at: datetime | None = Field(sa_column=Column(columns.Instant))
    closed_on: date | None = Field(sa_column=Column(Date))
    answer: str | None = Field(sa_column=Column(columns.Code))
    given_figures: str | None = Field(sa_column=Column(Text))
    seen_at: datetime | None = Field(sa_column=Column(columns.Instant))
    way: str | None = Field(sa_column=Column(String(16)))
    recorded_by: str | None = Field(sa_column=Column(columns.No))
    notice_id: str | None = Field(sa_column=Column(columns.No))


class QuestionWithdrawal(Base, table=True):
    """A withdrawal that was heard before its question; it is gone when that comes."""

    __tablename__ = "question_withdrawal"

    question_id: str = Field(sa_column=columns.key())
    reason: str = Field(sa_column=Column(columns.Code, nullable=False))
    since: datetime = Field(sa_column=Column(columns.Instant, nullable=False))


class Link(Base, table=True):
    """What is kept of a link: the hash of its token, never the token."""

    __tablename__ = "link"

    token_hash: str = Field(sa_column=Column(String(64), primary_key=True))
    question_id: str = Field(sa_column=Column(columns.No, nullable=False))
    notice_id: str = Field(sa_column=Column(columns.No, nullable=False))
    party_no: str = Field(sa_column=Column(columns.No, nullable=False))
    point_no: str = Field(sa_column=Column(columns.No, nullable=False, server_default="1"))
    address_since: int = Field(sa_column=Column(Integer, nullable=False))
    language: str = Field(sa_column=Column(String(8), nullable=False))
    day: date = Field(sa_column=Column(Date, nullable=False))


QUESTION = table(Question)
WITHDRAWAL = table(QuestionWithdrawal)
LINK = table(Link)
