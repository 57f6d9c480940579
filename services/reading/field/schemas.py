"""What the routes of field entries take and answer."""

from datetime import date, datetime
from typing import Annotated, Literal, Self, cast

from pydantic import BaseModel, Field, model_validator

from services.reading.field.domain.entries import BATCH_MAX, Entry
from services.reading.field.use_cases.entering import Given
from services.reading.field.use_cases.reviewing import UNTOUCHED_MAX, Looked, Review
from services.reading.field.use_cases.sheets import Line, Sheet
from services.reading.intake.api.batches import Instant
from services.reading.intake.api.uploading import WORDS
from services.reading.intake.schemas import by_itself
from services.reading.network.domain.registers import UNIT
from services.reading.network.schemas import ITEMS_MAX, Code, MeterNo, No, Shown, Unit, Values
from services.reading.observations.schemas import OBSERVATIONS_MAX, ObservedIn, ObservedOut
from shared.outcome import Outcome
from shared.web.batch import In

NOTES_MAX = 8


class FieldEntryIn(In):
    """What was seen at a meter or point: its registers, or why they could not be read."""

    entry_no: No = Field(description="The device's own number, of one reader for ever: sent again it changes nothing.")
    service_point_no: No | None = None
    meter_no: MeterNo | None = Field(None, description="Needed where not one meter stands at the point.")
    seen_at: Instant
    unit: Unit | None = Field(None, description="`kWh`, where registers are given.")
    registers: Values | None = None
    unread_reason: Code | None = Field(None, description="A code of the utility's own.", examples=["no_access"])
    notes: list[Code] = Field(
        default_factory=list, max_length=NOTES_MAX, description="Codes of the utility's own; nothing about persons."
    )
    observations: list[ObservedIn] = Field(
        default_factory=list,
        max_length=OBSERVATIONS_MAX,
        description="What else was seen there and then: kept and told at once, whatever becomes of the entry.",
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.registers is None) == (self.unread_reason is None):
            raise ValueError("registers or a reason")
        if self.service_point_no is None and self.meter_no is None:
            raise ValueError("a meter or a point")
        return self

    def given(self) -> Given:
        """Return the entry as the use case takes it."""
        return Given(
            entry_no=self.entry_no,
            service_point_no=self.service_point_no,
            meter_no=self.meter_no,
            seen_at=self.seen_at,
            unit=self.unit,
            registers=self.registers or {},
            unread_reason=self.unread_reason,
            notes=self.notes,
            observations=[each.observed() for each in self.observations],
        )


class FieldEntriesIn(In):
    items: Annotated[
        list[Annotated[FieldEntryIn, by_itself(FieldEntryIn, FieldEntryIn.given)]], Field(max_length=ITEMS_MAX)
    ]

    def given(self) -> list[Given | Outcome]:
        """Return the entries that are well formed, and what became of the others, in their order."""
        return cast(list[Given | Outcome], self.items)


class NamedIn(In):
    entry_no: No
    reason: Code = Field(description="A code of the utility's own.", examples=["wrong_door"])


class TakenBackIn(In):
    items: Annotated[list[NamedIn], Field(max_length=ITEMS_MAX)]


class ReleaseIn(In):
    content_hash: str = Field(pattern="^[0-9a-f]{64}$", description="That of the batch as it was seen.")
    refused: list[NamedIn] = Field(
        default_factory=list, max_length=BATCH_MAX, description="What does not become a read; the rest does."
    )


class DecidedOut(BaseModel):
    """What became of an entry."""

    entry_no: str
    status: Literal["accepted", "already_accepted", "conflicting_duplicate", "waiting", "refused"]
    code: str | None
    message: str | None
    read_id: str | None


class ReleasedOut(BaseModel):
    outcomes: list[DecidedOut]


class FieldBatchOut(Shown):
    """What one reader has entered for a read date of a route; `waiting` entries are not released yet."""

    batch_id: str
    route_no: str
    cycle: str
    read_date: date
    reader: str
    number: int
    org_unit: str
    waiting: int
    released_by: str | None
    released_at: datetime | None


