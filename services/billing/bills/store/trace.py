"""Bills and corrections, and what each was derived from."""

import orjson

from services.billing.bills.store import corrections, lines, shown
from services.billing.usages.store import usages as usages_store
from shared.db.engine import View
from shared.trace import Origin, TraceNode

LINES_MAX = 1000  # of one bill; a segmented industrial bill has about a hundred
_SHOWN = (
    *("account_no", "contract_no", "service_point_no", "route_no", "cycle", "period_from", "period_to", "version"),
    *("status", "energy_wh", "total_fen", "estimated", "by_difference", "issued_on", "due_on"),
)


async def bill(view: View, bill_id: str) -> TraceNode | None:
    """Return a bill, which was made of its lines, a usage, the version before, and what was found and decided of it."""
    row = await shown.bill(view, bill_id)
    if row is None:
        return None
    count = len(orjson.loads(row.lines))
    origins = [Origin("billing", "bill_line", f"{bill_id}:{n}") for n in range(1, min(count, LINES_MAX) + 1)]
    origins.append(Origin("reading", "usage", row.usage_id))
    if row.replaces:
        origins.append(Origin("billing", "bill", row.replaces))
    codes = dict.fromkeys(each["code"] for each in orjson.loads(row.findings or "[]"))
    origins += [Origin("billing", "finding", f"{bill_id}:{code}") for code in codes]
    values = {name: row._mapping[name] for name in _SHOWN}
    values["registers"] = await usages_store.registers(view, row.usage_id)
    return TraceNode("billing", "bill", bill_id, values, tuple(origins), row.org_unit)


async def line(view: View, line_id: str) -> TraceNode | None:
    """Return a line, `<bill id>:<number>`, which was made of a usage by a tariff version."""
    bill_id, _, number = line_id.rpartition(":")
    row = await shown.bill(view, bill_id) if number.isascii() and number.isdigit() and len(number) < 6 else None
    listed = lines.shown(row.lines) if row is not None else []
    if row is None or not 1 <= int(number) <= len(listed):
        return None
    line = listed[int(number) - 1]
    origins = (
        Origin("billing", "tariff_version", f"{line['tariff']}@{line['tariff_version']}"),
        Origin("reading", "usage", row.usage_id),
    )
    return TraceNode("billing", "bill_line", line_id, line, origins, row.org_unit)


async def correction(view: View, correction_id: str) -> TraceNode | None:
    """Return a correction of the bills that it took out of force and made."""
    row = await corrections.correction(view, correction_id)
    if row is None:
        return None
    parts = [*orjson.loads(row.reversals), *orjson.loads(row.replacements)]
    made = await shown.bill(view, parts[0])
    assert made is not None
    return TraceNode("billing", "correction", correction_id, dict(row._mapping), org_unit=made.org_unit)


async def difference(view: View, difference_id: str) -> TraceNode | None:
    """Return a difference document: of the bills before and after, and of its correction.

    Of that too: what moved a later bill of the ladder year is the usage of an earlier one.
    """
    row = await corrections.difference_head(view, difference_id)
    if row is None:
        return None
    values = dict(row._mapping) | {"components": dict(orjson.loads(row.components))}
    return TraceNode("billing", "difference", difference_id, values, org_unit=row.org_unit)
