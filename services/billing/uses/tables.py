"""The tables of findings of use, and of what was said of them."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field

from services.billing import base
from shared.db import columns
from shared.db.columns import table
from shared.db.rights import APPEND_ONLY


class UseFinding(base.Base, table=True):
    """What a detector found of a contract: one row each, whether it stands or was withdrawn. `working`: JSON of its figures.

    `judged_…`: what was said of it last, and its figures then; it stays where it is asked again.
    """

    __tablename__ = "use_finding"
    __table_args__ = (
        UniqueConstraint("contract_no", "code", name="use_finding_of_contract"),
        CheckConstraint("(state = 'judged') = (verdict <> '')", name="use_finding_judged"),
        CheckConstraint("verdict IN ('', 'right', 'wrong', 'known')", name="use_finding_says"),
        Index("use_finding_state", "state", "contract_no"),
    )
    finding_id: str = Field(sa_column=columns.key())
    contract_no: str = base.no()
    account_no: str = base.no()
    service_point_no: str = base.no()
    org_unit: str = base.path()
    customer_class: str = base.no()
    code: str = base.no()
    score: int
    confidence: int
    wh_a_day: int = base.amount()
    working: str = base.long_text()
    state: str = base.no()
    verdict: str = base.no()
    found_on: date = base.day()
    changed_on: date = base.day()
    version: int
    judged_as: str = Field(sa_column=Column(columns.No, nullable=False, server_default=""))
    judged_on: date | None = base.day(nullable=True)
    judged_score: int | None = Field(default=None)
    judged_wh_a_day: int | None = base.amount(nullable=True)


class UseVerdict(base.Base, table=True):
    """What a person said of a finding in a version: never edited; it counts for the precision of its detector."""

    __tablename__ = "use_verdict"
    __table_args__ = (
        ForeignKeyConstraint(["finding_id"], ["use_finding.finding_id"], name="use_verdict_finding"),
        CheckConstraint("verdict IN ('right', 'wrong', 'known')", name="use_verdict_says"),
        {"info": APPEND_ONLY},
    )
    finding_id: str = Field(sa_column=columns.key())
    version: int = Field(primary_key=True)
    code: str = base.no()
    verdict: str = base.no()
    customer_class: str = base.no()
    org_unit: str = base.path()
    decided_by: str = base.no()
    business_date: date = base.day()
    decided_at: datetime = base.instant()


USE_FINDING, USE_VERDICT = table(UseFinding), table(UseVerdict)
