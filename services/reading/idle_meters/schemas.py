"""What the routes of idle meters answer."""

from datetime import date
from typing import Any, Self

from pydantic import BaseModel, Field

from services.reading.idle_meters.domain.idle import Figure, Kind, cost
from services.reading.network.schemas import Shown
from services.reading.policies.domain.idle import IdleRules


class IdleMeterOut(BaseModel):
    """An idle meter (闲置电表), and what it costs by the policy of the day of the report."""

    kind: Kind
    meter_no: str
    org_unit: str
    meter_type: str | None
    service_point_no: str | None = Field(description="Where it stands, or stood last.")
    since: date = Field(description="First day of the periods without use, or on which it is so.")
    months: int = Field(description="Whole ones since then.")
    month_fen: int
    total_fen: int = Field(description="What it has cost since then.")

    @classmethod
    def of(cls, row: Any, on: date, rules: IdleRules) -> Self:
        """Return what is shown of a row."""
        own = cost(row.kind, row.meter_type, row.since, on, rules)
        plain = dict(row._mapping)
        return cls(**plain, months=own.months, month_fen=own.month_fen, total_fen=own.total_fen)


class IdleFigureOut(Shown):
    """Idle meters of a kind, an org unit and a type. `GET /v1/idle-meters` with the same filters and `alone=true` opens it."""

    kind: Kind
    org_unit: str
    meter_type: str | None = Field(description="Null: it is not known (`typed=false`).")
    meters: int
    month_fen: int
    total_fen: int

    @classmethod
    def figure(cls, figure: Figure) -> Self:
        """Return what is shown of a figure."""
        return cls.model_validate(figure)
