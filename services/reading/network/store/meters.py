"""Meters, in and out."""

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Row, Select, select

from services.reading.network import tables
from services.reading.network.domain.registers import Registers
from services.reading.network.store import codec
from shared.db import bulk
from shared.db.engine import View

METER = tables.METER
FACES = (METER.c.registers, METER.c.numerator, METER.c.denominator)
"""The columns of which `faces` makes the registers of a meter."""


class HasFaces(Protocol):
    """A row that has a meter's three columns."""

    @property
    def registers(self) -> str: ...
    @property
    def numerator(self) -> int: ...
    @property
    def denominator(self) -> int: ...


def faces(row: Row[Any] | HasFaces) -> Registers:
    """Return the registers of a row that has a meter's three columns."""
    return codec.registers(row.registers, row.numerator, row.denominator)


def with_faces(statement: Select[Any], meter_no: ColumnElement[str]) -> Select[Any]:
    """Return the statement with the columns of which `faces` makes the registers of its meters."""
    return statement.add_columns(*FACES).join(METER, METER.c.meter_no == meter_no)


async def meters(view: View, meter_nos: Sequence[str]) -> dict[str, Row[Any]]:
    """Return meters by their numbers."""
    return {row.meter_no: row for row in await bulk.select_in(view, METER, {"meter_no": meter_nos})}


async def org_unit_of_meter(view: View, meter_no: str) -> str | None:
    """Return where a meter belongs."""
    found: str | None = await view.scalar(select(METER.c.org_unit).where(METER.c.meter_no == meter_no))
    return found
