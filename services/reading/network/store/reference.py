"""Rows of reference data, whole, by the utility's own numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table

from shared.db import bulk
from shared.db.engine import Tx

Row = dict[str, Any]


async def stored(tx: Tx, table: Table, key: str, numbers: Sequence[str]) -> dict[str, Row]:
    """Return the rows as they are, locked in the order of their numbers until the end of the unit of work."""
    rows = await bulk.select_in(tx, table, {key: numbers}, order_by=(table.c[key],), for_update=True)
    return {row._mapping[key]: dict(row._mapping) for row in rows}


async def write(tx: Tx, table: Table, key: str, changed: Mapping[str, Row]) -> set[str]:
    """Write the rows, and return the numbers that somebody else made since they were looked for."""
    new = [row for row in changed.values() if row["version"] == 1]
    inserted = await bulk.insert_ignore(tx, table, _columns(table, new), key=(key,))
    await bulk.update_from(
        tx, table, _columns(table, [row for row in changed.values() if row["version"] > 1]), key=(key,)
    )
    return {row[key] for row in new} - {row._mapping[key] for row in inserted}


def _columns(table: Table, rows: Sequence[Row]) -> Mapping[str, Sequence[Any]]:
    return {column.name: [row[column.name] for row in rows] for column in table.c}
