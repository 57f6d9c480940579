"""The table of freezes."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, Index, Text, text
from sqlmodel import Field

from services.billing import base
from shared.db import columns
from shared.db.columns import table


class ReleaseFreeze(base.Base, table=True):
    """A freeze (冻结): what keeps bills from going out until it is lifted, or its last day (`until`) is over.

    `subject`: the number of a bill, contract or route, or the code of a rule. Of a bill its contract and its days
    count: calculated again it is frozen still.
    """

    __tablename__ = "release_freeze"
    __table_args__ = (
        CheckConstraint("kind IN ('bill', 'contract', 'route', 'rule')", name="release_freeze_kind"),
        CheckConstraint("(lifted_at IS NULL) = (lifted_by IS NULL)", name="release_freeze_lifted"),
        Index(
            "release_freeze_standing",
            "freeze_id",
            postgresql_where=text("lifted_at IS NULL"),
            sqlite_where=text("lifted_at IS NULL"),
        ),
    )
    freeze_id: str = Field(sa_column=columns.key())
    kind: str = base.no()
    subject: str = base.no()
    contract_no: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    period_from: date | None = base.day(nullable=True)
    period_to: date | None = base.day(nullable=True)
    org_unit: str = base.path()
    reason: str = base.long_text()
    until: date | None = base.day(nullable=True)
    frozen_by: str = base.no()
    frozen_at: datetime = base.instant()
    lifted_by: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    lifted_at: datetime | None = base.instant(nullable=True)
    lift_reason: str | None = Field(default=None, sa_column=Column(Text, nullable=True))


RELEASE_FREEZE = table(ReleaseFreeze)
IS_NOT_LIFTED = text("release_freeze.lifted_at IS NULL")
