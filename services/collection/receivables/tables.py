"""Documents that wait for their account."""

from datetime import datetime

from sqlalchemy import Column, Index, String, Text, UniqueConstraint
from sqlmodel import Field

from services.collection.base import Base
from shared.db import columns
from shared.db.columns import table


class WaitingDocument(Base, table=True):
    """A bill, correction or opening receivable whose account is not known yet; `payload` is the domain document as JSON.

    `word`: the org units of who brought it, checked when the account is known; empty for what billing told.
    """

    __tablename__ = "waiting_document"
    __table_args__ = (
        UniqueConstraint("document_id", "kind", name="waiting_document_cause"),
        Index("waiting_document_account", "waiting_for"),
        {"sqlite_autoincrement": True},
    )

    position: int = Field(sa_column=Column(columns.BigInt, primary_key=True, autoincrement=True))
    kind: str = Field(sa_column=Column(columns.Code, nullable=False))
    document_id: str = Field(sa_column=Column(columns.No, nullable=False))
    waiting_for: str = Field(sa_column=Column(columns.No, nullable=False))
    cycle: str = Field(sa_column=Column(String(7), nullable=False))
    amount_fen: int = Field(sa_column=Column(columns.Amount, nullable=False))
    payload: str = Field(sa_column=Column(Text, nullable=False))
    word: str = Field(sa_column=Column(Text, nullable=False, server_default=""))
    received_at: datetime = Field(sa_column=Column(columns.Instant, nullable=False))


WAITING = table(WaitingDocument)
