"""What is spelled from a bill, its lines `<bill>:<number>` and its findings `<bill>:<code>`, found by their origins."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Row, and_, select

from services.billing.bills.domain.chains import LINE_FIELDS
from services.billing.bills.tables import BILL, BILL_DOCUMENT
from services.billing.views.store.trace import LINES_MAX
from shared.db.columns import Condition
from shared.db.engine import View

BILLS_OF_USAGE_MAX: Final = 500
"""Versions of bills that rest on one version of a usage: some dozens at most."""
_B: Final = BILL.c
_TARIFF, _VERSION = LINE_FIELDS.index("tariff"), LINE_FIELDS.index("version")


async def of_usage(view: View, usage_id: str, visible: Condition, after: str, limit: int) -> list[str]:
    """Return the lines of the bills that rest on a usage, in the order of bills and numbers."""
    bill_id, number = _line(after)
    rows = await _bills(view, and_(_B.usage_id == usage_id, _B.bill_id >= bill_id), visible, BILLS_OF_USAGE_MAX)
    return _lines(rows, bill_id, number, limit)


async def of_tariff(view: View, name: str, visible: Condition, after: str, limit: int) -> list[str]:
    """Return the lines that a tariff version has priced, `<id>@<version>`, in the order of bills and numbers.

    They are looked for bill by bill, in the order of ids: a page of a version that has priced many is found soon.
    """
    tariff_id, _, version = name.rpartition("@")
    used = f"[{orjson.dumps(tariff_id).decode()},{orjson.dumps(version).decode()},"
    bill_id, number = _line(after)
    found: list[str] = []
    while True:  # a bill may name a version that no line of it is priced by
        where = and_(_B.bill_id >= bill_id, _B.tariffs.contains(used, autoescape=True))
        rows = await _bills(view, where, visible, limit + 1)
        found += _lines(rows, bill_id, number, limit - len(found), (tariff_id, version))
        if len(found) >= limit or len(rows) <= limit:
            return found
        bill_id, number = rows[-1].bill_id, LINES_MAX


async def bill(view: View, line_id: str, visible: Condition, after: str, limit: int) -> list[str]:
    """Return the bill that a line is of."""
    rows = await _of_line(view, line_id, visible)
    return [row.bill_id for row in rows if row.bill_id > after][:limit]


async def findings_of_line(view: View, line_id: str, visible: Condition, after: str, limit: int) -> list[str]:
    """Return the findings of the bill of a line."""
    return _findings(await _of_line(view, line_id, visible), after, limit)


async def findings_of_usage(view: View, usage_id: str, visible: Condition, after: str, limit: int) -> list[str]:
    """Return the findings of the bills that rest on a usage."""
    return _findings(await _bills(view, _B.usage_id == usage_id, visible, BILLS_OF_USAGE_MAX), after, limit)


def of_finding(id: str) -> ColumnElement[bool]:
    """Return the condition of the bill that a finding is of."""
    bill_id, _, code = id.rpartition(":")
    return and_(_B.bill_id == bill_id, _B.findings.contains(f'"code":"{code}"', autoescape=True))


async def _bills(view: View, where: ColumnElement[bool], visible: Condition, limit: int) -> Sequence[Row[Any]]:
    joined = BILL.join(BILL_DOCUMENT, BILL_DOCUMENT.c.bill_id == _B.bill_id)
    wanted = select(_B.bill_id, _B.findings, BILL_DOCUMENT.c.lines).select_from(joined)
    return await view.all(wanted.where(where, visible(_B.org_unit)).order_by(_B.bill_id).limit(limit))


async def _of_line(view: View, line_id: str, visible: Condition) -> list[Row[Any]]:
    bill_id, number = _line(line_id)
    rows = await _bills(view, _B.bill_id == bill_id, visible, 1)
    return [row for row in rows if 1 <= number <= min(len(orjson.loads(row.lines)), LINES_MAX)]


def _line(id: str) -> tuple[str, int]:
    bill_id, _, number = id.rpartition(":")
    return (bill_id, int(number)) if number.isascii() and number.isdigit() and len(number) < 6 else ("", 0)


def _lines(
    rows: Iterable[Row[Any]], bill_id: str, number: int, limit: int, tariff: tuple[str, str] | None = None
) -> list[str]:
    found = [
        f"{row.bill_id}:{n}"
        for row in rows
        for n, line in enumerate(orjson.loads(row.lines)[:LINES_MAX], 1)
        if (row.bill_id != bill_id or n > number)
        and (tariff is None or (str(line[_TARIFF]), str(line[_VERSION])) == tariff)
    ]
    return found[:limit]


def _findings(rows: Iterable[Row[Any]], after: str, limit: int) -> list[str]:
    found = {f"{row.bill_id}:{each['code']}" for row in rows for each in orjson.loads(row.findings or "[]")}
    return sorted(id for id in found if id > after)[:limit]
