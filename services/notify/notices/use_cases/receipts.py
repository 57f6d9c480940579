"""Receipts: kept as they come, and used once what they are about is known and not in flight.

So they may come before the reference that they name is stored, twice, and in any order: what a way came to is the same.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from services.notify.notices.domain.receipts import ACCEPTED, DELIVERED, FAILED, UNKNOWN, Receipt, outcome
from services.notify.notices.domain.states import NOTICE_LIFE, QUEUED
from services.notify.notices.domain.states import SENDING as IN_FLIGHT
from services.notify.notices.store import attempts, joined, ways
from services.notify.notices.store import receipts as store
from services.notify.notices.store.attempts import Settled
from services.notify.notices.use_cases import settling
from services.notify.notices.use_cases.settling import Ended
from services.notify.policies.domain import Policies
from shared.db.engine import Tx

RECEIPTS_MAX = 1000  # of one call, and used in one unit of work

Said = dict[int, list[Row[Any]]]
"""What receipts say of a notice, by way."""


async def take(tx: Tx, given: Sequence[Receipt], policies: Policies) -> None:
    """Keep what gateways said, and use what can be used."""
    await store.keep(tx, given)
    await match(tx, policies)


async def match(tx: Tx, policies: Policies) -> int:
    """Use the receipts that waited for what they are about, and return how many (a constant number of statements)."""
    rows = await store.usable(tx, RECEIPTS_MAX)
    if not rows:
        return 0
    said: dict[str, Said] = defaultdict(lambda: defaultdict(list))
    about: dict[tuple[str, int], list[Row[Any]]] = defaultdict(list)
    for row, notice_id, way in rows:
        about[notice_id, way].append(row)
        said[notice_id][way].append(row)
    for each in await joined.of_messages(tx, list(about)):
        said[each.notice_id][each.way] += about[each.lead_id, each.lead_way]
    notices = await attempts.locked(tx, list(said))
    said = _landed(said, notices)
    known = await ways.of_notices(tx, list(said))
    said, strange = _of_their_gateways(said, notices, known, policies)
    taken: list[ways.Taken] = []
    settled: list[tuple[Row[Any], Settled]] = []
    ended: list[Ended] = []
    for notice_id, of in said.items():
        notice = notices[notice_id]
        before = {row.way: row for row in known.get(notice_id, ())}
        now = {way: outcome([row.result for row in found] + _arrived(before.get(way))) for way, found in of.items()}
        arrived = min((way for way, what in now.items() if what == DELIVERED), default=None)
        ends = arrived is None and notice.way in of and NOTICE_LIFE.may(notice.state, "came back")
        taken += [
            _taken(notice, before.get(way), way, now[way], found)
            for way, found in of.items()
            if not (ends and way == notice.way)
        ]
        if arrived is not None and notice.state != DELIVERED:
            taken += _left_open(notice, before, arrived)
            settled.append((notice, _settled(tx, notice, before.get(arrived), arrived)))
        elif ends:
            found = of[notice.way]
            ended.append(Ended(notice=notice, event="came back", code=_code(found), gateway=found[0].gateway))
    await ways.keep(tx, taken)
    settled += await settling.end(tx, ended, policies)
    await settling.store(tx, settled)
    used = {store.key_of(row): row for of in said.values() for found in of.values() for row in found}
    refused = {store.key_of(row): row for row in strange if store.key_of(row) not in used}
    await store.close(tx, used=list(used.values()), refused=list(refused.values()))
    return len(used)


def _landed(said: Mapping[str, Said], notices: Mapping[str, Row[Any]]) -> dict[str, Said]:
    """Leave out what is about a notice that was taken since we looked, all notices of its message together."""
    flying = [of for each, of in said.items() if notices[each].state == IN_FLIGHT]
    wait = {store.key_of(row) for of in flying for found in of.values() for row in found}
    left = {
        each: {
            way: kept for way, found in of.items() if (kept := [row for row in found if store.key_of(row) not in wait])
        }
        for each, of in said.items()
    }
    return {each: of for each, of in left.items() if of}


def _of_their_gateways(
    said: Mapping[str, Said],
    notices: Mapping[str, Row[Any]],
    known: Mapping[str, Sequence[Row[Any]]],
    policies: Policies,
) -> tuple[dict[str, Said], list[Row[Any]]]:
    """Return what gateways said of messages that went over them, and what they said of others': that is refused and listed."""
    taken_by = defaultdict(set)
    for version in policies:
        for name, channel in version.rules.channels.items():
            taken_by[name].add(channel.gateway)
    own: dict[str, Said] = defaultdict(lambda: defaultdict(list))
    strange = []
    for notice_id, of in said.items():
        notice = notices[notice_id]
        places = {notice.way: notice} | {row.way: row for row in known.get(notice_id, ())}
        for way, found in of.items():
            place = places.get(way)
            named = getattr(place, "gateway", "")
            over = {named} if named else taken_by[place.channel] if place is not None else set()
            for row in found:
                if row.gateway in over:
                    own[notice_id][way].append(row)
                else:
                    strange.append(row)
    return own, strange


