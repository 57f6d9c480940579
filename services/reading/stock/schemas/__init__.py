"""What the routes of meters in stock take and answer."""

from datetime import date, datetime
from typing import Annotated, Any, Self, cast

from pydantic import BaseModel, Field

from services.reading.network.domain.registers import MULTIPLIER_MAX
from services.reading.network.schemas import (
    ITEMS_MAX,
    REGISTERS_MAX,
    Code,
    MeterNo,
    No,
    OrgUnit,
    RegisterIn,
    Shown,
)
from services.reading.stock.domain.facts import LoadError, Movement, Tested
from services.reading.stock.domain.life import MovementKind, Result, Spell, State
from services.reading.stock.domain.ranges import METERS_MAX, Range
from services.reading.stock.schemas.seals import SealEventOut
from services.reading.stock.store import records
from services.reading.stock.store.unfit import Why
from services.reading.stock.use_cases.looking import Known
from services.reading.stock.use_cases.recording import Annulment
from shared.fields import Day
from shared.web.batch import In

RANGES_MAX = 100
LOADS_MAX = 24
LOAD_PERCENT_MAX = 1000  # of the basic current: Imax is below ten times Ib


class RangeIn(In):
    """A range of meters as it came. Both numbers end in digits, have one length, and differ in their last digits alone."""

    range_no: No = Field(description="The utility's own number: sent again it changes nothing.")
    from_no: MeterNo
    to_no: MeterNo = Field(description="The last of the range.")
    org_unit: OrgUnit = Field(description="The warehouse; the meters belong to it.")
    meter_type: Code = Field(description="A code of the utility's own (表计类型).")
    registers: Annotated[list[RegisterIn], Field(min_length=1, max_length=REGISTERS_MAX)]
    multiplier: Annotated[int, Field(ge=1, le=MULTIPLIER_MAX)] = 1
    multiplier_denominator: Annotated[int, Field(ge=1, le=MULTIPLIER_MAX)] = 1
    owner: Code = Field(
        "utility", description="Whose property they are (产权): `utility`, `customer`, or another code."
    )
    batch_no: No | None = None
    received_on: Day
    verified_until: Day | None = Field(None, description="The last day on which the maker's verification holds.")

    def range_(self) -> Range:
        """Return the range."""
        return Range(
            range_no=self.range_no,
            from_no=self.from_no,
            to_no=self.to_no,
            org_unit=self.org_unit,
            meter_type=self.meter_type,
            faces=tuple(each.face() for each in self.registers),
            numerator=self.multiplier,
            denominator=self.multiplier_denominator,
            owner=self.owner,
            batch_no=self.batch_no,
            received_on=self.received_on,
            verified_until=self.verified_until,
        )


class RangesIn(In):
    items: Annotated[
        list[RangeIn], Field(max_length=RANGES_MAX, description=f"At most {METERS_MAX} meters in all of them together.")
    ]
    dry_run: bool = Field(False, description="Say what would become of them, and change nothing.")


class RangeAnnulmentIn(In):
    range_no: No
    reason: Code

    def annulment(self) -> Annulment:
        """Return the annulment."""
        return Annulment(number=self.range_no, reason=self.reason)


class RangeAnnulmentsIn(In):
    items: Annotated[list[RangeAnnulmentIn], Field(max_length=RANGES_MAX)]


class RangeOut(Shown):
    range_no: str
    from_no: str
    to_no: str
    org_unit: str
    meter_type: str
    owner: str
    batch_no: str | None
    received_on: date
    verified_until: date | None
    meters: int
    annulled_for: str | None = Field(description="It never came: its meters are not there.")


class MovementIn(In):
    """A step of a meter in stock: 拆回入库, 送检, 入库, 报废."""

    movement_no: No = Field(description="The utility's own number: sent again it changes nothing.")
    meter_no: MeterNo
    kind: MovementKind
    moved_on: Day
    org_unit: OrgUnit | None = Field(None, description="The warehouse that has it from then on; null: the same.")
    reason: Code | None = Field(None, description="Of a scrapping always.")

    def movement(self) -> Movement:
        """Return the movement."""
        return Movement(
            movement_no=self.movement_no,
            meter_no=self.meter_no,
            kind=self.kind,
            moved_on=self.moved_on,
            warehouse=self.org_unit,
            reason=self.reason,
        )


class MovementsIn(In):
    items: Annotated[list[MovementIn], Field(max_length=ITEMS_MAX)]


class MovementAnnulmentIn(In):
    movement_no: No
    reason: Code

    def annulment(self) -> Annulment:
        """Return the annulment."""
        return Annulment(number=self.movement_no, reason=self.reason)


class MovementAnnulmentsIn(In):
    items: Annotated[list[MovementAnnulmentIn], Field(max_length=ITEMS_MAX)]


class MovementOut(Shown):
    movement_no: str
    meter_no: str
    kind: str
    moved_on: date
    org_unit: str | None = Field(validation_alias="warehouse")
    reason: str | None
    actor: str
    created_at: datetime
    waiting: bool = Field(description="What must have happened before is not known, and it counts once it is.")
    annulled: bool
    annulled_for: str | None

    @classmethod
    def of(cls, row: Any) -> Self:
        """Return what is shown of a movement."""
        return cls.model_validate(dict(row._mapping) | {"waiting": not (row.fits or row.annulled)})


