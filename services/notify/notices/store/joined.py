"""Notices that go out in the message of another one of their party: which, for ever."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, exists, or_, select, tuple_

from services.notify.notices.domain.states import NOTICE_LIFE, QUEUED
from services.notify.notices.tables import NOTICE, NOTICE_JOINED
from shared.db import bulk
from shared.db.engine import Tx, View

JOINED_MAX = 20  # notices in one message: what is longer nobody reads


def rides() -> ColumnElement[bool]:
    """Return whether a notice goes out in the message of another, which is not final."""
    n, j, lead = NOTICE.c, NOTICE_JOINED.c, NOTICE.alias("lead")
    return exists(
        select(1)
        .where(j.notice_id == n.notice_id, j.way == n.way)
        .where(lead.c.notice_id == j.lead_id, lead.c.way == j.lead_way, lead.c.due_at.is_not(None))
        .correlate(NOTICE)
    )


def rode() -> ColumnElement[bool]:
    """Return whether a notice went out in the message of another on the way that it is on."""
    n, j = NOTICE.c, NOTICE_JOINED.c
    return exists(select(1).where(j.notice_id == n.notice_id, j.way == n.way).correlate(NOTICE))


def may_lead(templates: Collection[str], now: Any) -> ColumnElement[bool]:
    """Return whether no other notice of these kinds that goes the same way, and was not tried yet either, is due before it."""
    n, other = NOTICE.c, NOTICE.alias("other")
    before = or_(other.c.due_at < n.due_at, and_(other.c.due_at == n.due_at, other.c.notice_id < n.notice_id))
    same = (other.c[name] == n[name] for name in ("party_no", "point_no", "channel"))
    earlier = exists(select(1).where(*same, before, _untried(other.c, templates, now)).correlate(NOTICE))
    return or_(~_untried(n, templates, now), ~earlier)


def _untried(c: Any, templates: Collection[str], now: Any) -> ColumnElement[bool]:
    return and_(c.template.in_(sorted(templates)), c.state == QUEUED, c.attempts == 0, c.due_at <= now)


async def companions(tx: Tx, leads: Sequence[Row[Any]], templates: Collection[str]) -> dict[str, list[Row[Any]]]:
    """Lock and return what goes out in the message of each of these notices, by its id (two statements).

    Of a message that was tried: what was in it. Of a new one of these kinds: what is due and goes the same way.
    """
    found: dict[str, list[Row[Any]]] = {}
    tried = [(lead.notice_id, lead.way) for lead in leads if lead.attempts]
    fresh = {(lead.party_no, lead.point_no): lead for lead in leads if not lead.attempts and lead.template in templates}
    n, j = NOTICE.c, NOTICE_JOINED.c
    if tried:
        in_it = and_(j.notice_id == n.notice_id, j.way == n.way, tuple_(j.lead_id, j.lead_way).in_(tried))
        still = n.state.in_(NOTICE_LIFE.sources("taken")) & n.due_at.is_not(None)  # none that was withdrawn since
        wanted = select(NOTICE, j.lead_id).join(NOTICE_JOINED, in_it).where(still)
        for row in await tx.all(wanted.order_by(n.notice_id).with_for_update(of=NOTICE)):
            found.setdefault(row.lead_id, []).append(row)
    if fresh:
        (channel,) = {lead.channel for lead in leads}
        others = n.notice_id.not_in([lead.notice_id for lead in leads])
        way = tuple_(n.party_no, n.point_no).in_(list(fresh))
        wanted = select(NOTICE).where(way, n.channel == channel, others, _untried(n, templates, tx.now), ~rides())
        for row in await tx.all(wanted.order_by(n.due_at, n.notice_id).with_for_update(skip_locked=True)):
            together = found.setdefault(fresh[row.party_no, row.point_no].notice_id, [])
            if len(together) < JOINED_MAX - 1:
                together.append(row)
    return found


async def keep(tx: Tx, groups: Sequence[tuple[Any, Sequence[Any]]]) -> None:
    """Keep which notices go out in the message of another, each as it is on its way."""
    pairs = [(lead, each) for lead, others in groups for each in others]
    columns: dict[str, list[Any]] = {
        "notice_id": [each.notice_id for _, each in pairs],
        "way": [each.way for _, each in pairs],
        "lead_id": [lead.notice_id for lead, _ in pairs],
        "lead_way": [lead.way for lead, _ in pairs],
    }
    await bulk.insert_ignore(tx, NOTICE_JOINED, columns, key=("notice_id", "way"))


async def of_messages(view: View, messages: Collection[tuple[str, int]]) -> Sequence[Row[Any]]:
    """Return the notices that went out in messages, these by notice and way."""
    keys: dict[str, list[Any]] = {"lead_id": [each for each, _ in messages], "lead_way": [way for _, way in messages]}
    return await bulk.select_in(view, NOTICE_JOINED, keys)


async def leads(view: View, notices: Sequence[tuple[str, int]]) -> dict[tuple[str, int], tuple[str, int]]:
    """Return by notice and way in whose message it goes, of those that go in another's."""
    keys: dict[str, list[Any]] = {"notice_id": [each for each, _ in notices], "way": [way for _, way in notices]}
    rows = await bulk.select_in(view, NOTICE_JOINED, keys)
    return {(row.notice_id, row.way): (row.lead_id, row.lead_way) for row in rows}
