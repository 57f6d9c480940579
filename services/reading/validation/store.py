"""Findings, in and out: every function is one statement."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row, select

from services.reading.base import equals
from services.reading.validation import tables
from services.reading.validation.domain.findings import Found
from shared import ids
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

FINDING = tables.FINDING


async def insert(tx: Tx, found: Sequence[Found]) -> None:
    """Write findings; one that is there already stays."""
    found = list({(f.entity_kind, f.entity_id, f.finding.code): f for f in found}.values())
    await bulk.insert_ignore(
        tx,
        FINDING,
        {
            "finding_id": [ids.new() for _ in found],
            "entity_kind": [f.entity_kind for f in found],
            "entity_id": [f.entity_id for f in found],
            "code": [f.finding.code for f in found],
            "service_point_no": [f.service_point_no for f in found],
            "org_unit": [f.org_unit for f in found],
            "cycle": [f.cycle for f in found],
            "numbers": [_numbers_text(f.finding.numbers) for f in found],
            "created_at": [tx.now] * len(found),
        },
        key=("entity_kind", "entity_id", "code"),
    )


def _numbers_text(numbers: dict[str, int]) -> str:
    return orjson.dumps(numbers, option=orjson.OPT_SORT_KEYS).decode()


async def listed(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    code: str | None,
    cycle: str | None,
    service_point_no: str | None,
) -> Sequence[Row[Any]]:
    """Return a page of findings, in the order in which they were made."""
    finding = FINDING.c
    return await view.all(
        select(FINDING)
        .where(visible(finding.org_unit), after(finding.finding_id))
        .where(equals(finding.code, code), equals(finding.cycle, cycle))
        .where(equals(finding.service_point_no, service_point_no))
        .order_by(finding.finding_id)
        .limit(limit)
    )


async def first_of_reads(view: View, read_ids: Sequence[str]) -> dict[str, datetime]:
    """Return when the first finding of each of some reads was made, where there is one."""
    keys = {"entity_kind": ["read"] * len(read_ids), "entity_id": read_ids}
    found: dict[str, datetime] = {}
    for row in await bulk.select_in(view, FINDING, keys, columns=(FINDING.c.entity_id, FINDING.c.created_at)):
        found[row.entity_id] = min(found.get(row.entity_id, row.created_at), row.created_at)
    return found


def document(row: Row[Any]) -> dict[str, Any]:
    """Return a finding as people and programs read it."""
    return dict(row._mapping) | {"numbers": orjson.loads(row.numbers)}
