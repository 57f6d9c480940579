"""What the routes of site orders take and answer."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, Field

from services.reading.network.schemas import ITEMS_MAX, Code, No
from services.reading.orders.store import registers_of
from services.reading.orders.use_cases.asking import Wanted
from services.reading.orders.use_cases.assigning import Assignment
from services.reading.orders.use_cases.withdrawing import Withdrawal
from services.reading.policies.domain import ORDER_KINDS, OrderKind
from shared.fields import Day, Month
from shared.web.batch import In

State = Literal["open", "reported", "done", "not_done", "withdrawn"]


class OrderIn(In):
    """What is to be done at a service point."""

    order_no: No = Field(description="The asker's own number: sent again it changes nothing.")
    kind: OrderKind
    service_point_no: No
    asked_on: Day = Field(description="Business date, from which the day counts by which it is due.")
    reason: Code = Field(description="A code of the utility's own.", examples=["doubted_bill"])
    reference: No | None = Field(None, description="The number of what it is about, such as a bill or a complaint.")
    cycle: Month | None = Field(None, description="Of a re-read: the read of which cycle is in doubt.")

    def wanted(self) -> Wanted:
        """Return the order as the use case takes it."""
        return Wanted(**self.model_dump())


class OrdersIn(In):
    items: Annotated[list[OrderIn], Field(max_length=ITEMS_MAX)]


class AssignmentIn(In):
    order_no: No
    assignee: No | None = Field(description="The subject of who is to do it; null: nobody in particular.")

    def given(self) -> Assignment:
        """Return the assignment as the use case takes it."""
        return Assignment(**self.model_dump())


class AssignmentsIn(In):
    items: Annotated[list[AssignmentIn], Field(max_length=ITEMS_MAX)]


class WithdrawalIn(In):
    order_no: No
    reason: Code = Field(description="A code of the utility's own.", examples=["customer_paid"])

    def given(self) -> Withdrawal:
        """Return the withdrawal as the use case takes it."""
        return Withdrawal(**self.model_dump())


class WithdrawalsIn(In):
    items: Annotated[list[WithdrawalIn], Field(max_length=ITEMS_MAX)]


class SiteOrderOut(BaseModel):
    """A site order as it stands. A decision on what was reported names its `version`.

    `outcome`: of one that is done its result, of one that is not, or withdrawn, the reason; `read_came`: a read that came in by
    itself has answered it. `due_on` is null where no calendar has it. `turned_back_for`: why an earlier report did not do.
    """

    order_no: str
    kind: str
    service_point_no: str
    org_unit: str
    origin: str
    requested_by: str
    reason: str
    reference: str | None
    cycle: str | None
    asked_on: date
    due_on: date | None
    overdue_on: date | None
    state: str
    assignee: str | None
    visited_by: str | None
    visited_at: datetime | None
    outcome: str | None
    explanation: str | None
    meter_no: str | None
    registers: dict[str, str]
    read_id: str | None
    decided_by: str | None
    turned_back_for: str | None
    version: int

    @classmethod
    def of(cls, row: Any) -> "SiteOrderOut":
        return cls(**dict(row._mapping) | {"registers": registers_of(row.registers)})


class OrderCountOut(BaseModel):
    """Site orders of a kind in a state; `overdue`: those of them that were found overdue."""

    kind: str
    state: str
    orders: int
    overdue: int


class OrderCountsOut(BaseModel):
    items: Annotated[list[OrderCountOut], Field(max_length=len(ORDER_KINDS) * len(get_args(State)))]