class FieldEntryOut(BaseModel):
    """An entry as it was entered, and what became of it. `findings`: what speaks against releasing it."""

    entry_no: str
    service_point_no: str
    meter_no: str | None
    seen_at: datetime
    registers: dict[str, str]
    unread_reason: str | None
    notes: list[str]
    observations: list[ObservedOut]
    findings: list[str]
    state: str
    reason: str | None
    decided_by: str | None
    status: str | None
    code: str | None

    @classmethod
    def of(cls, looked: Looked) -> "FieldEntryOut":
        entry: Entry = looked.entry
        return cls(
            entry_no=entry.entry_no,
            service_point_no=entry.service_point_no,
            meter_no=entry.meter_no or None,
            seen_at=entry.seen_at,
            registers=dict(entry.registers),
            unread_reason=entry.unread_reason,
            notes=list(entry.notes),
            observations=[ObservedOut.model_validate(each) for each in entry.observations],
            findings=looked.findings,
            state=entry.state,
            reason=entry.reason,
            decided_by=entry.decided_by,
            status=WORDS.get(entry.status, entry.status) if entry.status else None,
            code=entry.code,
        )


class FieldReviewOut(FieldBatchOut):
    """A batch as it is decided on: entries out of range first, then those unread. A release names the `content_hash`."""

    unit: str
    content_hash: str
    planned_reader: str | None = Field(description="Who was to read the route on that date, as assigned by now.")
    entries: list[FieldEntryOut]
    untouched_count: int = Field(description="Points of the route with neither an entry nor a read of the read date.")
    untouched: Annotated[list[str], Field(max_length=UNTOUCHED_MAX, description="The first of them.")]

    @classmethod
    def of_review(cls, review: Review) -> "FieldReviewOut":
        batch = review.batch
        return cls(
            batch_id=batch.batch_id,
            route_no=batch.route_no,
            cycle=batch.cycle,
            read_date=batch.read_date,
            reader=batch.reader,
            number=batch.number,
            org_unit=batch.org_unit,
            waiting=sum(each.entry.state == "entered" for each in review.entries),
            released_by=batch.released_by,
            released_at=batch.released_at,
            unit=UNIT,
            content_hash=review.content_hash,
            planned_reader=review.planned_reader,
            entries=[FieldEntryOut.of(each) for each in review.entries],
            untouched_count=len(review.untouched),
            untouched=review.untouched[:UNTOUCHED_MAX],
        )


class SheetRegisterOut(BaseModel):
    """What a register last showed, and between which values no rule finds it high or low."""

    quantity: str
    last: str
    expected_from: str | None
    expected_to: str | None


class SheetLineOut(BaseModel):
    walk_order: int | None
    service_point_no: str
    meter_no: str
    access_notes: list[str]
    last_on: date
    registers: list[SheetRegisterOut]

    @classmethod
    def of(cls, line: Line) -> "SheetLineOut":
        return cls(
            walk_order=line.point.walk_order,
            service_point_no=line.point.service_point_no,
            meter_no=line.basis.meter.meter_no,
            access_notes=list(line.point.access_notes),
            last_on=line.basis.on,
            registers=[
                SheetRegisterOut(quantity=quantity, last=last, expected_from=least, expected_to=most)
                for quantity, last in line.basis.shown.items()
                for least, most in [line.expected.get(quantity, (None, None))]
            ],
        )


class SheetOut(BaseModel):
    """The meters of a route in walking order."""

    route_no: str
    cycle: str
    read_date: date
    unit: str
    lines: list[SheetLineOut]

    @classmethod
    def of(cls, sheet: Sheet) -> "SheetOut":
        return cls(
            route_no=sheet.route_no,
            cycle=sheet.cycle,
            read_date=sheet.read_date,
            unit=UNIT,
            lines=[SheetLineOut.of(line) for line in sheet.lines],
        )
