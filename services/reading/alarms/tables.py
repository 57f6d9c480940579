"""The table of alarms."""

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field

from services.reading.base import METER_NO, ORG_UNIT, SHORT, Base, required
from shared.db import columns
from shared.db.columns import table


class MeterAlarm(Base, table=True):
    """An alarm as it was received; never changed. The natural key is the key.

    `service_point_no` is where the meter stood on that day as far as was known then, empty: nowhere.
    """

    __tablename__ = "meter_alarm"

    meter_no: str = Field(sa_column=Column(METER_NO, primary_key=True))
    happened_at: datetime = Field(sa_column=Column(columns.Instant, primary_key=True, index=True))
    kind: str = Field(sa_column=Column(SHORT, primary_key=True))
    source: str = Field(sa_column=Column(SHORT, primary_key=True))
    state: str = Field(sa_column=required(SHORT))
    service_point_no: str = Field(sa_column=Column(columns.No, nullable=False, index=True))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    uploader: str = Field(sa_column=required(columns.No))
    message_id: str = Field(sa_column=required(columns.No))
    received_at: datetime = Field(sa_column=required(columns.Instant))


ALARM = table(MeterAlarm)
