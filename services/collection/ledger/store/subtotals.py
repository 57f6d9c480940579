"""Subtotals of what is posted, by day: rows that are only added in the unit of work that posts, and folded by a job.

Nobody waits for a row that somebody else adds to. What they say is compared with the entries, nightly; it decides nothing.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Subquery,
    Table,
    and_,
    case,
    delete,
    func,
    literal,
    or_,
    select,
    true,
    union_all,
)

from services.collection.ledger import tables
from services.collection.ledger.domain import recovery
from services.collection.ledger.domain.books import Books
from services.collection.ledger.domain.documents import OPEN
from services.collection.ledger.domain.recovery import ByDay, Moves
from shared.db import bulk, travel
from shared.db.engine import Tx, View

SIDE, DUE = tables.LEDGER_SUBTOTAL, tables.RECOVERY_SUBTOTAL
ALLOCATION, ENTRY, RECEIVABLE, TRANSACTION = tables.ALLOCATION, tables.ENTRY, tables.RECEIVABLE, tables.TRANSACTION
SIDE_KEY: Final = ("accounting_date", "org_unit", "ledger_account")
SIDE_FIGURES: Final = ("debit_fen", "credit_fen", "entry_count")
DUE_KEY: Final = ("month", "org_unit", "route_no", "customer_class", "counts_on")
DUE_FIGURES: Final = ("due_fen", "due_count", "collected_fen", "collected_count")
_ALL: Final = true()
_COUNTS: Final = RECEIVABLE.c.month.is_not(None)
_SHAPES: Final[Mapping[Table, tuple[Sequence[str], Sequence[str]]]] = {
    SIDE: (SIDE_KEY, SIDE_FIGURES),
    DUE: (DUE_KEY, DUE_FIGURES),
}


async def prepared(tx: Tx, books: Books) -> recovery.Subtotals:
    """Return what the books add to the subtotals; called before their allocations are written."""
    moves = Moves(books.allocations, books.newly_reversed, books.receivables, books.stood)
    if among := moves.among_earlier():
        moves.earlier = await _moved(tx, among)
    return recovery.added(books.transactions, books.new_receivables, books.newly_reversed, moves)


async def add(tx: Tx, found: recovery.Subtotals) -> None:
    """Insert what a unit of work adds."""
    await _insert(tx, SIDE, {key: [getattr(side, name) for name in SIDE_FIGURES] for key, side in found.sides.items()})
    await _insert(tx, DUE, {key: [getattr(due, name) for name in DUE_FIGURES] for key, due in found.due.items()})


async def _insert(tx: Tx, table: Table, rows: Mapping[tuple[Any, ...], Sequence[int]]) -> None:
    rows = {key: figures for key, figures in rows.items() if any(figures)}
    if rows:
        key, figures = _SHAPES[table]
        columns = dict(zip(key, map(list, zip(*rows, strict=True)), strict=True))
        columns |= dict(zip(figures, map(list, zip(*rows.values(), strict=True)), strict=True))
        await bulk.insert_rows(tx, table, columns)


async def _moved(view: View, receivable_ids: Sequence[str]) -> Mapping[str, ByDay]:
    """Return what was set against receivables so far, by the day on which it counts."""
    given = travel.relation_for(view, ALLOCATION, {"receivable_id": receivable_ids})
    day = counts_on()
    rows = await view.all(
        select(ALLOCATION.c.receivable_id, day.label("day"), func.sum(ALLOCATION.c.amount_fen).label("fen"))
        .select_from(ALLOCATION.join(given, ALLOCATION.c.receivable_id == given.c.receivable_id))
        .group_by(ALLOCATION.c.receivable_id, day)
    )
    found: dict[str, dict[date, int]] = defaultdict(dict)
    for row in rows:
        found[row.receivable_id][row.day] = int(row.fen)
    return {each: found[each] for each in receivable_ids}


def counts_on() -> ColumnElement[date]:
    """Return the day on which an allocation counts; one of before the column was there on the day on which it was made."""
    return func.coalesce(ALLOCATION.c.counts_on, ALLOCATION.c.made_on)


def open_fen(on: date) -> ColumnElement[int]:
    """Return, for a statement over receivables, what of one was open at the end of a day, by what counts up to it."""
    r = RECEIVABLE.c
    settled = (
        select(func.coalesce(func.sum(ALLOCATION.c.amount_fen), 0))
        .where(ALLOCATION.c.receivable_id == r.receivable_id, counts_on() <= on)
        .correlate(RECEIVABLE)
        .scalar_subquery()
    )
    return case(
        (or_(r.posted_on > on, r.reversed_on <= on), 0),
        (or_(r.moved_on.is_(None), r.moved_on <= on), r.outstanding_fen),
        else_=r.amount_fen - settled,
    )


def may_be_open(on: date) -> ColumnElement[bool]:
    """Return a condition that every receivable meets of which something was open at the end of a day: an index knows these."""
    return or_(RECEIVABLE.c.status == OPEN, RECEIVABLE.c.moved_on > on)


# --- compared with the entries


async def differing(view: View) -> dict[str, int]:
    """Return by table how many subtotals, of one key each, differ from the sums of what is posted."""
    return {table.name: await _differing(view, table, entries) for table, entries in ((SIDE, _sides()), (DUE, _due()))}


async def differing_sides(view: View, first: date | None, end: date | None) -> int:
    """Return how many subtotals of the ledger of the days of [first, end) differ from the entries; none is no end."""
    return await _differing(view, SIDE, _sides(_in(TRANSACTION, first, end)), _in(SIDE, first, end))


async def differing_recovery(view: View, month: str) -> int:
    """Return how many subtotals of the recovery of a month differ from receivables and allocations."""
    return await _differing(view, DUE, _due(RECEIVABLE.c.month == month), DUE.c.month == month)


def _in(table: Table, first: date | None, end: date | None) -> ColumnElement[bool]:
    day = table.c.accounting_date
    return and_(true(), *([] if first is None else [day >= first]), *([] if end is None else [day < end]))


async def _differing(view: View, table: Table, posted: Subquery, where: ColumnElement[bool] = _ALL) -> int:
    key, figures = _SHAPES[table]
    both = union_all(
        select(*(table.c[name] for name in (*key, *figures))).where(where),
        select(*(posted.c[name] for name in key), *(-posted.c[name] for name in figures)),
    ).subquery()
    keys = [both.c[name] for name in key]
    differ = or_(*(func.sum(both.c[name]) != 0 for name in figures))
    wrong = select(*keys).group_by(*keys).having(differ).subquery()
    return int(await view.scalar(select(func.count()).select_from(wrong)))


def _sides(where: ColumnElement[bool] = _ALL) -> Subquery:
    """Return the sums of all entries, by what the subtotals are kept by."""
    fen = ENTRY.c.amount_fen
    keys = (TRANSACTION.c.accounting_date, TRANSACTION.c.org_unit, ENTRY.c.ledger_account)
    return (
        select(
            *keys,
            func.sum(case((fen > 0, fen), else_=0)).label("debit_fen"),
            func.sum(case((fen < 0, -fen), else_=0)).label("credit_fen"),
            func.count().label("entry_count"),
        )
        .select_from(TRANSACTION.join(ENTRY, ENTRY.c.transaction_id == TRANSACTION.c.transaction_id))
        .where(where)
        .group_by(*keys)
        .subquery()
    )


def _due(of: ColumnElement[bool] = _COUNTS) -> Subquery:
    """Return the sums of receivables and their allocations, by what the subtotals are kept by."""
    r, turns = RECEIVABLE.c, _turned(of)
    turned = turns.c.settled - func.lag(turns.c.settled, 1, 0).over(
        partition_by=turns.c.receivable_id, order_by=turns.c.day
    )
    every = union_all(
        _part(RECEIVABLE, r.posted_on, r.amount_fen, 1, 0, 0).where(of),
        _part(RECEIVABLE, r.reversed_on, -r.amount_fen, -1, 0, 0).where(of, r.reversed_on.is_not(None)),
        _part(turns, turns.c.day, 0, 0, turns.c.fen, turned),
    ).subquery()
    keys = [every.c[name] for name in DUE_KEY]
    return select(*keys, *(func.sum(every.c[name]).label(name) for name in DUE_FIGURES)).group_by(*keys).subquery()


def _part(source: FromClause, day: Any, *figures: Any) -> Select[Any]:
    """Return the keys and figures of the rows of a source on their days; what is not known of a receivable is `UNKNOWN`."""
    s = source.c
    given = [each if isinstance(each, ColumnElement) else literal(each) for each in figures]
    return select(
        *(s.month, s.org_unit),
        func.coalesce(s.route_no, recovery.UNKNOWN).label("route_no"),
        func.coalesce(s.customer_class, recovery.UNKNOWN).label("customer_class"),
        day.label("counts_on"),
        *(each.label(name) for name, each in zip(DUE_FIGURES, given, strict=True)),
    )


def _turned(of: ColumnElement[bool]) -> Subquery:
    """Return by receivable and day what is set against it, and whether (1 or 0) it is settled by then."""
    r, a = RECEIVABLE.c, ALLOCATION.c
    moved = union_all(
        select(a.receivable_id, counts_on().label("day"), a.amount_fen.label("fen"))
        .select_from(ALLOCATION.join(RECEIVABLE, r.receivable_id == a.receivable_id))
        .where(of),
        select(r.receivable_id, r.reversed_on.label("day"), literal(0).label("fen")).where(
            of, r.reversed_on.is_not(None)
        ),
    ).subquery()
    by_day = (
        select(moved.c.receivable_id, moved.c.day, func.sum(moved.c.fen).label("fen"))
        .group_by(moved.c.receivable_id, moved.c.day)
        .subquery()
    )
    settled_fen = func.sum(by_day.c.fen).over(partition_by=by_day.c.receivable_id, order_by=by_day.c.day)
    owed = or_(r.reversed_on.is_(None), by_day.c.day < r.reversed_on)
    names = ("month", "org_unit", "route_no", "customer_class")
    return (
        select(
            *by_day.c,
            *(r[name] for name in names),
            case(((settled_fen == r.amount_fen) & owed, 1), else_=0).label("settled"),
        )
        .select_from(by_day.join(RECEIVABLE, r.receivable_id == by_day.c.receivable_id))
        .where(of)
        .subquery()
    )


# --- folded


async def days_to_fold(view: View) -> list[tuple[str, date]]:
    """Return the tables and days of which a key has several rows."""
    found = []
    for table, day in _DAYS.items():
        key = [table.c[name] for name in _SHAPES[table][0]]
        keys = select(day.label("day"), func.count().label("rows")).group_by(*key).having(func.count() > 1).subquery()
        rows = await view.all(select(keys.c.day).distinct().order_by(keys.c.day))
        found += [(str(table.name), row.day) for row in rows]
    return found


async def fold(tx: Tx, name: str, on: date) -> int:
    """Put one row in the place of all of each key of a day, and return how many are left out; who reads sees one or the other."""
    table = next(each for each in _SHAPES if each.name == name)
    key, figures = _SHAPES[table]
    columns = [table.c[each] for each in (*key, *figures)]
    gone = await tx.all(delete(table).where(_DAYS[table] == on).returning(*columns))
    sums: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * len(figures))
    for row in gone:
        values = tuple(row)
        total = sums[values[: len(key)]]
        for place, fen in enumerate(values[len(key) :]):
            total[place] += fen
    await _insert(tx, table, sums)
    return len(gone) - len(sums)


_DAYS: Final[Mapping[Table, ColumnElement[date]]] = {SIDE: SIDE.c.accounting_date, DUE: DUE.c.counts_on}
