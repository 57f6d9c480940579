"""Who had a hand in cases, in and out: every function is one statement."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select, union

from services.billing.cases import tables
from services.billing.cases.domain.cases import DECISION
from shared.db import bulk
from shared.db.engine import Tx, View

ASSIGNEE, EVIDENCE, STEP = tables.CASE_ASSIGNEE, tables.CASE_EVIDENCE, tables.CASE_STEP
CALCULATION, EVENT = tables.CASE_CALCULATION, tables.CASE_EVENT


async def give(tx: Tx, case_no: str, *, assignee: str, by: str) -> None:
    """Keep that a case was given to somebody, by whom."""
    given: dict[str, list[Any]] = {"case_no": [case_no], "assignee": [assignee], "given_by": [by]}
    await bulk.insert_ignore(tx, ASSIGNEE, given, key=("case_no", "assignee", "given_by"))


async def workers(view: View, case_no: str) -> set[str]:
    """Return who was given a case or gave it, added or withdrew evidence, did one of its steps, or calculated."""
    columns = (
        *(ASSIGNEE.c.assignee, ASSIGNEE.c.given_by),
        *(EVIDENCE.c.added_by, EVIDENCE.c.withdrawn_by, CALCULATION.c.calculated_by),
    )
    of_it = [select(column.label("who")).where(column.table.c.case_no == case_no) for column in columns]
    steps = select(STEP.c.done_by.label("who")).where(STEP.c.case_no == case_no, STEP.c.step != DECISION)
    return {row.who for row in await view.all(union(*of_it, steps)) if row.who is not None}


async def moves(view: View, case_no: str) -> Sequence[Row[Any]]:
    """Return by whom a case was moved, in the order of its moves."""
    wanted = select(EVENT.c.event, EVENT.c.actor).where(EVENT.c.case_no == case_no)
    return await view.all(wanted.order_by(EVENT.c.row_version))
