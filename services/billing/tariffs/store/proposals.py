"""Rating documents that are proposed. They never change: who wants another one proposes another one."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select

from services.billing.tariffs.tables import RATING_PROPOSAL
from shared.db import bulk
from shared.db.engine import Tx, View


async def put(tx: Tx, row: Mapping[str, str]) -> None:
    """Store what is proposed, once."""
    if await get(tx, row["content_hash"]) is None:
        await bulk.insert_rows(tx, RATING_PROPOSAL, {name: [value] for name, value in row.items()})


async def get(view: View, content_hash: str) -> Row[Any] | None:
    """Return a proposed document."""
    return await view.first(select(RATING_PROPOSAL).where(RATING_PROPOSAL.c.content_hash == content_hash))


async def by_hash(view: View, hashes: Sequence[str]) -> dict[str, str]:
    """Return the contents of documents by their hashes, as canonical texts."""
    rows = await bulk.select_in(view, RATING_PROPOSAL, {"content_hash": sorted(set(hashes))})
    return {row.content_hash: row.document for row in rows}
