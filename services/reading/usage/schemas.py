"""What the routes of usages answer."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, Field

from shared.events.reading import UsageMeasured
from shared.web.batch import DerivedFrom, In

HEARD_MAX = 100  # some tens of KB each where they have curves


class HeardIn(In):
    """Usages as billing heard them (its `GET /v1/heard-usages`)."""

    items: Annotated[list[UsageMeasured], Field(min_length=1, max_length=HEARD_MAX)]


class RegisterOut(BaseModel):
    """What a register showed at both ends of a period, or of its meter's part in it."""

    meter_no: str
    installed_on: date
    quantity: str
    from_on: date
    to_on: date
    from_: str = Field(alias="from")
    to: str
    turns: int
    multiplier: int
    multiplier_denominator: int


class LoadCurveOut(BaseModel):
    """Wh by slot of `minutes` from the instant `start` on."""

    quantity: str
    start: datetime
    minutes: int
    values: list[int]


class UsageOut(BaseModel):
    usage_id: str
    service_point_no: str
    org_unit: str
    route_no: str
    cycle: str
    read_date: date
    period_from: date
    period_to: date
    version: int
    months: int
    quality: str
    withdrawn: bool
    late: bool
    energy_wh: dict[str, int]
    demand_w: dict[str, int]
    registers: list[RegisterOut]
    meter_nos: tuple[str, ...]
    read_ids: tuple[str, ...]
    actors: tuple[str, ...]
    findings: tuple[str, ...]
    estimate_reason: str | None
    estimate_method: str | None
    estimates_in_a_row: int
    settles_estimate: bool
    replaces_reason: str | None
    created_at: datetime
    derived_from: list[DerivedFrom]


class UsageWithCurvesOut(UsageOut):
    """One version of a usage, with its load curves where the contract states slots."""

    curves: list[LoadCurveOut]
