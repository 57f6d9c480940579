"""Teams are assigned: whole rows by unit and first day, one outcome per item."""

from collections.abc import Callable, Collection, Sequence
from datetime import date
from typing import Final

from services.collection.ledger.domain.months import is_closed
from services.collection.ledger.store.months import open_from
from services.collection.ledger.use_cases.commands import MonthClosed
from services.collection.targets import store
from services.collection.targets.domain import Assignment
from shared import batch_put
from shared.batch_put import Numbered
from shared.db.engine import Tx
from shared.outcome import OTHER_ORG_UNIT, Outcome, refused

KIND: Final = "collecting_team"


async def put(
    tx: Tx, given: Sequence[Assignment], *, actor: str, may_see: Callable[[str], bool], today: date
) -> list[Outcome]:
    """Assign teams, one outcome per item; an assignment holds until the next one of its unit, so that none overlap.

    Refused: another org unit, also of what is assigned already, and a first day in a closed month: who collected then stays.
    """
    opened = await open_from(tx)
    await store.alone(tx)
    there = await store.assignments(tx, [(each.unit_kind, each.unit) for each in given])

    def refusal(new: Assignment, _old: Assignment | None) -> Outcome | None:
        units = {
            each.org_unit for each, _ in there.values() if (each.unit_kind, each.unit) == (new.unit_kind, new.unit)
        }
        if not all(may_see(unit) for unit in (new.org_unit, *units)):
            return refused(OTHER_ORG_UNIT, id=new.number)
        if is_closed(new.valid_from, opened):
            return refused(MonthClosed.code, MonthClosed.title, id=new.number)
        return None

    async def write(changed: Sequence[Numbered[Assignment]]) -> Collection[str]:
        return await store.put_assignments(tx, changed, actor=actor, today=today)

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
