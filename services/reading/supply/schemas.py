"""What the routes of supply orders take and answer."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, model_validator

from services.reading.network.schemas import Code, MeterNo, No
from services.reading.supply.domain import HEAD_END, PERSON, Said
from services.reading.supply.store import registers_of
from services.reading.supply.use_cases.results import Result
from shared.fields import Instant
from shared.web.batch import In

State = Literal["waiting", "sent", "unknown", "done", "failed", "withdrawn", "expired"]
Action = Literal["cut", "restore"]
Way = Literal["head_end", "person"]
Words = Annotated[str, Field(max_length=1000, pattern=r"\S")]


class ResultIn(In):
    """What became of an order that a person has carried out, or could not."""

    switched: bool
    switched_at: Instant | None = Field(None, description="Where it was switched: when.")
    reason: Code | None = Field(
        None, description="Where it was not: a code of `supply.failed_reasons` of the policy.", examples=["no_access"]
    )
    carried_out_by: No | None = Field(None, description="The subject of who was there; without it who tells.")
    explanation: Words | None = None
    meter_no: MeterNo | None = None
    registers: dict[Code, Annotated[str, Field(pattern=r"^[0-9]{1,12}(\.[0-9]{1,6})?$")]] = Field(
        default={},
        max_length=32,
        description="What the meter showed in kWh, for the record: it is kept with the order and is no read.",
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.switched != (self.switched_at is not None) or self.switched != (self.reason is None):
            raise ValueError("switched_at where it was switched, reason where it was not")
        if self.registers and self.meter_no is None:
            raise ValueError("registers are those of a meter_no")
        return self

    def given(self, order_no: str, subject: str) -> Result:
        """Return the result as the use case takes it."""
        said = Said(
            by=PERSON,
            reported_by=subject,
            carried_out_by=self.carried_out_by or subject,
            explanation=self.explanation,
            meter_no=self.meter_no,
            registers=self.registers,
        )
        return Result(order_no=order_no, switched_at=self.switched_at, code=self.reason or "", said=said)


class HeadEndResultIn(In):
    """What became of an order that the head-end had."""

    order_no: No
    state: Literal["done", "refused", "failed"]
    switched_at: Instant | None = Field(None, description="Of `done`: when it was switched.")
    code: Annotated[str, Field(max_length=48, pattern=r"^[A-Za-z0-9._:-]*$")] = Field(
        "", description="The head-end's own, of the other two."
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.state == "done") != (self.switched_at is not None):
            raise ValueError("switched_at where it is done, and only there")
        return self

    def given(self, subject: str) -> Result:
        """Return the result as the use case takes it."""
        said = Said(by=HEAD_END, reported_by=subject)
        return Result(
            order_no=self.order_no, switched_at=self.switched_at, code=self.state, said=said, detail=self.code
        )


class ResultOut(BaseModel):
    """`done` or `already_done`; `supply.late_result`: the order had ended otherwise, or should not have been carried out."""

    status: Literal["done", "already_done"]
    code: Literal["supply.late_result"] | None = None


class SupplyOrderOut(BaseModel):
    """A supply order as it stands. `registers`: what the meter showed when a person was there."""

    order_no: str
    account_no: str
    service_point_no: str
    org_unit: str
    action: str
    not_before: datetime
    expires_at: datetime
    supersedes: str | None
    sequence: int
    reason: str
    asked_on: date
    state: str
    way: str | None = Field(description="null: its time has not come.")
    unwanted: str | None = Field(description="Of one that the head-end has: why it would not be sent any more.")
    sent_at: datetime | None
    unknown_since: datetime | None
    switched_at: datetime | None
    ended_at: datetime | None
    code: str
    detail: str
    said_by: str | None
    reported_by: str | None
    carried_out_by: str | None
    explanation: str | None
    meter_no: str | None
    registers: dict[str, str]
    version: int

    @classmethod
    def of(cls, row: Any) -> "SupplyOrderOut":
        return cls(**dict(row._mapping) | {"registers": registers_of(row.registers)})
