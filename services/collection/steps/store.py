"""Steps of dunning, in and out."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Row, select

from services.collection.ledger.store import receivables
from services.collection.steps.tables import STEP, STEP_DEBT
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View


class Owed(Protocol):
    """What a step says of a debt."""

    @property
    def receivable_id(self) -> str: ...
    @property
    def outstanding_fen(self) -> int: ...


async def add(tx: Tx, steps: Sequence[Mapping[str, Any]], debts: Mapping[str, Sequence[Owed]]) -> set[str]:
    """Insert steps with the debts that they are about (two); return those that were not there."""
    names = [name for name in STEP.columns.keys() if name != "recorded_at"]  # noqa: SIM118
    columns: dict[str, Sequence[Any]] = {name: [step[name] for step in steps] for name in names}
    columns["recorded_at"] = [tx.now] * len(steps)
    new = {row.step_id for row in await bulk.insert_ignore(tx, STEP, columns, key=("step_id",))}
    of = [(step_id, debt) for step_id, owed in debts.items() if step_id in new for debt in owed]
    of_columns: dict[str, Sequence[Any]] = {
        "step_id": [step_id for step_id, _ in of],
        "receivable_id": [debt.receivable_id for _, debt in of],
        "outstanding_fen": [debt.outstanding_fen for _, debt in of],
    }
    await bulk.insert_rows(tx, STEP_DEBT, of_columns)
    return new


async def page(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    account_no: str | None = None,
    case_no: str | None = None,
) -> Sequence[Row[Any]]:
    """List steps by day."""
    s = STEP.c
    where = [visible(s.org_unit), after(s.step_id)]
    where += [s.account_no == account_no] if account_no else []
    where += [s.case_no == case_no] if case_no else []
    return await view.all(select(STEP).where(*where).order_by(s.step_id).limit(limit))


async def debts_of(view: View, step_ids: Sequence[str]) -> dict[str, list[tuple[str, int]]]:
    """Return what steps were about: receivables, each with what was owed of it."""
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for row in await bulk.select_in(view, STEP_DEBT, {"step_id": step_ids}, order_by=(STEP_DEBT.c.receivable_id,)):
        found[row.step_id].append((row.receivable_id, row.outstanding_fen))
    return found


async def settled_with(view: View, receivable_ids: Sequence[str]) -> Sequence[Row[Any]]:
    """Return the steps, by number, that were about some of these debts and of whose debts none is owed (four statements)."""
    mine = await bulk.select_in(view, STEP_DEBT, {"receivable_id": receivable_ids})
    step_ids = sorted({row.step_id for row in mine})
    if not step_ids:
        return []
    about = await bulk.select_in(view, STEP_DEBT, {"step_id": step_ids})
    owed = await receivables.owed_of(view, sorted({row.receivable_id for row in about}))
    still = {row.step_id for row in about if row.receivable_id in owed}
    gone = [step_id for step_id in step_ids if step_id not in still]
    return await bulk.select_in(view, STEP, {"step_id": gone}, order_by=(STEP.c.step_id,)) if gone else []
