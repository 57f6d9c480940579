"""What accounts have settled late, or owe late, as the calculation of fees needs it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Row

from services.collection.dunning.store import doubts as dunning
from services.collection.late_fees import domain, store
from services.collection.late_fees.domain import LateDebt, Rulebook
from services.collection.ledger.store import accounts, late_settlements
from services.collection.plans import store as plans
from shared.db.engine import View

DAY: Final = timedelta(days=1)


async def settled(view: View, rulebook: Rulebook, account_nos: Sequence[str]) -> list[LateDebt]:
    """Return the debts of accounts that were settled after their due date and bear a fee (seven statements)."""
    rows = await _rows(view, rulebook, account_nos, owed=False)
    return await _debts(view, rows, account_nos)


async def owed(view: View, rulebook: Rulebook, account_no: str, *, on: date) -> list[LateDebt]:
    """Return what an account owes that was due before a day and bears a fee, as if the rest were paid on that day."""
    rows = [row for row in await _rows(view, rulebook, [account_no], owed=True) if row.due_on < on]
    return await _debts(view, rows, [account_no], on=on)


async def _rows(view: View, rulebook: Rulebook, account_nos: Sequence[str], *, owed: bool) -> list[Row[Any]]:
    found = await late_settlements.debts(
        view, account_nos, kinds=domain.kinds(rulebook), due_from=domain.due_from(rulebook), owed=owed
    )
    return [row for row in found if domain.bears(rulebook, row.document_kind, row.due_on)]


async def _debts(
    view: View, rows: Sequence[Row[Any]], account_nos: Sequence[str], *, on: date | None = None
) -> list[LateDebt]:
    """`on`: what is left of these debts counts as paid on this day."""
    parts: dict[str, list[tuple[date, int]]] = defaultdict(list)
    for paid in await late_settlements.paid(view, [row.receivable_id for row in rows]):
        parts[paid.receivable_id].append((paid.made_on, int(paid.fen)))
    held = await dunning.held_spans(view, sorted({row.service_point_no for row in rows if row.service_point_no}))
    planned = await plans.held_periods(view, [row.receivable_id for row in rows])
    classes = await accounts.customer_classes(view, account_nos)
    waived = await store.waivers(view, account_nos)
    return [
        LateDebt(
            receivable_id=row.receivable_id,
            account_no=row.account_no,
            customer_class=row.customer_class or classes[row.account_no],
            due_on=row.due_on,
            settled_on=on or row.cleared_on,
            parts=[*parts[row.receivable_id], *([(on, row.outstanding_fen)] if on else [])],
            held=[
                *((first, last + DAY) for first, last in held.get((row.service_point_no, row.cycle), ())),
                *((each.from_, each.to or date.max) for each in planned.get(row.receivable_id, ())),
            ],
            waived_fen=waived.get(row.receivable_id, 0),
            route_no=row.route_no or "",
        )
        for row in rows
    ]
