"""What customers are not to be told of any more, and the notices of it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from services.notify.notices.domain.causes import Withdrawal
from services.notify.notices.tables import MATTER_WITHDRAWN, NOTICE
from shared.db import bulk
from shared.db.engine import Tx, View


async def keep(tx: Tx, withdrawn: Sequence[Withdrawal]) -> dict[str, str]:
    """Keep that matters are withdrawn, each once, and return why of the new ones. The caller holds the accounts' anchors."""
    columns: dict[str, list[Any]] = {
        "matter": [each.matter for each in withdrawn],
        "account_no": [each.account_no for each in withdrawn],
        "reason": [each.reason for each in withdrawn],
        "at": [tx.now] * len(withdrawn),
    }
    new = {row.matter for row in await bulk.insert_ignore(tx, MATTER_WITHDRAWN, columns, key=("matter",))}
    return {each.matter: each.reason for each in withdrawn if each.matter in new}


async def reasons(view: View, matters: Collection[str]) -> dict[str, str]:
    """Return why matters were withdrawn, of those that were."""
    rows = await bulk.select_in(view, MATTER_WITHDRAWN, {"matter": sorted(matters)})
    return {row.matter: row.reason for row in rows}


async def lock_notices(tx: Tx, matters: Collection[str]) -> Sequence[Row[Any]]:
    """Lock and return the notices of matters, without what they say."""
    columns = tuple(column for column in NOTICE.c if column.name != "figures")
    keys, order = {"matter": sorted(matters)}, (NOTICE.c.notice_id,)
    return await bulk.select_in(tx, NOTICE, keys, columns=columns, order_by=order, for_update=True)


async def mark(tx: Tx, reasons: Mapping[str, str]) -> None:
    """Store at the notices of matters why these are withdrawn; the caller holds their locks."""
    columns: dict[str, list[Any]] = {"matter": list(reasons), "withdrawn": list(reasons.values())}
    await bulk.update_from(tx, NOTICE, columns, key=("matter",), partial=True)
