"""The tables of cases: signals, cases with their steps, and evidence."""

from datetime import date, datetime

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    false,
    literal,
    text,
)
from sqlmodel import Field

from services.billing import base
from shared.db import columns
from shared.db.columns import table
from shared.db.rights import APPEND_ONLY

_REFERS = text("reference IS NOT NULL")  # a tip does not


class CaseSignal(base.Base, table=True):
    """What points to a case: of what kind, where and since when; never changed but for the case that it is of.

    `brought_by` is of a tip, `reference` the bill, observation or alarm; `word`: the org units of who brought it, until its
    point is known. Waiting, it has no org unit of its own yet.
    """

    __tablename__ = "case_signal"
    __table_args__ = (
        Index("case_signal_point", "service_point_no", "kind"),
        Index("case_signal_case", "case_no"),
        Index("case_signal_reference", "reference", postgresql_where=_REFERS, sqlite_where=_REFERS),
        Index(
            "case_signal_waiting",
            "received_at",
            postgresql_where=text("state = 'waiting'"),
            sqlite_where=text("state = 'waiting'"),
        ),
    )
    source: str = Field(sa_column=columns.key())
    brought_by: str = Field(sa_column=columns.key())
    source_no: str = Field(sa_column=columns.key())
    code: str = Field(sa_column=columns.key())
    signal_id: str = Field(sa_column=Column(columns.No, nullable=False, unique=True))
    kind: str = base.no()
    service_point_no: str = base.no()
    org_unit: str = base.path()
    seen_on: date = base.day()
    reference: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    word: str = Field(sa_column=Column(Text, nullable=False, server_default=""))
    state: str = base.no()
    case_no: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    received_at: datetime = base.instant()


class CasePoint(base.Base, table=True):
    """A kind of case at a service point: the lock under which its cases are opened and joined."""

    __tablename__ = "case_point"
    service_point_no: str = Field(sa_column=columns.key())
    kind: str = Field(sa_column=columns.key())


class CaseFile(base.Base, table=True):
    """A case. `number` counts those of its kind at its point; of these one at most has not ended.

    `first_signal_on`: the earliest day of its signals; its account and contract are not stored, as they follow from that day
    and from the contracts of its point; nor is what it comes to, which is what stands of it.
    """

    __tablename__ = "case_file"
    __table_args__ = (
        UniqueConstraint("service_point_no", "kind", "number", name="case_file_number"),
        Index(
            "case_file_one_open",
            "service_point_no",
            "kind",
            unique=True,
            postgresql_where=text("ended_on IS NULL"),
            sqlite_where=text("ended_on IS NULL"),
        ),
        Index("case_file_list", "first_signal_on", "case_no"),
    )
    case_no: str = Field(sa_column=columns.key())
    kind: str = base.no()
    service_point_no: str = base.no()
    number: int = Field(sa_column=Column(Integer, nullable=False))
    org_unit: str = base.path()
    state: str = base.no()
    row_version: int
    first_signal_on: date = base.day()
    assignee: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    reopened_on: date | None = base.day(nullable=True)
    ended_on: date | None = base.day(nullable=True)
    ended_by: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    explanation: str = Field(sa_column=Column(Text, nullable=False, server_default=""))
    opened_at: datetime = base.instant()


class CaseAssignee(base.Base, table=True):
    """Whom a case was given to, by whom: also who has it no more had a hand in it."""

    __tablename__ = "case_assignee"
    __table_args__ = ({"info": APPEND_ONLY},)
    case_no: str = Field(sa_column=columns.key())
    assignee: str = Field(sa_column=columns.key())
    given_by: str = Field(sa_column=columns.key())


class CaseStep(base.Base, table=True):
    """A step of a case and the day by which it is to be done; without one no calendar gives its year, or policy names none."""

    __tablename__ = "case_step"
    __table_args__ = (
        Index(
            "case_step_due",
            "due_on",
            postgresql_where=text("done_on IS NULL"),
            sqlite_where=text("done_on IS NULL"),
        ),
    )
    case_no: str = Field(sa_column=columns.key())
    step: str = Field(sa_column=columns.key())
    since: date = base.day()
    due_on: date | None = base.day(nullable=True)
    done_on: date | None = base.day(nullable=True)
    done_by: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))


class CaseEvidence(base.Base, table=True):
    """A reference to what proves something: it is added, never edited; what is wrong is withdrawn with a reason."""

    __tablename__ = "case_evidence"
    case_no: str = Field(sa_column=columns.key())
    evidence_no: str = Field(sa_column=columns.key())
    kind: str = base.no()
    reference: str = Field(sa_column=Column(String(96), nullable=False))
    kw: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    code: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    seen_on: date = base.day()
    added_by: str = base.no()
    added_at: datetime = base.instant()
    withdrawn_by: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    withdrawn_reason: str = Field(sa_column=Column(Text, nullable=False, server_default=""))


