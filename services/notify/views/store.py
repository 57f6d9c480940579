"""What this service keeps about a party beside who it is: every function is one statement."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select

from services.notify.calls.tables import CALL
from services.notify.letters.tables import LETTER
from services.notify.notices.tables import NOTICE
from services.notify.questions.tables import QUESTION
from shared.db import bulk
from shared.db.columns import Condition
from shared.db.engine import View


async def notices(view: View, party_no: str, *, after: Condition, limit: int) -> Sequence[Row[Any]]:
    """Return the notices to a party, with their figures, in the order in which they were queued."""
    n = NOTICE.c
    mine = select(NOTICE).where(n.party_no == party_no, after(n.notice_id))
    return await view.all(mine.order_by(n.notice_id).limit(limit))


async def calls(view: View, notice_ids: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """Return the calls about notices, in order."""
    order = CALL.c.notice_id, CALL.c.way, CALL.c.number
    found: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in await bulk.select_in(view, CALL, {"notice_id": notice_ids}, order_by=order):
        found[row.notice_id].append(row)
    return found


async def letters(view: View, notice_ids: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """Return the letters by which notices went, in order."""
    order = LETTER.c.notice_id, LETTER.c.way
    found: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in await bulk.select_in(view, LETTER, {"notice_id": notice_ids}, order_by=order):
        found[row.notice_id].append(row)
    return found


async def questions(view: View, question_ids: Sequence[str]) -> dict[str, Row[Any]]:
    """Return questions by their ids."""
    return {row.question_id: row for row in await bulk.select_in(view, QUESTION, {"question_id": question_ids})}
