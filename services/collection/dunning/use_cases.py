"""Reminders of overdue receivables (催费), by business date."""

from collections.abc import Sequence
from datetime import date

from services.collection.dunning import store
from services.collection.dunning.domain import REMINDER, Ladders, due_until
from services.collection.ledger.domain.documents import Receivable
from services.collection.ledger.store import accounts
from shared import natural
from shared.db.engine import Tx, View
from shared.events.billing import ChargeHoldChanged
from shared.events.collection import ReminderDue
from shared.events.disputes import DisputeChanged

ACCOUNTS_PER_CHUNK = 1000  # one unit of work: some thousand rows, under a second


async def chunks(view: View, *, ladders: Ladders, business_date: date) -> Sequence[str]:
    """Return the ranges of accounts (`first<TAB>last`) that have something to be reminded of."""
    cutoff = due_until(ladders, business_date)
    if cutoff is None:
        return []
    account_nos = await store.accounts_overdue(view, due_until=cutoff, stage=REMINDER, on=business_date)
    size = ACCOUNTS_PER_CHUNK
    parts = [account_nos[start : start + size] for start in range(0, len(account_nos), size)]
    # a first number of 63 characters sorts no later than the whole: the name fits its column, the range is no smaller
    return [f"{part[0][:63]}\t{part[-1]}" for part in parts]


def why_nothing(ladders: Ladders, business_date: date) -> str:
    """Say why there is nothing to be reminded of on a business date."""
    cutoff = due_until(ladders, business_date)
    if cutoff is None:
        return f"no dunning policy says when to remind on {business_date}"
    return f"of all that was due by {cutoff}, what is owed has its reminder, or is held"


async def hold(tx: Tx, facts: Sequence[DisputeChanged]) -> None:
    """Keep whose dunning reading wants held, in any order; a hold that is not renewed ends by its day."""
    newest: dict[str, DisputeChanged] = {}
    for fact in facts:
        known = newest.get(fact.dispute_no)
        if known is None or fact.version > known.version:
            newest[fact.dispute_no] = fact
    await store.put_holds(tx, [newest[no] for no in sorted(newest)])


async def hold_charges(tx: Tx, facts: Sequence[ChargeHoldChanged]) -> None:
    """Keep which charges are disputed, in any order; a hold that is not renewed ends by its day."""
    newest: dict[str, ChargeHoldChanged] = {}
    for fact in facts:
        known = newest.get(fact.charge_no)
        if known is None or fact.version > known.version:
            newest[fact.charge_no] = fact
    await store.put_charge_holds(tx, [newest[no] for no in sorted(newest)])


async def remind(tx: Tx, *, ladders: Ladders, business_date: date, chunk: str) -> dict[str, int]:
    """Remind once per overdue receivable and stage, of what is still owed now and not held; a settled one is left alone."""
    cutoff = due_until(ladders, business_date)
    assert cutoff is not None, "there are chunks only where the policy says when to remind"
    first, _, last = chunk.partition("\t")
    account_nos = await store.accounts_overdue(
        tx, due_until=cutoff, stage=REMINDER, on=business_date, first=first, last=last
    )
    await accounts.lock_accounts(tx, account_nos)
    overdue = await store.overdue(tx, account_nos, due_until=cutoff, stage=REMINDER, on=business_date)
    made = {row.receivable_id: natural.key_id(row.due_on, "reminder", row.receivable_id, REMINDER) for row in overdue}
    new = await store.add(tx, overdue, made, stage=REMINDER, business_date=business_date)
    tx.publish(
        [_reminder_due(row, made[row.receivable_id], business_date) for row in overdue if row.receivable_id in new]
    )
    return {"reminders": len(new)}


def _reminder_due(row: Receivable, reminder_id: str, business_date: date) -> ReminderDue:
    return ReminderDue(
        account_no=row.account_no,
        reminder_id=reminder_id,
        receivable_id=row.receivable_id,
        document_kind=row.document_kind,
        document_id=row.document_id,
        org_unit=row.org_unit,
        outstanding_fen=row.outstanding_fen,
        due_on=row.due_on,
        business_date=business_date,
        causation_id=row.receivable_id,
    )
