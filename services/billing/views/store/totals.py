"""What spans the capabilities of billing: control totals and gauges. Only read."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, or_, select, union_all

from services.billing.adjustments import store as adjustments
from services.billing.bills.domain import bills
from services.billing.bills.tables import BILL, DIFFERENCE, IS_IN_REVIEW
from services.billing.business_day import store as business_day
from services.billing.cases.store import cases
from services.billing.cases.store import charges as case_charges
from services.billing.cases.store import signals as case_signals
from services.billing.closings.store import closings as closings_store
from services.billing.closings.store import findings as closing_findings
from services.billing.closings.store import unused as unused_store
from services.billing.contracts.store import daily
from services.billing.daily_charges import store as daily_charges
from services.billing.replays import domain as replays
from services.billing.replays import store as replays_store
from services.billing.review.store import CANCEL
from services.billing.review.tables import REVIEW_DECISION
from services.billing.runs import domain as runs
from services.billing.runs import store as runs_store
from services.billing.runs.tables import BILL_RUN
from services.billing.site_orders import store as site_orders
from services.billing.supplies import store as supplies
from services.billing.usages.store import usages as usages_store
from services.billing.usages.tables import USAGE
from services.billing.uses import store as uses
from shared import civil
from shared.business_calendar import Calendar
from shared.db.engine import View


async def control_totals(view: View, cycle: str) -> dict[str, int]:
    """Count what billing has of a cycle, for the reconciliation with the other services."""
    b = BILL.c
    rows = await view.all(
        select(b.status, func.count().label("n"), func.sum(b.total_fen).label("fen"), func.sum(b.energy_wh).label("wh"))
        .where(b.cycle == cycle)
        .group_by(b.status)
    )
    first = await view.scalar(
        select(func.count())
        .select_from(BILL)
        .where(b.cycle == cycle, b.issued_on.is_not(None), b.correction_id.is_(None))
    )
    usages = await _usages(view, cycle)
    documents_issued, documents_fen = await _documents(view, cycle)
    adjustments_issued, adjustments_fen = await adjustments.totals(view, cycle)
    charges = await case_charges.totals(view, cycle)
    count, fen = {r.status: int(r.n) for r in rows}, {r.status: int(r.fen) for r in rows}
    return {
        **usages,
        "supplies_switched": await supplies.count(view, *civil.month(cycle)),
        **await _left_out(view, cycle),
        "usages_rated": usages["usages"] - usages["usages_waiting"],
        "billed_wh": sum(int(r.wh) for r in rows if r.status in bills.EFFECTIVE),
        **{f"bills_{status}": count.get(status, 0) for status in bills.LIFE.states},
        "bills_issued_first": int(first or 0),
        "documents_issued": documents_issued,
        "documents_fen": documents_fen,
        "adjustments_issued": adjustments_issued,
        "adjustments_fen": adjustments_fen,
        **charges,
        "issued_fen": fen.get(bills.ISSUED, 0),
        "reversed_fen": fen.get(bills.REVERSED, 0),
    }


async def _usages(view: View, cycle: str) -> dict[str, int]:
    """Count and sum the usages of a cycle: all, first versions in time, those in force, and of these those without a contract."""
    u = USAGE.c
    in_force, waits = and_(~u.superseded, ~u.withdrawn), u.waiting_for == usages_store.CONTRACT_MISSING
    closed = u.waiting_for == usages_store.CLOSED
    row = await view.first(
        select(
            func.count().label("usages"),
            _sum(and_(u.version == 1, ~u.late), u.import_wh).label("sum_wh_version_1"),
            _sum(in_force, literal(1)).label("usages_in_force"),
            _sum(in_force, u.import_wh).label("usage_in_force_wh"),
            _sum(waits, literal(1)).label("usages_waiting"),
            _sum(waits, u.import_wh).label("waiting_wh"),
            _sum(closed, literal(1)).label("usages_closed"),
            _sum(closed, u.import_wh).label("closed_wh"),
        ).where(u.cycle == cycle)
    )
    assert row is not None
    return {name: int(value) for name, value in row._mapping.items()}


def _sum(where: ColumnElement[bool], value: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(case((where, value), else_=0)), 0)


async def _left_out(view: View, cycle: str) -> dict[str, int]:
    """Count and sum what reviewers keep out of the bills of a cycle.

    That is usages in force whose bill is proposed, was rejected or cancelled, less the bills that stay in force in their place. A
    usage that has no bill for any other reason is not among them, nor is a bill that stands beside the one in its place.
    """
    u, b, cancelled = USAGE.c, BILL.c, REVIEW_DECISION.alias("cancelled")
    in_force = and_(~u.superseded, ~u.withdrawn, u.waiting_for == "")
    said = and_(cancelled.c.bill_id == b.bill_id, cancelled.c.decision == CANCEL)
    decided = or_(b.status == bills.PROPOSED, cancelled.c.decision_id.is_not(None))
    of_usage = (
        select(b.usage_id)
        .select_from(BILL.outerjoin(cancelled, said))
        .where(b.cycle == cycle)
        .group_by(b.usage_id)
        .having(_sum(b.status.in_(bills.EFFECTIVE), literal(1)) == 0, _sum(decided, literal(1)) > 0)
        .subquery()
    )
    without_bill = (
        select(u.import_wh.label("wh"), literal(1).label("n"))
        .select_from(of_usage.join(USAGE, u.usage_id == of_usage.c.usage_id))
        .where(in_force)
    )
    kept = (
        select((-b.energy_wh).label("wh"), literal(-1).label("n"))
        .select_from(BILL.join(USAGE, u.usage_id == b.usage_id))
        .where(b.cycle == cycle, b.status.in_(bills.EFFECTIVE), u.superseded, _overtaken_by_decided())
    )
    both = union_all(without_bill, kept).subquery()
    row = await view.first(
        select(func.coalesce(func.sum(both.c.n), 0).label("n"), func.coalesce(func.sum(both.c.wh), 0).label("wh"))
    )
    assert row is not None
    return {"usages_left_out": int(row.n), "left_out_wh": int(row.wh)}


def _overtaken_by_decided() -> ColumnElement[bool]:
    """Return the condition that a bill on the days of a usage was proposed in a group: it is asked for, or was rejected."""
    u, group = USAGE.c, BILL.alias("in_group")
    return (
        exists()
        .where(
            group.c.contract_no == BILL.c.contract_no,
            group.c.status.in_((bills.PROPOSED, bills.CANCELLED)),
            group.c.group_id.is_not(None),
            group.c.period_from < u.period_to,
            group.c.period_to > u.period_from,
        )
        .correlate(USAGE, BILL)
    )


async def _documents(view: View, cycle: str) -> tuple[int, int]:
    """Count and sum what the customers of a cycle hold: bills that stand and are documents of their own, and differences."""
    b, d = BILL.c, DIFFERENCE.c
    standing = select(b.total_fen).where(
        b.cycle == cycle, b.status.in_((bills.ISSUED, bills.ADJUSTED)), ~b.by_difference
    )
    both = union_all(standing, select(d.total_fen).where(d.cycle == cycle)).subquery()
    row = await view.first(select(func.count().label("n"), func.coalesce(func.sum(both.c.total_fen), 0).label("fen")))
    assert row is not None
    return int(row.n), int(row.fen)


async def gauges(view: View, now: datetime, zone: ZoneInfo, calendar: Calendar) -> Mapping[str, float]:
    """Return the gauges of the review queue and of the T+1 clock (抄表次日)."""
    b, r = BILL.c, BILL_RUN.c
    held = await view.scalar(select(func.count()).select_from(BILL).where(IS_IN_REVIEW))
    oldest = await view.scalar(select(func.min(b.held_at)).where(IS_IN_REVIEW))
    closed = await view.scalar(select(func.min(r.closed_at)).where(r.status != runs.RELEASED, r.closed_at.is_not(None)))
    due = await view.scalar(select(func.min(r.due_on)).where(r.status != runs.RELEASED))
    ends = _midnight(date((calendar.last_year or now.year - 1) + 1, 1, 1), zone)
    out, late = await site_orders.counts(view)
    switch = await runs_store.switch(view)
    step_due, replayed = await cases.first_due(view), await replays_store.counts(view)
    return {
        "bills_held": float(held or 0),
        "review_oldest_age_seconds": _age(now, oldest),
        "runs_unreleased_oldest_age_seconds": _age(now, closed),
        "runs_overdue_oldest_seconds": _age(now, _midnight(due + timedelta(days=1), zone) if due else None),
        "calendar_left_seconds": max((ends - now).total_seconds(), 0.0),
        "cases_open": float(await cases.open_count(view)),
        "case_signals_late": float(await case_signals.late_count(view)),
        "cases_overdue_oldest_seconds": _age(now, _midnight(step_due + timedelta(days=1), zone) if step_due else None),
        "bills_sent_to_site": float(out),
        "bills_sent_to_site_overdue": float(late),
        "replays_failing": float(replayed.get(replays.DIFFERS, 0) + replayed.get(replays.FAILED, 0)),
        "replays_not_replayable": float(replayed.get(replays.NOT_REPLAYABLE, 0)),
        "meter_tests_waiting": float(await adjustments.waiting(view)),
        "daily_charges_due": float(await daily.count_due(view)),
        "daily_charges_unrated": float(await daily_charges.count_unrated(view)),
        "use_findings_open": float(await uses.undecided(view)),
        "release_stopped": float(bool(switch and switch.stopped)),
        **await _closings(view),
    }


async def _closings(view: View) -> Mapping[str, float]:
    latest = await business_day.latest(view) or date.min
    unused, not_taken_up = await unused_store.counts(view, latest)
    under_way, overdue, waiting = await closings_store.counts(view, latest)
    found, not_explained = await closing_findings.counts(view, latest)
    return {
        "unused_supplies": float(unused),
        "unused_supplies_overdue": float(not_taken_up),
        "closings": float(under_way),
        "closings_overdue": float(overdue),
        "closings_waiting": float(waiting),
        "closing_findings": float(found),
        "closing_findings_overdue": float(not_explained),
    }


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _age(now: datetime, since: datetime | None) -> float:
    return 0.0 if since is None else max((now - since).total_seconds(), 0.0)
