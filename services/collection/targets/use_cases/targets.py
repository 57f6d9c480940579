"""Targets are set: by month and unit, one outcome per item; what was set before stays as a version of its own."""

from collections.abc import Callable, Collection, Sequence
from datetime import date
from typing import Final

from services.collection.ledger.domain import months
from services.collection.targets import store
from services.collection.targets.domain import Target
from shared import batch_put
from shared.batch_put import Numbered
from shared.db.engine import Tx
from shared.outcome import OTHER_ORG_UNIT, Outcome, refused

KIND: Final = "target"
PAST: Final = "target.month_past"


async def put(
    tx: Tx, given: Sequence[Target], *, actor: str, may_see: Callable[[str], bool], today: date
) -> list[Outcome]:
    """Set targets, one outcome per item. Refused: another org unit, also of what is set already, and a month that is past."""
    await store.alone(tx)
    there = await store.targets_of(tx, [(each.month, each.unit_kind, each.unit) for each in given])

    def refusal(new: Target, old: Target | None) -> Outcome | None:
        if not may_see(new.org_unit) or (old is not None and not may_see(old.org_unit)):
            return refused(OTHER_ORG_UNIT, id=new.number)
        if new.month < months.of(today) and new != old:
            return refused(PAST, "The month is past: by what it is judged stays", id=new.number)
        return None

    async def write(changed: Sequence[Numbered[Target]]) -> Collection[str]:
        return await store.add_targets(tx, changed, actor=actor, today=today)

    return await batch_put.put(
        tx,
        given,
        kind=KIND,
        number=lambda each: each.number,
        stored=there,
        refusal=refusal,
        write=write,
        actor=actor,
    )
