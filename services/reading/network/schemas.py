"""What the routes of the network take and answer, and the kinds of values that all routes of reading have in common."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.reading.base import METER_NO_MAX
from services.reading.network.domain.read_days import FIRST, Plan
from services.reading.network.domain.reference import Device, Meter, Route
from services.reading.network.domain.registers import DIGITS_MAX, MULTIPLIER_MAX, SCALE_MAX, VALUE_LENGTH_MAX, Face
from services.reading.network.use_cases.installation_corrections import Correction
from services.reading.network.use_cases.reference import PointGiven
from shared.fields import Day, Instant
from shared.web.batch import In, OutcomeOut

ITEMS_MAX = 1000
KEYS_ITEMS_MAX = 500
REGISTERS_MAX = 16
WALK_ORDER_MAX = 1_000_000
ACCESS_NOTES_MAX = 8
CONNECTION_KW_MAX = 10_000_000  # beyond the largest transmission line
QUANTITY_PATTERN = r"^[a-z]+(\.[a-z0-9_]+)?$"
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
    str, Field(min_length=1, max_length=32, pattern=QUANTITY_PATTERN, examples=["import", "import.peak"])
]
Value = Annotated[
    str,
    Field(
        min_length=1,
        max_length=VALUE_LENGTH_MAX,
        description="kWh as the face shows it; of a demand register kW.",
        examples=["12345.67"],
    ),
]
Values = Annotated[
    dict[Quantity, Value], Field(min_length=1, max_length=REGISTERS_MAX, description="By quantity, all.")
]
Unit = Annotated[
    str, Field(min_length=1, max_length=8, description="Must be `kWh`; demand registers are in kW.", examples=["kWh"])
]
Code = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z][a-z0-9_.]*$", examples=["misread"])]
ReadId = Annotated[str, Field(min_length=1, max_length=64, examples=["M-0001~20260131T160000Z~remote"])]


class Shown(BaseModel):
    """Base of what lists show: made from rows."""

    model_config = ConfigDict(from_attributes=True)

    @classmethod
    def of(cls, row: object) -> Self:
        return cls.model_validate(row)


class RouteIn(In):
    org_unit: OrgUnit
    read_day: Annotated[
        int, Field(ge=1, le=31, description="Day of the month (抄表例日); the last of a month that has fewer days.")
    ]
    months: Annotated[int, Field(ge=1, le=3, description="It is read every so many months.")] = 1
    first_month: Annotated[
        int,
        Field(ge=1, le=3, description="First of its months in a year, at most `months`: 2 of 2 is the even months."),
    ] = 1

    def route(self, route_no: str) -> Route:
        """Return the route of that number."""
        return Route(
            route_no=route_no,
            org_unit=self.org_unit,
            read_day=self.read_day,
            months=self.months,
            first_month=self.first_month,
        )


class RouteItem(RouteIn):
    route_no: No


class Routes(In):
    items: Annotated[list[RouteItem], Field(max_length=ITEMS_MAX)]


class PointIn(In):
    route_no: No
    org_unit: OrgUnit | None = Field(None, description="That of its route where it is not given.")
    connection_kw: Annotated[int, Field(ge=1, le=CONNECTION_KW_MAX)] | None = Field(
        None, description="The most that the connection can carry; no register runs further than it explains."
    )
    walk_order: Annotated[int, Field(ge=0, le=WALK_ORDER_MAX)] | None = Field(
        None, description="Its place on the way of who reads the route; points without one come last."
    )
    access_notes: list[Code] = Field(
        default_factory=list,
        max_length=ACCESS_NOTES_MAX,
        description="What who reads it should know, as codes of the utility's own; nothing about persons.",
        examples=[["key_at_office", "dog"]],
    )

    def point(self, service_point_no: str) -> PointGiven:
        """Return the service point of that number."""
        return PointGiven(
            service_point_no=service_point_no,
            route_no=self.route_no,
            org_unit=self.org_unit,
            connection_kw=self.connection_kw,
            walk_order=self.walk_order,
            access_notes=tuple(self.access_notes),
        )


class PointItem(PointIn):
    service_point_no: No


class Points(In):
    items: Annotated[list[PointItem], Field(max_length=ITEMS_MAX)]


class RegisterIn(In):
    quantity: Quantity
    digits: Annotated[int, Field(ge=1, le=DIGITS_MAX, description="Of the whole face, decimals included.")]
    scale: Annotated[int, Field(ge=0, le=SCALE_MAX, description="How many of the digits are decimals of a kWh, or kW.")]
    kind: Literal["cumulative", "demand"] = Field(
        "cumulative",
        description="`demand`: the highest kW since its reset; its quantity begins with `demand`, as no other does.",
    )
    direction: Literal["up", "down"] = Field("up", description="Which way a cumulative register counts.")

    def face(self) -> Face:
        """Return the face."""
        return Face(self.quantity, self.digits, self.scale, self.kind, self.direction == "down")


class MeterIn(In):
    org_unit: OrgUnit
    registers: Annotated[list[RegisterIn], Field(min_length=1, max_length=REGISTERS_MAX)]
    multiplier: Annotated[int, Field(ge=1, le=MULTIPLIER_MAX, description="CT × PT, the ratio's numerator.")] = 1
    multiplier_denominator: Annotated[int, Field(ge=1, le=MULTIPLIER_MAX)] = 1
    meter_type: Code | None = Field(
        None, description="A code of the utility's own (表计类型), such as `three_phase.4g`."
    )

    def meter(self, meter_no: str) -> Meter:
        """Return the meter of that number."""
        return Meter(
            meter_no=meter_no,
            org_unit=self.org_unit,
            faces=tuple(each.face() for each in self.registers),
            numerator=self.multiplier,
            denominator=self.multiplier_denominator,
            meter_type=self.meter_type,
        )


class MeterItem(MeterIn):
    meter_no: MeterNo


class Meters(In):
    items: Annotated[list[MeterItem], Field(max_length=ITEMS_MAX)]


class InstallationItem(In):
    service_point_no: No
    meter_no: MeterNo
    installed_on: Day
    removed_on: Day | None = Field(None, description="First day on which the meter is not there any more.")
    unit: Unit
    opening: Values
    closing: Values | None = Field(None, description="Given together with `removed_on`.")


class Installations(In):
    items: Annotated[list[InstallationItem], Field(max_length=ITEMS_MAX)]


class InstallationCorrectionIn(In):
    """What is to be otherwise; what is not given is right. `registers` are all of them, and none that was read may be gone."""

    installed_on: Day | None = Field(None, description="The right first day.")
    removed_on: Day | None = Field(
        None, description="First day on which the meter is not there any more; null: it was never removed."
    )
    unit: Unit | None = Field(None, description="`kWh`, where registers are given.")
    opening: Values | None = None
    closing: Values | None = None
    registers: Annotated[list[RegisterIn], Field(min_length=1, max_length=REGISTERS_MAX)] | None = None
    multiplier: Annotated[int, Field(ge=1, le=MULTIPLIER_MAX)] | None = None
    multiplier_denominator: Annotated[int, Field(ge=1, le=MULTIPLIER_MAX)] | None = None
    reason: Code
    confirm: bool = Field(False, description="What becomes suspect by this correction is known, and it is meant so.")

    def correction(self, meter_no: str, installed_on: date) -> Correction:
        """Return the correction of the installation of that key."""
        return Correction(
            meter_no=meter_no,
            installed_on=installed_on,
            begins_on=self.installed_on,
            removed_on=self.removed_on,
            never_removed="removed_on" in self.model_fields_set and self.removed_on is None,
            unit=self.unit,
            opening=self.opening,
            closing=self.closing,
            faces=tuple(each.face() for each in self.registers) if self.registers else None,
            numerator=self.multiplier,
            denominator=self.multiplier_denominator,
            reason=self.reason,
        )


class InstallationAnnulmentIn(In):
    reason: Code


class DeviceIn(In):
    """A device or head-end; its keys are made by `POST /v1/devices/{device_id}/keys`."""

    org_unit: OrgUnit
    meter_no: MeterNo | None = Field(None, description="A device that is one meter; else all meters below `org_unit`.")
    active: bool = Field(True, description="Messages of one that is not are refused, whatever keys it has.")

    def device(self, device_id: str) -> Device:
        """Return the device of that id."""
        return Device(device_id=device_id, org_unit=self.org_unit, meter_no=self.meter_no, active=self.active)


class DeviceItem(DeviceIn):
    device_id: No


class Devices(In):
    items: Annotated[list[DeviceItem], Field(max_length=ITEMS_MAX)]


class DeviceKeyIn(In):
    overlap_until: Instant | None = Field(
        None, description="Until when the keys of before are taken beside the new one; without it they end now."
    )


class DeviceKeyItem(DeviceKeyIn):
    device_id: No


class DeviceKeys(In):
    items: Annotated[list[DeviceKeyItem], Field(max_length=KEYS_ITEMS_MAX)]


class DeviceKeyRevocationIn(In):
    reason: Code


class DeviceKeyRevocationItem(DeviceKeyRevocationIn):
    device_id: No
    key_id: No | None = Field(None, description="All keys of the device where it is not given.")


class DeviceKeyRevocations(In):
    items: Annotated[list[DeviceKeyRevocationItem], Field(max_length=KEYS_ITEMS_MAX)]


class DeviceKeyMadeOut(BaseModel):
    """A new key, shown this once. `key` is 32 bytes in hexadecimal digits."""

    device_id: str
    key_id: str
    key: str = Field(examples=["0f" * 32])


class DeviceKeyOutcomeOut(OutcomeOut):
    """`id` is that of the key; `key`, 32 bytes in hexadecimal digits, is shown this once."""

    key: str | None = None


class DeviceKeyOutcomesOut(BaseModel):
    outcomes: list[DeviceKeyOutcomeOut]


class DeviceOut(Shown):
    device_id: str
    org_unit: str
    meter_no: str | None
    active: bool


class DeviceKeyOut(Shown):
    """When a key was made and ends; never the key."""

    key_id: str
    made_at: datetime
    made_by: str
    ends_at: datetime | None


class ReadDayOut(Shown):
    """From a cycle on; null: from the first one of the route."""

    from_cycle: str | None
    read_day: int
    months: int
    first_month: int


class RouteOut(Shown):
    """A route with the read day that it was last given, and in `read_days` all of them, each up to the next."""

    route_no: str
    org_unit: str
    read_day: int
    months: int
    first_month: int
    read_days: list[ReadDayOut]

    @classmethod
    def of_plan(cls, route_no: str, org_unit: str, plan: Plan) -> Self:
        shown = [asdict(day) | ({"from_cycle": None} if day.from_cycle == FIRST else {}) for day in plan]
        last = {name: value for name, value in shown[-1].items() if name != "from_cycle"}
        return cls.model_validate({"route_no": route_no, "org_unit": org_unit, "read_days": shown, **last})


class PointOut(Shown):
    service_point_no: str
    route_no: str
    org_unit: str
    connection_kw: int | None
    walk_order: int | None
    access_notes: list[str]

    @field_validator("access_notes", mode="before")
    @classmethod
    def _words(cls, joined: str) -> list[str]:
        return joined.split()


class RegisterOut(BaseModel):
    quantity: str
    digits: int
    scale: int
    kind: str
    direction: str


class InstallationStateOut(BaseModel):
    """A meter on a service point over [installed_on, removed_on), with registers of its own."""

    meter_no: str
    installed_on: date
    version: int
    service_point_no: str
    removed_on: date | None
    unit: str
    opening: dict[str, str]
    closing: dict[str, str] | None
    registers: list[RegisterOut]
    multiplier: int
    multiplier_denominator: int


class InstallationOut(InstallationStateOut):
    annulled: bool


class InstallationVersionOut(InstallationStateOut):
    """`kind`: installed, removed, corrected, moved to another first day, annulled."""

    kind: str
    reason: str
    actor: str
    created_at: datetime


class InstallationWithVersionsOut(InstallationOut):
    versions: list[InstallationVersionOut]
