"""The tables of call tasks: who has one, and each call with its outcome."""

from datetime import date, datetime

from sqlalchemy import Column, Date, SmallInteger, String
from sqlmodel import Field

from services.notify.base import Base
from shared.db import columns
from shared.db.columns import table


class CallTask(Base, table=True):
    """What is known of a notice that is told by call, from its first taking on. `next_at`: nobody calls before."""

    __tablename__ = "call_task"

    notice_id: str = Field(sa_column=columns.key())
    way: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    caller: str = Field(sa_column=Column(columns.No, nullable=False))
    taken_at: datetime = Field(sa_column=Column(columns.Instant, nullable=False))
    tries: int = Field(sa_column=Column(SmallInteger, nullable=False))
    next_at: datetime | None = Field(sa_column=Column(columns.Instant))


class Call(Base, table=True):
    """One call, with its outcome. Never what was said beside: it may hold what is nobody's business."""

    __tablename__ = "call"

    notice_id: str = Field(sa_column=columns.key())
    way: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    number: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    caller: str = Field(sa_column=Column(columns.No, nullable=False))
    outcome: str = Field(sa_column=Column(String(16), nullable=False))
    promised_on: date | None = Field(sa_column=Column(Date))
    at: datetime = Field(sa_column=Column(columns.Instant, nullable=False))


CALL_TASK = table(CallTask)
CALL = table(Call)
