"""A bill with every document that came of it: what took its place, corrections, differences, adjustments."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Row

from services.billing.adjustments import domain as adjusting
from services.billing.adjustments import store as adjustments_store
from services.billing.adjustments.domain import Adjustment, Billed
from services.billing.adjustments.use_cases import settling
from services.billing.bills.domain import differences
from services.billing.bills.store import corrections as corrections_store
from services.billing.bills.store import lines
from services.billing.bills.store import recomputed as bills_store
from services.billing.context import Context
from services.billing.replays import domain
from services.billing.replays.domain import Item, Replayed
from services.billing.replays.use_cases import recomputing
from services.billing.replays.use_cases.recomputing import Figures, Recomputed
from shared.db.engine import View
from shared.regulation.policy import policy_on

CORRECTION, DIFFERENCE, ADJUSTMENT = "correction", "difference", "adjustment"


async def of_bill(view: View, bill_id: str, *, context: Context) -> list[Replayed] | None:
    """Calculate a bill again with every later document of it, the bill first; None where there is no such bill."""
    own = (await bills_store.whole(view, [bill_id])).get(bill_id)
    if own is None:
        return None
    later = _later(bill_id, await bills_store.of_contract(view, own.contract_no))
    made = [
        (row, orjson.loads(row.reversals), orjson.loads(row.replacements))
        for row in await bills_store.corrections_of(view, own.contract_no)
    ]
    made = [each for each in made if {*later} & {*each[1], *each[2]}]
    adjustments = await _adjustments(view, own.account_no, {*later})
    of_all = {*later, *(one for _, old, new in made for one in (*old, *new)), *_of_workings(adjustments)}
    rows = await bills_store.whole(view, sorted(of_all))
    found = await recomputing.recompute(view, rows.values(), context=context)
    differing = await corrections_store.differences(view, [row.correction_id for row, _, _ in made])
    tests = await adjustments_store.by_number(view, sorted({row.dispute_no for row in adjustments}))
    return [
        *(found.replayed[one] for one in later),
        *(_correction(row, old, new, found) for row, old, new in made),
        *(_difference(row, found) for row, _, _ in made for row in differing[row.correction_id]),
        *(_adjustment(row, adjustments, tests, rows, found) for row in adjustments),
    ]


def _later(bill_id: str, of_contract: Sequence[tuple[str, str | None]]) -> list[str]:
    """Return a bill and those that took its place, one after the other."""
    found = [bill_id]
    while more := [one for one, before in of_contract if before in found and one not in found]:
        found += more
    return found


async def _adjustments(view: View, account_no: str, of_bills: set[str]) -> list[Row[Any]]:
    """Return the adjustments of an account that rest on some bills, and those that take them back."""
    rows = await adjustments_store.of_account(view, account_no)
    ids = {row.adjustment_id for row in rows if of_bills & _of_workings([row])}
    return [row for row in rows if row.adjustment_id in ids or row.reverses in ids]


def _of_workings(adjustments: Sequence[Row[Any]]) -> set[str]:
    return {bill["bill_id"] for row in adjustments for bill in orjson.loads(row.working).get("bills", ())}


def _correction(row: Row[Any], old: Sequence[str], new: Sequence[str], found: Recomputed) -> Replayed:
    items = [
        Item("reversed_fen", str(row.reversed_fen), str(sum(found.figures[one].total_fen for one in old))),
        Item("replaced_fen", str(row.replaced_fen), str(sum(found.figures[one].total_fen for one in new))),
    ]
    return domain.compared(CORRECTION, row.correction_id, items)


def _difference(row: Row[Any], found: Recomputed) -> Replayed:
    was = found.figures[row.bill_id]
    now = found.figures[row.replacement_id] if row.replacement_id else Figures(total_fen=0, components=())
    parts = differences.components(dict(was.components), dict(now.components))
    items = domain.listed("component", orjson.loads(row.components), [list(part) for part in parts])
    items.append(Item("total_fen", str(row.total_fen), str(now.total_fen - was.total_fen)))
    return domain.compared(DIFFERENCE, row.difference_id, items)


def _adjustment(
    row: Row[Any],
    adjustments: Sequence[Row[Any]],
    tests: Mapping[str, adjusting.Test],
    rows: Mapping[str, Row[Any]],
    found: Recomputed,
) -> Replayed:
    """Calculate an adjustment again: from its bills as they come out now, or as the opposite of what it takes back."""
    if row.reverses is not None:
        taken = next(each for each in adjustments if each.adjustment_id == row.reverses)
        parts = [(name, -fen) for name, fen in adjustments_store.components(taken.components)]
        return _compared(row, -taken.energy_wh, -taken.total_fen, parts)
    test = tests.get(row.dispute_no)
    if test is None or test.version != row.test_version:
        return Replayed(
            kind=ADJUSTMENT, document_id=row.adjustment_id, result=domain.NOT_REPLAYABLE, reason=domain.TEST_CHANGED
        )
    billed = [_billed(rows[one], found.figures[one]) for one in sorted(_of_workings([row]))]
    rules = policy_on(settling.rules(), adjusting.RULES, test.tested_on)
    wanted = [each for each in adjusting.adjustments(test, billed, rules) if each.account_no == row.account_no]
    none = Adjustment(account_no="", org_unit="", energy_wh=0, total_fen=0, components=(), working={})
    now = wanted[0] if wanted else none
    return _compared(row, now.energy_wh, now.total_fen, now.components)


def _compared(row: Row[Any], energy_wh: int, total_fen: int, parts: Sequence[tuple[str, int]]) -> Replayed:
    stored = [list(part) for part in adjustments_store.components(row.components)]
    items = domain.listed("component", stored, [list(part) for part in parts])
    items += [
        Item("energy_wh", str(row.energy_wh), str(energy_wh)),
        Item("total_fen", str(row.total_fen), str(total_fen)),
    ]
    return domain.compared(ADJUSTMENT, row.adjustment_id, items)


def _billed(row: Row[Any], figures: Figures) -> Billed:
    return Billed(
        bill_id=row.bill_id,
        usage_id=row.usage_id,
        account_no=row.account_no,
        org_unit=row.org_unit,
        period_from=row.period_from,
        period_to=row.period_to,
        energy_wh=row.energy_wh,
        lines=lines.stored(row.lines) if figures.lines is None else figures.lines,
    )