class CaseEvent(base.Base, table=True):
    """A move of a case: who, when, why; the history of a case that was reopened."""

    __tablename__ = "case_event"
    case_no: str = Field(sa_column=columns.key())
    row_version: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    event: str = base.no()
    state: str = base.no()
    on_day: date = base.day()
    actor: str = base.no()
    explanation: str = base.long_text()
    at: datetime = base.instant()


class CaseCalculation(base.Base, table=True):
    """What a rule makes of inputs, line by line; never changed: another one has the next number.

    `figures`: what is set case by case where the policy leaves it open. `policy_hash`: of the document of the policy. `from_day`,
    `to_day`: its days, half-open, as far as they were said.
    """

    __tablename__ = "case_calculation"
    __table_args__ = ({"info": APPEND_ONLY},)
    case_no: str = Field(sa_column=columns.key())
    number: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    calculation: str = base.no()
    breach_on: date = base.day()
    from_day: date | None = base.day(nullable=True)
    to_day: date | None = base.day(nullable=True)
    input: str = base.long_text()
    figures: str = base.long_text()
    policy: str = base.no()
    policy_version: str = base.no()
    policy_hash: str = base.no()
    items: str = base.long_text()
    back_billing_fen: int = base.amount()
    penalty_fen: int = base.amount()
    adjustment_fen: int = base.amount()
    energy_wh: int = base.amount()
    calculated_by: str = base.no()
    calculated_on: date = base.day()
    calculated_at: datetime = base.instant()


class CaseCharge(base.Base, table=True):
    """What a case charges: back-billing or penalty, a document of its own. Its figures never change; it is withdrawn.

    Three different people have a hand in it where policy wants two approvals.
    """

    __tablename__ = "case_charge"
    __table_args__ = (
        UniqueConstraint("case_no", "calculation_number", "component", name="case_charge_component"),
        CheckConstraint("amount_fen > 0", name="case_charge_amount"),
        CheckConstraint("first_by IS NULL OR first_by <> proposed_by", name="case_charge_by_two"),
        CheckConstraint(
            "second_by IS NULL OR (second_by <> proposed_by AND second_by <> first_by)", name="case_charge_by_three"
        ),
        CheckConstraint("withdrawn_by IS NULL OR withdrawn_by <> withdrawal_asked_by", name="case_charge_withdrawn_by"),
        Index("case_charge_account", "account_no"),
        Index("case_charge_cycle", "cycle"),
    )
    charge_no: str = Field(sa_column=columns.key())
    case_no: str = base.no()
    calculation_number: int
    component: str = base.no()
    account_no: str = base.no()
    service_point_no: str = base.no()
    org_unit: str = base.path()
    cycle: str = base.no()
    amount_fen: int = base.amount()
    issued_on: date = base.day()
    due_on: date = base.day()
    rule: str = base.no()
    policy: str = base.no()
    policy_hash: str = base.no()
    proposed_by: str = base.no()
    first_by: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    second_by: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    withdrawn_on: date | None = base.day(nullable=True)
    withdrawal_asked_by: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    withdrawn_by: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    cause: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    explanation: str = Field(sa_column=Column(Text, nullable=False, server_default=""))
    hold_version: int = Field(sa_column=Column(Integer, nullable=False, server_default="0"))
    held_until: date | None = base.day(nullable=True)


class CaseReclass(base.Base, table=True):
    """A change of class that a case made, or that a second person is asked about (`approval_id`).

    `goes_on`: it does not end the case. `touched`: by contract the issued bills in force with a day of it when it was made; NULL
    of one that was made before that was kept.
    """

    __tablename__ = "case_reclass"
    __table_args__ = (UniqueConstraint("approval_id", name="case_reclass_approval"),)
    case_no: str = Field(sa_column=columns.key())
    row_version: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    account_no: str = base.no()
    contract_no: str = base.no()
    from_day: date = base.day()
    customer_class: str = base.no()
    tariff: str | None = Field(default=None, sa_column=Column(base.PATH_COLUMN, nullable=True))
    option: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    approval_id: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    asked_on: date = base.day()
    asked_by: str = base.no()
    explanation: str = base.long_text()
    done_on: date | None = base.day(nullable=True)
    goes_on: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=false()))
    touched: str | None = Field(default=None, sa_column=Column(Text, nullable=True))


CASE_SIGNAL, CASE_POINT, CASE_FILE = table(CaseSignal), table(CasePoint), table(CaseFile)
CASE_STEP, CASE_EVIDENCE, CASE_EVENT = table(CaseStep), table(CaseEvidence), table(CaseEvent)
CASE_CALCULATION, CASE_CHARGE = table(CaseCalculation), table(CaseCharge)
CASE_RECLASS, CASE_ASSIGNEE = table(CaseReclass), table(CaseAssignee)

# The value of a partial index, in the text of the statement: against a bound value, SQLite cannot
# tell that an index has the rows.
WAITING = literal("waiting", literal_execute=True)
