"""The sample of each release that is calculated again, and what failed before, once more."""

import hashlib
from collections.abc import Sequence
from datetime import date

from services.billing.bills.store import recomputed as bills_store
from services.billing.context import Context
from services.billing.replays import domain, store
from services.billing.replays.use_cases import recomputing
from shared.db.engine import Tx, View


async def of_run(view: View, route_no: str, cycle: str, business_date: date, *, context: Context) -> list[str]:
    """Return the bills of a run that are drawn: those of the smallest hashes, which nobody can choose or foresee."""
    ids = await bills_store.issued_of_run(view, route_no, cycle, business_date)
    drawn = sorted(ids, key=lambda bill_id: hashlib.sha256(bill_id.encode()).digest())
    return drawn[: context.policies.on(business_date).replay_sample]


async def replay(tx: Tx, bill_ids: Sequence[str], *, business_date: date, context: Context) -> dict[str, int]:
    """Calculate bills again and keep what came out; return how many came out how."""
    rows = await bills_store.whole(tx, bill_ids) if bill_ids else {}
    found = await recomputing.recompute(tx, rows.values(), context=context)
    await store.put(
        tx,
        [
            {
                "bill_id": bill_id,
                "org_unit": row.org_unit,
                "route_no": row.route_no,
                "cycle": row.cycle,
                "business_date": business_date,
                "result": found.replayed[bill_id].result,
                "reason": found.replayed[bill_id].reason,
            }
            for bill_id, row in rows.items()
        ],
    )
    results = [one.result for one in found.replayed.values()]
    return {"replayed": len(results)} | {name: results.count(name) for name in domain.RESULTS}
