"""The tables of billing. Rows that change often are narrow; what is written once and long stands beside them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Column,
    Date,
    ForeignKeyConstraint,
    Index,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal,
    text,
)
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.db import columns, platform

_PATH = String(160)  # org units and tariff ids are paths


class Base(SQLModel, registry=registry()):
    metadata = MetaData()


def _no(**options: Any) -> Any:
    return Field(sa_column=Column(columns.No, nullable=False, **options))


def _path() -> Any:
    return Field(sa_column=Column(_PATH, nullable=False))


def _text() -> Any:
    return Field(sa_column=Column(Text, nullable=False))


def _day(nullable: bool = False) -> Any:
    return Field(sa_column=Column(Date, nullable=nullable))


def _amount(nullable: bool = False) -> Any:
    return Field(sa_column=Column(columns.Amount, nullable=nullable))


def _instant(nullable: bool = False) -> Any:
    return Field(sa_column=Column(columns.Instant, nullable=nullable))


class Account(Base, table=True):
    """An account (户). `facts` is the JSON list of its dated facts; `digest` tells whether a PUT changes anything."""

    account_no: str = Field(sa_column=columns.key())
    org_unit: str = _path()
    opened_on: date = _day()
    closed_on: date | None = _day(nullable=True)
    facts: str = _text()
    digest: str = _no()
    version: int


class Contract(Base, table=True):
    """Supply of one service point. `account_version` is the account's: all its contracts are written with it."""

    __table_args__ = (Index("contract_service_point", "service_point_no"), Index("contract_account", "account_no"))
    contract_no: str = Field(sa_column=columns.key())
    account_no: str = _no()
    account_version: int
    service_point_no: str = _no()
    from_date: date = _day()
    to_date: date | None = _day(nullable=True)
    assignments: str = _text()
    opening: str = _text()
    cycle_months: int


class ServicePoint(Base, table=True):
    """An anchor that a PUT of accounts locks, so that two of them never give one service point two contracts at a time."""

    __tablename__ = "service_point"
    service_point_no: str = Field(sa_column=columns.key())


class Usage(Base, table=True):
    """A usage as reading published it. Natural key: service point, period, version."""

    __table_args__ = (
        UniqueConstraint("service_point_no", "period_from", "period_to", "version", name="usage_natural_key"),
        Index("usage_run", "route_no", "cycle"),
        Index(
            "usage_waiting",
            "service_point_no",
            postgresql_where=text("waiting_for <> ''"),
            sqlite_where=text("waiting_for <> ''"),
        ),
    )
    usage_id: str = Field(sa_column=columns.key())
    service_point_no: str = _no()
    org_unit: str = _path()
    route_no: str = _no()
    cycle: str = _no()
    read_date: date = _day()
    period_from: date = _day()
    period_to: date = _day()
    version: int
    estimated: bool
    import_wh: int = _amount()
    payload: str = _text()
    waiting_for: str = _no()
    received_at: datetime = _instant()


class Bill(Base, table=True):
    """The head of a bill version. Natural key: contract, period, version. Its lines stand in bill_document.

    `by_difference`: it is no document of its own, its figures went out as a difference to the version before.
    """

    __table_args__ = (
        UniqueConstraint("contract_no", "period_from", "period_to", "version", name="bill_natural_key"),
        Index(
            "bill_ready",
            "route_no",
            "cycle",
            "account_no",
            postgresql_where=text("status = 'ready'"),
            sqlite_where=text("status = 'ready'"),
        ),
        Index(
            "bill_in_review",
            "held_at",
            "bill_id",
            postgresql_where=text("status IN ('held', 'proposed')"),
            sqlite_where=text("status IN ('held', 'proposed')"),
        ),
    )
    bill_id: str = Field(sa_column=columns.key())
    account_no: str = _no()
    contract_no: str = _no()
    service_point_no: str = _no()
    org_unit: str = _path()
    route_no: str = _no()
    cycle: str = _no()
    period_from: date = _day()
    period_to: date = _day()
    version: int
    usage_id: str = _no()
    status: str = _no()
    row_version: int
    energy_wh: int = _amount()
    total_fen: int = _amount()
    estimated: bool
    components: str = _text()
    tariffs: str = _text()
    findings: str = _text()
    ladder_state: str = _text()
    restated_state: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    replaces: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    correction_id: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    by_difference: bool
    issue_on: date | None = _day(nullable=True)
    issued_on: date | None = _day(nullable=True)
    due_on: date | None = _day(nullable=True)
    held_at: datetime | None = _instant(nullable=True)


class BillDocument(Base, table=True):
    """What a bill says, written once: its lines as one JSON text, and the facts that it was calculated from."""

    __tablename__ = "bill_document"
    bill_id: str = Field(sa_column=columns.key())
    lines: str = _text()
    context: str = _text()
    calculated_at: datetime = _instant()


