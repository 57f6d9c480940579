"""Which facts of the other services this one acts on. Types without a handler here are skipped by their header."""

from collections.abc import Sequence

from services.notify.application import queueing
from services.notify.entrypoints.context import Context
from shared.bus.consumer import Handler
from shared.db.engine import Tx
from shared.events.billing import AccountChanged, BillCorrected, BillIssued
from shared.events.collection import PaymentReversed, ReminderDue
from shared.events.fact import Fact
from shared.events.reading import EstimateMade


def handlers(context: Context) -> dict[type[Fact], Handler]:
    """Return the handlers in the order in which one batch is worked on: accounts first, what needs them after."""

    async def accounts_changed(tx: Tx, facts: Sequence[AccountChanged]) -> None:
        await queueing.accounts_changed(tx, facts, context.policy)
        tx.after_commit(context.sender.wake)

    async def bills_issued(tx: Tx, facts: Sequence[BillIssued]) -> None:
        await queueing.bills_issued(tx, facts, context.policy)
        tx.after_commit(context.sender.wake)

    async def bills_corrected(tx: Tx, facts: Sequence[BillCorrected]) -> None:
        await queueing.bills_corrected(tx, facts, context.policy)
        tx.after_commit(context.sender.wake)

    async def estimates_made(tx: Tx, facts: Sequence[EstimateMade]) -> None:
        await queueing.estimates_made(tx, facts, context.policy)
        tx.after_commit(context.sender.wake)

    async def reminders_due(tx: Tx, facts: Sequence[ReminderDue]) -> None:
        await queueing.reminders_due(tx, facts, context.policy)
        tx.after_commit(context.sender.wake)

    async def payments_reversed(tx: Tx, facts: Sequence[PaymentReversed]) -> None:
        await queueing.payments_reversed(tx, facts, context.policy)
        tx.after_commit(context.sender.wake)

    return {
        AccountChanged: accounts_changed,
        BillIssued: bills_issued,
        BillCorrected: bills_corrected,
        EstimateMade: estimates_made,
        ReminderDue: reminders_due,
        PaymentReversed: payments_reversed,
    }
