"""What a disputed service point has used, side by side with its reads, its estimates and the points around it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.reading.disputes.domain import Dispute
from services.reading.network.domain import calendar
from services.reading.network.domain.installations import Installation
from services.reading.network.store import installations, points
from services.reading.reads.domain import identity
from services.reading.reads.domain.curves import Curve, Span
from services.reading.reads.store import corrections, curves, reads
from services.reading.reads.store.corrections import Edit
from services.reading.reads.store.reads import MeterRead
from services.reading.usage.domain.usages import Usage, in_force
from services.reading.usage.store import around, usages
from services.reading.usage.store.around import Around
from shared.db.engine import View

MONTHS: Final = 24
CURVE_DAYS_MAX: Final = 62
"""The last days of the disputed periods whose curves are shown: two months; each further day stands at `/v1/curves`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The usages in force of the last months, and what they can be held against. `edits`: corrections by read id."""

    from_cycle: str
    to_cycle: str
    usages: Sequence[Usage]
    reads: Sequence[MeterRead]
    edits: dict[str, Edit]
    around: dict[str, Around]
    curves: Sequence[Curve]


async def of(view: View, dispute: Dispute, zone: ZoneInfo) -> History:
    """Return the history of a dispute's point over 24 months up to its opening. A constant number of statements."""
    opened, point_no = dispute.opened, dispute.point
    to_cycle = max(opened.opened_on.isoformat()[:7], *opened.cycles)
    from_cycle = min(_months_before(to_cycle, MONTHS - 1), *opened.cycles)
    told = (await usages.of_points(view, [point_no])).get(point_no, [])
    standing = [each for each in in_force(told) if from_cycle <= each.cycle <= to_cycle]
    point = (await points.by_no(view, [point_no]))[point_no]
    meters = (await installations.by_point(view, [point_no])).get(point_no, [])
    since = min((each.period_from for each in standing), default=opened.opened_on)
    found = await reads.within(view, _spans(point_no, meters, since, opened.opened_on, zone))
    days = _disputed_days(standing, opened.cycles)
    shown = await curves.of_meters(view, [Span(m.meter_no, days[0], days[1], "import") for m in meters] if days else [])
    return History(
        from_cycle=from_cycle,
        to_cycle=to_cycle,
        usages=standing,
        reads=sorted(found, key=lambda read: (read.key.read_at, read.key.meter_no, read.key.source)),
        edits=await corrections.in_force(view, [identity.read_id(*read.key) for read in found]),
        around=await around.by_cycle(
            view,
            route_no=point.route_no,
            org_unit=point.org_unit,
            without=point_no,
            from_cycle=from_cycle,
            to_cycle=to_cycle,
        ),
        curves=[shown[key] for key in sorted(shown, key=lambda key: (key.day, key.meter_no))],
    )


def _months_before(cycle: str, months: int) -> str:
    year, month = map(int, cycle.split("-"))
    first = year * 12 + month - 1 - months
    return f"{first // 12:04}-{first % 12 + 1:02}"


def _spans(point_no: str, meters: Sequence[Installation], since: date, to: date, zone: ZoneInfo) -> list[reads.Span]:
    starts_at, ends_at = calendar.day_bounds(since, zone)[0], calendar.day_bounds(to, zone)[1]
    return [
        reads.Span(
            point=point_no,
            meter_no=each.meter_no,
            installed_on=each.from_,
            starts_at=max(starts_at, calendar.day_bounds(each.from_, zone)[0]),
            ends_at=min(ends_at, calendar.day_bounds(each.to, zone)[1]) if each.to else ends_at,
        )
        for each in meters
    ]


def _disputed_days(standing: Sequence[Usage], cycles: Sequence[str]) -> tuple[date, date] | None:
    mine = [each for each in standing if each.cycle in cycles]
    if not mine:
        return None
    last = max(each.period_to for each in mine)
    return max(min(each.period_from for each in mine), last - timedelta(days=CURVE_DAYS_MAX)), last
