"""The table of observations."""

from datetime import datetime

from sqlalchemy import Column, Index, text
from sqlmodel import Field

from services.reading.base import ORG_UNIT, SHORT, Base, required
from shared.db import columns
from shared.db.columns import table

_ORDER = text("order_no IS NOT NULL")


class Observation(Base, table=True):
    """What somebody saw at a service point (现场发现), as it was told; never changed. The number is the observer's own."""

    observed_by: str = Field(sa_column=columns.key())
    observation_no: str = Field(sa_column=columns.key())
    observation_id: str = Field(sa_column=Column(columns.No, nullable=False, unique=True))
    service_point_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    seen_at: datetime = Field(sa_column=required(columns.Instant))
    kind: str = Field(sa_column=required(SHORT))
    severity: str = Field(sa_column=required(SHORT))
    evidence: str | None = Field(sa_column=Column(columns.No))
    order_no: str | None = Field(sa_column=Column(columns.No))
    recorded_at: datetime = Field(sa_column=required(columns.Instant))
    __table_args__ = (
        Index("observation_list", "seen_at", "observation_id"),
        Index("observation_order", "order_no", postgresql_where=_ORDER, sqlite_where=_ORDER),
    )


OBSERVATION = table(Observation)
