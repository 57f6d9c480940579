"""The table of supply that was cut and restored."""

from datetime import date, datetime

from sqlalchemy import Column, Index, String
from sqlmodel import Field

from services.billing import base
from shared.db import columns
from shared.db.columns import table


class SupplySwitch(base.Base, table=True):
    """A service point was cut or restored (停电, 复电), by its order; only added to."""

    __tablename__ = "supply_switch"

    order_no: str = Field(sa_column=columns.key())
    service_point_no: str = base.no()
    org_unit: str = base.path()
    action: str = Field(sa_column=Column(String(16), nullable=False))
    switched_at: datetime = base.instant()
    switched_on: date = base.day()
    __table_args__ = (
        Index("supply_switch_point", "service_point_no"),
        Index("supply_switch_day", "switched_on", "order_no"),
    )


SUPPLY_SWITCH = table(SupplySwitch)
