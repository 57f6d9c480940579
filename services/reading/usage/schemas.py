"""What the routes of usages answer."""

from datetime import date, datetime

from pydantic import BaseModel

from shared.web.batch import DerivedFrom


class UsageOut(BaseModel):
    usage_id: str
    service_point_no: str
    org_unit: str
    route_no: str
    cycle: str
    period_from: date
    period_to: date
    version: int
    quality: str
    energy_wh: dict[str, int]
    meter_nos: tuple[str, ...]
    read_ids: tuple[str, ...]
    actors: tuple[str, ...]
    findings: tuple[str, ...]
    estimate_reason: str | None
    estimates_in_a_row: int
    settles_estimate: bool
    replaces_reason: str | None
    created_at: datetime
    derived_from: list[DerivedFrom]
