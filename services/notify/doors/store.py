"""Rows of doors <-> the domain."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import FromClause, Row, select

from services.notify.doors.domain import Door, Known
from services.notify.doors.tables import DOOR
from services.notify.vault import Vault
from shared.db import bulk
from shared.db.engine import Tx, View


async def doors(view: View, vault: Vault, service_point_nos: Collection[str]) -> dict[str, tuple[Door, int]]:
    """Return doors and their versions, by service point."""
    rows = await bulk.select_in(view, DOOR, {"service_point_no": sorted(set(service_point_nos))})
    return {row.service_point_no: (_door(row, vault), row.version) for row in rows}


def _door(row: Row[Any], vault: Vault) -> Door:
    return Door(
        service_point_no=row.service_point_no,
        org_unit=row.org_unit,
        address=vault.open(row.address_sealed),
        how=row.how,
        checked_on=row.checked_on,
        checked_by=row.checked_by,
        address_since=row.address_since,
    )


async def checked(view: View, service_point_nos: Collection[str]) -> dict[str, Known]:
    """Return the doors that are checked, by service point, without their addresses."""
    d = DOOR.c
    keys = {"service_point_no": sorted(set(service_point_nos))}
    named = (d.service_point_no, d.org_unit)
    rows = await bulk.select_in(view, DOOR, keys, columns=named, where=d.checked_on.is_not(None))
    return {row.service_point_no: Known(service_point_no=row.service_point_no, org_unit=row.org_unit) for row in rows}


async def put_doors(tx: Tx, vault: Vault, given: Sequence[tuple[Door, int]]) -> set[str]:
    """Insert or replace doors, each with its new version, and return the service points of those applied."""
    each = [door for door, _ in given]
    names = ("service_point_no", "org_unit", "address_since", "how", "checked_on", "checked_by")
    columns: dict[str, list[Any]] = {name: [getattr(door, name) for door in each] for name in names}
    columns |= {
        "address_sealed": [vault.seal(door.address) for door in each],
        "version": [version for _, version in given],
    }
    return {row.service_point_no for row in await bulk.upsert_newer(tx, DOOR, columns, key=("service_point_no",))}


async def uncheck(tx: Tx, came_back: Collection[tuple[str, int]]) -> None:
    """Let doors (service point, version of its address) from which something came back be checked no more."""
    values: dict[str, list[Any]] = {
        "service_point_no": [point for point, _ in came_back],
        "address_since": [since for _, since in came_back],
        "checked_on": [None] * len(came_back),
    }
    await bulk.update_from(tx, DOOR, values, key=("service_point_no", "address_since"), partial=True)


def doors_table() -> FromClause:
    """Return the doors, for a list that says which are checked."""
    return DOOR


async def sealed_otherwise(tx: Tx, vault: Vault, limit: int) -> int:
    """Seal up to `limit` addresses anew that another key has sealed, and return how many."""
    d = DOOR.c
    rows = await tx.all(
        select(d.service_point_no, d.address_sealed)
        .where(~d.address_sealed.startswith(f"{vault.key.number}.", autoescape=True))
        .order_by(d.service_point_no)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    columns = {
        "service_point_no": [row.service_point_no for row in rows],
        "address_sealed": [vault.seal(vault.open(row.address_sealed)) for row in rows],
    }
    await bulk.update_from(tx, DOOR, columns, key=("service_point_no",))
    return len(rows)
