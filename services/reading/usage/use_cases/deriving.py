"""Whatever arrives: load what is known, derive the usages from it, compare them with what was told, tell the difference."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from services.reading.network.domain.installations import PointDay, first_day
from services.reading.network.store.points import DAILY_DUE, NOT_DAILY, Notes
from services.reading.tasks.domain.tasks import (
    BETWEEN,
    CUT,
    CYCLE,
    ESTIMATED,
    LIFE,
    MISSED,
    OPEN,
    PLANNED,
    READ,
    SUSPECT,
    TaskState,
    cycle_of,
    task_id,
)
from services.reading.usage.domain.ranking import SELF
from services.reading.usage.domain.timeline import compare, derive
from services.reading.usage.domain.timeline.agreement import Contradiction, Suspect
from services.reading.usage.domain.timeline.compare import Point, Told
from services.reading.usage.domain.timeline.known import InstallationKey
from services.reading.usage.domain.timeline.line import Timeline
from services.reading.usage.domain.usages import Usage
from services.reading.usage.use_cases import curves, telling
from services.reading.usage.use_cases.knowing import Loaded, Loader, Touched
from services.reading.usage.use_cases.telling import Place, Work
from services.reading.validation.domain import (
    contradicted,
    impossible,
    missing,
    negative,
    own_read_contradicted,
    rolled_over,
)
from services.reading.validation.domain.findings import Finding
from shared.db.engine import Tx

EVENT = {READ: "read", ESTIMATED: "estimate", MISSED: "miss", SUSPECT: "contradict", OPEN: "open_again"}
NO_ANSWERS: Mapping[str, frozenset[str]] = {}


@dataclass(slots=True)
class Derived:
    """What became of points: the registers that contradict others, by what they are called, with why; and what was told."""

    suspects: dict[str, Finding] = field(default_factory=dict)
    usages: list[Usage] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Why things are derived again. `reason`: a correction's code, empty where the usages themselves say why. `closing`: the
    planned date whose window is being closed. `again`: by point the days that a contract covers no more. `answering`: by point
    the reads that may answer a request to read again. `undated`: caused by a fact of another service."""

    reason: str = ""
    closing: date | None = None
    again: Mapping[str, Sequence[tuple[date, date]]] = field(default_factory=dict)
    answering: Mapping[str, frozenset[str]] = field(default_factory=lambda: NO_ANSWERS)
    undated: bool = False


async def derive_again(tx: Tx, touched: Touched, *, loader: Loader, change: Change = Change()) -> Derived:
    """Derive the usages of points from the earliest day touched, tell what differs, and return what does not agree.

    A constant number of statements; the points stay locked to the end of the unit of work.
    """
    if not touched:
        return Derived()
    work, derived = Work(), Derived()
    found = await lines(tx, touched, loader=loader, answering=change.answering)
    await curves.add(tx, found, loader=loader)
    for each, line in found:
        _settle(work, derived, each, line, change)
    await telling.write(tx, work, undated=change.undated)
    derived.usages = work.usages
    return derived


async def suspects(tx: Tx, service_point_nos: Sequence[str], *, loader: Loader) -> set[str]:
    """Return the registers of points that contradict others as things stand, by what they are called."""
    found = await lines(tx, dict.fromkeys(service_point_nos), loader=loader, answering=NO_ANSWERS)
    return {suspect.id for _, line in found for suspect in line.suspects}


async def lines(
    tx: Tx, touched: Touched, *, loader: Loader, answering: Mapping[str, frozenset[str]]
) -> list[tuple[Loaded, Timeline]]:
    """Return what is known of points and what is derived from it; where registers contradict each other, from the first day.

    Which of them agree is then told by all reads about these days, not by those of boundary days alone.
    """
    loaded = await loader.load(tx, touched, answering)
    found: dict[str, tuple[Loaded, Timeline]] = {}
    whole: dict[str, date | None] = {}
    for number, each in loaded.items():
        if not each.world.installations and not each.standing and not each.point.daily:
            continue
        try:
            found[number] = each, derive.derive(each.world, each.start)
        except Contradiction:
            whole[number] = None
    if whole:
        for number, each in (await loader.load(tx, whole, answering)).items():
            found[number] = each, derive.derive(each.world)
    disputed = {number: _disputed(line) for number, (_, line) in found.items() if line.suspects}
    if disputed:
        whole = dict.fromkeys(disputed)
        for number, each in (await loader.load(tx, whole, answering, disputed)).items():
            found[number] = each, derive.derive(each.world)
    return [found[number] for number in sorted(found)]


def _disputed(line: Timeline) -> set[tuple[InstallationKey, date]]:
    return {((suspect.installation.meter_no, suspect.installation.from_), suspect.on) for suspect in line.suspects}


def _settle(work: Work, derived: Derived, each: Loaded, line: Timeline, change: Change) -> None:
    point, world = each.point, each.world
    told = Told(
        point=Point(service_point_no=point.service_point_no, route_no=point.route_no, org_unit=point.org_unit),
        policy_on=world.policy_on,
        reason=change.reason,
        closing=change.closing,
        again=change.again.get(point.service_point_no, ()),
    )
    again = [usage for usage in each.standing if usage.period_from >= each.since]
    before = next((usage for usage in reversed(each.standing) if usage.period_to <= each.since), None)
    difference = compare.compare(line.periods, again, each.versions, before, told)
    work.tell(difference.usages, difference.findings, each.versions)
    _find(work, derived, each, line)
    now = {usage.period_to: usage for usage in again if usage.key in {period.key for period in line.periods}}
    now |= {usage.period_to: usage for usage in difference.usages if not usage.withdrawn}
    _move_tasks(work, each, line, now)
    _keep_cuts(work, each, now)
    for day, read_id in each.answers.items():
        work.answered[point.service_point_no, day] = read_id
    notes = Notes(
        watched_from=_watched_from(each, line, now),
        curved=any(contract.curve_minutes for contract in world.contracts),
        paced=any(contract.cycle_months > 1 for contract in world.contracts),
        daily=DAILY_DUE if point.daily or any(each.ever_prepaid for each in world.contracts) else NOT_DAILY,
    )
    if notes != (point.watched_from, point.curved, point.paced, point.daily):
        work.noted[point.service_point_no] = notes


