"""The tables of notices: what is told to whom, and the causes that nobody could be told of yet."""

from datetime import date, datetime

from sqlalchemy import Column, Date, Index, Integer, SmallInteger, String, Text, UniqueConstraint, text
from sqlmodel import Field

from services.notify.base import Base
from shared.db import columns
from shared.db.columns import table

_ASKS = text("question_id IS NOT NULL")  # few do
_MAY_GO = text("matter IS NOT NULL")  # few can be withdrawn


class Unaddressed(Base, table=True):
    """A cause that could not be turned into notices: it waits for its account or for a contact, or nobody could be told."""

    __tablename__ = "unaddressed"
    __table_args__ = (
        Index("unaddressed_question", "question_id", postgresql_where=_ASKS, sqlite_where=_ASKS),
        Index("unaddressed_matter", "matter", postgresql_where=_MAY_GO, sqlite_where=_MAY_GO),
    )

    cause_id: str = Field(sa_column=columns.key())
    template: str = Field(sa_column=Column(String(32), primary_key=True))
    notice_id: str = Field(sa_column=Column(columns.No, nullable=False))
    cause_kind: str = Field(sa_column=Column(String(16), nullable=False))
    account_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    service_point_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    cycle: str = Field(sa_column=Column(String(7), nullable=False))
    day: date = Field(sa_column=Column(Date, nullable=False))
    figures: str = Field(sa_column=Column(Text, nullable=False))
    state: str = Field(sa_column=Column(String(24), nullable=False))
    since: datetime = Field(sa_column=Column(columns.Instant, nullable=False))
    question_id: str | None = Field(sa_column=Column(columns.No))
    matter: str | None = Field(sa_column=Column(String(96)))


class Notice(Base, table=True):
    """One message to one party about one cause, in one template: exactly one row of each, for ever.

    `due_at` is when the sender looks at it again: the next attempt, while `sending` the end of the lease, while `sent` the end of
    the wait for a receipt; NULL when final. `way` counts the ways that it has taken; `channel` and `point_no` are of the last.
    `paced`: why it is not due as soon as it could be, or is all the same; `week`: the Monday of the week that it counts in.
    `matter`: what may be withdrawn with it; `withdrawn`: why that was, or else empty.
    """

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("cause_id", "party_no", "template", name="notice_once"),
        # the sender's queue: as small as the work that is left
        Index(
            "notice_due",
            "channel",
            "due_at",
            postgresql_where=text("due_at IS NOT NULL"),
            sqlite_where=text("due_at IS NOT NULL"),
        ),
        Index("notice_party", "party_no", "notice_id"),
        Index("notice_question", "question_id", postgresql_where=_ASKS, sqlite_where=_ASKS),
        Index("notice_matter", "matter", postgresql_where=_MAY_GO, sqlite_where=_MAY_GO),
    )

    notice_id: str = Field(sa_column=columns.key())
    account_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    org_unit: str = Field(sa_column=Column(String(160), nullable=False))
    party_no: str = Field(sa_column=Column(columns.No, nullable=False))
    service_point_no: str = Field(sa_column=Column(columns.No, nullable=False, server_default=""))
    point_no: str = Field(sa_column=Column(columns.No, nullable=False, server_default="1"))
    way: int = Field(sa_column=Column(SmallInteger, nullable=False, server_default="0"))
    channel: str = Field(sa_column=Column(String(16), nullable=False))
    template: str = Field(sa_column=Column(String(32), nullable=False))
    cause_kind: str = Field(sa_column=Column(String(16), nullable=False))
    cause_id: str = Field(sa_column=Column(columns.No, nullable=False))
    cycle: str = Field(sa_column=Column(String(7), nullable=False))
    day: date = Field(sa_column=Column(Date, nullable=False))
    figures: str = Field(sa_column=Column(Text, nullable=False))
    state: str = Field(sa_column=Column(String(16), nullable=False))
    attempts: int = Field(sa_column=Column(SmallInteger, nullable=False))
    doubts: int = Field(sa_column=Column(SmallInteger, nullable=False))
    resends: int = Field(sa_column=Column(SmallInteger, nullable=False))
    code: str = Field(sa_column=Column(columns.Code, nullable=False))
    queued_at: datetime = Field(sa_column=Column(columns.Instant, nullable=False))
    due_at: datetime | None = Field(sa_column=Column(columns.Instant))
    done_at: datetime | None = Field(sa_column=Column(columns.Instant))
    tone: str | None = Field(sa_column=Column(String(16)))
    template_version: int | None = Field(sa_column=Column(Integer))
    content_hash: str | None = Field(sa_column=Column(String(64)))
    question_id: str | None = Field(sa_column=Column(columns.No))
    paced: str = Field(sa_column=Column(String(16), nullable=False, server_default=""))
    week: date | None = Field(sa_column=Column(Date))
    matter: str | None = Field(sa_column=Column(String(96)))
    withdrawn: str = Field(sa_column=Column(columns.Code, nullable=False, server_default=""))


