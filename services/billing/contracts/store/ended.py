"""Which contracts closings have ended, and on which day. Every function is one statement."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from services.billing.contracts.tables import CONTRACT
from shared.db import bulk
from shared.db.engine import Tx, View


async def end(tx: Tx, days: Mapping[str, date]) -> None:
    """Note on which day closings have ended contracts; the accounts are locked."""
    columns: dict[str, Sequence[Any]] = {"contract_no": list(days), "closing_ends_on": list(days.values())}
    await bulk.update_from(tx, CONTRACT, columns, key=("contract_no",))


async def days(view: View, contract_nos: Sequence[str]) -> dict[str, date]:
    """Return the day on which a closing has ended each contract of which one has."""
    c = CONTRACT.c
    names = (c.contract_no, c.closing_ends_on)
    ended = c.closing_ends_on.is_not(None)
    rows = await bulk.select_in(view, CONTRACT, {"contract_no": sorted(contract_nos)}, columns=names, where=ended)
    return {row.contract_no: row.closing_ends_on for row in rows}
