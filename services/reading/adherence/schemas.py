"""What the routes of adherence answer."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Self

from pydantic import BaseModel, Field

from services.reading.adherence.use_cases.looking import OfReader, OfRoute


class CountsOut(BaseModel):
    """expected = early + on_time + late + unread + open. The three counts beside them are those of scorecards too."""

    expected: int
    early: int
    on_time: int
    late: int
    unread: int = Field(description="Nobody has read it within reach of its day, and its window is closed.")
    open: int
    estimated: int = Field(description="估抄: billed by an estimate, whenever it was read.")
    missed: int = Field(description="漏抄: billed by neither a read of its day nor an estimate; left to the next read.")
    wrong: int = Field(description="错抄: reads corrected in the month of that name that were their reader's error.")
    read_by_others: int = Field(description="Read by another person than who was to read it.")


class RouteAdherenceOut(CountsOut):
    route_no: str
    read_date: date
    cycle: str
    org_unit: str
    reader: str | None = Field(description="Who was to read it, as assigned by now.")

    @classmethod
    def of(cls, row: OfRoute) -> Self:
        """Return what is shown of a route."""
        return cls(**asdict(row.counts), **asdict(row.duty))


class ReaderAdherenceOut(CountsOut):
    reader: str | None = Field(description="Null: routes to which nobody is assigned.")
    routes: int

    @classmethod
    def of(cls, row: OfReader) -> Self:
        """Return what is shown of a reader."""
        return cls(**asdict(row.counts), reader=row.reader or None, routes=row.routes)


class TaskAdherenceOut(BaseModel):
    """A task with the read that is nearest to its day; `days_off` is below zero where it was read before it."""

    service_point_no: str
    read_date: date
    route_no: str
    cycle: str
    org_unit: str
    status: str
    outcome: str
    days_off: int | None
    planned_reader: str | None
    actual_reader: str | None
    read_at: datetime | None
    source: str | None

    @classmethod
    def of(cls, row: dict[str, Any]) -> Self:
        """Return what is shown of a task."""
        return cls.model_validate(row | {"service_point_no": row["point"], "actual_reader": row["reader"]})
