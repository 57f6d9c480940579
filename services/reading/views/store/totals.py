"""Control totals of a cycle, and the gauges."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, and_, case, exists, func, literal, select

from services.reading.conduct import store as conduct
from services.reading.context import Context
from services.reading.daily import store as daily
from services.reading.disputes import store as disputes
from services.reading.network.domain import calendar
from services.reading.orders import store as orders
from services.reading.reads.tables import UPLOAD
from services.reading.stock.store import spells, unfit, waiting
from services.reading.supply import store as supply
from services.reading.tasks.store import tasks
from services.reading.usage.domain.usages import ESTIMATED
from services.reading.usage.tables import USAGE
from shared import civil
from shared.db.engine import View


async def control_totals(view: View, cycle: str) -> dict[str, int]:
    """Return the control totals of a cycle: reads by outcome of their uploads, usages published and their import energy.

    `usages_published` and `usage_wh` count every version, `usages_first` and `usage_first_wh` first versions that were told in
    time, as routes are closed with; `usage_in_force_wh` what stands: on each day the highest version, unless it is withdrawn.
    `estimates_made` counts the periods that were estimated, each once, as customers were told. `supply_orders` counts those that
    were asked for in the month, `supplies_switched` those that were carried out in it.
    """
    upload = UPLOAD.c
    reads = await view.first(
        select(
            *(
                func.coalesce(func.sum(column), 0).label(column.name)
                for column in (
                    upload.received,
                    upload.accepted,
                    upload.already_accepted,
                    upload.conflicting,
                    upload.refused,
                    upload.waiting,
                )
            )
        ).where(upload.cycle == cycle)
    )
    assert reads is not None
    return {
        "reads_received": int(reads.received),
        "reads_accepted": int(reads.accepted),
        "reads_duplicate": int(reads.already_accepted) + int(reads.conflicting),
        "reads_refused": int(reads.refused),
        "reads_waiting": int(reads.waiting),
        **await _usages(view, cycle),
        **await supply.totals(view, *civil.month(cycle)),
    }


async def _usages(view: View, cycle: str) -> dict[str, int]:
    usage, other = USAGE.c, USAGE.alias("other")
    overtaken = exists().where(
        other.c.service_point_no == usage.service_point_no,
        other.c.period_from < usage.period_to,
        other.c.period_to > usage.period_from,
        other.c.version > usage.version,
    )
    first = and_(usage.version == 1, usage.late == 0)
    row = await view.first(
        select(
            func.count().label("usages_published"),
            func.coalesce(func.sum(usage.import_wh), 0).label("usage_wh"),
            _sum(first, literal(1)).label("usages_first"),
            _sum(first, usage.import_wh).label("usage_first_wh"),
            _sum(and_(usage.withdrawn == 0, ~overtaken), usage.import_wh).label("usage_in_force_wh"),
            _sum(and_(*_estimated(usage), ~_estimated_before()), literal(1)).label("estimates_made"),
        ).where(usage.cycle == cycle)
    )
    assert row is not None
    return {name: int(value) for name, value in row._mapping.items()}


def _estimated_before() -> ColumnElement[bool]:
    usage, other = USAGE.c, USAGE.alias("other")
    return exists().where(
        other.c.service_point_no == usage.service_point_no,
        other.c.period_from == usage.period_from,
        other.c.period_to == usage.period_to,
        other.c.version < usage.version,
        *_estimated(other.c),
    )


def _estimated(usage: Any) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return usage.quality == ESTIMATED, usage.withdrawn == 0


def _sum(where: ColumnElement[bool], value: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(case((where, value), else_=0)), 0)


async def gauges(view: View, now: datetime, own: Context) -> dict[str, float]:
    """Return the service's gauges."""
    zone, today = own.zone, calendar.local_day(now, own.zone)
    due = today - timedelta(days=own.policies.on_or_first(today).stock.taken_back_days)
    late = _overdue(await orders.first_due(view), now, zone)
    disputes_late = _overdue(await disputes.first_due(view), now, zone)
    unfit_now = await unfit.counts(view, today)
    waits, waits_since = await waiting.oldest(view)
    return {
        "reading_tasks_open": float(await tasks.open_now(view)),
        "conduct_findings_open": float(await conduct.undecided(view)),
        "site_orders_open": float(await orders.unfinished(view)),
        "site_orders_overdue_oldest_seconds": late,
        **await supply.gauges(view, now),
        "daily_registers_stale": float(
            await daily.stale_count(
                view, before=today - timedelta(days=own.policies.on_or_first(today).daily_stale_days), today=today
            )
        ),
        "disputes_open": float(await disputes.unended(view)),
        "disputes_overdue_oldest_seconds": disputes_late,
        "meters_not_taken_back": float(await spells.left_out(view, due)),
        "meters_failed_in_use": float(unfit_now.get(unfit.FAILED_TEST, 0)),
        "meters_expired_in_use": float(unfit_now.get(unfit.EXPIRED, 0)),
        "stock_records_waiting": float(waits),
        "stock_records_waiting_oldest_age_seconds": (now - waits_since).total_seconds() if waits_since else 0.0,
    }


def _overdue(due: date | None, now: datetime, zone: ZoneInfo) -> float:
    """Return the seconds since the end of a day by which something was due."""
    return max((now - datetime.combine(due + timedelta(days=1), time(), zone)).total_seconds(), 0.0) if due else 0.0


async def usages(view: View, cycle: str, after: str, limit: int) -> Sequence[Row[Any]]:
    """Return the usages of a cycle behind an id, as billing must have them: their import, and whether they stand."""
    usage = USAGE.c
    return await view.all(
        select(
            usage.usage_id.label("id"),
            usage.service_point_no.label("subject"),
            usage.import_wh.label("amount"),
            (usage.withdrawn == 0).label("stands"),
        )
        .where(usage.cycle == cycle, usage.usage_id > after)
        .order_by(usage.usage_id)
        .limit(limit)
    )


async def estimates(view: View, cycle: str, after: str, limit: int) -> Sequence[Row[Any]]:
    """Return the usages of a cycle behind an id that customers were told of as estimated."""
    usage = USAGE.c
    return await view.all(
        select(
            usage.usage_id.label("id"),
            usage.service_point_no.label("subject"),
            literal(0).label("amount"),
            literal(True).label("stands"),
        )
        .where(usage.cycle == cycle, usage.usage_id > after, *_estimated(usage), ~_estimated_before())
        .order_by(usage.usage_id)
        .limit(limit)
    )


async def supply_orders(view: View, cycle: str, after: str, limit: int) -> Sequence[Row[Any]]:
    """Return the supply orders that were asked for in a month behind a number, as collection must have them."""
    return await supply.asked_in(view, *civil.month(cycle), after=after, limit=limit)


async def supplies_switched(view: View, cycle: str, after: str, limit: int) -> Sequence[Row[Any]]:
    """Return the supply orders that were carried out in a month behind a number, as billing must have them."""
    return await supply.switched_in(view, *civil.month(cycle), after=after, limit=limit)