async def presume(tx: Tx, notices: Sequence[Row[Any]], gateway: str) -> None:
    """Count notices that are `sent` as delivered, nothing having been heard of them for long; a later receipt counts more.

    The caller holds their locks.
    """
    said = {"gateway": gateway, "outcome": ACCEPTED, "code": ""}
    await ways.keep(
        tx,
        [
            ways.Taken(notice_id=each.notice_id, way=each.way, channel=each.channel, point_no=each.point_no, **said)
            for each in notices
        ],
    )
    state = NOTICE_LIFE.target("presumed")
    changed = [settling.changed(each, state=state, code="", due_at=None, now=tx.now) for each in notices]
    await settling.store(tx, list(zip(notices, changed, strict=True)))


def _arrived(before: Row[Any] | None) -> list[str]:
    return [DELIVERED] if before is not None and before.outcome == DELIVERED else []


def _taken(notice: Row[Any], before: Row[Any] | None, way: int, what: str, found: Sequence[Row[Any]]) -> ways.Taken:
    place = before if before is not None else notice
    return ways.Taken(
        notice_id=notice.notice_id,
        way=way,
        channel=place.channel,
        point_no=place.point_no,
        gateway=found[0].gateway,
        reference=next((row.reference for row in found if row.reference), ""),
        outcome=what,
        code="" if what == DELIVERED else _code(found),
    )


def _code(found: Sequence[Row[Any]]) -> str:
    """Return the first code by which a gateway said why a message came back."""
    return next((row.code for row in found if row.code), "came_back")


def _left_open(notice: Row[Any], before: Mapping[int, Row[Any]], arrived: int) -> list[ways.Taken]:
    """Return the last way of a notice that has arrived by an earlier one, where it may have gone out and has no row."""
    if arrived == notice.way or notice.way in before or _not_begun(notice):
        return []
    return [
        ways.Taken(
            notice_id=notice.notice_id,
            way=notice.way,
            channel=notice.channel,
            point_no=notice.point_no,
            outcome={"delivered": ACCEPTED, "failed": FAILED}.get(notice.state, UNKNOWN),
            code=notice.code,
        )
    ]


def _not_begun(notice: Row[Any]) -> bool:
    return bool(notice.state == QUEUED and notice.attempts == 0)


def _settled(tx: Tx, notice: Row[Any], before: Row[Any] | None, arrived: int) -> Settled:
    place = before if before is not None else notice
    return settling.changed(
        notice,
        state=NOTICE_LIFE.move(notice.state, "arrived"),
        code="",
        due_at=None,
        now=tx.now,
        channel=place.channel,
        point_no=place.point_no,
        way=arrived if _not_begun(notice) else notice.way,
    )
