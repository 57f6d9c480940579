"""What is due of a month and what of it is collected (电费回收), by the day on which each counts. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from services.collection.ledger.domain import months
from services.collection.ledger.domain.documents import OPENING, PAYOUT, Allocation, Debt, Receivable
from services.collection.ledger.domain.transactions import Transaction

UNKNOWN: Final = ""
"""What stands in a subtotal for a route or a class that a receivable does not name."""
ByDay = Mapping[date, int]


def month_of(debt: Debt, accounting_date: date) -> str | None:
    """Return the month whose recovery a debt counts in; None for what nobody has to pay: zero or below, payouts.

    It is the month in which its issue counts (当月应收), so that a month that is closed gets no debt any more. What was owed
    before the books were opened is of the month in which the old system issued it, whatever the day of going live.
    """
    if debt.total_fen <= 0 or debt.document_kind == PAYOUT:
        return None
    return months.of(debt.issued_on if debt.document_kind == OPENING else accounting_date)


@dataclass(slots=True)
class Due:
    """A part of the recovery of one month and day: what became due and what of it was collected, in fen and receivables."""

    due_fen: int = 0
    due_count: int = 0
    collected_fen: int = 0
    collected_count: int = 0


@dataclass(slots=True)
class Side:
    """What of a ledger account counts on one day."""

    debit_fen: int = 0
    credit_fen: int = 0
    entry_count: int = 0


DueKey = tuple[str, str, str, str, date]
"""Month, org unit, route, customer class and the day on which it counts."""
SideKey = tuple[date, str, str]
"""The day on which it counts, org unit and ledger account."""


@dataclass(slots=True)
class Subtotals:
    """What one unit of work adds to the subtotals."""

    sides: dict[SideKey, Side] = field(default_factory=lambda: defaultdict(Side))
    due: dict[DueKey, Due] = field(default_factory=lambda: defaultdict(Due))


class Moves:
    """What one unit of work sets against receivables, and since when these are settled by it.

    `reversed_` are those that it takes back; `stood` has of each stored one what was outstanding of it and the last day on which
    anything of it had moved.
    """

    def __init__(
        self,
        allocations: Iterable[Allocation],
        reversed_: Iterable[Receivable],
        receivables: Mapping[str, Receivable],
        stood: Mapping[str, tuple[int, date | None]],
    ) -> None:
        self._fen: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
        for one in allocations:
            self._fen[one.receivable_id][one.counts_on] += one.amount_fen
        self._newly_reversed = {one.receivable_id for one in reversed_}
        touched = dict.fromkeys((*self._fen, *(one.receivable_id for one in reversed_)))
        self.receivables = [receivables[each] for each in touched if receivables[each].month is not None]
        self._stood = stood
        self.earlier: Mapping[str, ByDay] = {}

    def of(self, receivable: Receivable) -> ByDay:
        """Return the fen that are set against a receivable by the day on which they count."""
        return self._fen.get(receivable.receivable_id, {})

    def among_earlier(self) -> list[str]:
        """Return the receivables of which something moves on a day no later than what has moved before: `earlier` has to know."""
        found = []
        for one in self.receivables:
            _, moved_on = self._stood.get(one.receivable_id, (0, None))
            was_reversed = one.reversed_on is not None and one.receivable_id not in self._newly_reversed
            first = min([*self.of(one), *([one.reversed_on] if one.reversed_on else [])])
            if moved_on is not None and (first <= moved_on or was_reversed):
                found.append(one.receivable_id)
        return found

    def turns(self, receivable: Receivable) -> ByDay:
        """Return the days on which a receivable is settled (1), or owed again or taken back (-1), by what moves now.

        Where what moved before is needed it is the difference to how it stood then.
        """
        no, amount_fen = receivable.receivable_id, receivable.amount_fen
        end = receivable.reversed_on
        if no in self.earlier:
            end_before = None if no in self._newly_reversed else end
            before = self.earlier[no]
            after = {
                day: before.get(day, 0) + self.of(receivable).get(day, 0) for day in (*before, *self.of(receivable))
            }
            was, now = _turns(amount_fen, 0, before, end_before), _turns(amount_fen, 0, after, end)
            return {day: now.get(day, 0) - was.get(day, 0) for day in (*was, *now)}
        outstanding_fen, _ = self._stood.get(no, (amount_fen, None))
        return _turns(amount_fen, amount_fen - outstanding_fen, self.of(receivable), end)


def added(
    transactions: Sequence[Transaction],
    new: Sequence[Receivable],
    reversed_: Sequence[Receivable],
    moves: Moves,
) -> Subtotals:
    """Return what transactions, new and newly reversed receivables and the moves of these and others add to the subtotals."""
    found = Subtotals()
    for transaction in transactions:
        for entry in transaction.entries:
            side = found.sides[transaction.accounting_date, transaction.org_unit, entry.ledger_account]
            side.debit_fen += max(entry.amount_fen, 0)
            side.credit_fen += max(-entry.amount_fen, 0)
            side.entry_count += 1
    for receivable in new:
        if receivable.month is not None and receivable.posted_on is not None:
            due = found.due[_key(receivable, receivable.posted_on)]
            due.due_fen += receivable.amount_fen
            due.due_count += 1
    for receivable in reversed_:
        if receivable.month is not None and receivable.reversed_on is not None:
            due = found.due[_key(receivable, receivable.reversed_on)]
            due.due_fen -= receivable.amount_fen
            due.due_count -= 1
    for receivable in moves.receivables:
        for day, fen in moves.of(receivable).items():
            if fen:
                found.due[_key(receivable, day)].collected_fen += fen
        for day, turns in moves.turns(receivable).items():
            if turns:
                found.due[_key(receivable, day)].collected_count += turns
    return found


def _key(receivable: Receivable, day: date) -> DueKey:
    month = receivable.month or UNKNOWN
    return month, receivable.org_unit, receivable.route_no or UNKNOWN, receivable.customer_class or UNKNOWN, day


def _turns(amount_fen: int, settled_fen: int, moved: ByDay, end: date | None) -> dict[date, int]:
    """Return the days on which all of an amount is settled, or is not any more; from `end` on it is not owed."""
    found = {}
    was = settled_fen == amount_fen
    for day in sorted({*moved, *([end] if end else [])}):
        settled_fen += moved.get(day, 0)
        now = settled_fen == amount_fen and (end is None or day < end)
        if now != was:
            found[day] = 1 if now else -1
            was = now
    return found