def _find(work: Work, derived: Derived, each: Loaded, line: Timeline) -> None:
    point = each.point
    for suspect in line.suspects:
        finding = _why_suspect(suspect)
        derived.suspects[suspect.id] = finding
        place = Place(service_point_no=point.service_point_no, org_unit=point.org_unit, cycle=cycle_of(suspect.on))
        work.find("read" if suspect.read else "installation", suspect.id, place, finding)
    for meter, pin in line.turned:
        found = rolled_over.find(True, (pin.on - meter.from_).days)
        assert found is not None
        entity = pin.read.read_id if pin.read else f"{meter.meter_no}~{meter.from_}~closing"
        place = Place(service_point_no=point.service_point_no, org_unit=point.org_unit, cycle=cycle_of(pin.on))
        work.find("read" if pin.read else "installation", entity, place, found)


def _why_suspect(suspect: Suspect) -> Finding:
    found = negative.find(suspect.backward, suspect.days) or impossible.find(suspect.too_far, suspect.days)
    is_own = suspect.read is not None and suspect.read.source == SELF
    return found or (own_read_contradicted if is_own else contradicted).find(suspect.days)


def _move_tasks(work: Work, each: Loaded, line: Timeline, now: Mapping[date, Usage]) -> None:
    missed, waiting, in_a_row = set(line.missed), set(line.read), 0
    suspect_days = {suspect.on for suspect in line.suspects}
    for ending in each.endings:
        task = ending.task
        if task.read_date <= each.since:
            continue
        usage, kind = now.get(task.read_date), task.kind
        if kind in PLANNED:
            kind = BETWEEN if task.read_date in line.between else CYCLE
            if kind != task.kind:
                work.kinds[task.key] = kind
        shut = ending.closed and kind == CYCLE
        status = _status(task.read_date, usage, missed, waiting, suspect_days, shut=shut)
        in_a_row = in_a_row + 1 if status in (ESTIMATED, MISSED) else 0
        if status in (ESTIMATED, MISSED) and kind == CYCLE and task.status != status:
            found = missing.find(0, usage.estimates_in_a_row if usage else in_a_row)
            assert found is not None
            place = Place(service_point_no=task.service_point_no, org_unit=task.org_unit, cycle=task.cycle)
            work.find("task", task_id(*task.key), place, found)
        usage_id = usage.usage_id if usage else None
        if (status, usage_id) != (task.status, task.usage_id):
            moved = task.status if status == task.status else LIFE.move(task.status, EVENT[status])
            work.tasks[task.key] = TaskState(status=moved, usage_id=usage_id)
        if ending.closed and CYCLE in (kind, task.kind) and (status, kind) != (task.status, task.kind):
            work.settled.add((task.route_no, task.read_date))


def _status(
    day: date, usage: Usage | None, missed: set[date], waiting: set[date], suspects: set[date], *, shut: bool
) -> str:
    if usage is not None:
        return ESTIMATED if usage.quality == ESTIMATED else READ
    if day in waiting:
        return READ
    if day in missed or shut:
        return MISSED  # also where something before it still waits to be decided, or no meter stood there
    return SUSPECT if day in suspects else OPEN


def _keep_cuts(work: Work, each: Loaded, now: Mapping[date, Usage]) -> None:
    """Keep a task on each day on which a contract begins or ends after the first meter came, unless another one is there."""
    world, point = each.world, each.point
    if not world.installations:
        return
    first = first_day(world.installations)
    wanted = {day for contract in world.contracts for day in (contract.from_, contract.to) if day and day > first}
    there = {ending.task.read_date: ending for ending in each.endings}
    for day in sorted(wanted - there.keys()):
        cut = PointDay(
            service_point_no=point.service_point_no, route_no=point.route_no, org_unit=point.org_unit, day=day
        )
        usage = now.get(day)
        planned = next((end for end in world.ends if end.planned and end.day > day), None)
        work.cuts.append((cut, usage.cycle if usage else (planned or world.next_planned(day)).cycle))
        if usage is not None:
            status = LIFE.move(OPEN, EVENT[ESTIMATED if usage.quality == ESTIMATED else READ])
            work.tasks[point.service_point_no, day] = TaskState(status=status, usage_id=usage.usage_id)
    for day, ending in there.items():
        if ending.task.kind == CUT and day not in wanted:
            if ending.asked:
                work.cuts_asked.append(ending.task.key)
            else:
                work.cuts_gone.append(ending.task.key)
                work.tasks.pop(ending.task.key, None)


def _watched_from(each: Loaded, line: Timeline, now: Mapping[date, Usage]) -> date | None:
    """Return from when on reads that end no period may change what was told: the beginning of the first period that rests on
    an estimate or on suspect registers, or where something waits to be decided."""
    earlier = [usage for usage in each.standing if usage.period_to <= each.since]
    usages = sorted([*earlier, *now.values()], key=lambda usage: usage.period_from)
    for usage in usages:
        if not usage.opening_known or not usage.closing_known or compare.SUSPECT_REGISTERS in usage.findings:
            return usage.period_from
    if line.missed or line.undecided is not None or line.suspects:
        return usages[-1].period_to if usages else each.since
    return None
