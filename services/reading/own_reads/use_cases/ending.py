"""Questions for own reads need no answer any more: somebody has read the meter."""

from collections.abc import Sequence
from datetime import date

from services.reading.own_reads import store
from shared.db.engine import Tx
from shared.events.reading import QuestionWithdrawn

WAS_READ = "meter_was_read"


async def by_reads(tx: Tx, seen: Sequence[tuple[str, date]]) -> None:
    """Take the questions back of points that were read, on their read dates or later; no statement without reads."""
    if not seen:
        return
    last: dict[str, date] = {}
    for point, day in seen:
        last[point] = max(day, last.get(point, day))
    open_ = await store.lock_asked(tx, sorted(last))
    over = [each.after("withdraw", WAS_READ) for point, each in open_.items() if each.read_date <= last[point]]
    await store.write(tx, over)
    tx.publish(
        [
            QuestionWithdrawn(question_id=each.question_id, service_point_no=each.service_point_no, reason=WAS_READ)
            for each in over
        ]
    )
