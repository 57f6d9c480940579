"""What follows once a way of a notice has come to an end: it is final, or goes another way. Facts say what is final."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from services.notify.notices.domain import receipts
from services.notify.notices.domain.pacing import Place
from services.notify.notices.domain.states import DELIVERED, NOTICE_LIFE, SENT, UNKNOWN
from services.notify.notices.store import attempts, ways
from services.notify.notices.store.attempts import Settled
from services.notify.notices.store.queue import WITHDRAWN
from services.notify.notices.use_cases.pacing import next_place, tell_by
from services.notify.notices.use_cases.queueing import door, known_of
from services.notify.parties.domain import Chosen, choosing
from services.notify.policies.domain import Policies, in_force
from shared.db.engine import Tx
from shared.events.notify import NoticeDelivered, NoticeFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A way that has come to nothing. `event`: what becomes of its notice where no other way is left."""

    notice: Row[Any]
    event: str
    code: str
    gateway: str = ""
    doubts: int = 0
    template_version: int | None = None
    content_hash: str | None = None
    tone: str | None = None


def changed(notice: Row[Any], *, state: str, code: str, due_at: datetime | None, now: datetime, **more: Any) -> Settled:
    """Return what becomes of a notice; what is not given stays as it is. Without `due_at` it is final."""
    names = "doubts channel point_no way attempts template_version content_hash tone paced"
    kept = {name: getattr(notice, name) for name in names.split()}
    done_at = now if due_at is None else None
    return Settled(notice_id=notice.notice_id, state=state, code=code, due_at=due_at, done_at=done_at, **kept | more)


async def end(tx: Tx, ended: Sequence[Ended], policies: Policies) -> list[tuple[Row[Any], Settled]]:
    """Keep that ways came to nothing, and return what becomes of their notices: the next way of the party, or the end.

    What was withdrawn meanwhile takes no other way.
    The caller holds the notices' locks.
    """
    if not ended:
        return []
    stand = [each.notice for each in ended if not each.notice.withdrawn]
    following = await _next_ways(tx, stand, policies) if stand else {}
    await ways.keep(
        tx,
        [
            ways.Taken(
                notice_id=each.notice.notice_id,
                way=each.notice.way,
                channel=each.notice.channel,
                point_no=each.notice.point_no,
                gateway=each.gateway,
                outcome=_outcome(each),
                code=each.code,
            )
            for each in ended
        ],
    )
    return [(each.notice, _next(tx, each, following.get(each.notice.notice_id))) for each in ended]


def _outcome(ended: Ended) -> str:
    unknown = NOTICE_LIFE.move(ended.notice.state, ended.event) == UNKNOWN
    return receipts.UNKNOWN if unknown else receipts.FAILED


def _next(tx: Tx, ended: Ended, following: tuple[Chosen, Place] | None) -> Settled:
    notice = ended.notice
    sent = {name: getattr(ended, name) for name in ("template_version", "content_hash", "tone")}
    more: dict[str, Any] = sent if ended.content_hash else {}
    if following is None:
        state = NOTICE_LIFE.move(notice.state, ended.event)
        return changed(
            notice, state=state, code=ended.code, due_at=None, now=tx.now, doubts=ended.doubts or notice.doubts, **more
        )
    way, place = following
    return changed(
        notice,
        state=NOTICE_LIFE.move(notice.state, "goes another way"),
        code=ended.code,
        due_at=place.due_at,
        now=tx.now,
        paced=place.paced or notice.paced,
        way=notice.way + 1,
        channel=way.channel,
        point_no=way.point_no,
        attempts=0,
        doubts=0,
        **more,
    )


async def _next_ways(tx: Tx, notices: Sequence[Row[Any]], policies: Policies) -> dict[str, tuple[Chosen, Place]]:
    """Return the first way of each notice's party that it has not taken yet, and when, where there is one (five statements).

    One that disturbs keeps to quiet hours, or is left out where the notice would miss its day.
    """
    now_in_force = in_force(policies, tx.now)
    found = await known_of(tx, [(notice.account_no, notice.service_point_no) for notice in notices])
    taken = await ways.of_notices(tx, [notice.notice_id for notice in notices])
    with_day = [notice.notice_id for notice in notices if now_in_force.manners[notice.template].tell_by]
    figures = await attempts.figures(tx, with_day) if with_day else {}
    following = {}
    for notice in notices:
        tried = {(way.channel, way.point_no) for way in taken.get(notice.notice_id, ())}
        tried.add((notice.channel, notice.point_no))
        policy = policies.on(notice.day)
        where = door(notice, found.supplied.get(notice.account_no, ()), policy, late=True)
        reaches = [each for each in found.reaches.get(notice.account_no, ()) if each.party_no == notice.party_no]
        ways_there = choosing.ways(reaches, template=notice.template, door=where, policy=policy)
        left = [
            way for way in ways_there.get(notice.party_no, ()) if (way.chosen.channel, way.chosen.point_no) not in tried
        ]
        if left:
            last_day = tell_by(notice.template, figures.get(notice.notice_id, {}), now_in_force)
            following[notice.notice_id] = next_place(
                tx.now,
                choosing.first_of(left),
                last_day,
                reaches[0].preferences,
                now_in_force,
                at_once=now_in_force.manners[notice.template].at_once,
            )
    return following


def _withdrawn(what: Settled, now: datetime) -> Settled:
    """Return what becomes of a notice that was withdrawn while it was in flight: it is not sent once more."""
    if what.due_at is None or what.state == SENT:
        return what
    return replace(what, state=NOTICE_LIFE.move(what.state, "withdrawn"), code=WITHDRAWN, due_at=None, done_at=now)


async def store(tx: Tx, settled: Sequence[tuple[Row[Any], Settled]]) -> None:
    """Store what became of notices, and publish what is final. The locks on the notices' rows order the facts about each."""
    settled = [(notice, _withdrawn(what, tx.now) if notice.withdrawn else what) for notice, what in settled]
    await attempts.settle(tx, [what for _, what in settled])
    delivered: list[NoticeDelivered] = []
    failed: list[NoticeFailed] = []
    for notice, what in settled:
        if what.due_at is not None:
            continue
        about = {
            "account_no": notice.account_no,
            "notice_id": notice.notice_id,
            "template": notice.template,
            "channel": what.channel,
            "cause_kind": notice.cause_kind,
            "cause_id": notice.cause_id,
            "causation_id": notice.cause_id,
        }
        if what.state == DELIVERED:
            delivered.append(NoticeDelivered(**about, delivered_at=tx.now))
        else:
            reason = "delivery_unknown" if what.state == UNKNOWN else what.code
            failed.append(NoticeFailed(**about, reason=reason))
    tx.publish(delivered)
    tx.publish(failed)
