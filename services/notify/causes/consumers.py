"""Which facts of the other services this one acts on. Types without a handler here are skipped by their header."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from services.notify.causes.use_cases import (
    accounts_changed,
    bills_corrected,
    bills_issued,
    estimates_made,
    payments_reversed,
    reminders_due,
)
from services.notify.context import Context
from services.notify.policies.domain import Policies
from shared.bus.handling import Handler
from shared.db.engine import Tx
from shared.events.billing import AccountChanged, BillCorrected, BillIssued
from shared.events.collection import PaymentReversed, ReminderDue
from shared.events.fact import Fact
from shared.events.reading import EstimateMade


def handlers(context: Context) -> dict[type[Fact], Handler]:
    """Return the handlers in the order in which one batch is worked on: accounts first, what needs them after."""

    def handler(use_case: Callable[[Tx, Sequence[Any], Policies], Awaitable[None]]) -> Handler:
        async def handle(tx: Tx, facts: Sequence[Any]) -> None:
            await use_case(tx, facts, context.policies)
            tx.after_commit(context.wake)

        return handle

    return {
        AccountChanged: handler(accounts_changed.keep),
        BillIssued: handler(bills_issued.tell),
        BillCorrected: handler(bills_corrected.tell),
        EstimateMade: handler(estimates_made.tell),
        ReminderDue: handler(reminders_due.tell),
        PaymentReversed: handler(payments_reversed.tell),
    }
