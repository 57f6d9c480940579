"""Alarms coming in: each item answered by itself, and told where it is known at which point the meter stood."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from services.reading.alarms import store
from services.reading.alarms.domain import HEAD_END, OCCURRED, Alarm, AlarmKey
from services.reading.alarms.store import Place
from services.reading.network.domain import calendar
from services.reading.network.store import points
from services.reading.orders.domain import RULE, Asked
from services.reading.orders.use_cases import asking
from services.reading.orders.use_cases.asking import Deadlines
from services.reading.tasks.domain.tasks import cycle_of
from services.reading.validation import store as findings
from services.reading.validation.domain import duplicate
from services.reading.validation.domain.findings import Finding, Found
from shared import natural
from shared.db.engine import Tx
from shared.events.reading import MeterAlarmRaised
from shared.outcome import OTHER_ORG_UNIT, Outcome, refused

BY_ALARM = "rule:meter_alarm"
NOWHERE = "reading.meter_stands_nowhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Who tells of alarms; `meter_no` limits it to one meter, which is no head-end."""

    subject: str
    message_id: str
    may_see: Callable[[str], bool]
    meter_no: str | None


async def record(
    tx: Tx, *, items: Sequence[Alarm | Outcome], teller: Teller, deadlines: Deadlines, zone: ZoneInfo
) -> list[Outcome]:
    """Keep alarms, and tell those of meters that stand at a point. One outcome per item; one that comes as an outcome keeps it.

    `done`: accepted; with the code `reading.meter_stands_nowhere` it is kept and listed, and told to nobody.
    `already_done`: the natural key (meter, instant, kind, source) is there with the same state.
    `conflicting_duplicate`: it is there with the other state, which stays; a finding tells. `refused`: with a code.
    """
    policy = deadlines.policies.on(calendar.local_day(tx.now, zone))
    latest = tx.now + timedelta(seconds=policy.future_seconds_max)
    days = {alarm: calendar.local_day(alarm.key.happened_at, zone) for alarm in items if isinstance(alarm, Alarm)}
    found = await store.places(tx, list({(alarm.key.meter_no, day): None for alarm, day in days.items()}))
    places = {alarm: found.get((alarm.key.meter_no, day)) for alarm, day in days.items()}

    def refusal(alarm: Alarm) -> Outcome | None:
        place = places[alarm]
        if alarm.key.happened_at.microsecond:
            return refused("reading.bad_time", "happened_at needs whole seconds")
        if alarm.key.happened_at > latest:
            return refused("reading.in_the_future", "happened_at lies in the future")
        if place is None:
            return refused("reading.unknown_meter", "there is no such meter")
        if not teller.may_see(place.org_unit) or teller.meter_no not in (None, alarm.key.meter_no):
            return refused(OTHER_ORG_UNIT, "the meter is outside what this sender may tell of")
        if alarm.key.source == HEAD_END and teller.meter_no is not None:
            return refused("reading.unknown_source", "the device of one meter is no head-end")
        return None

    outcomes = [refusal(item) if isinstance(item, Alarm) else item for item in items]
    first: dict[AlarmKey, tuple[Alarm, Place]] = {}
    for item, outcome in zip(items, outcomes, strict=True):
        if isinstance(item, Alarm) and outcome is None and (place := places[item]):
            first.setdefault(item.key, (item, place))
    claimed = [first[key] for key in sorted(first)]  # one order for all batches: none waits for another in a ring
    new = await store.insert(tx, claimed, uploader=teller.subject, message_id=teller.message_id)
    known = await store.states(tx, [alarm.key for alarm, _ in claimed if alarm.key not in new])
    known |= {alarm.key: alarm.state for alarm, _ in claimed if alarm.key in new}
    told = await _tell(tx, [(alarm, place) for alarm, place in claimed if alarm.key in new])
    asked = [
        _order(alarm, place, policy.site_orders.alarms[alarm.key.kind], days[alarm])
        for alarm, place in told
        if alarm.state == OCCURRED and alarm.key.kind in policy.site_orders.alarms
    ]
    await asking.ask_by_rule(tx, asked, deadlines=deadlines)

    answered: list[Outcome] = []
    conflicts: list[Found] = []
    for item, outcome in zip(items, outcomes, strict=True):
        if isinstance(item, Alarm) and outcome is None and (place := places[item]):
            outcome = _outcome(item, place, known[item.key], new)
            if outcome.status == "conflicting_duplicate":
                conflicts.append(_conflict(item, place, cycle_of(days[item])))
        assert outcome is not None
        answered.append(outcome)
    await findings.insert(tx, conflicts)
    return answered


def _outcome(alarm: Alarm, place: Place, known: str, new: set[AlarmKey]) -> Outcome:
    """Return what became of an alarm that is stored, this one or another of its key; the first of a new key is that one."""
    alarm_id = alarm.key.alarm_id
    if alarm.state != known:
        return Outcome("conflicting_duplicate", id=alarm_id)
    if alarm.key not in new:
        return Outcome("already_done", id=alarm_id)
    new.discard(alarm.key)
    if place.service_point_no:
        return Outcome("done", id=alarm_id)
    return Outcome("done", NOWHERE, "the meter stands nowhere on that day; the alarm is kept", alarm_id)


async def _tell(tx: Tx, new: Sequence[tuple[Alarm, Place]]) -> list[tuple[Alarm, Place]]:
    """Tell the alarms of meters that stand at a point, and return them; these points are locked."""
    told = [(alarm, place) for alarm, place in new if place.service_point_no]
    if not told:
        return []
    await points.lock(tx, [place.service_point_no for _, place in told])
    tx.publish(
        [
            MeterAlarmRaised(
                alarm_id=alarm.key.alarm_id,
                service_point_no=place.service_point_no,
                org_unit=place.org_unit,
                meter_no=alarm.key.meter_no,
                kind=alarm.key.kind,
                state=alarm.state,
                happened_at=alarm.key.happened_at,
                source=alarm.key.source,
            )
            for alarm, place in told
        ]
    )
    return told


def _order(alarm: Alarm, place: Place, kind: str, day: date) -> Asked:
    return Asked(
        order_no=natural.key_id(day, "site_order", alarm.key.alarm_id),
        kind=kind,
        service_point_no=place.service_point_no,
        org_unit=place.org_unit,
        origin=RULE,
        requested_by=BY_ALARM,
        reason=alarm.key.kind,
        reference=alarm.key.alarm_id,
        cycle=None,
        asked_on=day,
    )


def _conflict(alarm: Alarm, place: Place, cycle: str) -> Found:
    return Found(
        entity_kind="alarm",
        entity_id=alarm.key.alarm_id,
        finding=Finding(duplicate.CODE, {}),
        service_point_no=place.service_point_no,
        org_unit=place.org_unit,
        cycle=cycle,
    )
