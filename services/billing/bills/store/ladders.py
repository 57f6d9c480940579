"""Of which tiers it was told that they are near: every function is one statement."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from services.billing.bills.domain.ladder_near import Near
from services.billing.bills.tables import LADDER_NEAR
from shared.db import bulk
from shared.db.engine import Tx

Key = tuple[str, str, int, int]
"""Contract, ladder, year, tier."""
_KEY = ("contract_no", "ladder", "year", "tier")


async def add(tx: Tx, found: Sequence[tuple[Any, date, Near]]) -> set[Key]:
    """Note tiers, each with the head of its bill and the day, and return those that nobody was told of before."""
    names = ("ladder", "year", "tier", "used_wh", "limit_wh")
    columns: dict[str, list[Any]] = {name: [getattr(near, name) for _, _, near in found] for name in names}
    columns |= {name: [head[name] for head, _, _ in found] for name in ("contract_no", "account_no", "bill_id")}
    columns["told_on"] = [day for _, day, _ in found]
    rows = await bulk.insert_ignore(tx, LADDER_NEAR, columns, key=_KEY)
    return {(row.contract_no, row.ladder, row.year, row.tier) for row in rows}
