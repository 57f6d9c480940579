"""Day curves (负荷曲线): half-hour or quarter-hour energies of a meter over a local day, one row per meter and day."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from services.reading.intake.use_cases.intake import Uploader
from services.reading.network.domain import calendar
from services.reading.network.domain.refusal import Refused
from services.reading.reads.domain.curves import INTERVALS, UNIT, Curve, CurveKey
from services.reading.reads.store import curves as store
from services.reading.reads.store import uploads
from services.reading.reads.store.meter_days import MeterDay, meter_days
from shared import ids
from shared.db.engine import Tx
from shared.outcome import OTHER_ORG_UNIT, Outcome, refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A curve as it comes in, with the unit of its values."""

    unit: str
    curve: Curve


async def record(tx: Tx, *, given: Sequence[Given], uploader: Uploader, zone: ZoneInfo) -> list[Outcome]:
    """Keep day curves. Natural key (meter, day, quantity); at most 1,000.

    A curve has as many values as its local day has intervals (92 to 100 quarter hours where clocks change); missing ones
    are given as null and counted. A curve that fills gaps of the stored one, and changes nothing else, replaces it; other
    content is a conflicting duplicate.
    """
    upload_id = ids.new()
    outcomes: list[Outcome] = []
    today = calendar.local_day(tx.now, zone)
    pairs = list({(each.curve.meter_no, each.curve.day): None for each in given})
    meters = await meter_days(tx, pairs) if pairs else {}
    stored = await store.stored(tx, list({each.curve.key: None for each in given}))
    known = set(stored)
    changed: dict[CurveKey, Curve] = {}
    for each in given:
        curve = each.curve
        try:
            _check(each, meters.get((curve.meter_no, curve.day)), uploader, zone, today)
        except Refused as fault:
            outcomes.append(refused(fault.code, fault.text))
            continue
        curve_id = "~".join((curve.meter_no, str(curve.day), curve.quantity))
        old = stored.get(curve.key)
        if old == curve:
            outcomes.append(Outcome("already_done", id=curve_id))
        elif old is not None and not curve.fills(old):
            outcomes.append(Outcome("conflicting_duplicate", id=curve_id))
        else:
            changed[curve.key] = stored[curve.key] = curve
            outcomes.append(Outcome("done", id=curve_id))
    await store.insert(tx, [curve for key, curve in changed.items() if key not in known], upload_id=upload_id)
    await store.update(tx, [curve for key, curve in changed.items() if key in known], upload_id=upload_id)
    await uploads.insert(
        tx,
        upload_id=upload_id,
        kind=uploader.kind,
        uploader=uploader.subject,
        message_id=uploader.message_id,
        by_cycle={"curves": Counter(outcome.status for outcome in outcomes)},
    )
    return outcomes


def _check(given: Given, meter: MeterDay | None, uploader: Uploader, zone: ZoneInfo, today: date) -> None:
    curve = given.curve
    if meter is None:
        raise Refused("reading.unknown_meter", "there is no such meter")
    if not meter.service_point_no:
        raise Refused("reading.not_installed", "the meter was installed nowhere on that day")
    if not uploader.may_see(meter.org_unit) or uploader.meter_no not in (None, meter.meter_no):
        raise Refused(OTHER_ORG_UNIT, "the meter is outside what this uploader may bring curves for")
    if given.unit != UNIT:
        raise Refused("reading.wrong_unit", "curve values are in Wh")
    if curve.quantity not in {face.quantity for face in meter.registers}:
        raise Refused("reading.unknown_register", "the meter has no such register")
    if curve.day < calendar.FIRST_DAY:
        raise Refused("reading.bad_period", "the day is not after 1950")
    if curve.day > today:
        raise Refused("reading.in_the_future", "the day lies in the future")
    if curve.interval_minutes not in INTERVALS:
        raise Refused("reading.bad_interval", "intervals have 15 or 30 minutes")
    start, end = calendar.day_bounds(curve.day, zone)
    expected = int((end - start).total_seconds()) // (60 * curve.interval_minutes)
    if len(curve.values) != expected:
        raise Refused("reading.curve_gap", f"that day has {expected} intervals; a missing one is given as null")
    if any(value is not None and value < 0 for value in curve.values):
        raise Refused("reading.negative", "an interval is below zero")
