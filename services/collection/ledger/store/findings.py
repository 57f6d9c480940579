"""What a person has to look at."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, select

from services.collection.ledger import tables
from services.collection.ledger.domain.documents import Finding
from shared import ids
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

_FINDING = ("code", "entity_kind", "entity_id", "subject", "account_no", "org_unit")


async def add_findings(tx: Tx, findings: Iterable[Finding]) -> None:
    """Insert the findings that are new under their natural key."""
    unique = {(f.code, f.entity_kind, f.entity_id, f.subject): f for f in findings}
    if not unique:
        return
    columns: dict[str, Sequence[Any]] = {
        name: [getattr(finding, name) for finding in unique.values()] for name in _FINDING
    }
    columns |= {"finding_id": [ids.new() for _ in unique], "raised_at": [tx.now] * len(unique)}
    await bulk.insert_ignore(tx, tables.FINDING, columns, key=("code", "entity_kind", "entity_id", "subject"))


async def listed(
    view: View, *, visible: Condition, after: Condition, limit: int, code: str | None, entity_id: str | None
) -> Sequence[Row[Any]]:
    """Return findings, in the order of their ids."""
    table = tables.FINDING
    where = [visible(table.c.org_unit), after(table.c.finding_id)]
    where += [table.c.code == code] if code else []
    where += [table.c.entity_id == entity_id] if entity_id else []
    return await view.all(select(table).where(*where).order_by(table.c.finding_id).limit(limit))
