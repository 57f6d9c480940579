"""The sample of each release, and of what came of bills since, that is calculated again; and what failed before, once more."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from services.billing.adjustments import store as adjustments_store
from services.billing.bills.store import recomputed as bills_store
from services.billing.cases.store import recomputed as cases_store
from services.billing.closings.store import recomputed as closings_store
from services.billing.context import Context
from services.billing.replays import domain, store
from services.billing.replays.use_cases import documents
from shared.db.engine import Tx, View


async def of_run(view: View, route_no: str, cycle: str, business_date: date, *, context: Context) -> list[str]:
    """Return the bills of a run that are drawn: those of the smallest hashes, which nobody can choose or foresee."""
    return _drawn(await bills_store.issued_of_run(view, route_no, cycle, business_date), business_date, context)


async def of_day(view: View, business_date: date, *, context: Context) -> list[str]:
    """Return what is drawn of the corrections, adjustments, charges and final bills of a day, as many of each kind.

    And of the day before: what people approve is of the latest business date, also after the jobs of that.
    """
    days = business_date - timedelta(days=1), business_date
    of_kinds = (
        await bills_store.corrected_between(view, *days),
        await adjustments_store.issued_between(view, *days),
        await cases_store.charged_between(view, *days),
        await closings_store.billed_between(view, *days),
    )
    return [one for ids in of_kinds for one in _drawn(ids, business_date, context)]


def _drawn(ids: Iterable[str], on: date, context: Context) -> list[str]:
    return sorted(ids, key=lambda one: hashlib.sha256(one.encode()).digest())[: context.policies.on(on).replay_sample]


async def replay(tx: Tx, ids: Sequence[str], *, business_date: date, context: Context) -> dict[str, int]:
    """Calculate documents again and keep what came out; return how many came out how."""
    found = await documents.by_id(tx, ids, context=context)
    rows = []
    for document_id, document in found.items():
        result = domain.worst(document.replayed)
        rows.append(
            {
                "document_id": document_id,
                "kind": document.kind,
                "bill_id": document.bill_id,
                "org_unit": document.org_unit,
                "route_no": document.route_no,
                "cycle": document.cycle,
                "business_date": business_date,
                "result": result,
                "reason": next(one.reason for one in document.replayed if one.result == result),
            }
        )
    await store.put(tx, rows)
    results = [row["result"] for row in rows]
    return {"replayed": len(results)} | {name: results.count(name) for name in domain.RESULTS}
