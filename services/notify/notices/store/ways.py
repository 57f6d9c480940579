"""The ways that notices took, beside the one that their own row tells."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from services.notify.notices.domain.receipts import ACCEPTED, DELIVERED, FAILED, UNKNOWN
from services.notify.notices.tables import NOTICE_WAY
from shared.db import bulk
from shared.db.engine import Tx, View

_KEY = ("notice_id", "way")


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of a way of a notice, or that its gateway has it."""

    notice_id: str
    way: int
    channel: str
    point_no: str
    gateway: str = ""
    reference: str = ""
    outcome: str
    code: str = ""


async def keep(tx: Tx, taken: Sequence[Taken]) -> None:
    """Keep what became of ways: of one that is there outcome and code change, nothing else (two statements)."""
    keys: dict[str, list[Any]] = {"notice_id": [each.notice_id for each in taken], "way": [each.way for each in taken]}
    said: dict[str, list[Any]] = {"outcome": [each.outcome for each in taken], "code": [each.code for each in taken]}
    more: dict[str, list[Any]] = {
        "channel": [each.channel for each in taken],
        "point_no": [each.point_no for each in taken],
        "gateway": [each.gateway for each in taken],
        "reference": [each.reference for each in taken],
        "at": [tx.now] * len(taken),
    }
    new = {(row.notice_id, row.way) for row in await bulk.insert_ignore(tx, NOTICE_WAY, keys | more | said, key=_KEY)}
    known = [place for place, each in enumerate(taken) if (each.notice_id, each.way) not in new]
    changed = {name: [values[place] for place in known] for name, values in (keys | said | {"at": more["at"]}).items()}
    await bulk.update_from(tx, NOTICE_WAY, changed, key=_KEY)


async def keep_unless_there(tx: Tx, notice: Row[Any]) -> None:
    """Keep the last way of a final notice, which is about to take another, where its own row alone told of it."""
    columns = {
        "notice_id": [notice.notice_id],
        "way": [notice.way],
        "channel": [notice.channel],
        "point_no": [notice.point_no],
        "gateway": [""],
        "reference": [""],
        "outcome": [ACCEPTED if notice.state == DELIVERED else FAILED if notice.state == FAILED else UNKNOWN],
        "code": [notice.code],
        "at": [notice.done_at],
    }
    await bulk.insert_ignore(tx, NOTICE_WAY, columns, key=_KEY)


async def of_notices(view: View, notice_ids: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """Return the ways of notices that have a row, in order."""
    order = NOTICE_WAY.c.notice_id, NOTICE_WAY.c.way
    found: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in await bulk.select_in(view, NOTICE_WAY, {"notice_id": sorted(set(notice_ids))}, order_by=order):
        found[row.notice_id].append(row)
    return found
