"""Site orders as they are asked for and shown."""

from datetime import date
from typing import Any

from pydantic import BaseModel, Field

from services.billing.site_orders.domain import State
from services.billing.site_orders.store import registers_of
from shared.fields import Day, Words
from shared.web.batch import In

EXPLANATION_MAX = 1000


class SiteOrderOut(BaseModel):
    """A site order that billing has asked for, or that was about one of its documents."""

    order_no: str
    kind: str
    service_point_no: str
    org_unit: str
    requested_by: str
    reference: str | None = Field(description="the bill or other document that it is about")
    cycle: str | None
    subject_kind: str | None = Field(description="what asked for it, such as `bill`; null: somebody in reading")
    reason: str | None
    asked_on: date | None
    state: State
    due_on: date | None = Field(description="known once it is overdue")
    overdue_on: date | None
    ended_on: date | None
    result: str | None = Field(description="of one that is done its result; else why it was not done, or is not needed")
    visited_by: str | None
    decided_by: str | None
    meter_no: str | None
    read_id: str | None
    registers: dict[str, str] = Field(description="what the visitor saw, kWh by quantity")
    let_go_on: date | None = Field(description="since when nothing waits for it any more, by a reviewer's word")
    let_go_by: str | None
    explanation: str | None

    @classmethod
    def of(cls, row: Any) -> "SiteOrderOut":
        """Return an order as it is shown."""
        values = {name: row._mapping[name] for name in cls.model_fields if name != "registers"}
        return cls(**values, registers=registers_of(row.registers))


class WithdrawalIn(In):
    explanation: Words = Field(max_length=EXPLANATION_MAX, description="why nobody needs to look any more")
    business_date: Day | None = Field(
        None, description="day of the withdrawal; by default the latest that billing knows"
    )
