"""Bills as they are shown. Money is an integer of fen, energy an integer of Wh, prices are decimals in text."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from services.billing.review.schemas import FindingOut
from services.billing.site_orders.schemas import SiteOrderOut


class BillFigures(BaseModel):
    bill_id: str
    account_no: str
    contract_no: str
    service_point_no: str
    org_unit: str
    route_no: str
    cycle: str
    period_from: date
    period_to: date
    version: int
    status: str
    row_version: int = Field(description="the version that a decision names in If-Match")
    energy_wh: int
    total_fen: int
    estimated: bool
    by_difference: bool = Field(
        description="no document of its own: its figures went out as a difference to the version before"
    )
    issued_on: date | None
    due_on: date | None


class BillHead(BillFigures):
    findings: list[FindingOut]


class LineOut(BaseModel):
    number: int
    charge: str
    title: str
    kind: str
    period: str | None
    tier: int | None
    quantity: str | None
    unit: str
    price: str | None
    exact: str = Field(description="yuan before rounding")
    amount_fen: int
    tariff: str
    tariff_version: str
    from_: date = Field(alias="from")
    to: date
    formula: str


class DecisionOut(BaseModel):
    decision_id: str
    decision: str
    decided_by: str
    explanation: str
    business_date: date
    decided_at: datetime
    verdicts: dict[str, str] = Field(description="what it said of findings: right, wrong or known")


class OriginOut(BaseModel):
    service: str
    kind: str
    id: str


class RegisterOut(BaseModel):
    meter_no: str
    installed_on: date
    quantity: str
    from_on: date
    to_on: date
    from_: str = Field(alias="from", description="kWh as the face shows it; estimated where the end is")
    to: str
    turns: int = Field(description="how often the face passed its last number on the way")
    multiplier: int
    multiplier_denominator: int


class BillOut(BillHead):
    registers: list[RegisterOut] = Field(description="what the registers showed at both ends, meter by meter")
    lines: list[LineOut]
    components: dict[str, int]
    tax_fen: int | None
    quantities_wh: dict[str, int]
    tariffs: list[dict[str, str]]
    ladder_state: dict[str, Any] | None
    replaces: str | None
    replaced_by: str | None
    correction_id: str | None = Field(description="the correction that made this version")
    group_id: str | None = Field(description="what was proposed together has one, and is decided together")
    reversed_by: str | None = Field(description="the correction that reversed this version")
    adjusted_by: str | None = Field(description="the correction by difference that took this version out of force")
    difference_id: str | None = Field(description="the difference document that told of this version")
    decisions: list[DecisionOut]
    site_orders: list[SiteOrderOut] = Field(description="of any version of its days, those asked for first at first")
    calculated_at: datetime
    derived_from: list[OriginOut]


class TouchedBill(BaseModel):
    bill_id: str
    account_no: str
    contract_no: str
    org_unit: str
    cycle: str
    period_from: date
    period_to: date
    version: int
    total_fen: int
    issued_on: date | None
    tariffs: list[dict[str, str]] = Field(description="id, version and content hash of the documents that rated it")


class DifferenceOut(BaseModel):
    """A difference document (差额单): the bill in force less the one before it, which stands."""

    difference_id: str
    correction_id: str
    account_no: str
    org_unit: str
    cycle: str
    bill_id: str = Field(description="the bill that it adjusts")
    replacement_id: str | None = Field(description="the bill now in force; none where the bill was cancelled")
    issued_on: date
    due_on: date
    total_fen: int = Field(description="below zero: a credit")
    components: dict[str, int]


class LineDifferenceOut(BaseModel):
    charge: str
    title: str
    period: str | None
    tier: int | None
    before_fen: int
    now_fen: int
    difference_fen: int


class DifferenceDocumentOut(DifferenceOut):
    lines: list[LineDifferenceOut] = Field(description="what changed by charge, period and tier; they sum to the total")


class CorrectionOut(BaseModel):
    correction_id: str
    account_no: str
    contract_no: str
    reason: str
    style: Literal["reversal_and_new", "delta"]
    corrected_on: date
    reversed_fen: int = Field(description="sum of the bills taken out of force")
    replaced_fen: int = Field(description="sum of the bills in their place")
    reversals: list[str] = Field(description="bills taken out of force; in style `delta` they stand as documents")
    replacements: list[str]
    differences: list[DifferenceOut] = Field(description="one for each bill taken out of force, in style `delta`")
