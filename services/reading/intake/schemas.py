"""What the routes of reads and curves take and answer."""

from collections.abc import Callable, Container
from datetime import date, datetime
from typing import Annotated, Any, Literal, TypeVar, cast

from pydantic import BaseModel, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from services.reading.intake.use_cases.curves import Given
from services.reading.network.schemas import (
    ITEMS_MAX,
    NUMBER_PATTERN,
    REGISTERS_MAX,
    Code,
    MeterNo,
    No,
    Quantity,
    Unit,
    Values,
)
from services.reading.reads.domain.curves import ACTUAL, ESTIMATED, MISSING, SLOTS_MAX, VERSIONS_MAX, Curve
from shared.fields import Day
from shared.outcome import Outcome, refused
from shared.web.batch import DerivedFrom, In

MALFORMED = "reading.malformed_item"
ItemT = TypeVar("ItemT", bound=BaseModel)
TURNS_MAX = 99


def fault_of(wrong: ValidationError, fields: Container[str]) -> str:
    """Return which of its fields an item is malformed in; what an unknown field is called is its sender's word."""
    (place, *_), *_ = [error["loc"] or ("item",) for error in wrong.errors(include_url=False, include_input=False)]
    return f"malformed: {place}" if place == "item" or place in fields else "it has an unknown field"


def by_itself(item: type[ItemT], taken: Callable[[ItemT], Any]) -> WrapValidator:
    """Return what makes of an item what the use case takes, or refuses it by itself: the others of its batch are taken."""

    def check(value: Any, valid: ValidatorFunctionWrapHandler) -> Any:
        try:
            return taken(valid(value))
        except ValidationError as wrong:
            return refused(MALFORMED, fault_of(wrong, item.model_fields))

    return WrapValidator(check)


class CurveItem(In):
    meter_no: MeterNo
    day: Day
    quantity: Quantity = "import"
    unit: Annotated[str, Field(min_length=1, max_length=8, description="Must be `Wh`.", examples=["Wh"])]
    interval_minutes: Annotated[int, Field(ge=1, le=60, description="5, 10, 15, 30 or 60.")]
    values: Annotated[
        list[Annotated[int, Field(ge=-(2**53), le=2**53)] | None],
        Field(
            max_length=SLOTS_MAX, description="One per interval of the local day, multiplier applied; null: missing."
        ),
    ]
    quality: (
        Annotated[
            str,
            Field(
                max_length=SLOTS_MAX,
                pattern=f"^[{ACTUAL}{ESTIMATED}{MISSING}]*$",
                description="A letter per interval: `a` actual, `e` estimated, `-` missing. All values are actual without it.",
            ),
        ]
        | None
    ) = None

    def given(self) -> Given:
        """Return the curve and its unit."""
        plain = "".join(MISSING if value is None else ACTUAL for value in self.values)
        curve = Curve(
            meter_no=self.meter_no,
            day=self.day,
            quantity=self.quantity,
            interval_minutes=self.interval_minutes,
            values=tuple(self.values),
            quality=plain if self.quality is None else self.quality,
        )
        return Given(unit=self.unit, curve=curve)


def _by_itself(value: Any, valid: ValidatorFunctionWrapHandler) -> Given | Outcome:
    """Return a curve as the use case takes it, or that it is malformed, so that the others of its batch are taken."""
    try:
        item: CurveItem = valid(value)
        return item.given()
    except ValidationError as wrong:
        where = "/".join(str(step) for step in wrong.errors(include_url=False, include_input=False)[0]["loc"][:1])
        return refused(MALFORMED, f"malformed: {where or 'item'}")


class Curves(In):
    """Curves of a device, a head-end or a person. `message_id` is the sender's own number of this message, for tracing."""

    message_id: Annotated[str, Field(max_length=64, pattern=NUMBER_PATTERN)] | None = None
    items: Annotated[list[Annotated[CurveItem, WrapValidator(_by_itself)]], Field(max_length=ITEMS_MAX)]

    def given(self) -> list[Given | Outcome]:
        """Return the curves that are well formed, and what became of the others, in their order."""
        return cast(list[Given | Outcome], self.items)


FoundOn = Annotated[
    Day | None,
    Field(
        description="The day on which it was found to be wrong, where that was before today: the time to the fix counts."
    ),
]


class CorrectionIn(In):
    unit: Unit
    registers: Values
    turns: dict[Quantity, Annotated[int, Field(ge=0, le=TURNS_MAX)]] = Field(
        default_factory=dict,
        max_length=REGISTERS_MAX,
        description="How often a face has passed its last number since the known register before, where somebody knows.",
    )
    confirm: bool = Field(False, description="What becomes suspect by this correction is known, and it is meant so.")
    reader: No | None = Field(
        None, description="Who saw what the registers show: another person than who enters it. A read on site has one."
    )
    reason: Code
    found_on: FoundOn = None


class AnnulmentIn(In):
    reason: Code
    found_on: FoundOn = None


class EditOut(BaseModel):
    """A correction. `kind`: `edited`, or `annulled`: the read counts for nothing; its registers are those before."""

    number: int
    kind: str
    registers: dict[str, str]
    turns: dict[str, int]
    confirmed: bool
    reason: str
    reader: str | None
    actor: str
    created_at: datetime
    found_on: date | None


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


class WaitingCurveOut(BaseModel):
    """A day curve of a meter that stands nowhere on that day yet; it is used by itself when an installation comes."""

    meter_no: str
    day: date
    quantity: str
    org_unit: str
    waiting_since: datetime


class CurveOut(BaseModel):
    meter_no: str
    day: date
    quantity: str
    unit: str
    interval_minutes: int
    values: list[int | None]
    quality: str
    missing: int


class CurveVersionOut(BaseModel):
    """A version as it was received; `s` in its quality marks a value that is more than the point can use."""

    version: int
    effect: Annotated[
        Literal["used", "no_better", "conflicts"], Field(description="What it did to the curve in force.")
    ]
    interval_minutes: int
    values: list[int | None]
    quality: str
    missing: int
    upload_id: str
    uploader: str
    received_at: datetime


class CurveVersionsOut(BaseModel):
    items: Annotated[list[CurveVersionOut], Field(max_length=VERSIONS_MAX)]
