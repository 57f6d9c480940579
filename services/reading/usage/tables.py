"""The table of usages."""

from datetime import date, datetime

from sqlalchemy import Column, Date, Index, Integer, SmallInteger, String, Text, UniqueConstraint
from sqlmodel import Field

from services.reading.base import METER_NO, ORG_UNIT, SHORT, Base, required
from shared.db import columns
from shared.db.columns import table


class Usage(Base, table=True):
    """The energy of a service point over a period; on each day the highest version is in force, unless it is withdrawn.

    `energy`: JSON, Wh by quantity; `demand`: W by quantity. `curves`: JSON list of packed load curves; `curves_digest` tells
    whether two versions have the same. `registers`: JSON list of what each register showed at both ends.
    `closing_*`: the registers at the end, cumulative, joined by commas, from which the next period goes on; `opening_known` and
    `closing_known`: they were not estimated. `read_date`: the planned date to whose cycle it belongs, `late`: told after that was
    closed. Lists (`read_ids`, `meter_nos`, `actors`, `findings`) are joined by spaces; `actors` are those of both ends.
    """

    usage_id: str = Field(sa_column=columns.key())
    service_point_no: str = Field(sa_column=required(columns.No))
    period_from: date = Field(sa_column=required(Date))
    period_to: date = Field(sa_column=required(Date))
    version: int = Field(sa_column=required(Integer))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    route_no: str = Field(sa_column=required(columns.No))
    cycle: str = Field(sa_column=required(String(7)))
    read_date: date = Field(sa_column=required(Date))
    months: int = Field(sa_column=required(SmallInteger))
    quality: str = Field(sa_column=required(SHORT))
    withdrawn: int = Field(sa_column=required(SmallInteger))
    late: int = Field(sa_column=required(SmallInteger))
    energy: str = Field(sa_column=required(Text))
    demand: str = Field(sa_column=required(Text))
    curves: str = Field(sa_column=required(Text))
    curves_digest: str = Field(sa_column=required(String(64)))
    registers: str = Field(sa_column=required(Text))
    import_wh: int = Field(sa_column=required(columns.BigInt))
    opening_known: int = Field(sa_column=required(SmallInteger))
    closing_meter: str = Field(sa_column=required(METER_NO))
    closing_installed_on: date | None = Field(sa_column=Column(Date))
    closing_counts: str = Field(sa_column=required(Text))
    closing_known: int = Field(sa_column=required(SmallInteger))
    closing_source: str = Field(sa_column=required(SHORT))
    closing_actors: str = Field(sa_column=required(Text))
    closing_read_ids: str = Field(sa_column=required(Text))
    actors: str = Field(sa_column=required(Text))
    read_ids: str = Field(sa_column=required(Text))
    meter_nos: str = Field(sa_column=required(Text))
    findings: str = Field(sa_column=required(Text))
    estimate_reason: str | None = Field(sa_column=Column(columns.Code))
    estimate_method: str | None = Field(sa_column=Column(columns.Code))
    estimates_in_a_row: int = Field(sa_column=required(SmallInteger))
    settles_estimate: int = Field(sa_column=required(SmallInteger))
    replaces_reason: str | None = Field(sa_column=Column(columns.Code))
    created_at: datetime = Field(sa_column=required(columns.Instant))
    __table_args__ = (
        UniqueConstraint("service_point_no", "period_from", "period_to", "version", name="usage_natural_key"),
        Index("usage_route_read_date", "route_no", "read_date"),
    )


USAGE = table(Usage)
