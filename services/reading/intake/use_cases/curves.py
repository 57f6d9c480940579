"""Day curves (负荷曲线) coming in: each version is kept as it came, and which values count follows from all of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from services.reading.intake.use_cases.intake import WAITING, Uploader
from services.reading.network.domain import calendar
from services.reading.network.domain.installations import Placement
from services.reading.network.domain.refusal import Refused
from services.reading.network.domain.registers import CUMULATIVE, Register
from services.reading.network.store import meters as network
from services.reading.policies.domain import Policies
from services.reading.reads.domain import cover, curves
from services.reading.reads.domain.curves import MISSING, UNIT, VERSIONS_MAX, Curve, CurveKey, Effect
from services.reading.reads.domain.days import ReadDays
from services.reading.reads.store import curves as store
from services.reading.reads.store import uploads, waiting_curves
from services.reading.reads.store.meter_days import MeterDay, meter_days
from services.reading.tasks.domain.tasks import cycle_of
from services.reading.usage.use_cases import arriving
from services.reading.usage.use_cases.knowing import Loader
from services.reading.validation import store as findings
from services.reading.validation.domain import curve_beyond, curve_gap, duplicate
from services.reading.validation.domain.findings import Finding, Found
from shared import ids
from shared.dated import NotCovered
from shared.db.engine import Tx
from shared.outcome import CHANGED_MEANWHILE, OTHER_ORG_UNIT, Outcome, refused

NO_BETTER = "reading.curve_no_better"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A curve as it comes in, with the unit of its values."""

    unit: str
    curve: Curve


@dataclass(slots=True)
class _Work:
    """What a batch has come to: the versions to be kept, what is found, what changed, and what waits."""

    versions: dict[CurveKey, list[Curve]]
    kept: list[tuple[int, Curve]] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    changed: dict[CurveKey, tuple[str, ...]] = field(default_factory=dict)  # with the points whose bills need it
    waiting: dict[CurveKey, str] = field(default_factory=dict)  # with the org unit of the meter


async def record(
    tx: Tx,
    *,
    items: Sequence[Given | Outcome],
    uploader: Uploader,
    policies: Policies,
    zone: ZoneInfo,
) -> list[Outcome]:
    """Keep day curves, and derive again what rests on those that changed. One outcome per item; at most 1,000.

    `done`: kept; with a code where it changes nothing, or has values that the point cannot use. `waiting`: kept until the meter
    is installed somewhere on that day. `already_done`: a version is there with the same content. `conflicting_duplicate`: other
    values of equal quality are in force; it is kept and not used, a finding tells. `refused`: with a `reading.` code, or before
    it came here.
    """
    upload_id = ids.new()
    given = [item.curve for item in items if isinstance(item, Given)]
    meters = await meter_days(tx, list({(curve.meter_no, curve.day): None for curve in given})) if given else {}
    work = _Work(await store.versions(tx, list({curve.key: None for curve in given})))
    today = calendar.local_day(tx.now, zone)
    outcomes: list[Outcome] = []
    for item in items:
        if isinstance(item, Outcome):
            outcomes.append(item)
            continue
        try:
            meter = _checked_meter(item, meters.get((item.curve.meter_no, item.curve.day)), uploader)
            register = _checked_curve(item, meter, zone, today)
            outcomes.append(_take(work, item.curve, meter, _limit(item.curve, meter, register, policies)))
        except Refused as fault:
            outcomes.append(refused(fault.code, fault.text))
    lost = await _keep(tx, work, upload_id)
    loader = Loader(days=ReadDays(policies, zone))
    await arriving.take_curves(tx, _touched(work.changed), loader=loader)
    used = await _installed_meanwhile(tx, list(work.waiting), loader)
    outcomes = [_now(outcome, lost, used) for outcome in outcomes]
    await uploads.insert(
        tx,
        upload_id=upload_id,
        kind=uploader.kind,
        uploader=uploader.subject,
        message_id=uploader.message_id,
        by_cycle={store.COUNTED_AS: Counter(outcome.status for outcome in outcomes)},
    )
    return outcomes


