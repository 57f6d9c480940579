"""Corrections of issued bills (退补): reversals and replacements of a contract in one group, told as one fact."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import orjson
from sqlalchemy import Row

from services.billing.adapters import bills_store
from services.billing.adapters.bills_store import Writing
from services.billing.adapters.tables import CORRECTION
from services.billing.domain.bills import ISSUED, REVERSED, Draft
from services.billing.domain.chains import Chain
from services.billing.domain.policy import Policies
from shared import ids
from shared.db import bulk
from shared.db.engine import Tx
from shared.events import billing as events

RERATED = "rerated"
CANCELLED = "cancelled"


async def write(
    tx: Tx, corrected: Sequence[Chain], *, corrected_on: date, policies: Policies, actor: str
) -> list[Writing]:
    """Reverse the issued bills of chains, publish the corrections, and return their replacements to store.

    The accounts are locked. A chain is one correction: its reversals and replacements are posted together.
    """
    groups = [[d for d in chain.drafts if d.status == ISSUED and d.replaces is not None] for chain in corrected]
    olds = await bills_store.heads(tx, [d.replaces.bill_id for group in groups for d in group if d.replaces])
    await bills_store.set_status(tx, [(row.bill_id, row.row_version) for row in olds.values()], REVERSED)
    writings: list[Writing] = []
    facts: list[events.BillCorrected] = []
    for group in groups:
        reversed_rows = [olds[d.replaces.bill_id] for d in group if d.replaces]
        fact, written = _one(group, reversed_rows, corrected_on, policies)
        facts.append(fact)
        writings += written
    await _record(tx, facts, writings, actor)
    tx.publish(facts)
    return writings


async def cancel(tx: Tx, row: Row[Any], *, corrected_on: date, actor: str) -> None:
    """Reverse one issued bill without a replacement. The account is locked."""
    await bills_store.set_status(tx, [(row.bill_id, row.row_version)], REVERSED)
    fact = _fact(ids.new(), corrected_on, CANCELLED, [row], [])
    await _record(tx, [fact], [], actor, contract_no=row.contract_no)
    tx.publish([fact])


def _one(
    group: Sequence[Draft], reversed_rows: Sequence[Row[Any]], corrected_on: date, policies: Policies
) -> tuple[events.BillCorrected, list[Writing]]:
    correction_id = ids.new()
    writings = []
    replacements = []
    for draft in group:
        release = policies.on(corrected_on).release_of(draft.terms.org_unit)
        due_on = corrected_on + timedelta(days=release.due_days)
        writing = Writing(ids.new(), draft, correction_id, corrected_on, due_on)
        writings.append(writing)
        replacements.append(bills_store.as_issued(bills_store.values_of(writing), corrected_on, due_on))
    reason = next((d.usage.replaces_reason for d in group if d.usage.replaces_reason), RERATED)
    return _fact(correction_id, corrected_on, reason, reversed_rows, replacements), writings


def _fact(
    correction_id: str,
    corrected_on: date,
    reason: str,
    reversed_rows: Sequence[Row[Any]],
    replacements: Sequence[events.Bill],
) -> events.BillCorrected:
    return events.BillCorrected(
        account_no=reversed_rows[0].account_no,
        correction_id=correction_id,
        corrected_on=corrected_on,
        reason=reason,
        reversals=tuple(bills_store.as_issued(row._mapping, row.issued_on, row.due_on) for row in reversed_rows),
        replacements=tuple(replacements),
    )


async def _record(
    tx: Tx, facts: Sequence[events.BillCorrected], writings: Sequence[Writing], actor: str, contract_no: str = ""
) -> None:
    await bulk.insert_rows(
        tx,
        CORRECTION,
        {
            "correction_id": [f.correction_id for f in facts],
            "account_no": [f.account_no for f in facts],
            "contract_no": [contract_no or f.reversals[0].contract_no for f in facts],
            "reason": [f.reason for f in facts],
            "corrected_on": [f.corrected_on for f in facts],
            "reversed_fen": [sum(b.total_fen for b in f.reversals) for f in facts],
            "replaced_fen": [sum(b.total_fen for b in f.replacements) for f in facts],
            "reversals": [orjson.dumps([b.bill_id for b in f.reversals]).decode() for f in facts],
            "replacements": [orjson.dumps([b.bill_id for b in f.replacements]).decode() for f in facts],
            "actor": [actor] * len(facts),
        },
    )
