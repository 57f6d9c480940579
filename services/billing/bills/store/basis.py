"""On what bills were calculated: stored once under its hash."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from services.billing.bills.tables import CALCULATION_BASIS
from shared.db import bulk
from shared.db.engine import Tx, View


async def record(tx: Tx, row: Mapping[str, str]) -> None:
    """Store a basis that may be there already."""
    await bulk.insert_ignore(tx, CALCULATION_BASIS, {name: [value] for name, value in row.items()}, key=("basis_hash",))


async def by_hash(view: View, hashes: Sequence[str]) -> dict[str, Row[Any]]:
    """Return bases by their hashes."""
    rows = await bulk.select_in(view, CALCULATION_BASIS, {"basis_hash": sorted(set(hashes))})
    return {row.basis_hash: row for row in rows}
