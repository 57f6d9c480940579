"""Notices are queued for when they may go out: not in quiet hours, and not more in a week than a party can take.

Whoever queues for a party holds its lock, so that two batches never take the same last place. A constant number of statements.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Row

from services.notify.notices.domain import pacing, states
from services.notify.notices.domain.pacing import Place, Told, Waiting
from services.notify.notices.store import weeks
from services.notify.notices.store.queue import Planned, queue
from services.notify.parties.domain import Chosen
from services.notify.parties.domain.preferences import Preferences, zone_of
from services.notify.parties.store import parties
from services.notify.policies.domain import Policies, Policy, in_force
from services.notify.templates.domain import Figures
from shared.db.engine import Tx
from shared.events.notify import NoticeFailed

FIRMS: Final = "firm"
"""The kind of party whose week has no budget: an agency has some hundred flats."""


async def queue_paced(tx: Tx, planned: Sequence[Planned], policies: Policies) -> None:
    """Queue notices, each once, for when its party may be told; what was declined or withdrawn is kept as such, and published."""
    policy = in_force(policies, tx.now)
    found = await parties.lock_told(tx, [each.chosen.party_no for each in planned])
    forms = {
        (kind, preferences): Told(zone_of(preferences, policy.zone), preferences.open_hours(), kind != FIRMS)
        for kind, preferences in set(found.values())
    }
    told = {party_no: forms[form] for party_no, form in found.items()}
    at_once = {
        zone: Place(tx.now, pacing.AT_ONCE, pacing.week_of(tx.now, zone)) for zone in {f.zone for f in forms.values()}
    }
    for each in planned:
        if not each.code:
            _give_place(each, at_once, told[each.chosen.party_no], policy)
    new = await queue(tx, planned)
    unsent = [each for each in planned if each.code and each.key in new]
    if unsent:
        _publish_unsent(tx, unsent)
    if new:
        await _share_out(tx, told, min(pacing.week_of(tx.now, zone) for zone in at_once), policy)


def _give_place(each: Planned, at_once: Mapping[ZoneInfo, Place], told: Told, policy: Policy) -> None:
    each.place = at_once[told.zone]
    joins = _joins(each.chosen.channel, each.cause.template, policy)
    if joins or _keeps_quiet(each.chosen, policy):
        last_day = tell_by(each.cause.template, each.cause.figures, policy)
        manner = policy.manners[each.cause.template]
        each.chosen, each.place = _in_time(
            each.chosen, last_day, each.place.due_at, told, policy, joins=joins, at_once=manner.at_once
        )


def next_place(
    now: datetime,
    chosen: Chosen,
    tell_by: date | None,
    preferences: Preferences,
    policy: Policy,
    *,
    at_once: bool = False,
) -> tuple[Chosen, Place]:
    """Return which way a notice goes on, and when: `chosen`, or another one where that would miss its day."""
    told = Told(zone_of(preferences, policy.zone), preferences.open_hours(), budgeted=False)
    return _in_time(chosen, tell_by, now, told, policy, at_once=at_once)


def _in_time(
    chosen: Chosen,
    tell_by: date | None,
    now: datetime,
    told: Told,
    policy: Policy,
    *,
    joins: bool = False,
    at_once: bool = False,
) -> tuple[Chosen, Place]:
    quiet, pace = _keeps_quiet(chosen, policy), policy.pace
    place = pacing.own_place(now, quiet=quiet, tell_by=tell_by, told=told, pace=pace, joins=joins, at_once=at_once)
    if place.paced == pacing.DEADLINE and chosen.still is not None and not at_once:  # what is so near goes the fast way
        chosen = replace(chosen, point_no=chosen.still[0], channel=chosen.still[1])
    return chosen, place


def _joins(channel: str, template: str, policy: Policy) -> bool:
    way = policy.channels.get(channel)
    return policy.pace.join_at is not None and policy.manners[template].joins and way is not None and way.joins


def _keeps_quiet(chosen: Chosen, policy: Policy) -> bool:
    channel = policy.channels.get(chosen.channel)
    return channel is not None and channel.quiet


def tell_by(template: str, figures: Figures, policy: Policy) -> date | None:
    """Return the day by which a party must be told of this; None: there is no such day."""
    name = policy.manners[template].tell_by
    text = str(figures.get(name, "-")) if name else "-"
    return None if text == "-" else date.fromisoformat(text)


async def _share_out(tx: Tx, told: Mapping[str, Told], since: date, policy: Policy) -> None:
    """Give the places of a week out anew where a party has more to be told of than there may be room for."""
    budgeted = [party_no for party_no, one in told.items() if one.budgeted]
    least = min(policy.pace.budget.values())
    crowded = await weeks.crowded(tx, budgeted, since=since, more_than=least) if budgeted else []
    if not crowded:
        return
    by_party: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in await weeks.of_parties(tx, sorted(crowded), since=since):
        by_party[row.party_no].append(row)
    moved: list[tuple[Row[Any], Place]] = []
    for party_no, rows in by_party.items():
        moved += _moved(rows, tx.now, told[party_no], policy)
    if moved:
        await weeks.move(tx, [(row.notice_id, place) for row, place in moved])
        _publish_given_up(tx, [row for row, place in moved if place.week is None])


def _moved(rows: Sequence[Row[Any]], now: datetime, told: Told, policy: Policy) -> list[tuple[Row[Any], Place]]:
    """Return the notices of a party whose place changes. What was tried, or sent again by hand, has the place that it took."""
    movable = {row.notice_id: row for row in rows if _untried(row)}
    taken = Counter(row.week for row in rows if row.notice_id not in movable)
    waiting = [_waiting(row, told, policy) for row in movable.values()]
    found = pacing.places(waiting, taken, now=now, told=told, pace=policy.pace)
    return [
        (row, place)
        for notice_id, row in movable.items()
        if (place := found[notice_id]) != Place(row.due_at, row.paced, row.week)
    ]


def _untried(row: Row[Any]) -> bool:
    return row.state == states.QUEUED and not row.attempts and not row.resends and not row.way


def _waiting(row: Row[Any], told: Told, policy: Policy) -> Waiting:
    manner, channel = policy.manners[row.template], policy.channels.get(row.channel)
    quiet = channel is not None and channel.quiet
    last_day = tell_by(row.template, orjson.loads(row.figures), policy) if manner.tell_by else None
    joins = _joins(row.channel, row.template, policy)
    own = pacing.own_place(
        row.queued_at,
        quiet=quiet,
        tell_by=last_day,
        told=told,
        pace=policy.pace,
        joins=joins,
        at_once=manner.at_once,
    )
    if not quiet and row.paced == pacing.DEADLINE:  # it has gone another way to come in time
        own = replace(own, paced=pacing.DEADLINE)
    return Waiting(
        notice_id=row.notice_id,
        cause_id=row.cause_id,
        day=row.day,
        budget=manner.budget,
        quiet=quiet,
        tell_by=last_day,
        message=(row.point_no, row.channel) if joins else None,
        own=own,
    )


def _publish_unsent(tx: Tx, unsent: Iterable[Planned]) -> None:
    tx.publish(
        [
            NoticeFailed(
                account_no=each.cause.account_no,
                notice_id=each.notice_id,
                template=each.cause.template,
                channel=each.chosen.channel,
                cause_kind=each.cause.kind,
                cause_id=each.cause.id,
                causation_id=each.cause.id,
                reason=each.code,
            )
            for each in unsent
        ]
    )


def _publish_given_up(tx: Tx, rows: Iterable[Row[Any]]) -> None:
    tx.publish(
        [
            NoticeFailed(
                account_no=row.account_no,
                notice_id=row.notice_id,
                template=row.template,
                channel=row.channel,
                cause_kind=row.cause_kind,
                cause_id=row.cause_id,
                causation_id=row.cause_id,
                reason=weeks.NO_ROOM,
            )
            for row in rows
        ]
    )
