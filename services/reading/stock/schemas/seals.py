"""What the routes of seals take and answer."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from services.reading.network.schemas import ITEMS_MAX, Code, MeterNo, No, Shown
from services.reading.stock.domain.seals import Kind, SealEvent
from services.reading.stock.store.seals import Told
from services.reading.stock.use_cases.sealing import SealAnnulment
from shared.fields import Day
from shared.web.batch import In

SealState = Literal["on", "broken", "off"]
Subject = Annotated[str, Field(min_length=1, max_length=64, description="An opaque subject, never a name.")]


class SealIn(In):
    """What happened to a seal (铅封): 加封, 检查, 破封, 启封."""

    seal_no: No
    meter_no: MeterNo
    kind: Kind
    done_on: Day
    done_by: Subject

    def event(self) -> SealEvent:
        """Return what happened."""
        return SealEvent(**self.model_dump())


class SealsIn(In):
    items: Annotated[list[SealIn], Field(max_length=ITEMS_MAX, description="In any order.")]


class SealAnnulmentIn(In):
    seal_no: No
    meter_no: MeterNo
    kind: Kind
    done_on: Day
    reason: Code

    def annulment(self) -> SealAnnulment:
        """Return the annulment."""
        return SealAnnulment(key=(self.seal_no, self.meter_no, self.done_on, self.kind), reason=self.reason)


class SealAnnulmentsIn(In):
    items: Annotated[list[SealAnnulmentIn], Field(max_length=ITEMS_MAX)]


class SealOut(Shown):
    """How a seal stands after all that is known of it."""

    seal_no: str
    meter_no: str = Field(description="On which it is, or was last.")
    state: SealState
    since: date


class SealEventOut(Shown):
    seal_no: str
    kind: str
    done_on: date
    done_by: str
    waiting: bool = Field(description="What must have happened before is not known, and it counts once it is.")

    @classmethod
    def event(cls, told: Told) -> Self:
        """Return what is shown of an event."""
        own = told.event
        return cls(seal_no=own.seal_no, kind=own.kind, done_on=own.done_on, done_by=own.done_by, waiting=not told.fits)


class StoredSealEventOut(SealEventOut):
    meter_no: str
    actor: str
    created_at: datetime
    annulled: bool
    annulled_for: str | None

    @classmethod
    def of_row(cls, row: Any) -> Self:
        """Return what is shown of a row."""
        return cls.model_validate(dict(row._mapping) | {"waiting": not (row.fits or row.annulled)})
