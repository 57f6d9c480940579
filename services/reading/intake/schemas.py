"""What the routes of reads and curves take and answer."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, Field

from services.reading.intake.use_cases.curves import Given
from services.reading.network.schemas import ITEMS_MAX, REGISTERS_MAX, Code, MeterNo, Quantity, Unit, Values
from services.reading.reads.domain.curves import Curve
from shared.web.batch import DerivedFrom, In

TURNS_MAX = 99


class CurveItem(In):
    meter_no: MeterNo
    day: date
    quantity: Quantity = "import"
    unit: Annotated[str, Field(min_length=1, max_length=8, description="Must be `Wh`.", examples=["Wh"])]
    interval_minutes: Annotated[int, Field(ge=1, le=60, description="15 or 30.")]
    values: Annotated[
        list[Annotated[int, Field(ge=-(2**53), le=2**53)] | None],
        Field(max_length=100, description="One per interval of the local day, multiplier applied; null: missing."),
    ]

    def given(self) -> Given:
        """Return the curve and its unit."""
        curve = Curve(
            meter_no=self.meter_no,
            day=self.day,
            quantity=self.quantity,
            interval_minutes=self.interval_minutes,
            values=tuple(self.values),
        )
        return Given(unit=self.unit, curve=curve)


class Curves(In):
    items: Annotated[list[CurveItem], Field(max_length=ITEMS_MAX)]


class CorrectionIn(In):
    unit: Unit
    registers: Values
    turns: dict[Quantity, Annotated[int, Field(ge=0, le=TURNS_MAX)]] = Field(
        default_factory=dict,
        max_length=REGISTERS_MAX,
        description="How often a face has passed its last number since the known register before, where somebody knows.",
    )
    confirm: bool = Field(False, description="What becomes suspect by this correction is known, and it is meant so.")
    reason: Code


class AnnulmentIn(In):
    reason: Code


class EditOut(BaseModel):
    """A correction. `kind`: `edited`, or `annulled`: the read counts for nothing; its registers are those before."""

    number: int
    kind: str
    registers: dict[str, str]
    turns: dict[str, int]
    confirmed: bool
    reason: str
    actor: str
    created_at: datetime


class ReadOut(BaseModel):
    read_id: str
    meter_no: str
    read_at: datetime
    source: str
    unit: str
    registers: dict[str, str]
    reader: str | None
    upload_id: str
    annulled: bool
    corrections: list[EditOut]
    derived_from: list[DerivedFrom]


class WaitingReadOut(BaseModel):
    """A read of a meter that stands nowhere on its day yet; it is used by itself when an installation comes."""

    read_id: str
    meter_no: str
    read_at: datetime
    source: str
    org_unit: str
    waiting_since: datetime


class CurveOut(BaseModel):
    meter_no: str
    day: date
    quantity: str
    unit: str
    interval_minutes: int
    values: list[int | None]
    missing: int
