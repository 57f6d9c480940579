"""What billing corrects is kept by point and day, so that an error of a reader is known by what it cost."""

from collections.abc import Iterable, Sequence
from datetime import date

from services.reading.scorecards.store import corrected_bills
from shared.db.engine import Tx
from shared.events.billing import Bill, BillCorrected


async def bills_corrected(tx: Tx, facts: Sequence[BillCorrected]) -> None:
    """Keep by how much corrections have changed bills; one statement."""
    corrected = {
        (fact.correction_id, point, day): (fact, point, day, amount)
        for fact in facts
        for (point, day), amount in changes(fact.reversals, fact.replacements).items()
    }
    await corrected_bills.keep(tx, list(corrected.values()))


def changes(reversals: Iterable[Bill], replacements: Iterable[Bill]) -> dict[tuple[str, date], int]:
    """Return by how much the bill that ended on a day has changed, by point and day, in fen.

    Where none that is in force now ends on that day it is what all bills of the point have changed by: two were made one.
    """
    before, after, whole = _ends(reversals), _ends(replacements), dict[str, int]()
    for sums, sign in ((before, -1), (after, 1)):
        for (point, _), amount in sums.items():
            whole[point] = whole.get(point, 0) + sign * amount
    return {key: after[key] - amount if key in after else whole[key[0]] for key, amount in before.items()}


def _ends(bills: Iterable[Bill]) -> dict[tuple[str, date], int]:
    found: dict[tuple[str, date], int] = {}
    for bill in bills:
        key = bill.service_point_no, bill.period_to
        found[key] = found.get(key, 0) + bill.total_fen
    return found