class BillRun(Base, table=True):
    """A bill run (route, cycle), with the totals that the route reported."""

    __tablename__ = "bill_run"
    route_no: str = Field(sa_column=columns.key())
    cycle: str = Field(sa_column=columns.key())
    org_unit: str = _path()
    status: str = _no()
    version: int
    closed_on: date | None = _day(nullable=True)
    usages: int | None = Field(default=None)
    sum_wh: int | None = _amount(nullable=True)
    missed: int | None = Field(default=None)
    findings: str = _text()
    issue_on: date | None = _day(nullable=True)
    closed_at: datetime | None = _instant(nullable=True)
    releasing_at: datetime | None = _instant(nullable=True)
    released_at: datetime | None = _instant(nullable=True)


class BillParty(Base, table=True):
    """Who had a hand in a bill that needs a decision. One role for each person: who read cannot review."""

    __tablename__ = "bill_party"
    __table_args__ = (UniqueConstraint("bill_id", "subject", "role", name="bill_party_role"),)
    bill_id: str = Field(sa_column=columns.key())
    subject: str = Field(sa_column=columns.key())
    role: str = _no()


class ReviewDecision(Base, table=True):
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
    bill_id: str = _no()
    decided_by: str = _no()
    role: str = _no()
    row_version: int
    decision: str = _no()
    explanation: str = _text()
    business_date: date = _day()
    decided_at: datetime = _instant()


class Correction(Base, table=True):
    """One group of bills taken out of force and their replacements, of one contract, as BillCorrected told it."""

    __table_args__ = (Index("correction_contract", "contract_no"),)
    correction_id: str = Field(sa_column=columns.key())
    account_no: str = _no()
    contract_no: str = _no()
    reason: str = _no()
    style: str = _no()
    corrected_on: date = _day()
    reversed_fen: int = _amount()
    replaced_fen: int = _amount()
    reversals: str = _text()
    replacements: str = _text()
    actor: str = _no()


class Difference(Base, table=True):
    """A difference document (差额单): what the bill in force differs by from the one that it took the place of.

    A bill is adjusted once; the one in its place, if any, is told by one document only.
    """

    __table_args__ = (
        UniqueConstraint("bill_id", name="difference_of_bill"),
        UniqueConstraint("replacement_id", name="difference_tells_bill"),
        Index("difference_correction", "correction_id"),
    )
    difference_id: str = Field(sa_column=columns.key())
    correction_id: str = _no()
    account_no: str = _no()
    org_unit: str = _path()
    cycle: str = _no()
    bill_id: str = _no()
    replacement_id: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    issued_on: date = _day()
    due_on: date = _day()
    total_fen: int = _amount()
    components: str = _text()


class RatingDocument(Base, table=True):
    """A document that rating reads: a tariff version, a price series, a calendar, a power factor table.

    `used`: an issued bill used it, so this version can never change. `version` is "" for kinds that have no versions.
    """

    __tablename__ = "rating_document"
    kind: str = Field(sa_column=columns.key())
    document_id: str = Field(sa_column=Column(_PATH, primary_key=True))
    version: str = Field(sa_column=columns.key())
    effective_from: date | None = _day(nullable=True)
    effective_to: date | None = _day(nullable=True)
    document: str = _text()
    content_hash: str = _no()
    used: bool
    row_version: int


class ReleaseSwitch(Base, table=True):
    """The one switch that stops all releases: a single row."""

    __tablename__ = "release_switch"
    name: str = Field(sa_column=columns.key())
    stopped: bool
    reason: str = _text()
    version: int


class BusinessDay(Base, table=True):
    """The latest business date that a job or a closed route has brought: a single row that never goes back."""

    __tablename__ = "business_day"
    name: str = Field(sa_column=columns.key())
    day: date = _day()


def _table(model: type[SQLModel]) -> Table:
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


ACCOUNT, CONTRACT, SERVICE_POINT = _table(Account), _table(Contract), _table(ServicePoint)
USAGE, BILL, BILL_DOCUMENT, BILL_RUN = _table(Usage), _table(Bill), _table(BillDocument), _table(BillRun)
BILL_PARTY, REVIEW_DECISION = _table(BillParty), _table(ReviewDecision)
CORRECTION, DIFFERENCE = _table(Correction), _table(Difference)
RATING_DOCUMENT, RELEASE_SWITCH, BUSINESS_DAY = _table(RatingDocument), _table(ReleaseSwitch), _table(BusinessDay)
PLATFORM = platform.tables(Base.metadata)

# The conditions of the partial indexes, with their values in the text of the statement: against a bound value, SQLite cannot
# tell that an index has the rows.
IS_READY = BILL.c.status == literal("ready", literal_execute=True)
IS_IN_REVIEW = text("bill.status IN ('held', 'proposed')")
IS_WAITING = USAGE.c.waiting_for != literal("", literal_execute=True)
