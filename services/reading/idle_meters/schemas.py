"""What the routes of idle meters answer."""

from datetime import date
from typing import Any, Self

from pydantic import BaseModel, Field

from services.reading.idle_meters.domain.idle import Costs, Figure, Kind
from services.reading.network.schemas import Shown
from services.reading.stock.domain.life import State


class IdleMeterOut(BaseModel):
    """An idle meter (闲置电表), and what it costs by the policy of the day of the report."""

    kind: Kind
    meter_no: str
    org_unit: str
    meter_type: str | None
    owner: str = Field(description="Whose property it is (产权); one of a `customer` costs the utility nothing.")
    state: State = Field(description="Of its life, on the day.")
    service_point_no: str | None = Field(description="Where it stands, or stood last.")
    since: date = Field(description="First day of the periods without use, or since when it is in hand, or removed.")
    months: int = Field(description="Whole ones since then.")
    month_fen: int = Field(description="By the policy of the day of the report.")
    total_fen: int = Field(description="What it has cost since then, each month by the policy of its first day.")

    @classmethod
    def of(cls, row: Any, costs: Costs) -> Self:
        """Return what is shown of a row."""
        own = costs.of(row.kind, row.meter_type, row.owner, row.since)
        plain = dict(row._mapping)
        return cls(**plain, months=own.months, month_fen=own.month_fen, total_fen=own.total_fen)


class IdleFigureOut(Shown):
    """Idle meters of a kind, org unit, type and owner. `GET /v1/idle-meters` with the same filters and `alone=true` opens it."""

    kind: Kind
    org_unit: str
    meter_type: str | None = Field(description="Null: it is not known (`typed=false`).")
    owner: str
    meters: int
    month_fen: int
    total_fen: int

    @classmethod
    def figure(cls, figure: Figure) -> Self:
        """Return what is shown of a figure."""
        return cls.model_validate(figure)