async def settle(tx: Tx, placements: Sequence[Placement], days: ReadDays) -> set[tuple[str, date]]:
    """Let the curves that one of these installations covers wait no more, and return their (point, day): what there is to derive
    again. What their points cannot use is known only now, and is found as if they came now. One that the installation has no
    register for goes on waiting. Six statements.
    """
    keys = await waiting_curves.covered(tx, [cover.days_of(each) for each in placements])
    settled = await _settle(tx, keys, days.policies)
    return {(meter.service_point_no, key.day) for key, meter in settled.items()}


async def _installed_meanwhile(tx: Tx, waiting: Sequence[CurveKey], loader: Loader) -> set[str]:
    """Use the curves whose meters were installed while they came in, and return their ids: who installed has not seen them.

    The meters are locked behind the points, as by who installs. No statement where no curve waits.
    """
    if not waiting:
        return set()
    await network.hold(tx, sorted({key.meter_no for key in waiting}))
    settled = await _settle(tx, waiting, loader.days.policies)
    await arriving.take_curves(tx, _touched({key: meter.curved for key, meter in settled.items()}), loader=loader)
    return {curve_id(key) for key in settled}


async def _settle(tx: Tx, keys: Sequence[CurveKey], policies: Policies) -> dict[CurveKey, MeterDay]:
    """Let those of waiting curves wait no more that an installation has a register for, and return them."""
    if not keys:
        return {}
    meters = await meter_days(tx, list({(key.meter_no, key.day): None for key in keys}))
    known = await store.versions(tx, keys)
    work, judged, settled = _Work(known), list[tuple[int, Curve]](), dict[CurveKey, MeterDay]()
    for key in keys:
        meter = meters[key.meter_no, key.day]
        register = _register(meter, key.quantity)
        if register is None or not meter.service_point_no:
            continue
        settled[key] = meter
        for number, version in enumerate(known[key], start=1):
            limit = _limit(version, meter, register, policies)
            known[key][number - 1] = now = version.judged(limit)
            judged += [(number, now)] if now != version else []
            _note(work, key, meter, _beyond(now, limit))
        current = curves.in_force(known[key])
        _note(work, key, meter, curve_gap.find(current.missing, current.interval_minutes))
    await store.judge(tx, judged)
    await findings.insert(tx, work.found)
    await waiting_curves.delete(tx, list(settled))
    return settled


def curve_id(key: CurveKey) -> str:
    """Return the natural key of a curve as one text."""
    return "~".join((key.meter_no, str(key.day), key.quantity))


def _checked_meter(given: Given, meter: MeterDay | None, uploader: Uploader) -> MeterDay:
    if meter is None:
        raise Refused("reading.unknown_meter", "there is no such meter")
    if not uploader.may_see(meter.org_unit) or uploader.meter_no not in (None, meter.meter_no):
        raise Refused(OTHER_ORG_UNIT, "the meter is outside what this uploader may bring curves for")
    if given.unit != UNIT:
        raise Refused("reading.wrong_unit", "curve values are in Wh")
    return meter


def _checked_curve(given: Given, meter: MeterDay, zone: ZoneInfo, today: date) -> Register:
    """Return the register whose energy the curve is, or refuse it."""
    curve = given.curve
    register = _register(meter, curve.quantity)
    if register is None:
        raise Refused("reading.unknown_register", "the meter has no such register of energy")
    if curve.day > today:
        raise Refused("reading.in_the_future", "the day lies in the future")
    if curve.interval_minutes not in curves.INTERVALS:
        raise Refused("reading.bad_interval", "slots have 5, 10, 15, 30 or 60 minutes")
    expected = curves.slots_of_day(curve.day, curve.interval_minutes, zone)
    if len(curve.values) != expected:
        raise Refused("reading.curve_gap", f"that day has {expected} intervals; a missing one is given as null")
    if len(curve.quality) != expected or any(
        (value is None) != (letter == MISSING) for value, letter in zip(curve.values, curve.quality, strict=True)
    ):
        raise Refused(
            "reading.bad_quality", "the quality has one letter for each slot, and `-` where the value is null"
        )
    if any(value is not None and value < 0 for value in curve.values):
        raise Refused("reading.negative", "an interval is below zero")
    return register


def _register(meter: MeterDay, quantity: str) -> Register | None:
    found = (each for each in meter.registers if each.quantity == quantity and each.kind == CUMULATIVE)
    return next(found, None)


