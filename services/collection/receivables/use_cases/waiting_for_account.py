"""What waited for its account is posted when that comes."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from services.collection.ledger.domain.documents import CORRECTION, Correction, Debt, Finding
from services.collection.ledger.domain.policy import Policy
from services.collection.ledger.store import accounts, findings
from services.collection.receivables import store
from services.collection.receivables.use_cases.bills import post_bills
from services.collection.receivables.use_cases.corrections import post_corrections
from shared import org_units
from shared.db.engine import Tx

FOREIGN = "receivable.other_org_unit"


async def post_waiting(tx: Tx, *, policy: Policy, account_nos: Sequence[str]) -> None:
    """Post what waited for these accounts, in the order in which it came; refuse what proves to be another bureau's."""
    rows = await _checked(tx, await store.take_waiting(tx, account_nos))
    waves: list[tuple[list[Debt], list[Correction]]] = []
    last: dict[str, tuple[int, str]] = {}
    for row in rows:
        wave, kind = last.get(row.waiting_for, (0, ""))
        if kind == CORRECTION and row.kind != CORRECTION:
            wave += 1  # a bill that came after a correction of its account is posted after it
        last[row.waiting_for] = wave, row.kind
        if wave == len(waves):
            waves.append(([], []))
        bills, corrections = waves[wave]
        if row.kind == CORRECTION:
            corrections.append(store.WHOLE_CORRECTION.validate_json(row.payload))
        else:
            bills.append(store.DEBT.validate_json(row.payload))
    for bills, corrections in waves:
        await post_bills(tx, policy=policy, bills=bills)
        if corrections:
            await post_corrections(tx, policy=policy, corrections=corrections)


async def _checked(tx: Tx, rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Return what was brought by who may: of the rest both bureaus have a finding, and nothing is posted."""
    asked = [row for row in rows if row.word != org_units.NOT_ASKED]
    if not asked:
        return list(rows)
    owners = await accounts.org_units(tx, [row.waiting_for for row in asked])
    foreign = [row for row in asked if not org_units.allows(row.word, owners[row.waiting_for])]
    await findings.add_findings(
        tx,
        [
            Finding(
                code=FOREIGN,
                entity_kind=row.kind,
                entity_id=row.document_id,
                subject=subject,
                account_no=row.waiting_for,
                org_unit=org_unit,
            )
            for row in foreign
            for subject, org_unit in [("", owners[row.waiting_for]), *_numbered(org_units.units(row.word))]
        ],
    )
    refused = {row.position for row in foreign}
    return [row for row in rows if row.position not in refused]


def _numbered(units: Sequence[str]) -> list[tuple[str, str]]:
    return [(str(number), unit) for number, unit in enumerate(units, start=1)]
