"""The table of the documents that rating reads."""

from datetime import date

from sqlalchemy import Column
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


RATING_DOCUMENT = table(RatingDocument)
