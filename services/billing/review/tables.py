"""The tables of the review: who had a hand in a bill, and what reviewers decided."""

from datetime import date, datetime

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field

from services.billing import base
from shared.db import columns
from shared.db.columns import table


class BillParty(base.Base, table=True):
    """Who had a hand in a bill that needs a decision. One role for each person: who read cannot review."""

    __tablename__ = "bill_party"
    __table_args__ = (UniqueConstraint("bill_id", "subject", "role", name="bill_party_role"),)
    bill_id: str = Field(sa_column=columns.key())
    subject: str = Field(sa_column=columns.key())
    role: str = base.no()


class ReviewDecision(base.Base, table=True):
    """A decision of a reviewer. The foreign key holds that its maker is a reviewer of the bill, thus none of its readers."""

    __tablename__ = "review_decision"
    __table_args__ = (
        ForeignKeyConstraint(
            ["bill_id", "decided_by", "role"],
            ["bill_party.bill_id", "bill_party.subject", "bill_party.role"],
            name="review_decision_by_reviewer",
        ),
        Index("review_decision_bill", "bill_id"),
    )
    decision_id: str = Field(sa_column=columns.key())
    bill_id: str = base.no()
    decided_by: str = base.no()
    role: str = base.no()
    row_version: int
    decision: str = base.no()
    explanation: str = base.long_text()
    business_date: date = base.day()
    decided_at: datetime = base.instant()


BILL_PARTY, REVIEW_DECISION = table(BillParty), table(ReviewDecision)
