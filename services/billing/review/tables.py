"""The tables of the review: who had a hand in a bill, what reviewers decided, what they said of the findings, whose a bill is."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field

from services.billing import base
from shared.db import columns
from shared.db.columns import table
from shared.db.rights import APPEND_ONLY


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


class ReviewAssignment(base.Base, table=True):
    """Who is to decide on a bill in review, at most one. The foreign key holds that they had no hand in its reads."""

    __tablename__ = "review_assignment"
    __table_args__ = (
        ForeignKeyConstraint(
            ["bill_id", "assignee", "role"],
            ["bill_party.bill_id", "bill_party.subject", "bill_party.role"],
            name="review_assignment_of_reviewer",
        ),
        Index("review_assignment_assignee", "assignee"),
    )
    bill_id: str = Field(sa_column=columns.key())
    assignee: str = base.no()
    role: str = base.no()
    assigned_by: str = base.no()
    assigned_at: datetime = base.instant()


class FindingVerdict(base.Base, table=True):
    """What a decision said of a finding of its bill (命中判定): right, wrong, known; empty where it said nothing of it.

    Beside it what the bill was then: it is never edited. A later verdict on the same finding of a bill counts in its place.
    """

    __tablename__ = "finding_verdict"
    __table_args__ = (
        ForeignKeyConstraint(["decision_id"], ["review_decision.decision_id"], name="finding_verdict_decision"),
        CheckConstraint("verdict IN ('', 'right', 'wrong', 'known')", name="finding_verdict_says"),
        Index("finding_verdict_bill", "bill_id", "code"),
        {"info": APPEND_ONLY},
    )
    decision_id: str = Field(sa_column=columns.key())
    code: str = Field(sa_column=columns.key())
    bill_id: str = base.no()
    severity: str = base.no()
    verdict: str = base.no()
    customer_class: str = base.no()
    org_unit: str = base.path()
    route_no: str = base.no()
    cycle: str = base.no()
    total_fen: int = base.amount()
    decided_by: str = base.no()
    business_date: date = base.day()
    decided_at: datetime = base.instant()


class CaseVerdict(base.Base, table=True):
    """What the end of a case says of a finding that was a signal (案件结论判定), and nothing while it is open again.

    `subject_id`: the bill, or the finding of use. Of a bill also what it was then; days and figures of others are empty. It
    counts where no person said anything of the finding.
    """

    __tablename__ = "case_verdict"
    __table_args__ = (
        CheckConstraint("verdict IN ('', 'right', 'wrong', 'known')", name="case_verdict_says"),
        Index("case_verdict_case", "case_no"),
        Index("case_verdict_subject", "subject_id"),
        Index("case_verdict_period", "contract_no", "period_from", "code"),
    )
    signal_id: str = Field(sa_column=columns.key())
    case_no: str = base.no()
    subject_id: str = base.no()
    code: str = base.no()
    verdict: str = base.no()
    seen_on: date = base.day()
    contract_no: str = base.no()
    period_from: date | None = base.day(nullable=True)
    period_to: date | None = base.day(nullable=True)
    severity: str = base.no()
    customer_class: str = base.no()
    org_unit: str = base.path()
    route_no: str = base.no()
    cycle: str = base.no()
    total_fen: int = base.amount()
    decided_by: str = base.no()
    business_date: date = base.day()
    decided_at: datetime = base.instant()


class ComparedRun(base.Base, table=True):
    """A run whose totals agree: what its bills were calculated by, and once the run before agrees too, what they are beside.

    `basis`, `peers`, `changed`: JSON. `examined`: the last two are known. `seed`, `lots_to`: of its draw.
    Written once and once again, never edited.
    """

    __tablename__ = "compared_run"
    route_no: str = Field(sa_column=columns.key())
    cycle: str = Field(sa_column=columns.key())
    months: int
    basis: str = base.long_text()
    examined: bool
    peers: str = base.long_text()
    changed: str = base.long_text()
    seed: str = Field(sa_column=Column(columns.No, nullable=False, server_default=""))
    lots_to: str = Field(sa_column=Column(columns.No, nullable=False, server_default=""))


BILL_PARTY, REVIEW_DECISION = table(BillParty), table(ReviewDecision)
FINDING_VERDICT, REVIEW_ASSIGNMENT = table(FindingVerdict), table(ReviewAssignment)
CASE_VERDICT, COMPARED_RUN = table(CaseVerdict), table(ComparedRun)
