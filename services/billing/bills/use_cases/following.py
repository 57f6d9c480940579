"""Bills follow the documents that rating reads: what another version, price, calendar or table touches is calculated again."""

from typing import Any

from sqlalchemy import ColumnElement, Row, false

from services.billing.bills.store import touched
from services.billing.bills.use_cases import billing
from services.billing.context import Context
from services.billing.contracts.store import daily
from services.billing.review.domain import findings
from services.billing.tariffs.store import changes
from services.billing.tariffs.store.documents import TARIFF
from shared.db.engine import Tx

CONTRACTS_MAX = 1000  # of one unit of work; the next one takes the rest


async def follow(tx: Tx, *, context: Context) -> int:
    """Calculate the next contracts again whose bills a changed document touches, and return how many there were.

    Bills that are not out yet are replaced; of issued ones the policy says whether the correction is proposed or carried out. Any
    number of replicas may do it, and again after a crash.
    """
    while (change := await changes.next_open(tx)) is not None:
        condition = touched.in_force_or_never_rated(await _touched(tx, change, context))
        first_days = await touched.contracts(tx, condition, after=change.after_contract, limit=CONTRACTS_MAX)
        more = len(first_days) == CONTRACTS_MAX
        after = max(first_days, default=change.after_contract)
        await changes.advance(tx, change, after_contract=after, contracts=len(first_days), more=more)
        if not more:
            await daily.mark_all(tx)
        if first_days:
            await billing.bill_changed(tx, (), first_days, context=context, cause=findings.TARIFF_CHANGED)
            tx.after_commit(context.wake.set)
            return len(first_days)
    return 0


async def _touched(tx: Tx, change: Row[Any], context: Context) -> ColumnElement[bool]:
    if change.kind != TARIFF:
        return await touched.by_document(tx, change.kind, change.document_id, change.from_date, change.to_date)
    versions = (await context.books.current(tx)).book.versions.get(change.document_id, ())
    found = next((tariff for tariff in versions if tariff.version == change.version), None)
    return false() if found is None else touched.by_version(found)
