"""What is known of the life of a meter: its spells, and all that they follow from."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.reading.network.domain.installations import Placement
from services.reading.network.domain.reference import Meter
from services.reading.network.store import installations, meters
from services.reading.stock.domain.facts import Tested
from services.reading.stock.domain.life import Spell
from services.reading.stock.domain.ranges import Range
from services.reading.stock.store import ranges, records, seals, spells
from services.reading.stock.store.records import Moved
from services.reading.stock.store.seals import Told
from shared.db.engine import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A meter and its life."""

    meter: Meter
    range_: Range | None
    spells: Sequence[Spell]
    stands: Sequence[Placement]
    movements: Sequence[Moved]
    tests: Sequence[Tested]
    seals: Sequence[Told]


async def life(view: View, meter_no: str) -> Known | None:
    """Return what is known of a meter, None where there is none. Seven statements."""
    meter = (await meters.by_no(view, [meter_no])).get(meter_no)
    if meter is None:
        return None
    stored = await installations.of_points_and_meters(view, [], [meter_no])
    stands = [each.placement for each in stored.values() if not each.annulled]
    moved = (await records.movements_of(view, [meter_no])).get(meter_no, [])
    return Known(
        meter=meter,
        range_=(await ranges.receipts(view, [meter_no])).get(meter_no),
        spells=(await spells.of_meters(view, [meter_no])).get(meter_no, ()),
        stands=sorted(stands, key=lambda each: each.installed_on),
        movements=[each for each in moved if not each.annulled],
        tests=(await records.tests_of(view, [meter_no])).get(meter_no, []),
        seals=await seals.of_meter(view, meter_no),
    )
