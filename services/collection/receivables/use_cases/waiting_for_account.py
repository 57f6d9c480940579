"""What waited for its account is posted when that comes."""

from collections.abc import Sequence

from services.collection.ledger.domain.documents import CORRECTION, Correction, Debt
from services.collection.ledger.domain.policy import Policy
from services.collection.receivables import store
from services.collection.receivables.use_cases.bills import post_bills
from services.collection.receivables.use_cases.corrections import post_corrections
from shared.db.engine import Tx


async def post_waiting(tx: Tx, *, policy: Policy, account_nos: Sequence[str]) -> None:
    """Post what waited for these accounts, in the order in which it came."""
    rows = await store.take_waiting(tx, account_nos)
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
