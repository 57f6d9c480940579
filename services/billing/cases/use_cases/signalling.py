"""Signals come in: from bills, from reading, and as tips; they open a case of their kind at their point, or join it."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.billing.bills.domain.bills import Found
from services.billing.bills.domain.case_rules import CaseRules
from services.billing.bills.domain.policy import Policies
from services.billing.cases.domain import cases, signals
from services.billing.cases.domain.signals import JOINED, LATE, REFUSED, Signal, Where
from services.billing.cases.store import signals as store
from services.billing.context import Context
from services.billing.contracts.store import points as points_store
from shared import natural, org_units
from shared.business_calendar import Calendar
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.events.reading import MeterAlarmRaised, ObservationRecorded, ServicePointChanged
from shared.outcome import ALREADY_DONE, OTHER_ORG_UNIT, REPEATED, Outcome, refused
from shared.web.business_day import InTheFuture

ACTOR = "system:cases"
OCCURRED = "occurred"
CONFLICT = "case_signal.conflicting_duplicate"
ENDED = "case_signal.case_ended"


async def of_bills(tx: Tx, found: Sequence[Found], policies: Policies, calendar: Calendar) -> None:
    """Take findings on bills for signals where the policy of their read days says so: one for each period of a contract and code.

    The accounts of the bills are locked, and their points known to be theirs.
    """
    new: dict[tuple[str, ...], Signal] = {}
    units: dict[str, str] = {}
    for one in found:
        rules = policies.on(one.read_date).cases
        for code in {finding.code for finding in one.findings}:
            kind = rules.kind_of(cases.FINDING, code)
            if kind is None:
                continue
            number = natural.key_id(one.period_from, "finding", one.contract_no, one.period_to)
            signal = _signal(cases.FINDING, number, code, kind, one.service_point_no, one.read_date, one.bill_id)
            new.setdefault(signal.key, replace(signal, org_unit=one.org_unit))
            units[one.service_point_no] = one.org_unit
    if new and await store.insert(tx, [new[key] for key in sorted(new)]):
        await _place(tx, units, policies, calendar)


async def of_uses(tx: Tx, given: Sequence[tuple[str, str, str, date]], *, context: Context) -> None:
    """Take findings of use (id, code, service point, day on which it was found) for signals, where the policy says so."""
    found = []
    for finding_id, code, point, day in given:
        if (kind := _rules(context.policies, day).kind_of(cases.FINDING, code)) is not None:
            number = natural.key_id(day, "use_finding", finding_id)  # found again on another day it is another signal
            found.append(_signal(cases.FINDING, number, code, kind, point, day, finding_id))
    await _record(tx, found, context=context)


async def of_observations(tx: Tx, facts: Sequence[ObservationRecorded], *, context: Context) -> None:
    """Take what was seen at points for signals, where the policy of that day says so."""
    given = []
    for fact in facts:
        day = _day(fact.seen_at, context.zone)
        if (kind := _rules(context.policies, day).kind_of(cases.OBSERVATION, fact.kind)) is not None:
            number = fact.observation_id
            given.append(_signal(cases.OBSERVATION, number, fact.kind, kind, fact.service_point_no, day, number))
    await _record(tx, given, context=context)


async def of_alarms(tx: Tx, facts: Sequence[MeterAlarmRaised], *, context: Context) -> None:
    """Take alarms of meters that something has begun for signals, where the policy of that day says so."""
    given = []
    for fact in facts:
        day = _day(fact.happened_at, context.zone)
        kind = _rules(context.policies, day).kind_of(cases.ALARM, fact.kind)
        if fact.state == OCCURRED and kind is not None:
            number = fact.alarm_id
            given.append(_signal(cases.ALARM, number, fact.kind, kind, fact.service_point_no, day, number))
    await _record(tx, given, context=context)


async def tips(
    tx: Tx,
    given: Sequence[tuple[str, str, str, date]],
    *,
    actor: str,
    units: Sequence[str],
    may_see: Callable[[str], bool],
    last: date,
    context: Context,
) -> list[Outcome]:
    """Take tips (number of who brings it, kind, service point, day on which it was seen) for signals, an outcome each.

    `already_done`: the number is there with the same content; `conflicting_duplicate`: with other content, not kept;
    `waiting`: billing does not know the point yet, or its case has ended and a person decides on
    reopening it. None is taken of a day after the `last`, or of a number that is given twice.
    """
    times = Counter(number for number, *_ in given)
    owners = await points_store.anchor(tx, [point for _, _, point, _ in given])
    signals_ = [_tip(each, actor, units) for each in given]
    known = await store.by_key(tx, [each.key for each in signals_])
    outcomes: list[Outcome | None] = []
    for signal in signals_:
        owner, old = owners.get(signal.service_point_no), known.get(signal.key)
        if times[signal.source_no] > 1:
            outcomes.append(refused(REPEATED, id=signal.source_no))
        elif signal.seen_on > last:
            outcomes.append(refused(InTheFuture.code, InTheFuture.title, signal.source_no))
        elif owner is not None and not may_see(owner):
            outcomes.append(refused(OTHER_ORG_UNIT, id=signal.source_no))
        elif old is not None:
            same = old.says(signal)
            outcomes.append(ALREADY_DONE if same else Outcome("conflicting_duplicate", CONFLICT, "other content"))
        else:
            outcomes.append(None)
    new = [signal for signal, outcome in zip(signals_, outcomes, strict=True) if outcome is None]
    case_of = await _record(tx, new, context=context)
    tx.audit(
        [
            AuditEntry(action="case.signal", entity_kind="case_signal", entity_id=signal.signal_id, actor=actor)
            for signal in new
        ]
    )
    return [outcome or _became(signal, case_of) for signal, outcome in zip(signals_, outcomes, strict=True)]


async def points_known(tx: Tx, facts: Sequence[ServicePointChanged], *, context: Context) -> None:
    """Let what waited for these points open or join cases; a tip of who may not see its point is refused."""
    numbers = sorted({fact.service_point_no for fact in facts})
    owners = await points_store.owners(tx, numbers, for_update=True)
    await _place(tx, owners, context.policies, context.calendar)


async def _record(tx: Tx, given: Sequence[Signal], *, context: Context) -> dict[str, tuple[str, str]]:
    """Keep signals that are new, waiting, and place those whose points are known; return state and case of each that has one."""
    first: dict[tuple[str, ...], Signal] = {}
    for signal in given:
        first.setdefault(signal.key, signal)
    if not first:
        return {}
    ordered = [first[key] for key in sorted(first)]
    owners = await points_store.anchor(tx, [signal.service_point_no for signal in ordered])
    await store.insert(tx, ordered)
    return await _place(tx, owners, context.policies, context.calendar)


async def _place(tx: Tx, owners: dict[str, str], policies: Policies, calendar: Calendar) -> dict[str, tuple[str, str]]:
    """Let what waits at points open or join cases; return the state and case of each signal, in as many statements always."""
    waiting = await store.waiting_at(tx, sorted(owners)) if owners else []
    if not waiting:
        return {}
    await store.lock(tx, [signal.where for signal in waiting])
    locked = {signal.where for signal in waiting}
    waiting = [each for each in await store.waiting_at(tx, sorted(owners)) if each.where in locked]  # as it is by now
    by_where: dict[Where, list[Signal]] = {}
    became: dict[str, tuple[str, str | None, str]] = {}
    for signal in waiting:
        unit = owners[signal.service_point_no]
        if org_units.allows(signal.word, unit):
            by_where.setdefault(signal.where, []).append(signal)
        else:
            became[signal.signal_id] = (REFUSED, None, signal.org_unit)
    there = await store.cases_at(tx, list(by_where)) if by_where else {}
    opened: dict[str, tuple[str, str, int, date]] = {}
    earlier: dict[str, tuple[str, date]] = {}
    reopened: set[str] = set()
    for where, mine in by_where.items():
        joined = signals.join(where, there.get(where, []), mine)
        if (case := joined.opened) is not None:
            opened[case.case_no] = (*where, case.number, case.first_signal_on)
        earlier |= {no: (where[1], day) for no, day in joined.earlier.items()}
        reopened |= {case.case_no for case in there.get(where, []) if case.reopened}
        for signal_id, case_no in joined.case_of.items():
            state = LATE if signal_id in joined.late else JOINED
            became[signal_id] = (state, case_no, owners[where[0]])
    await _open(tx, opened, owners, policies, calendar)
    if earlier:
        await store.begin_earlier(tx, {no: day for no, (_, day) in earlier.items()})
        since = {no: begun for no, begun in earlier.items() if no not in reopened}
        await store.move_steps(tx, _steps(since, policies, calendar))
    await store.settle(tx, became)
    return {signal_id: (state, case_no) for signal_id, (state, case_no, _) in became.items() if case_no is not None}


async def _open(
    tx: Tx,
    opened: dict[str, tuple[str, str, int, date]],
    owners: dict[str, str],
    policies: Policies,
    calendar: Calendar,
) -> None:
    if not opened:
        return
    rows = [
        {
            "case_no": case_no,
            "kind": kind,
            "service_point_no": point,
            "number": number,
            "org_unit": owners[point],
            "state": cases.LIFE.start(cases.OPEN),
            "row_version": 1,
            "first_signal_on": day,
        }
        for case_no, (point, kind, number, day) in opened.items()
    ]
    await store.open_cases(tx, rows)
    await store.put_steps(tx, _steps({no: (kind, day) for no, (_, kind, _, day) in opened.items()}, policies, calendar))
    tx.audit(
        [
            AuditEntry(action="case.open", entity_kind="case", entity_id=no, actor=ACTOR, after_version=1)
            for no in opened
        ]
    )


def _steps(
    begun: dict[str, tuple[str, date]], policies: Policies, calendar: Calendar
) -> list[tuple[str, str, date, date | None]]:
    return [
        (case_no, step, day, due_on)
        for case_no, (kind, day) in begun.items()
        for step, due_on in cases.due_days(_rules(policies, day), kind, day, calendar).items()
    ]


def _rules(policies: Policies, day: date) -> CaseRules:
    return policies.on_or_first(day).cases


def _day(instant: datetime, zone: ZoneInfo) -> date:
    return instant.astimezone(zone).date()


def _signal(source: str, number: str, code: str, kind: str, point: str, seen_on: date, reference: str | None) -> Signal:
    return Signal(
        signal_id=natural.key_id(seen_on, "case_signal", source, "", number, code),
        source=source,
        brought_by="",
        source_no=number,
        code=code,
        kind=kind,
        service_point_no=point,
        seen_on=seen_on,
        reference=reference,
    )


def _tip(given: tuple[str, str, str, date], actor: str, units: Sequence[str]) -> Signal:
    number, kind, point, seen_on = given
    return Signal(
        signal_id=natural.key_id(seen_on, "case_signal", cases.TIP, actor, number, kind),
        source=cases.TIP,
        brought_by=actor,
        source_no=number,
        code=cases.TIP,
        kind=kind,
        service_point_no=point,
        seen_on=seen_on,
        org_unit=org_units.above(units) or "",
        word=org_units.word(units),
    )


def _became(signal: Signal, case_of: dict[str, tuple[str, str]]) -> Outcome:
    if signal.signal_id not in case_of:
        return Outcome("waiting", "case_signal.unknown_service_point", "Waits until its service point is known")
    state, case_no = case_of[signal.signal_id]
    if state == LATE:
        return Outcome("waiting", ENDED, "Its case has ended: listed as late until somebody reopens the case", case_no)
    return Outcome("done", id=case_no)
