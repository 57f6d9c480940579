"""All that a reviewer needs to know of a bill, in one answer."""

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from services.billing.bills.schemas import BillFigures, CorrectionOut, DecisionOut, LineOut, RegisterOut
from services.billing.review.schemas import JudgedFindingOut
from services.billing.site_orders.schemas import SiteOrderOut


class SaidFindingOut(JudgedFindingOut):
    zh: str = Field(description="in Chinese")
    en: str = Field(description="in English")


class MonthBillOut(BaseModel):
    bill_id: str
    period_from: date
    period_to: date
    status: str
    energy_wh: int
    total_fen: int
    estimated: bool


class MonthOut(BaseModel):
    """A cycle of the contract: its bills in force, summed; null where it has none."""

    cycle: str
    energy_wh: int | None
    total_fen: int | None
    bills: list[MonthBillOut]


class UsageOut(BaseModel):
    """What the bill rests on, as reading told it. A read is found by its id in the trace of reading, with its source."""

    usage_id: str
    version: int
    quality: Literal["actual", "estimated", "edited"]
    estimate_reason: str | None
    estimates_in_a_row: int
    settles_estimate: bool
    replaces_reason: str | None
    told_on: date | None
    energy_wh: dict[str, int]
    demand_w: dict[str, int]
    meter_nos: list[str]
    read_ids: list[str]
    read_by: list[str] = Field(description="who had a hand in the reads: none of them may decide")
    findings: list[str]
    registers: list[RegisterOut] = Field(description="what the registers showed at both ends, meter by meter")


class PageLineOut(LineOut):
    factors: list[str] = Field(description="what the quantity times the price is multiplied by")


class VersionOut(BaseModel):
    """A bill of the contract that shares a day with this one, itself among them."""

    bill_id: str
    period_from: date
    period_to: date
    version: int
    status: str
    energy_wh: int
    total_fen: int
    by_difference: bool
    issued_on: date | None
    replaces: str | None
    made_by: str | None = Field(description="the correction that made it")
    taken_out_by: str | None = Field(description="the correction that took it out of force")


class PageDecisionOut(DecisionOut):
    bill_id: str


class PageApprovalOut(BaseModel):
    approval_id: str
    kind: str
    bill_id: str
    state: str
    requested_by: str
    reason: str
    requested_at: datetime
    decided_by: str | None
    explanation: str | None
    decided_at: datetime | None


Hand = Literal["read", "assigned", "decided", "asked", "approved", "rejected"]


class HandOut(BaseModel):
    subject: str
    did: list[Hand]


class BillPageOut(BillFigures):
    customer_class: str
    findings: list[SaidFindingOut] = Field(
        description="each with the precision of its rule in the org units of the caller, of bills like this one, as in the queue"
    )
    components: dict[str, int]
    tax_fen: int | None
    quantities_wh: dict[str, int]
    tariffs: list[dict[str, str]]
    ladder_state: dict[str, Any] | None
    group_id: str | None = Field(description="what was proposed together has one, and is decided together")
    held_at: datetime | None
    assignee: str | None = Field(description="who is to decide; null: nobody in particular")
    assigned_at: datetime | None
    frozen_by: list[str] = Field(description="the freezes that keep it from going out")
    months: list[MonthOut] = Field(description="this cycle and the 12 before, the oldest first, gaps among them")
    usage: UsageOut
    lines: list[PageLineOut]
    versions: list[VersionOut] = Field(description="by days and version")
    decisions: list[PageDecisionOut] = Field(description="on all these versions, in their order")
    approvals: list[PageApprovalOut]
    corrections: list[CorrectionOut] = Field(description="that took any of these versions out of force, or made one")
    hands: list[HandOut] = Field(description="who had a hand in it, and in what")
    site_orders: list[SiteOrderOut]
