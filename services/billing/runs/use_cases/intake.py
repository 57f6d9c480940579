"""Taking in usages: each joins the run of its route and cycle, and is billed."""

from collections.abc import Sequence

from services.billing.bills.use_cases import billing
from services.billing.context import Context
from services.billing.runs import store
from services.billing.usages import use_cases as usages
from shared.db.engine import Tx
from shared.events.reading import UsageMeasured


async def record(tx: Tx, facts: Sequence[UsageMeasured], *, context: Context) -> None:
    """Take usages as reading measured them: record each under its natural key, then bill those in force.

    A usage without a contract waits; a version that came twice changes nothing; one with other content under the same key
    raises ConflictingUsage.
    """
    recorded = await usages.record(tx, facts)
    runs = {(u.route_no, u.cycle): (u.route_no, u.cycle, u.org_unit) for u in recorded.new}
    await store.ensure(tx, sorted(runs.values()))
    await store.share(tx, sorted(runs))
    await billing.bill(tx, recorded, context=context)
    tx.after_commit(context.wake.set)  # a closed route may have waited for these
