"""Freezes as they are asked for and shown."""

from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, Field, model_validator

from services.billing.bills.schemas import BillHead
from services.billing.freezes.domain import Kind
from shared.fields import Day, Words
from shared.web.batch import Code, In, No

REASON_MAX = 1000


class FreezeIn(In):
    """Exactly one of a bill, a contract, a route and a rule is named."""

    bill_id: No | None = None
    contract_no: No | None = None
    route_no: No | None = None
    rule: Code | None = Field(None, description="the code of a finding")
    reason: Words = Field(max_length=REASON_MAX)
    until: Day | None = Field(None, description="its last day; without one it stands until it is lifted")

    @model_validator(mode="after")
    def _one(self) -> "FreezeIn":
        if [self.bill_id, self.contract_no, self.route_no, self.rule].count(None) != 3:
            raise ValueError("exactly one of bill_id, contract_no, route_no and rule is given")
        return self

    def named(self) -> tuple[Kind, str]:
        """Return what is to be frozen: of which kind, and its number or code."""
        if self.bill_id:
            return "bill", self.bill_id
        if self.contract_no:
            return "contract", self.contract_no
        return ("route", self.route_no) if self.route_no else ("rule", self.rule or "")


class LiftIn(In):
    reason: Words = Field(max_length=REASON_MAX)


class FreezeOut(BaseModel):
    """A freeze (冻结). Of a bill it counts for its contract and its days, half-open, however often they are billed anew."""

    freeze_id: str
    kind: Kind
    subject: str = Field(description="the number of the bill, contract or route, or the code of the rule")
    contract_no: str | None
    period_from: date | None
    period_to: date | None
    org_unit: str = Field(description="* for a rule: it is the whole utility's")
    reason: str
    until: date | None
    frozen_by: str
    frozen_at: datetime
    stands: bool = Field(description="it is not lifted, and the latest business date is not after its last day")
    lifted_by: str | None
    lifted_at: datetime | None
    lift_reason: str | None

    @classmethod
    def of(cls, row: Any) -> "FreezeOut":
        """Return a freeze as it is shown."""
        return cls(**row._mapping)


class FrozenBillOut(BillHead):
    code: str = Field("billing.frozen", description="why it waits")
    frozen_by: list[str] = Field(description="the freezes that keep it from going out")
