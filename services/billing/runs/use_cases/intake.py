"""Taking in usages: each joins the run of its route and cycle, and is billed."""

from collections.abc import Sequence

from services.billing.bills.use_cases import calculation
from services.billing.context import Context
from services.billing.runs import store
from services.billing.usages import use_cases as usages
from services.billing.usages.domain import waves
from shared.db.engine import Tx
from shared.events.reading import UsageMeasured


async def record(tx: Tx, facts: Sequence[UsageMeasured], *, context: Context) -> None:
    """Take usages as reading measured them: record each under its natural key, then bill it.

    A usage without a contract waits; a version that came twice changes nothing; one with other content under the same key
    raises ConflictingUsage.
    """
    new = await usages.record(tx, facts)
    await store.ensure(tx, sorted({(u.route_no, u.cycle): (u.route_no, u.cycle, u.org_unit) for u in new}.values()))
    for wave in waves(new):
        await calculation.bill(tx, wave, context=context)
    tx.after_commit(context.wake.set)  # a closed route may have waited for these
