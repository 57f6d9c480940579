"""Corrections that a freeze kept from going out go on by themselves once it has ended."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row

from services.billing.bills.store import bills as bills_store
from services.billing.bills.use_cases import calculation
from services.billing.bills.use_cases.asked import Asked
from services.billing.context import Context
from services.billing.contracts.store import contracts as contracts_store
from services.billing.freezes import store as freezes_store
from services.billing.freezes.domain import Standing
from shared.db.engine import Tx

PROPOSALS_MAX = 1000  # of one unit of work; the next one takes the rest


async def go_on(tx: Tx, *, context: Context) -> int:
    """Calculate contracts again whose corrections are proposed for a freeze that has ended, and return how many there were.

    What has another reason to wait for a reviewer is proposed again for that. Any number of replicas may do it, and again after a
    crash.
    """
    seen = await bills_store.proposed_for_freezes(tx, PROPOSALS_MAX)
    if not seen or not _thawed(seen, await freezes_store.standing(tx)):
        return 0
    await contracts_store.lock_at(tx, [row.service_point_no for row in seen])
    locked = {row.contract_no for row in seen}
    still = [row for row in await bills_store.proposed_for_freezes(tx, PROPOSALS_MAX) if row.contract_no in locked]
    since = _thawed(still, await freezes_store.while_issuing(tx))
    terms = await contracts_store.terms_by_number(tx, sorted(since))
    asked = {no: Asked(terms=terms[no], again=day) for no, day in since.items()}
    await calculation.calculate(tx, asked, context=context)
    tx.after_commit(context.wake.set)
    return len(asked)


def _thawed(rows: Sequence[Row[Any]], standing: Standing) -> dict[str, date]:
    """Return, by contract, the first day of what is proposed for freezes none of which stands any more."""
    frozen = {row.contract_no for row in rows if bills_store.frozen_by(standing, row)}
    since: dict[str, date] = {}
    for row in rows:
        if row.contract_no not in frozen:
            since[row.contract_no] = min(since.get(row.contract_no, row.period_from), row.period_from)
    return since