class MatterWithdrawn(Base, table=True):
    """What customers were to be told of, and is not any more: kept for ever, since a cause of it may come later."""

    __tablename__ = "matter_withdrawn"

    matter: str = Field(sa_column=Column(String(96), primary_key=True))
    account_no: str = Field(sa_column=Column(columns.No, nullable=False))
    reason: str = Field(sa_column=Column(columns.Code, nullable=False))
    at: datetime = Field(sa_column=Column(columns.Instant, nullable=False))


class NoticeWay(Base, table=True):
    """A way that a notice took and that its own row does not tell: one that came to nothing, or whose gateway sends receipts.

    `outcome`: sent, accepted, delivered, failed or unknown. `reference`: by which name the gateway knows it.
    """

    __tablename__ = "notice_way"
    __table_args__ = (
        Index(
            "notice_way_reference",
            "gateway",
            "reference",
            postgresql_where=text("reference <> ''"),
            sqlite_where=text("reference <> ''"),
        ),
    )

    notice_id: str = Field(sa_column=columns.key())
    way: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    channel: str = Field(sa_column=Column(String(16), nullable=False))
    point_no: str = Field(sa_column=Column(columns.No, nullable=False))
    gateway: str = Field(sa_column=Column(String(16), nullable=False))
    reference: str = Field(sa_column=Column(String(128), nullable=False))
    outcome: str = Field(sa_column=Column(String(16), nullable=False))
    code: str = Field(sa_column=Column(columns.Code, nullable=False))
    at: datetime = Field(sa_column=Column(columns.Instant, nullable=False))


class NoticeJoined(Base, table=True):
    """A notice that goes on one of its ways in the message of another one of its party, the lead; fixed once it is first sent."""

    __tablename__ = "notice_joined"
    __table_args__ = (Index("notice_joined_lead", "lead_id", "lead_way"),)

    notice_id: str = Field(sa_column=columns.key())
    way: int = Field(sa_column=Column(SmallInteger, primary_key=True, autoincrement=False))
    lead_id: str = Field(sa_column=Column(columns.No, nullable=False))
    lead_way: int = Field(sa_column=Column(SmallInteger, nullable=False))


class Receipt(Base, table=True):
    """What a gateway said became of a message, by our id or by its own reference.

    `notice_id` and `way`: of our id, or else empty. `state`: waiting (for what it is about), used, or refused:
    what it is about did not go over this gateway.
    """

    __tablename__ = "receipt"
    __table_args__ = (
        Index(
            "receipt_waiting",
            "received_at",
            postgresql_where=text("state = 'waiting'"),
            sqlite_where=text("state = 'waiting'"),
        ),
    )

    gateway: str = Field(sa_column=Column(String(16), primary_key=True))
    message_id: str = Field(sa_column=Column(String(128), primary_key=True))
    reference: str = Field(sa_column=Column(String(128), primary_key=True))
    result: str = Field(sa_column=Column(String(16), primary_key=True))
    code: str = Field(sa_column=Column(columns.Code, nullable=False))
    notice_id: str = Field(sa_column=Column(columns.No, nullable=False))
    way: int = Field(sa_column=Column(SmallInteger, nullable=False))
    received_at: datetime = Field(sa_column=Column(columns.Instant, nullable=False))
    state: str = Field(sa_column=Column(String(16), nullable=False))


UNADDRESSED = table(Unaddressed)
NOTICE = table(Notice)
MATTER_WITHDRAWN = table(MatterWithdrawn)
NOTICE_WAY = table(NoticeWay)
NOTICE_JOINED = table(NoticeJoined)
RECEIPT = table(Receipt)
