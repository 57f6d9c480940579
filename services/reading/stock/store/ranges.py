"""Ranges of meters, in and out: every function is one statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from services.reading.base import equals
from services.reading.network.store import codec
from services.reading.stock import tables
from services.reading.stock.domain.ranges import Range
from shared.db import bulk, travel
from shared.db.columns import Condition
from shared.db.engine import Tx, View

RANGE, RECEIPT = tables.RANGE, tables.RECEIPT
_PLAIN = (
    *("range_no", "from_no", "to_no", "org_unit", "meter_type", "numerator", "denominator", "owner", "batch_no"),
    *("received_on", "verified_until"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """A range as it came; `annulled`: it never did."""

    range_: Range
    annulled: bool


async def stored(tx: Tx, range_nos: Sequence[str]) -> dict[str, Came]:
    """Return ranges by their numbers, locked to the end of the unit of work."""
    order = (RANGE.c.range_no,)
    rows = await bulk.select_in(tx, RANGE, {"range_no": range_nos}, order_by=order, for_update=True)
    return {row.range_no: Came(range_=_range(row), annulled=row.annulled_for is not None) for row in rows}


def _range(row: Row[Any]) -> Range:
    return Range(**{name: getattr(row, name) for name in _PLAIN}, faces=codec.faces(row.registers))


async def ranges_of(view: View, meter_nos: Sequence[str]) -> dict[str, str]:
    """Return by meter the number of the range with which it came."""
    rows = await bulk.select_in(view, RECEIPT, {"meter_no": meter_nos})
    return {row.meter_no: row.range_no for row in rows}


async def claim(tx: Tx, ranges: Sequence[tuple[Range, int]], *, actor: str) -> int:
    """Write the ranges whose number is new, each with how many meters it has, and return how many those were."""
    given: dict[str, list[Any]] = {name: [getattr(each, name) for each, _ in ranges] for name in _PLAIN}
    given |= {
        "registers": [codec.faces_text(each.faces) for each, _ in ranges],
        "meters": [count for _, count in ranges],
        "actor": [actor] * len(ranges),
        "created_at": [tx.now] * len(ranges),
    }
    return await bulk.claim(tx, RANGE, given, key=("range_no",))


async def receive(tx: Tx, ranges: Mapping[str, Sequence[str]]) -> None:
    """Write that meters came, by the number of their range."""
    own = [(meter_no, range_no) for range_no, meter_nos in ranges.items() for meter_no in meter_nos]
    given = {"meter_no": [meter_no for meter_no, _ in own], "range_no": [range_no for _, range_no in own]}
    await bulk.insert_rows(tx, RECEIPT, given)


async def annul(tx: Tx, reasons: Mapping[str, str]) -> None:
    """Note that ranges never came, each with the reason."""
    given = {"range_no": list(reasons), "annulled_for": list(reasons.values())}
    await bulk.update_from(tx, RANGE, given, key=("range_no",))


async def delete_receipts(tx: Tx, meter_nos: Sequence[str]) -> None:
    """Delete that meters came."""
    await bulk.delete_in(tx, RECEIPT, {"meter_no": meter_nos})


async def receipts(view: View, meter_nos: Sequence[str]) -> dict[str, Range]:
    """Return by meter the range with which it came."""
    given = travel.relation_for(view, RECEIPT, {"meter_no": list(meter_nos)})
    rows = await view.all(
        select(RECEIPT.c.meter_no, *RANGE.c)
        .join(given, given.c.meter_no == RECEIPT.c.meter_no)
        .join(RANGE, RANGE.c.range_no == RECEIPT.c.range_no)
    )
    return {row.meter_no: _range(row) for row in rows}


async def listed(
    view: View, *, visible: Condition, after: Condition, limit: int, meter_type: str | None, batch_no: str | None
) -> Sequence[Row[Any]]:
    """Return a page of ranges, by number."""
    row = RANGE.c
    return await view.all(
        select(RANGE)
        .where(visible(row.org_unit), after(row.range_no))
        .where(equals(row.meter_type, meter_type), equals(row.batch_no, batch_no))
        .order_by(row.range_no)
        .limit(limit)
    )