class LoadErrorIn(In):
    load_percent: Annotated[int, Field(ge=1, le=LOAD_PERCENT_MAX, description="Of the basic current.")]
    power_factor: Annotated[str, Field(pattern=r"^(1\.0|0\.[0-9]{1,2}[LC])$", examples=["0.5L"])] = "1.0"
    error_permille: Annotated[
        str,
        Field(pattern=r"^-?[0-9]{1,4}(\.[0-9]{1,4})?$", description="Above zero it ran fast.", examples=["-1.2"]),
    ]

    def error(self) -> LoadError:
        """Return the error."""
        return LoadError(**self.model_dump())


class TestIn(In):
    """What a laboratory found of a meter (检定结果)."""

    lab_no: No = Field(description="The number of the certificate: sent again it changes nothing.")
    meter_no: MeterNo
    tested_on: Day
    result: Result
    errors: Annotated[list[LoadErrorIn], Field(default_factory=list, max_length=LOADS_MAX)]
    next_due_on: Day | None = Field(None, description="The last day on which this verification holds.")

    def tested(self) -> Tested:
        """Return the result."""
        return Tested(
            lab_no=self.lab_no,
            meter_no=self.meter_no,
            tested_on=self.tested_on,
            result=self.result,
            errors=tuple(each.error() for each in self.errors),
            next_due_on=self.next_due_on,
        )


class TestsIn(In):
    items: Annotated[list[TestIn], Field(max_length=ITEMS_MAX)]


class TestAnnulmentIn(In):
    lab_no: No
    reason: Code

    def annulment(self) -> Annulment:
        """Return the annulment."""
        return Annulment(number=self.lab_no, reason=self.reason)


class TestAnnulmentsIn(In):
    items: Annotated[list[TestAnnulmentIn], Field(max_length=ITEMS_MAX)]


class LoadErrorOut(Shown):
    load_percent: int
    power_factor: str
    error_permille: str


class TestOut(Shown):
    lab_no: str
    meter_no: str
    tested_on: date
    result: str
    errors: list[LoadErrorOut]
    next_due_on: date | None


class StoredTestOut(TestOut):
    actor: str
    created_at: datetime
    annulled: bool
    annulled_for: str | None

    @classmethod
    def of(cls, row: Any) -> Self:
        """Return what is shown of a row."""
        return cls.model_validate(dict(row._mapping) | {"errors": records.errors(row.errors)})


class StandingOut(Shown):
    """How a meter stands on a day, and since when."""

    meter_no: str
    state: State
    since: date
    service_point_no: str | None = Field(description="Where it stands, or stood last.")
    org_unit: str = Field(description="That of its point, else its warehouse.")
    meter_type: str | None


class UnfitMeterOut(Shown):
    """A meter that stands at a point though it may not be used."""

    meter_no: str
    why: Why = Field(description="Its last test was failed, else its last known verification has expired.")
    service_point_no: str
    org_unit: str
    meter_type: str | None
    tested_on: date | None = Field(description="The last test by the day, and its certificate.")
    lab_no: str | None
    verified_until: date | None = Field(description="The last day on which its verification held.")


class SpellOut(BaseModel):
    state: State
    from_: date = Field(serialization_alias="from")
    to: date | None = Field(description="First day on which it is not so any more.")
    service_point_no: str | None
    org_unit: str | None = Field(description="The warehouse that has it, or had it last.")

    @classmethod
    def of(cls, spell: Spell) -> Self:
        """Return what is shown of a spell."""
        return cls.model_validate(
            {
                "state": spell.state,
                "from_": spell.from_,
                "to": spell.to,
                "service_point_no": spell.service_point_no,
                "org_unit": spell.warehouse,
            }
        )


class StandOut(Shown):
    service_point_no: str
    installed_on: date
    removed_on: date | None


class LifeMovementOut(BaseModel):
    movement_no: str
    kind: str
    moved_on: date
    reason: str | None
    waiting: bool


class LifeOut(BaseModel):
    """The life of a meter (表计生命周期): what is known of it by now."""

    meter_no: str
    meter_type: str | None
    org_unit: str
    range_no: str | None = Field(description="With which it came.")
    received_on: date | None
    state: State | None = Field(description="Null: nothing is known of it but that it is there.")
    spells: list[SpellOut]
    installations: list[StandOut]
    movements: list[LifeMovementOut]
    tests: list[TestOut]
    seals: list[SealEventOut]

    @classmethod
    def of(cls, known: Known) -> Self:
        """Return what is shown of a meter."""
        meter, came = known.meter, known.range_
        return cls(
            meter_no=meter.meter_no,
            meter_type=meter.meter_type,
            org_unit=meter.org_unit,
            range_no=came.range_no if came else None,
            received_on=came.received_on if came else None,
            state=cast(State, known.spells[-1].state) if known.spells else None,
            spells=[SpellOut.of(each) for each in known.spells],
            installations=[StandOut.model_validate(each) for each in known.stands],
            movements=[
                LifeMovementOut(
                    movement_no=each.movement.movement_no,
                    kind=each.movement.kind,
                    moved_on=each.movement.moved_on,
                    reason=each.movement.reason,
                    waiting=not each.fits,
                )
                for each in known.movements
            ],
            tests=[TestOut.model_validate(each) for each in known.tests],
            seals=[SealEventOut.event(each) for each in known.seals],
        )
