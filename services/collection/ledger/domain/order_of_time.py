"""What settles what, as it is where every document of an account comes on its own day (按业务日期销账).

A function of the documents alone: their days, ages and ends. In which order they came, and in which batches, does not matter.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

from services.collection.ledger.domain.documents import Credit, Receivable, owed_from

Rows = dict[tuple[str, str, date], int]
"""(credit, receivable, day) -> fen that were set against each other on the day, less those released on it."""


def walk(
    debts: Iterable[Receivable], credits: Iterable[Credit], ended: Mapping[str, date]
) -> tuple[Rows, dict[str, date]]:
    """Return what is set against each other and released on each day, and since when each settled debt is settled.

    All documents of a day count together: what ends on it is released, what begins on it is there, then the oldest money settles
    the oldest debts. `ended` has the days on which bills were reversed and payments taken back.
    """
    by_id: dict[str, Receivable | Credit] = {debt.receivable_id: debt for debt in debts if debt.amount_fen > 0}
    by_id |= {credit.credit_id: credit for credit in credits}
    begins, ends = defaultdict[date, list[str]](list), defaultdict[date, list[str]](list)
    for key, one in by_id.items():
        first, last = _first_day(one), ended.get(key)
        if last is None or last > first:
            begins[first].append(key)
            if last is not None:
                ends[last].append(key)
    rows, cleared = defaultdict[tuple[str, str, date], int](int), dict[str, date]()
    left: dict[str, int] = {}  # of what is there: fen that settle nothing, or that nothing settles
    held = defaultdict[str, dict[str, int]](dict)
    for day in sorted({*begins, *ends}):
        for key in ends[day]:
            del left[key]
        for key in ends[day]:
            for other, fen in held.pop(key, {}).items():
                del held[other][key]
                credit_id, debt_id = (key, other) if isinstance(by_id[key], Credit) else (other, key)
                rows[credit_id, debt_id, day] -= fen
                cleared.pop(debt_id, None)
                if other in left:
                    left[other] += fen
        left |= {key: by_id[key].amount_fen for key in begins[day]}
        free = sorted((c for key in left if left[key] and isinstance(c := by_id[key], Credit)), key=lambda c: c.age)
        owed = sorted((d for key in left if left[key] and isinstance(d := by_id[key], Receivable)), key=lambda d: d.age)
        while free and owed:
            credit_id, debt_id = free[0].credit_id, owed[0].receivable_id
            fen = min(left[credit_id], left[debt_id])
            rows[credit_id, debt_id, day] += fen
            held[credit_id][debt_id] = held[debt_id][credit_id] = held[debt_id].get(credit_id, 0) + fen
            left[credit_id] -= fen
            left[debt_id] -= fen
            if not left[credit_id]:
                del free[0]
            if not left[debt_id]:
                del owed[0]
                cleared[debt_id] = day
    return dict(rows), cleared


def _first_day(one: Receivable | Credit) -> date:
    return one.value_on if isinstance(one, Credit) else owed_from(one)
