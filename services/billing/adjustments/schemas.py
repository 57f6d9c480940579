"""What the routes of adjustments answer."""

from datetime import date
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, Field

from services.billing.adjustments import store
from services.billing.adjustments.use_cases.withdrawing import Cause
from shared.fields import Words
from shared.web.batch import In

Explanation = Annotated[Words, Field(max_length=1000)]
State = Literal["open", "waiting", "asked", "within_limits", "settled", "rejected", "of_case"]


class MeterTestOut(BaseModel):
    """The test of a meter as reading told it last, and what became of it.

    `waiting`: from `waits_for` on the span is not billed yet; `asked`: a second person decides on the adjustment;
    `rejected`: that person has refused it, and nothing is adjusted;
    `within_limits`: the meter errs no more than it may; `of_case`: a case has adjusted for days of the span, and stands.
    """

    dispute_no: str
    version: int
    service_point_no: str
    org_unit: str
    meter_no: str
    error_percent: str
    within_limits: bool
    from_: date = Field(alias="from")
    to: date
    tested_on: date
    state: State
    waits_for: date | None

    @classmethod
    def of(cls, row: Any) -> "MeterTestOut":
        return cls.model_validate(dict(row._mapping))


class WithdrawalIn(In):
    cause: Cause
    explanation: Explanation


class AdjustmentOut(BaseModel):
    """A document of its own: above 0 the account pays it, below 0 it is a credit. `reverses`: the one that it takes back."""

    adjustment_id: str
    dispute_no: str = Field(description="The dispute that its meter was tested for, or the case that it ended with.")
    case_no: str | None
    test_version: int = Field(description="Of a case: the number of the calculation.")
    account_no: str
    number: int
    service_point_no: str
    org_unit: str
    cycle: str
    issued_on: date
    due_on: date
    energy_wh: int
    total_fen: int
    components: dict[str, int]
    reverses: str | None

    @classmethod
    def values(cls, row: Any) -> dict[str, Any]:
        return dict(row._mapping) | {"components": dict(store.components(row.components))}

    @classmethod
    def of(cls, row: Any) -> "AdjustmentOut":
        return cls.model_validate(cls.values(row))


class WorkedAdjustmentOut(AdjustmentOut):
    """An adjustment with how it comes about: the rule, what was recorded, and by bill the prices that it is paid by."""

    working: dict[str, Any]

    @classmethod
    def whole(cls, row: Any) -> "WorkedAdjustmentOut":
        return cls.model_validate(cls.values(row) | {"working": orjson.loads(row.working)})
