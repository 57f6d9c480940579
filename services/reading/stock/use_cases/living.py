"""The lives of meters follow what is known of them: spells are derived again, and take-backs told, where something changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from typing import Final

from services.reading.network.store import installations, points
from services.reading.stock.domain import life
from services.reading.stock.domain.facts import Receipt, Tested
from services.reading.stock.domain.life import TAKE_BACK, Life, Stand
from services.reading.stock.store import ranges, records, spells
from services.reading.stock.store.records import FailedTest, Moved
from shared import natural
from shared.db.engine import Tx, View
from shared.events.meters import MeterTakenBack
from shared.events.reading import ObservationRecorded

NOON: Final = time(4, tzinfo=UTC)
"""Of the day of a test in China: the hour of a test is not told, and its day is the same from Urumqi to Shanghai."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is recorded of meters in stock, by meter; of movements those too that never were."""

    receipts: Mapping[str, Receipt]
    movements: Mapping[str, Sequence[Moved]]
    tests: Mapping[str, Sequence[Tested]]


async def known(view: View, meter_nos: Sequence[str]) -> Known:
    """Return what is recorded of meters in stock. Three statements."""
    came = await ranges.receipts(view, meter_nos)
    return Known(
        receipts={
            meter_no: Receipt(
                meter_no=meter_no,
                received_on=each.received_on,
                warehouse=each.org_unit,
                verified_until=each.verified_until,
            )
            for meter_no, each in came.items()
        },
        movements=await records.movements_of(view, meter_nos),
        tests=await records.tests_of(view, meter_nos),
    )


async def derive(tx: Tx, meter_nos: Sequence[str]) -> dict[str, Life]:
    """Derive the lives of meters that are locked, write what is otherwise, and tell of take-backs. Eleven statements at most."""
    numbers = sorted(set(meter_nos))
    if not numbers:
        return {}
    facts = await known(tx, numbers)
    stands: dict[str, list[Stand]] = {}
    for each in (await installations.of_points_and_meters(tx, [], numbers)).values():
        if not each.annulled:
            stands.setdefault(each.placement.meter_no, []).append(
                Stand(
                    service_point_no=each.placement.service_point_no,
                    installed_on=each.placement.installed_on,
                    removed_on=each.placement.removed_on,
                )
            )
    lives = {number: _life(number, facts, stands.get(number, ())) for number in numbers}
    there = await spells.of_meters(tx, numbers)
    other = {number: each.spells for number, each in lives.items() if each.spells != there.get(number, ())}
    await spells.delete(tx, [number for number in other if number in there])
    await spells.insert(tx, other)
    await _tell(tx, [each for moved in facts.movements.values() for each in moved], lives)
    if any(test.result == "failed" for own in facts.tests.values() for test in own):
        await _tell_failed(tx, await records.failed_of(tx, numbers), lives)
    return lives


async def _tell_failed(tx: Tx, failed: Sequence[FailedTest], lives: Mapping[str, Life]) -> None:
    """Tell of meters that failed a test at a point, or after they left it, as of what was seen there: a case may follow."""
    told = []
    for each in failed:
        point = lives[each.test.meter_no].point_on(each.test.tested_on)
        if point is not None and point != each.told_point:
            told.append(replace(each, told_point=point))
    there = await points.by_no(tx, sorted({each.told_point or "" for each in told}))
    await records.note_failed(tx, told)
    tx.publish([_failed(each, there[each.told_point or ""].org_unit) for each in told])


def _failed(each: FailedTest, org_unit: str) -> ObservationRecorded:
    test, point = each.test, each.told_point or ""
    return ObservationRecorded(
        observation_id=natural.key_id(test.tested_on, "failed_test", test.lab_no, point),
        service_point_no=point,
        org_unit=org_unit,
        kind="meter_failed",
        severity="high",
        seen_at=datetime.combine(test.tested_on, NOON),
        observed_by=each.actor,
        evidence=test.lab_no,
    )


def _life(meter_no: str, facts: Known, stands: Sequence[Stand]) -> Life:
    receipt = facts.receipts.get(meter_no)
    moved = [each.movement for each in facts.movements.get(meter_no, ()) if not each.annulled]
    happened = [
        *([receipt.happening()] if receipt else []),
        *(each.happening() for each in moved),
        *(each.happening() for each in facts.tests.get(meter_no, ())),
    ]
    return life.of(stands, happened)


async def _tell(tx: Tx, moved: Sequence[Moved], lives: Mapping[str, Life]) -> None:
    """Note which movements fit, and tell of take-backs from which point the meter came, and where that is otherwise now."""
    changed, told = [], []
    for each in moved:
        movement = each.movement
        fitting = lives[movement.meter_no].fitting
        point = fitting.get(movement.movement_no) if movement.kind == TAKE_BACK else None
        version = each.told_version
        for service_point_no, withdrawn in ((each.told_point, True), (point, False)):
            if point != each.told_point and service_point_no is not None:
                version += 1
                told.append(
                    MeterTakenBack(
                        movement_no=movement.movement_no,
                        version=version,
                        meter_no=movement.meter_no,
                        service_point_no=service_point_no,
                        taken_back_on=movement.moved_on,
                        withdrawn=withdrawn,
                    )
                )
        now = replace(each, fits=movement.movement_no in fitting, told_point=point, told_version=version)
        if now != each:
            changed.append(now)
    await records.note(tx, changed)
    tx.publish(told)
