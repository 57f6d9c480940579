"""The tables of the documents that rating reads, and of their changes."""

from datetime import date, datetime

from sqlalchemy import Column, Index, text
from sqlmodel import Field

from services.billing import base
from shared.db import columns
from shared.db.columns import table


class RatingDocument(base.Base, table=True):
    """A document that rating reads: a tariff version, a price series, a calendar, a power factor table.

    `used`: an issued bill used it, so this version can never change. `version` is "" for kinds that have no versions.
    """

    __tablename__ = "rating_document"
    kind: str = Field(sa_column=columns.key())
    document_id: str = Field(sa_column=Column(base.PATH_COLUMN, primary_key=True))
    version: str = Field(sa_column=columns.key())
    effective_from: date | None = base.day(nullable=True)
    effective_to: date | None = base.day(nullable=True)
    document: str = base.long_text()
    content_hash: str = base.no()
    used: bool
    row_version: int


class RatingProposal(base.Base, table=True):
    """A document that somebody wants to be stored: nothing is rated by it until a second person has activated it.

    None is ever deleted: what is stored, and what was once, is found here by its content hash.
    """

    __tablename__ = "rating_proposal"
    content_hash: str = Field(sa_column=columns.key())
    kind: str = base.no()
    document_id: str = base.path()
    version: str = base.no()
    document: str = base.long_text()


class RatingChange(base.Base, table=True):
    """A document that was put, new or with other content, for the days [from_date, to_date), and how far the bills have followed.

    `after_contract`: the last contract that was looked at. `contracts`: how many had bills that it touches.
    """

    __tablename__ = "rating_change"
    __table_args__ = (
        Index(
            "rating_change_open",
            "change_id",
            postgresql_where=text("followed_at IS NULL"),
            sqlite_where=text("followed_at IS NULL"),
        ),
    )
    change_id: str = Field(sa_column=columns.key())
    kind: str = base.no()
    document_id: str = base.path()
    version: str = base.no()
    from_date: date = base.day()
    to_date: date = base.day()
    after_contract: str = base.no()
    contracts: int
    changed_at: datetime = base.instant()
    followed_at: datetime | None = base.instant(nullable=True)


RATING_DOCUMENT, RATING_PROPOSAL, RATING_CHANGE = table(RatingDocument), table(RatingProposal), table(RatingChange)
