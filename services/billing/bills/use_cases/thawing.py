"""Corrections that a freeze kept from going out go on by themselves once it has ended."""

from datetime import date

from services.billing.bills.store import thawed as thawed_store
from services.billing.bills.use_cases import calculation
from services.billing.bills.use_cases.asked import Asked
from services.billing.context import Context
from services.billing.contracts.store import contracts as contracts_store
from services.billing.freezes import store as freezes_store
from shared.db.engine import Tx

PROPOSALS_MAX = 1000  # of one unit of work; the next one takes the rest


async def go_on(tx: Tx, *, context: Context) -> int:
    """Calculate contracts again whose corrections are proposed for a freeze that has ended, and return how many there were.

    What has another reason to wait for a reviewer is proposed again for that. Any number of replicas may do it, and again after a
    crash.
    """
    seen = await thawed_store.thawed(tx, await freezes_store.standing(tx), PROPOSALS_MAX)
    if not seen:
        return 0
    await contracts_store.lock_at(tx, [row.service_point_no for row in seen])
    locked = {row.contract_no for row in seen}
    still = await thawed_store.thawed(tx, await freezes_store.while_issuing(tx), PROPOSALS_MAX)
    since: dict[str, date] = {}
    for row in still:
        if row.contract_no in locked:
            since[row.contract_no] = min(since.get(row.contract_no, row.period_from), row.period_from)
    terms = await contracts_store.terms_by_number(tx, sorted(since))
    asked = {no: Asked(terms=terms[no], again=day) for no, day in since.items()}
    await calculation.calculate(tx, asked, context=context)
    tx.after_commit(context.wake.set)
    return len(asked)
