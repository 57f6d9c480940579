"""What the routes of the network take and answer, and the kinds of values that all routes of reading have in common."""

from datetime import date
from typing import Annotated, Any, Literal, Self

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from services.reading.base import METER_NO_MAX
from services.reading.network.domain.registers import DIGITS_MAX, MULTIPLIER_MAX, SCALE_MAX, VALUE_LENGTH_MAX
from shared.outcome import Outcome

ITEMS_MAX = 1000
REGISTERS_MAX = 16
NUMBER_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:-]*$"


No = Annotated[str, Field(min_length=1, max_length=64, pattern=NUMBER_PATTERN, examples=["SP-0001"])]


MeterNo = Annotated[str, Field(min_length=1, max_length=METER_NO_MAX, pattern=NUMBER_PATTERN, examples=["M-0001"])]


OrgUnit = Annotated[
    str,
    Field(
        min_length=1,
        max_length=128,
        pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$",
        description="A path; who may see `zj/hangzhou` sees `zj/hangzhou/xihu`.",
        examples=["zj/hangzhou/xihu"],
    ),
]


Quantity = Annotated[
    str, Field(min_length=1, max_length=32, pattern=r"^[a-z]+(\.[a-z0-9_]+)?$", examples=["import", "import.peak"])
]


Value = Annotated[
    str,
    Field(min_length=1, max_length=VALUE_LENGTH_MAX, description="kWh as the face shows it.", examples=["12345.67"]),
]


Values = Annotated[
    dict[Quantity, Value], Field(min_length=1, max_length=REGISTERS_MAX, description="By quantity, all.")
]


Unit = Annotated[str, Field(min_length=1, max_length=8, description="Must be `kWh`.", examples=["kWh"])]


Code = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_.]*$", examples=["misread"])]


Month = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", max_length=7, examples=["2026-01"])]


ReadId = Annotated[str, Field(min_length=1, max_length=64, examples=["M-0001~20260131T160000Z~remote"])]


Status = Annotated[str, Query(max_length=16, pattern="^[a-z]+$")]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Shown(BaseModel):
    """Base of what lists show: made from rows."""

    model_config = ConfigDict(from_attributes=True)

    @classmethod
    def of(cls, row: object) -> Self:
        return cls.model_validate(row)


class OutcomeOut(Model):
    """What became of one item; `index` is its place in the batch."""

    index: int
    status: Literal["done", "already_done", "accepted", "already_accepted", "conflicting_duplicate", "refused"]
    code: str | None = None
    message: str | None = None
    id: str | None = None


class Answer(Model):
    outcomes: list[OutcomeOut]


def answer(outcomes: list[Outcome], words: dict[str, str] | None = None) -> dict[str, list[dict[str, Any]]]:
    """Return the JSON of outcomes; `words` renames statuses."""
    words = words or {}
    found = []
    for index, outcome in enumerate(outcomes):
        item: dict[str, Any] = {"index": index, "status": words.get(outcome.status, outcome.status)}
        if outcome.code:
            item["code"] = outcome.code
            item["message"] = outcome.message
        if outcome.id:
            item["id"] = outcome.id
        found.append(item)
    return {"outcomes": found}


class RouteIn(Model):
    org_unit: OrgUnit
    read_day: Annotated[int, Field(ge=1, le=28, description="Day of the month (抄表例日).")]


class RouteItem(RouteIn):
    route_no: No


class Routes(Model):
    items: Annotated[list[RouteItem], Field(max_length=ITEMS_MAX)]


class PointIn(Model):
    route_no: No
    org_unit: OrgUnit | None = Field(None, description="That of its route where it is not given.")


class PointItem(PointIn):
    service_point_no: No


class Points(Model):
    items: Annotated[list[PointItem], Field(max_length=ITEMS_MAX)]


class RegisterIn(Model):
    quantity: Quantity
    digits: Annotated[int, Field(ge=1, le=DIGITS_MAX, description="Of the whole face, decimals included.")]
    scale: Annotated[int, Field(ge=0, le=SCALE_MAX, description="How many of the digits are decimals of a kWh.")]


class MeterIn(Model):
    org_unit: OrgUnit
    registers: Annotated[list[RegisterIn], Field(min_length=1, max_length=REGISTERS_MAX)]
    multiplier: Annotated[int, Field(ge=1, le=MULTIPLIER_MAX, description="CT × PT, the ratio's numerator.")] = 1
    multiplier_denominator: Annotated[int, Field(ge=1, le=MULTIPLIER_MAX)] = 1


class MeterItem(MeterIn):
    meter_no: MeterNo


class Meters(Model):
    items: Annotated[list[MeterItem], Field(max_length=ITEMS_MAX)]


class InstallationItem(Model):
    service_point_no: No
    meter_no: MeterNo
    installed_on: date
    removed_on: date | None = Field(None, description="First day on which the meter is not there any more.")
    unit: Unit
    opening: Values
    closing: Values | None = Field(None, description="Given together with `removed_on`.")


class Installations(Model):
    items: Annotated[list[InstallationItem], Field(max_length=ITEMS_MAX)]


class DeviceIn(Model):
    """A device or head-end; its key is derived from the installation's master key and `key_version`."""

    org_unit: OrgUnit
    meter_no: MeterNo | None = Field(None, description="A device that is one meter; else all meters below `org_unit`.")
    key_version: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    active: bool = True


class DeviceItem(DeviceIn):
    device_id: No


class Devices(Model):
    items: Annotated[list[DeviceItem], Field(max_length=ITEMS_MAX)]


class RouteOut(Shown):
    route_no: str
    org_unit: str
    read_day: int


class PointOut(Shown):
    service_point_no: str
    route_no: str
    org_unit: str
