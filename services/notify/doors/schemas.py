"""Doors as they are said over HTTP."""

from datetime import date
from typing import Literal

from pydantic import BaseModel, Field

from services.notify.doors.domain import Door
from shared.fields import Day
from shared.web.batch import In, No


class DoorIn(In):
    """The address of a service point (用电地址), and when and how it was checked."""

    service_point_no: No
    org_unit: str = Field(min_length=1, max_length=160)
    address: str = Field(min_length=5, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
    how: Literal["declared", "on_site"]
    checked_on: Day

    def door(self, by: str) -> Door:
        return Door(checked_by=by, **self.model_dump())


class DoorBatch(In):
    items: list[DoorIn] = Field(min_length=1, max_length=1_000)


class DoorOut(BaseModel):
    """A door with its address."""

    service_point_no: str
    org_unit: str
    address: str
    how: str
    checked_on: date | None = Field(
        description="Null: a letter came back from it; nothing goes there until it is put anew."
    )
    checked_by: str
    version: int
