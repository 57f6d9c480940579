"""Observations come in from who was there: by themselves, with a field entry or a report of a visit; kept and told once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.reading.context import Context
from services.reading.network.domain import calendar
from services.reading.network.domain.reference import ServicePoint
from services.reading.network.store import points
from services.reading.observations import store
from services.reading.observations.domain import Observation, Observed
from services.reading.orders import store as orders
from services.reading.orders.domain import Order
from services.reading.orders.use_cases.assigning import UNKNOWN
from shared import natural
from shared.db.engine import Tx
from shared.events.reading import ObservationRecorded
from shared.outcome import OTHER_ORG_UNIT, Outcome, refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What an observer tells of a place and time."""

    observed: Observed
    observed_by: str
    service_point_no: str
    seen_at: datetime
    order_no: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What observations are held against."""

    points: Mapping[str, ServicePoint]
    orders: Mapping[str, Order]
    may_see: Callable[[str], bool]
    latest: datetime
    own: Context

    def judge(self, seen: Seen) -> Observation | Outcome:
        """Return the observation, or why it cannot be one."""
        number, point = seen.observed.observation_no, self.points.get(seen.service_point_no)
        order = self.orders.get(seen.order_no or "")
        if seen.seen_at.microsecond:
            return refused("reading.bad_time", "seen_at needs whole seconds", number)
        if seen.seen_at > self.latest:
            return refused("reading.in_the_future", "seen_at lies in the future", number)
        if point is None:
            return refused("reading.unknown_service_point", "there is no such service point", number)
        if not self.may_see(point.org_unit):
            return refused(OTHER_ORG_UNIT, id=number)
        if seen.order_no is not None and (order is None or order.point != seen.service_point_no):
            return refused(UNKNOWN, "there is no such site order at that point", number)
        day = calendar.local_day(seen.seen_at, self.own.zone)
        return Observation(
            observation_id=natural.key_id(day, "observation", seen.observed_by, number),
            observed_by=seen.observed_by,
            observation_no=number,
            service_point_no=seen.service_point_no,
            org_unit=point.org_unit,
            seen_at=seen.seen_at,
            kind=seen.observed.kind,
            severity=seen.observed.severity,
            evidence=seen.observed.evidence,
            order_no=seen.order_no,
        )


async def against(
    tx: Tx, groups: Sequence[Sequence[Seen]], *, may_see: Callable[[str], bool], own: Context
) -> list[Outcome | None]:
    """Return of each group what speaks against the first of its observations that cannot be kept, as far as is known by now.

    Who takes a group whole, or not at all, asks before anything is changed. Three statements.
    """
    seen = [each for group in groups for each in group]
    there_now = await points.by_no(tx, [each.service_point_no for each in seen])
    known = await _known(tx, seen, there_now, may_see, own)
    there = await store.by_key(tx, [(each.observed_by, each.observed.observation_no) for each in seen])

    def wrong(each: Seen) -> Outcome | None:
        made = known.judge(each)
        if isinstance(made, Outcome):
            return made
        if there.setdefault(made.key, made).says(made):
            return None
        return refused("reading.other_observation", "its number is there with other content", made.observation_no)

    found = [next(filter(None, map(wrong, group)), None) for group in groups]
    return [each and replace(each, message=f"observation {each.id}: {each.message}") for each in found]


async def record(
    tx: Tx, given: Sequence[Seen | Outcome], *, may_see: Callable[[str], bool], own: Context
) -> list[Outcome]:
    """Keep what was seen, and tell it; one outcome per item, what is no item at all comes with its outcome.

    `already_done`: the observer's number is there with the same content; `conflicting_duplicate`: with other content, not kept.
    """
    seen = [each for each in given if isinstance(each, Seen)]
    locked = await points.lock(tx, [each.service_point_no for each in seen])
    known = await _known(tx, seen, locked, may_see, own)
    judged = [known.judge(each) if isinstance(each, Seen) else each for each in given]
    first: dict[store.Key, Observation] = {}
    for each in judged:
        if isinstance(each, Observation):
            first.setdefault(each.key, each)
    claimed = [first[key] for key in sorted(first)]  # one order for all batches: none waits for another in a ring
    new = await store.insert(tx, claimed)
    tx.publish([_told(each) for each in claimed if each.observation_id in new])
    there = await store.by_key(tx, list(first))
    return [each if isinstance(each, Outcome) else _met(each, there[each.key], new) for each in judged]


async def _known(
    tx: Tx,
    seen: Sequence[Seen],
    there: Mapping[str, ServicePoint],
    may_see: Callable[[str], bool],
    own: Context,
) -> _Known:
    ahead = own.policies.on(calendar.local_day(tx.now, own.zone)).future_seconds_max
    return _Known(
        points=there,
        orders=await orders.by_no(tx, [each.order_no for each in seen if each.order_no]),
        may_see=may_see,
        latest=tx.now + timedelta(seconds=ahead),
        own=own,
    )


def _met(given: Observation, there: Observation, new: set[str]) -> Outcome:
    """Return what became of an observation; the first of a new number is that one."""
    if not there.says(given):
        return Outcome("conflicting_duplicate", id=there.observation_id)
    if there.observation_id not in new:
        return Outcome("already_done", id=there.observation_id)
    new.discard(there.observation_id)
    return Outcome("done", id=there.observation_id)


def _told(seen: Observation) -> ObservationRecorded:
    return ObservationRecorded(
        observation_id=seen.observation_id,
        service_point_no=seen.service_point_no,
        org_unit=seen.org_unit,
        kind=seen.kind,
        severity=seen.severity,
        seen_at=seen.seen_at,
        observed_by=seen.observed_by,
        evidence=seen.evidence,
        order_no=seen.order_no,
    )
