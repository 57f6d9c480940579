"""Day curves (负荷曲线): half-hour or quarter-hour energies of a meter over a local day, one row per meter and day."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from services.reading.network.domain import calendar
from services.reading.network.domain.refusal import Refused
from services.reading.network.store.meters import faces
from services.reading.reads.store import curves as store
from services.reading.reads.store import uploads
from services.reading.reads.store.meters import Resolved, resolve
from services.reading.reads.use_cases.intake import Uploader
from shared import ids
from shared.db.engine import Tx
from shared.outcome import OTHER_ORG_UNIT, Outcome, refused

INTERVALS = (15, 30)


UNIT = "Wh"


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Energies in Wh per interval of a local day, multiplier applied; None where one is missing."""

    meter_no: str
    day: date
    quantity: str
    unit: str
    interval_minutes: int
    values: Sequence[int | None]


async def record(tx: Tx, *, curves: Sequence[Curve], uploader: Uploader, zone: ZoneInfo) -> list[Outcome]:
    """Keep day curves. Natural key (meter, day, quantity); at most 1,000.

    A curve has as many values as its local day has intervals (92 to 100 quarter hours where clocks change); missing ones
    are given as null and counted. A curve that fills gaps of the stored one, and changes nothing else, replaces it; other
    content is a conflicting duplicate.
    """
    upload_id = ids.new()
    outcomes: list[Outcome] = []
    today = calendar.local_day(tx.now, zone)
    pairs = list({(curve.meter_no, curve.day): None for curve in curves})
    meters = {(row.meter_no, row.day): row for row in await resolve(tx, pairs)} if pairs else {}
    keys = list({(curve.meter_no, curve.day, curve.quantity): None for curve in curves})
    stored = await store.stored(tx, keys)
    changed: dict[tuple[str, date, str], Curve] = {}
    known = set(stored)
    for curve in curves:
        key = (curve.meter_no, curve.day, curve.quantity)
        try:
            _check(curve, meters.get((curve.meter_no, curve.day)), uploader, zone, today)
        except Refused as fault:
            outcomes.append(refused(fault.code, fault.text))
            continue
        curve_id = "~".join((curve.meter_no, str(curve.day), curve.quantity))
        text = _text(curve.values)
        old = stored.get(key)
        if old is not None and old[1] == text and old[0] == curve.interval_minutes:
            outcomes.append(Outcome("already_done", id=curve_id))
        elif old is not None and not _fills(old, curve):
            outcomes.append(Outcome("conflicting_duplicate", id=curve_id))
        else:
            changed[key] = curve
            stored[key] = (curve.interval_minutes, text)
            outcomes.append(Outcome("done", id=curve_id))
    await store.insert(tx, _columns([c for k, c in changed.items() if k not in known], upload_id))
    await store.update(tx, _columns([c for k, c in changed.items() if k in known], upload_id))
    totals: dict[str, Counter[str]] = {"curves": Counter(outcome.status for outcome in outcomes)}
    await uploads.insert(tx, upload_id, uploader.kind, uploader.subject, uploader.message_id, totals)
    return outcomes


def _check(curve: Curve, row: Resolved | None, uploader: Uploader, zone: ZoneInfo, today: date) -> None:
    if row is None:
        raise Refused("reading.unknown_meter", "there is no such meter")
    if not row.service_point_no:
        raise Refused("reading.not_installed", "the meter was installed nowhere on that day")
    if not uploader.may_see(row.org_unit) or uploader.meter_no not in (None, row.meter_no):
        raise Refused(OTHER_ORG_UNIT, "the meter is outside what this uploader may bring curves for")
    if curve.unit != UNIT:
        raise Refused("reading.wrong_unit", "curve values are in Wh")
    if curve.quantity not in {face.quantity for face in faces(row)}:
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


def _text(values: Sequence[int | None]) -> str:
    return ",".join("" if value is None else str(value) for value in values)


def _fills(old: tuple[int, str], curve: Curve) -> bool:
    there = old[1].split(",")
    given = _text(curve.values).split(",")
    same_form = old[0] == curve.interval_minutes and len(there) == len(given)
    return same_form and all(a in ("", b) for a, b in zip(there, given, strict=True))


def _columns(curves: Sequence[Curve], upload_id: str) -> dict[str, list[Any]]:
    return {
        "meter_no": [curve.meter_no for curve in curves],
        "day": [curve.day for curve in curves],
        "quantity": [curve.quantity for curve in curves],
        "interval_minutes": [curve.interval_minutes for curve in curves],
        "values": [_text(curve.values) for curve in curves],
        "missing": [sum(value is None for value in curve.values) for curve in curves],
        "upload_id": [upload_id] * len(curves),
    }
