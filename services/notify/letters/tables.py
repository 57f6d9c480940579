"""The tables of letters: batches, and the letters of each. Of what a letter says and where it goes they hold its hash alone."""

from datetime import date, datetime

from sqlalchemy import Column, Date, Index, Integer, SmallInteger, String, Text, text
from sqlmodel import Field

from services.notify.base import Base
from shared.db import columns
from shared.db.columns import table

_OPEN = text("outcome = ''")


class LetterBatch(Base, table=True):
    """Letters (信函) that are posted together. `mark_sealed`: what stands on each, so that no hash can be guessed."""

    __tablename__ = "letter_batch"

    batch_no: str = Field(sa_column=columns.key())
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    letters_max: int = Field(sa_column=Column(Integer, nullable=False))
    letters: int = Field(sa_column=Column(Integer, nullable=False))
    register_hash: str = Field(sa_column=Column(String(64), nullable=False))
    mark_sealed: str = Field(sa_column=Column(Text, nullable=False))
    state: str = Field(sa_column=Column(String(16), nullable=False))
    made_by: str = Field(sa_column=Column(columns.No, nullable=False))
    made_on: date = Field(sa_column=Column(Date, nullable=False))
    made_at: datetime = Field(sa_column=Column(columns.Instant, nullable=False))
    posted_on: date | None = Field(sa_column=Column(Date))
    posted_by: str | None = Field(sa_column=Column(columns.No))


class Letter(Base, table=True):
    """A notice that goes by letter, in the one batch with which it is posted. `content_hash`: of all that is printed.

    `address_since`: which version of the address; one that was put since is not what came back. `outcome`: empty, delivered,
    returned or presumed; `told_on` its day.
    """

    __tablename__ = "letter"
    __table_args__ = (
        Index("letter_of_batch", "batch_no", "place", unique=True),
        Index("letter_open", "batch_no", postgresql_where=_OPEN, sqlite_where=_OPEN),
    )

    notice_id: str = Field(sa_column=columns.key())
    way: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    batch_no: str = Field(sa_column=Column(columns.No, nullable=False))
    place: int = Field(sa_column=Column(Integer, nullable=False))
    address_since: int = Field(sa_column=Column(Integer, nullable=False))
    content_hash: str = Field(sa_column=Column(String(64), nullable=False))
    outcome: str = Field(sa_column=Column(String(16), nullable=False))
    told_on: date | None = Field(sa_column=Column(Date))
    register_no: str = Field(sa_column=Column(columns.No, nullable=False))
    reason: str = Field(sa_column=Column(String(16), nullable=False))
    told_by: str = Field(sa_column=Column(columns.No, nullable=False))


LETTER_BATCH = table(LetterBatch)
LETTER = table(Letter)
