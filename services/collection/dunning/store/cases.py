"""Cases and the stages of their debts, in and out: every function is one statement."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, or_, select

from services.collection.dunning import tables
from services.collection.dunning.domain.judging import Judged, Owed
from services.collection.dunning.store.holds import held
from services.collection.ledger.store import receivables
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import Tx, View

CASE, DEBT = tables.CASE, tables.DEBT
Cases = Mapping[str, Row[Any]]


async def accounts_overdue(view: View, on: date, *, first: str = "", last: str | None = None) -> list[str]:
    """Return the accounts, in order, of which something is overdue on a day that nothing holds."""
    until = on - timedelta(days=1)
    return await receivables.accounts_overdue(view, due_until=until, where=~held(on), first=first, last=last)


async def accounts_with_cases(view: View, *, first: str = "", last: str | None = None) -> list[str]:
    """Return the accounts, in order, that have an open case."""
    c = CASE.c
    where = [c.closed_on.is_(None), c.account_no >= first]
    where += [] if last is None else [c.account_no <= last]
    return [row.account_no for row in await view.all(select(c.account_no).where(*where).order_by(c.account_no))]


async def cases(view: View, account_nos: Sequence[str], on: date) -> Cases:
    """Return the case of each account that is open, or was closed on a day or later."""
    c = CASE.c
    where = or_(c.closed_on.is_(None), c.closed_on >= on)
    rows = await bulk.select_in(view, CASE, {"account_no": account_nos}, where=where, order_by=(c.opened_on,))
    return {row.account_no: row for row in rows}


async def overdue(
    view: View, account_nos: Sequence[str], on: date
) -> tuple[dict[str, list[Owed]], dict[str, list[str]]]:
    """Return what is overdue of accounts on a day, oldest first, each with the stage to which it has come, and of which debts a
    stage is kept (three statements)."""
    until = on - timedelta(days=1)
    rows = await receivables.overdue(view, account_nos, due_until=until)
    holding = {
        row.receivable_id for row in await receivables.overdue(view, account_nos, due_until=until, where=held(on))
    }
    known = {row.receivable_id: row for row in await bulk.select_in(view, DEBT, {"account_no": account_nos})}
    found: dict[str, list[Owed]] = defaultdict(list)
    for row in rows:
        stage = known.get(row.receivable_id)
        found[row.account_no].append(
            Owed(
                receivable_id=row.receivable_id,
                document_kind=row.document_kind,
                document_id=row.document_id,
                due_on=row.due_on,
                outstanding_fen=row.outstanding_fen,
                is_held=row.receivable_id in holding,
                stage=stage.stage if stage else 0,
                stage_on=stage.stage_on if stage else None,
            )
        )
    kept: dict[str, list[str]] = defaultdict(list)
    for debt in known.values():
        kept[debt.account_no].append(debt.receivable_id)
    return found, kept


async def put_cases(tx: Tx, rows: Sequence[Mapping[str, Any]], known: Cases) -> None:
    """Insert the cases that are new, and write those that have changed; the accounts are locked."""
    names = list(CASE.columns.keys())
    new = [row for row in rows if row["account_no"] not in known]
    old = [row for row in rows if row["account_no"] in known]
    await bulk.insert_rows(tx, CASE, {name: [row[name] for row in new] for name in names})
    if old:
        await bulk.update_from(tx, CASE, {name: [row[name] for row in old] for name in names}, key=("case_no",))


async def put_debts(tx: Tx, judged: Mapping[str, Judged | None], known: Mapping[str, Sequence[str]]) -> None:
    """Keep the stages of debts anew, and none of what is not overdue any more (two); the accounts are locked."""
    gone = [receivable_id for account_no in judged for receivable_id in known.get(account_no, ())]
    await bulk.delete_in(tx, DEBT, {"receivable_id": gone})
    kept = [(no, debt) for no, of in judged.items() if of is not None for debt in of.debts if debt.stage]
    columns: dict[str, Sequence[Any]] = {
        "receivable_id": [debt.receivable_id for _, debt in kept],
        "account_no": [account_no for account_no, _ in kept],
        "stage": [debt.stage for _, debt in kept],
        "stage_on": [debt.stage_on for _, debt in kept],
    }
    await bulk.insert_rows(tx, DEBT, columns)


async def page(
    view: View,
    *,
    visible: Condition,
    after: Condition,
    limit: int,
    account_no: str | None = None,
    state: str | None = None,
    stage: int | None = None,
    track: str | None = None,
    action: str | None = None,
) -> Sequence[Row[Any]]:
    """List cases by number: those that wait for people, say, at a stage of one action."""
    c = CASE.c
    given = {c.account_no: account_no, c.state: state, c.stage: stage, c.track: track, c.action: action}
    where = [
        visible(c.org_unit),
        after(c.case_no),
        *(column == wanted for column, wanted in given.items() if wanted is not None),
    ]
    return await view.all(select(CASE).where(*where).order_by(c.case_no).limit(limit))


async def case(view: View, case_no: str) -> Row[Any] | None:
    """Return a case."""
    return await view.first(select(CASE).where(CASE.c.case_no == case_no))
