"""The tables of bills and their corrections. Rows that change often are narrow; what is written once and long stands beside."""

from datetime import date, datetime

from sqlalchemy import Column, Index, Integer, Text, UniqueConstraint, literal, text
from sqlmodel import Field

from services.billing import base
from shared.db import columns
from shared.db.columns import table


class Bill(base.Base, table=True):
    """The head of a bill version. Natural key: contract, period, version. Its lines stand in bill_document.

    `by_difference`: it is no document of its own, its figures went out as a difference to the version before. `group_id`: what
    was proposed together, and is decided together.
    """

    __table_args__ = (
        UniqueConstraint("contract_no", "period_from", "period_to", "version", name="bill_natural_key"),
        Index("bill_usage", "usage_id"),
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
    account_no: str = base.no()
    contract_no: str = base.no()
    service_point_no: str = base.no()
    org_unit: str = base.path()
    route_no: str = base.no()
    cycle: str = base.no()
    period_from: date = base.day()
    period_to: date = base.day()
    version: int
    usage_id: str = base.no()
    status: str = base.no()
    row_version: int
    energy_wh: int = base.amount()
    total_fen: int = base.amount()
    estimated: bool
    components: str = base.long_text()
    tariffs: str = base.long_text()
    findings: str = base.long_text()
    ladder_state: str = base.long_text()
    ladder_limits: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    restated_state: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    replaces: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    correction_id: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    group_id: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    by_difference: bool
    issue_on: date | None = base.day(nullable=True)
    issued_on: date | None = base.day(nullable=True)
    due_on: date | None = base.day(nullable=True)
    held_at: datetime | None = base.instant(nullable=True)
    reviewed_on: date | None = base.day(nullable=True)


class LadderNear(base.Base, table=True):
    """That the next tier of a ladder is near or reached, told once of a contract, a ladder, its year and the tier."""

    __tablename__ = "ladder_near"
    contract_no: str = Field(sa_column=columns.key())
    ladder: str = Field(sa_column=Column(Text, primary_key=True))
    year: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    tier: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    account_no: str = base.no()
    bill_id: str = base.no()
    told_on: date = base.day()
    used_wh: int = base.amount()
    limit_wh: int = base.amount()


class BillDocument(base.Base, table=True):
    """What a bill says, written once: its lines as one JSON text, and the facts that it was calculated from."""

    __tablename__ = "bill_document"
    bill_id: str = Field(sa_column=columns.key())
    lines: str = base.long_text()
    context: str = base.long_text()
    calculated_at: datetime = base.instant()


class CalculationBasis(base.Base, table=True):
    """On what bills were calculated beside what is their own: the rating documents by their content hashes, policy and software.

    Written once, under the hash of all of it; a year has some dozens.
    """

    __tablename__ = "calculation_basis"
    basis_hash: str = Field(sa_column=columns.key())
    documents: str = base.long_text()
    policy: str = base.long_text()
    software: str = base.no()


class Correction(base.Base, table=True):
    """One group of bills taken out of force and their replacements, of one contract, as BillCorrected told it."""

    __table_args__ = (Index("correction_contract", "contract_no"), Index("correction_day", "corrected_on"))
    correction_id: str = Field(sa_column=columns.key())
    account_no: str = base.no()
    contract_no: str = base.no()
    reason: str = base.no()
    style: str = base.no()
    corrected_on: date = base.day()
    reversed_fen: int = base.amount()
    replaced_fen: int = base.amount()
    reversals: str = base.long_text()
    replacements: str = base.long_text()
    actor: str = base.no()


class Difference(base.Base, table=True):
    """A difference document (差额单): what the bill in force differs by from the one that it took the place of.

    A bill is adjusted once; the one in its place, if any, is told by one document only.
    """

    __table_args__ = (
        UniqueConstraint("bill_id", name="difference_of_bill"),
        UniqueConstraint("replacement_id", name="difference_tells_bill"),
        Index("difference_correction", "correction_id"),
    )
    difference_id: str = Field(sa_column=columns.key())
    correction_id: str = base.no()
    account_no: str = base.no()
    org_unit: str = base.path()
    cycle: str = base.no()
    bill_id: str = base.no()
    replacement_id: str | None = Field(default=None, sa_column=Column(columns.No, nullable=True))
    issued_on: date = base.day()
    due_on: date = base.day()
    total_fen: int = base.amount()
    components: str = base.long_text()


BILL, BILL_DOCUMENT = table(Bill), table(BillDocument)
CORRECTION, DIFFERENCE = table(Correction), table(Difference)
CALCULATION_BASIS, LADDER_NEAR = table(CalculationBasis), table(LadderNear)


# The conditions of the partial indexes, with their values in the text of the statement: against a bound value, SQLite cannot
# tell that an index has the rows.
IS_READY = BILL.c.status == literal("ready", literal_execute=True)
IS_IN_REVIEW = text("bill.status IN ('held', 'proposed')")
