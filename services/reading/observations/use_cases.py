"""Observations come in from who was there, each answered by itself, kept and told once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.reading.network.domain import calendar
from services.reading.network.domain.reference import ServicePoint
from services.reading.network.store import points
from services.reading.observations import store
from services.reading.observations.domain import Observation
from services.reading.orders import store as orders
from services.reading.orders.domain import Order
from services.reading.orders.use_cases.assigning import UNKNOWN
from shared import natural
from shared.db.engine import Tx
from shared.events.reading import ObservationRecorded
from shared.outcome import OTHER_ORG_UNIT, Outcome, refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What an observer tells."""

    observation_no: str
    service_point_no: str
    seen_at: datetime
    kind: str
    severity: str
    evidence: str | None
    order_no: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What an observation is held against."""

    points: Mapping[str, ServicePoint]
    orders: Mapping[str, Order]
    may_see: Callable[[str], bool]
    latest: datetime

    def refusal(self, seen: Seen) -> Outcome | None:
        """Return why something cannot be an observation."""
        number, point = seen.observation_no, self.points.get(seen.service_point_no)
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
        return None


async def record(
    tx: Tx,
    given: Sequence[Seen | Outcome],
    *,
    observer: str,
    may_see: Callable[[str], bool],
    future_seconds_max: int,
    zone: ZoneInfo,
) -> list[Outcome]:
    """Keep what somebody saw, and tell it; one outcome per item, what is no item at all comes with its outcome.

    `already_done`: the observer's number is there with the same content; `conflicting_duplicate`: with other content, not kept.
    """
    seen = [each for each in given if isinstance(each, Seen)]
    locked = await points.lock(tx, [each.service_point_no for each in seen])
    known = Known(
        points=locked,
        orders=await orders.by_no(tx, [each.order_no for each in seen if each.order_no]),
        may_see=may_see,
        latest=tx.now + timedelta(seconds=future_seconds_max),
    )
    outcomes = [known.refusal(each) if isinstance(each, Seen) else each for each in given]
    wanted = [
        _observation(each, observer, locked[each.service_point_no].org_unit, zone)
        for each, outcome in zip(given, outcomes, strict=True)
        if isinstance(each, Seen) and outcome is None
    ]
    first: dict[str, Observation] = {}
    for each in wanted:
        first.setdefault(each.observation_no, each)
    claimed = [first[number] for number in sorted(first)]  # one order for all batches: none waits for another in a ring
    new = await store.insert(tx, claimed)
    tx.publish([_told(each) for each in claimed if each.observation_id in new])
    there = await store.by_no(tx, observer, [each.observation_no for each in claimed])
    take = iter([_met(each, there[each.observation_no], new) for each in wanted])
    return [outcome or next(take) for outcome in outcomes]


def _observation(seen: Seen, observer: str, org_unit: str, zone: ZoneInfo) -> Observation:
    day = calendar.local_day(seen.seen_at, zone)
    return Observation(
        observation_id=natural.key_id(day, "observation", observer, seen.observation_no),
        observed_by=observer,
        observation_no=seen.observation_no,
        service_point_no=seen.service_point_no,
        org_unit=org_unit,
        seen_at=seen.seen_at,
        kind=seen.kind,
        severity=seen.severity,
        evidence=seen.evidence,
        order_no=seen.order_no,
    )


def _met(given: Observation, there: Observation, new: set[str]) -> Outcome:
    """Return what became of an observation; the first of a new number is that one."""
    if (given.service_point_no, given.seen_at, given.kind, given.severity, given.evidence, given.order_no) != (
        there.service_point_no,
        there.seen_at,
        there.kind,
        there.severity,
        there.evidence,
        there.order_no,
    ):
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
