"""Issuing the bills of runs that go out (发行), chunk by chunk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row

from services.billing.bills.domain.policy import Policies
from services.billing.bills.store import bills as bills_store
from services.billing.bills.store import hands, told
from services.billing.bills.store.bills import Issuing
from services.billing.bills.use_cases import ladders
from services.billing.context import Context
from services.billing.freezes import store as freezes_store
from services.billing.freezes.domain import Standing
from services.billing.review.domain import findings
from services.billing.review.domain.findings import Finding
from services.billing.runs import store
from services.billing.tariffs.domain import tariffs_used
from services.billing.tariffs.store import documents
from shared.db.engine import Tx
from shared.events.billing import BillIssued

ISSUED_MAX = 2000  # bills of one unit of work: large enough to be cheap, small enough to be stopped
OUTDATED = Finding(findings.TARIFF_CHANGED, findings.HOLD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """What one chunk did: bills issued, and bills held because their tariff has changed since they were calculated."""

    found: int
    issued: int
    held: int


NOTHING = Issued(found=0, issued=0, held=0)


async def issue(tx: Tx, *, context: Context, limit: int = ISSUED_MAX) -> Issued:
    """Issue a chunk of ready bills of releasing or released runs (发行), and tell of each as one fact.

    Nothing happens while the switch is stopped; what is frozen stays behind, and no freeze comes in between.
    Can be run by any number of replicas, and again after a crash.
    """
    standing = await _may_go_out(tx)
    if standing is None:
        return NOTHING
    rows = await store.ready_bills(tx, limit, standing)
    if not rows:
        await store.finish(tx, standing)
        return NOTHING
    dated = [_dated(row, context.policies) for row in rows]
    return await _go_out(tx, rows, dated, context=context)


async def issue_apart(tx: Tx, rows: Sequence[Row[Any]], *, on: date, context: Context) -> Issued:
    """Issue ready bills on a business date without regard to the run of their route: those of a supply that has ended.

    The accounts are locked. Nothing happens while the switch is stopped, what is frozen stays behind, and what is not current is
    held, as in a run.
    """
    standing = await _may_go_out(tx) if rows else None
    if standing is None:
        return NOTHING
    going = [row for row in rows if not bills_store.frozen_by(standing, row)]
    if not going:
        return NOTHING
    dated = [_on(row, max(on, row.issue_on or on), context.policies) for row in going]
    return await _go_out(tx, going, dated, context=context)


async def _may_go_out(tx: Tx) -> Standing | None:
    """Return the freezes that stand, None while the switch is stopped; neither changes before the unit of work ends.

    Whatever goes out asks this first.
    """
    switch = await store.switch(tx, share=True)
    if switch is not None and switch.stopped:
        return None
    return await freezes_store.while_issuing(tx)


async def _go_out(tx: Tx, rows: Sequence[Row[Any]], all_dated: Sequence[Issuing], *, context: Context) -> Issued:
    """Issue bills on their dates, and tell of each; one whose tariff has changed since it was calculated is held."""
    loaded = await context.books.current(tx)
    current = {key: loaded.is_current(*key) for key in {_rated(row) for row in rows}}
    outdated = [row for row in rows if not current[_rated(row)]]
    if outdated:
        await _hold_outdated(tx, outdated)
    dated = [one for one in all_dated if current[_rated(one.row)]]
    issued = await bills_store.issue(tx, dated)
    going = [one for one in dated if one.row.bill_id in issued]
    used = {(t.tariff_id, t.version) for text in {one.row.tariffs for one in going} for t in tariffs_used(text)}
    if used:
        await documents.mark_used(tx, sorted(used))
    tx.publish(
        [
            BillIssued(
                account_no=one.row.account_no,
                bill=told.as_issued(one.row._mapping, one.issued_on, one.due_on),
            )
            for one in going
        ]
    )
    await ladders.tell(tx, [(one.row._mapping, one.issued_on) for one in going], policies=context.policies)
    return Issued(found=len(rows), issued=len(going), held=len(outdated))


async def _hold_outdated(tx: Tx, rows: Sequence[Row[Any]]) -> None:
    await bills_store.hold(tx, rows, "tariff_changes", OUTDATED)
    await hands.note(tx, rows)


def _rated(row: Row[Any]) -> tuple[str, date, date]:
    return row.tariffs, row.period_from, row.period_to


def _dated(row: Row[Any], policies: Policies) -> Issuing:
    return _on(row, max(row.run_issue_on, row.issue_on) if row.issue_on else row.run_issue_on, policies)


def _on(row: Row[Any], issued_on: date, policies: Policies) -> Issuing:
    due_on = issued_on + timedelta(days=policies.on(issued_on).release_of(row.org_unit).due_days)
    return Issuing(row=row, issued_on=issued_on, due_on=due_on)
