"""After a restore from a dump: the versions of what a service tells as a whole go on above all that it told before."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Column, case, update

from shared.db.audit import AuditEntry
from shared.db.engine import Tx

BEGINNING: Final = datetime(2020, 1, 1, tzinfo=UTC)


def least_version(now: datetime) -> int:
    """Return the version above all that were told before: the seconds since 2020."""
    return int((now - BEGINNING).total_seconds())


async def raise_versions(tx: Tx, versions: Sequence[Column[Any]]) -> None:
    """Raise the versions in these columns to the seconds since 2020: nothing is changed once a second from its first day on.

    Those of before the restore are left behind, also those of an earlier restore, and of what was not in the dump.
    """
    least = least_version(tx.now)
    for version in versions:
        raised = case((version < least, least), else_=version + 1)
        await tx.execute(update(version.table).values({version.name: raised}))
    tables = sorted({version.table.name for version in versions})
    tx.audit(
        [
            AuditEntry(action=f"{table}.versions_raised", entity_kind=table, entity_id="*", actor="system:restore")
            for table in tables
        ]
    )
