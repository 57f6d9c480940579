"""What parties are told in a week: how much there is, and what waits."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select

from services.notify.notices.domain import states
from services.notify.notices.domain.pacing import Place
from services.notify.notices.store import joined
from services.notify.notices.tables import NOTICE
from shared.db import bulk, columns, travel
from shared.db.engine import Tx

NO_ROOM = "budget"
"""A tip for which no week had room in time."""


def _counted(since: date) -> ColumnElement[bool]:
    c = NOTICE.c
    told = c.week.is_not(None) & or_(c.week >= since, c.due_at.is_not(None)) & (c.state != states.FAILED)
    return told & ~joined.rode()


async def crowded(tx: Tx, party_nos: Sequence[str], *, since: date, more_than: int) -> list[str]:
    """Return the parties that are told of more than so much in a week from `since` on, or later, taken together.

    It counts party by party: while a table is filled for the first time, nobody knows how few notices a party has.
    """
    wanted = travel.relation(tx, "wanted", {"party_no": (columns.No, sorted(set(party_nos)))})
    theirs = select(func.count()).where(NOTICE.c.party_no == wanted.c.party_no, _counted(since)).scalar_subquery()
    return [row.party_no for row in await tx.all(select(wanted.c.party_no).where(theirs > more_than))]


async def of_parties(tx: Tx, party_nos: Sequence[str], *, since: date) -> Sequence[Row[Any]]:
    """Lock and return what these parties are told in weeks from `since` on, and what has not gone out since before."""
    c = NOTICE.c
    return await bulk.select_in(
        tx,
        NOTICE,
        {"party_no": party_nos},
        columns=(
            c.notice_id,
            c.party_no,
            c.account_no,
            c.template,
            c.cause_kind,
            c.cause_id,
            c.day,
            c.channel,
            c.point_no,
            c.figures,
            c.state,
            c.attempts,
            c.resends,
            c.way,
            c.queued_at,
            c.due_at,
            c.paced,
            c.week,
        ),
        where=_counted(since),
        order_by=(c.notice_id,),
        for_update=True,
    )


async def move(tx: Tx, places: Sequence[tuple[str, Place]]) -> None:
    """Store where notices that wait go; what is given up is final. The caller holds the locks."""
    life = states.NOTICE_LIFE
    due_at: list[datetime | None] = [None if place.week is None else place.due_at for _, place in places]
    given_up = [place.week is None for _, place in places]
    await bulk.update_from(
        tx,
        NOTICE,
        {
            "notice_id": [notice_id for notice_id, _ in places],
            "state": [life.target("no room for it") if gone else states.QUEUED for gone in given_up],
            "code": [NO_ROOM if gone else "" for gone in given_up],
            "due_at": due_at,
            "done_at": [tx.now if gone else None for gone in given_up],
            "paced": [place.paced for _, place in places],
            "week": [place.week for _, place in places],
        },
        key=("notice_id",),
    )
