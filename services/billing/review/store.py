"""Who had a hand in bills that need a decision, and the decisions."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select

from services.billing.review.tables import BILL_PARTY, REVIEW_DECISION
from shared.db import bulk
from shared.db.engine import Tx, View

READER = "reader"
REVIEWER = "reviewer"
CANCEL = "cancel"
"""The decision that takes a bill out, or rejects what is proposed."""


async def add_readers(tx: Tx, bills_with_actors: Sequence[tuple[str, Sequence[str]]]) -> None:
    """Record who had a hand in the usages of bills: none of them may decide on the bill."""
    parties = sorted({(bill_id, actor) for bill_id, actors in bills_with_actors for actor in actors})
    if parties:
        await bulk.insert_ignore(
            tx,
            BILL_PARTY,
            {
                "bill_id": [bill_id for bill_id, _ in parties],
                "subject": [subject for _, subject in parties],
                "role": [READER] * len(parties),
            },
            key=("bill_id", "subject"),
        )


async def add_reviewer(tx: Tx, bill_ids: Sequence[str], subject: str) -> None:
    """Record who decides on bills; where they had a hand in a usage, that stays their role."""
    count = len(bill_ids)
    party = {"bill_id": bill_ids, "subject": [subject] * count, "role": [REVIEWER] * count}
    await bulk.insert_ignore(tx, BILL_PARTY, party, key=("bill_id", "subject"))


async def add_decisions(tx: Tx, decisions: Sequence[Mapping[str, Any]]) -> None:
    """Store decisions; the database refuses one whose maker is no reviewer of the bill."""
    rows = [{**decision, "role": REVIEWER, "decided_at": tx.now} for decision in decisions]
    await bulk.insert_rows(tx, REVIEW_DECISION, {name: [row[name] for row in rows] for name in rows[0]})


async def decisions(view: View, bill_id: str) -> Sequence[Row[Any]]:
    """Return the decisions on a bill in order."""
    r = REVIEW_DECISION
    return await view.all(select(r).where(r.c.bill_id == bill_id).order_by(r.c.decided_at, r.c.decision_id).limit(500))


async def readers(view: View, bill_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return who had a hand in the reads of bills in review."""
    p = BILL_PARTY.c
    rows = await view.all(
        select(p.bill_id, p.subject).where(p.bill_id.in_(bill_ids), p.role == READER).order_by(p.bill_id, p.subject)
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.bill_id, []).append(row.subject)
    return found