def _limit(curve: Curve, meter: MeterDay, register: Register, policies: Policies) -> int:
    try:
        daily = policies.on(curve.day).register_daily_kwh_max
    except NotCovered:
        raise Refused("reading.bad_period", "no rules of reading hold on that day") from None
    return curves.slot_wh_max(register, daily, meter.connection_kw, curve.interval_minutes)


def _beyond(curve: Curve, wh_max: int) -> Finding | None:
    highest = max((value for value in curve.values if value is not None), default=0)
    return curve_beyond.find(curve.suspect, highest, wh_max)


def _take(work: _Work, curve: Curve, meter: MeterDay, wh_max: int) -> Outcome:
    """Return what becomes of a curve that can be kept, and note what follows from it."""
    curve = curve.judged(wh_max)
    key, versions = curve.key, work.versions.setdefault(curve.key, [])
    if curve in versions:
        again = curves.effects(versions)[versions.index(curve)] is Effect.CONFLICTS
        return Outcome("conflicting_duplicate" if again else "already_done", id=curve_id(key))
    before = curves.in_force(versions) if versions else None
    if curve == before:
        return Outcome("already_done", id=curve_id(key))
    if len(versions) >= VERSIONS_MAX:
        raise Refused("reading.too_many_versions", f"there are {VERSIONS_MAX} versions of this curve")
    now, effect = curves.meet(before, curve) if before else (curve.usable(), Effect.USED)
    versions.append(curve)
    work.kept.append((len(versions), curve))
    if meter.service_point_no:
        _note(work, key, meter, _beyond(curve, wh_max))
    if effect is Effect.CONFLICTS:
        _note(work, key, meter, Finding(duplicate.CODE, {"version": len(versions)}))
        return Outcome("conflicting_duplicate", id=curve_id(key))
    if not meter.service_point_no:
        work.waiting[key] = meter.org_unit
        return Outcome("waiting", WAITING, "the meter stands nowhere on that day yet; the curve is kept", curve_id(key))
    if effect is Effect.USED:
        work.changed[key] = meter.curved
        _note(work, key, meter, curve_gap.find(now.missing, now.interval_minutes))
    if curve.suspect:
        return Outcome(
            "done", curve_beyond.CODE, "values above what the point can use are kept and not used", curve_id(key)
        )
    if effect is Effect.NO_BETTER:
        return Outcome("done", NO_BETTER, "what is there is as good or better; it is kept and not used", curve_id(key))
    return Outcome("done", id=curve_id(key))


def _note(work: _Work, key: CurveKey, meter: MeterDay, finding: Finding | None) -> None:
    if finding is not None:
        work.found.append(
            Found(
                entity_kind="curve",
                entity_id=curve_id(key),
                finding=finding,
                service_point_no=meter.service_point_no,
                org_unit=meter.org_unit,
                cycle=cycle_of(key.day + timedelta(days=1)),
            )
        )


async def _keep(tx: Tx, work: _Work, upload_id: str) -> set[str]:
    """Write what is to be kept, and return the ids of curves of which another unit of work kept a version meanwhile."""
    numbered = sorted(work.kept, key=lambda each: (each[1].key, each[0]))  # one order for all batches
    written = await store.insert(tx, numbered, upload_id=upload_id)
    late = {curve.key for number, curve in numbered if (curve.key, number) not in written}
    lost = {curve_id(key) for key in late}
    work.changed = {key: points for key, points in work.changed.items() if key not in late}
    work.waiting = {key: org_unit for key, org_unit in work.waiting.items() if key not in late}
    await findings.insert(tx, [each for each in work.found if each.entity_id not in lost])
    await waiting_curves.insert(tx, work.waiting)
    return lost


def _now(outcome: Outcome, lost: set[str], used: set[str]) -> Outcome:
    if outcome.id in lost:  # pragma: no cover, another sender told the same version at the same moment
        return refused(CHANGED_MEANWHILE, id=outcome.id)
    return Outcome("done", id=outcome.id) if outcome.status == "waiting" and outcome.id in used else outcome


def _touched(changed: Mapping[CurveKey, Sequence[str]]) -> dict[str, date]:
    """Return the points whose bills need curves and have others now, each with the earliest day."""
    latest_first = sorted(changed.items(), key=lambda each: each[0].day, reverse=True)
    return {point: key.day for key, points in latest_first for point in points}
