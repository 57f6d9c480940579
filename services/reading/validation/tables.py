"""The table of findings."""

from datetime import datetime

from sqlalchemy import String, Text, UniqueConstraint
from sqlmodel import Field

from services.reading.base import ORG_UNIT, SHORT, Base, required
from shared.db import columns
from shared.db.columns import table


class Finding(Base, table=True):
    """A coded finding of validation; `numbers`: JSON object of what the rule compared."""

    finding_id: str = Field(sa_column=columns.key())
    entity_kind: str = Field(sa_column=required(SHORT))
    entity_id: str = Field(sa_column=required(String(96)))
    code: str = Field(sa_column=required(columns.Code))
    service_point_no: str = Field(sa_column=required(columns.No))
    org_unit: str = Field(sa_column=required(ORG_UNIT))
    cycle: str = Field(sa_column=required(String(7)))
    numbers: str = Field(sa_column=required(Text))
    created_at: datetime = Field(sa_column=required(columns.Instant))
    __table_args__ = (UniqueConstraint("entity_kind", "entity_id", "code", name="finding_natural_key"),)


FINDING = table(Finding)
