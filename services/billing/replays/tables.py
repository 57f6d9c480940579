"""The table of what became of documents that were drawn and calculated again."""

from datetime import date

from sqlalchemy import Column, Index, text
from sqlmodel import Field

from services.billing import base
from shared.db import columns
from shared.db.columns import table


class Replay(base.Base, table=True):
    """The last time that a document was drawn and calculated again, and what came out; `reason`: why it could not be.

    Of a correction it is the worst of its differences too; of a final bill the number is that of its closing.
    """

    __table_args__ = (
        Index(
            "replay_failing",
            "document_id",
            postgresql_where=text("result IN ('differs', 'failed')"),
            sqlite_where=text("result IN ('differs', 'failed')"),
        ),
    )
    document_id: str = Field(sa_column=columns.key())
    kind: str = base.no(server_default="bill")
    bill_id: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    org_unit: str = base.path()
    route_no: str = base.no()
    cycle: str = base.no()
    business_date: date = base.day()
    result: str = base.no()
    reason: str = base.no()
    version: int


REPLAY = table(Replay)
IS_FAILING = text("replay.result IN ('differs', 'failed')")
"""The condition of the partial index, its values in the text of the statement: else SQLite cannot tell that it has the rows."""
