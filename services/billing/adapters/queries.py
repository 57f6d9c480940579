"""The read side: what the API, the metrics and the reconciliation show."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row, case, func, select, union_all

from services.billing.adapters import bill_lines, runs_store, usages_store
from services.billing.adapters.bills_store import READER
from services.billing.adapters.rating_documents import TARIFF
from services.billing.adapters.tables import (
    BILL,
    BILL_DOCUMENT,
    BILL_PARTY,
    BILL_RUN,
    CORRECTION,
    DIFFERENCE,
    IS_IN_REVIEW,
    RATING_DOCUMENT,
    REVIEW_DECISION,
    USAGE,
)
from services.billing.domain import bills, runs
from shared.db import bulk
from shared.db.engine import View
from shared.trace import Origin, TraceNode

LINES_MAX = 1000  # of one bill; a segmented industrial bill has about a hundred


async def bill(view: View, bill_id: str) -> Row[Any] | None:
    """Return a bill's head with its document."""
    joined = BILL.join(BILL_DOCUMENT, BILL_DOCUMENT.c.bill_id == BILL.c.bill_id)
    document = (BILL_DOCUMENT.c.lines, BILL_DOCUMENT.c.context, BILL_DOCUMENT.c.calculated_at)
    return await view.first(select(BILL, *document).select_from(joined).where(BILL.c.bill_id == bill_id))


async def replaced_by(view: View, bill_id: str, contract_no: str) -> str | None:
    """Return the bill version that took the place of another."""
    later: str | None = await view.scalar(
        select(BILL.c.bill_id)
        .where(BILL.c.contract_no == contract_no, BILL.c.replaces == bill_id)
        .order_by(BILL.c.version.desc())
        .limit(1)
    )
    return later


async def corrected_by(view: View, bill_id: str, contract_no: str) -> str | None:
    """Return the correction that took a bill out of force."""
    c = CORRECTION.c
    found: str | None = await view.scalar(
        select(c.correction_id).where(c.contract_no == contract_no, c.reversals.contains(f'"{bill_id}"')).limit(1)
    )
    return found


async def told_by(view: View, bill_id: str) -> str | None:
    """Return the difference document that told of a bill which is none of its own."""
    d = DIFFERENCE.c
    found: str | None = await view.scalar(select(d.difference_id).where(d.replacement_id == bill_id))
    return found


async def differences(view: View, correction_ids: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """Return the difference documents of corrections, oldest cycle first."""
    d = DIFFERENCE.c
    rows = await bulk.select_in(
        view, DIFFERENCE, {"correction_id": correction_ids}, order_by=(d.cycle, d.difference_id)
    )
    found: dict[str, list[Row[Any]]] = {correction_id: [] for correction_id in correction_ids}
    for row in rows:
        found[row.correction_id].append(row)
    return found


async def difference(view: View, difference_id: str) -> Row[Any] | None:
    """Return a difference document, with the lines of the bills before and after as they are stored."""
    d, was, now = DIFFERENCE.c, BILL_DOCUMENT.alias("was"), BILL_DOCUMENT.alias("now")
    joined = DIFFERENCE.join(was, was.c.bill_id == d.bill_id).outerjoin(now, now.c.bill_id == d.replacement_id)
    lines = (was.c.lines.label("lines_before"), func.coalesce(now.c.lines, "[]").label("lines_now"))
    return await view.first(select(DIFFERENCE, *lines).select_from(joined).where(d.difference_id == difference_id))


async def decisions(view: View, bill_id: str) -> Sequence[Row[Any]]:
    """Return the decisions on a bill in order."""
    r = REVIEW_DECISION
    return await view.all(select(r).where(r.c.bill_id == bill_id).order_by(r.c.decided_at, r.c.decision_id).limit(500))


async def readers(view: View, bill_ids: Sequence[str]) -> dict[str, list[str]]:
    """Name who had a hand in the reads of bills in review."""
    p = BILL_PARTY.c
    rows = await view.all(
        select(p.bill_id, p.subject).where(p.bill_id.in_(bill_ids), p.role == READER).order_by(p.bill_id, p.subject)
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.bill_id, []).append(row.subject)
    return found


async def control_totals(view: View, cycle: str) -> dict[str, int]:
    """Count what billing has of a cycle, for the reconciliation with the other services."""
    u, b = USAGE.c, BILL.c
    usages = await view.first(
        select(
            func.count().label("usages"),
            func.coalesce(func.sum(case((u.version == 1, 1), else_=0)), 0).label("usages_version_1"),
            func.coalesce(func.sum(case((u.version == 1, u.import_wh), else_=0)), 0).label("sum_wh_version_1"),
            func.coalesce(func.sum(case((u.waiting_for != "", 1), else_=0)), 0).label("usages_waiting"),
        ).where(u.cycle == cycle)
    )
    assert usages is not None
    rows = await view.all(
        select(b.status, func.count().label("n"), func.sum(b.total_fen).label("fen"))
        .where(b.cycle == cycle)
        .group_by(b.status)
    )
    first = await view.scalar(
        select(func.count())
        .select_from(BILL)
        .where(b.cycle == cycle, b.issued_on.is_not(None), b.correction_id.is_(None))
    )
    documents = await _documents(view, cycle)
    count, fen = {r.status: int(r.n) for r in rows}, {r.status: int(r.fen) for r in rows}
    return {
        **{name: int(value) for name, value in usages._mapping.items()},
        "usages_rated": int(usages.usages) - int(usages.usages_waiting),
        **{f"bills_{status}": count.get(status, 0) for status in bills.MOVES},
        "bills_issued_first": int(first or 0),
        "periods_cancelled": await _periods_cancelled(view, cycle),
        "documents_issued": documents[0],
        "documents_fen": documents[1],
        "issued_fen": fen.get(bills.ISSUED, 0),
        "reversed_fen": fen.get(bills.REVERSED, 0),
    }


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


async def _periods_cancelled(view: View, cycle: str) -> int:
    """Count the periods of a cycle that were billed and have no bill in force any more."""
    b = BILL.c
    in_force = func.sum(case((b.status.in_(bills.EFFECTIVE), 1), else_=0))
    without = select(b.contract_no).where(b.cycle == cycle).group_by(b.contract_no, b.period_from, b.period_to)
    count = await view.scalar(select(func.count()).select_from(without.having(in_force == 0).subquery()))
    return int(count or 0)


async def gauges(view: View, now: datetime) -> Mapping[str, float]:
    """Give the gauges of the review queue and of the T+1 clock (抄表次日)."""
    b, r = BILL.c, BILL_RUN.c
    held = await view.scalar(select(func.count()).select_from(BILL).where(IS_IN_REVIEW))
    oldest = await view.scalar(select(func.min(b.held_at)).where(IS_IN_REVIEW))
    closed = await view.scalar(select(func.min(r.closed_at)).where(r.status != runs.RELEASED, r.closed_at.is_not(None)))
    switch = await runs_store.switch(view)
    return {
        "bills_held": float(held or 0),
        "review_oldest_age_seconds": _age(now, oldest),
        "runs_unreleased_oldest_age_seconds": _age(now, closed),
        "release_stopped": float(bool(switch and switch.stopped)),
    }


def _age(now: datetime, since: datetime | None) -> float:
    return 0.0 if since is None else max((now - since).total_seconds(), 0.0)


async def waiting_oldest(view: View) -> datetime | None:
    """Tell since when the oldest usage waits for its contract."""
    return await usages_store.waiting_oldest(view)


async def trace(view: View, kind: str, document_id: str) -> TraceNode | None:
    """Show a document of billing and what it was derived from.

    Kinds: bill, bill_line (`<bill id>:<number>`), tariff_version (`<id>@<version>`), correction, difference.
    """
    if kind == "bill":
        return await _trace_bill(view, document_id)
    if kind == "bill_line":
        return await _trace_line(view, document_id)
    if kind == "tariff_version":
        return await _trace_tariff(view, document_id)
    if kind == "correction":
        return await _trace_correction(view, document_id)
    if kind == "difference":
        return await _trace_difference(view, document_id)
    return None


_SHOWN = (
    *("account_no", "contract_no", "service_point_no", "route_no", "cycle", "period_from", "period_to", "version"),
    *("status", "energy_wh", "total_fen", "estimated", "by_difference", "issued_on", "due_on"),
)


async def _trace_bill(view: View, bill_id: str) -> TraceNode | None:
    row = await bill(view, bill_id)
    if row is None:
        return None
    count = len(orjson.loads(row.lines))
    origins = [Origin("billing", "bill_line", f"{bill_id}:{n}") for n in range(1, min(count, LINES_MAX) + 1)]
    origins.append(Origin("reading", "usage", row.usage_id))
    if row.replaces:
        origins.append(Origin("billing", "bill", row.replaces))
    return TraceNode("billing", "bill", bill_id, {name: row._mapping[name] for name in _SHOWN}, tuple(origins))


async def _trace_line(view: View, line_id: str) -> TraceNode | None:
    bill_id, _, number = line_id.rpartition(":")
    row = await bill(view, bill_id) if number.isascii() and number.isdigit() and len(number) < 6 else None
    shown = bill_lines.shown(row.lines) if row is not None else []
    if row is None or not 1 <= int(number) <= len(shown):
        return None
    line = shown[int(number) - 1]
    origins = (
        Origin("billing", "tariff_version", f"{line['tariff']}@{line['tariff_version']}"),
        Origin("reading", "usage", row.usage_id),
    )
    return TraceNode("billing", "bill_line", line_id, line, origins)


async def _trace_tariff(view: View, name: str) -> TraceNode | None:
    tariff_id, _, version = name.rpartition("@")
    d = RATING_DOCUMENT.c
    row = await view.first(
        select(RATING_DOCUMENT).where(d.kind == TARIFF, d.document_id == tariff_id, d.version == version)
    )
    if row is None:
        return None
    shown = {"content_hash": row.content_hash, "used": row.used, "document": orjson.loads(row.document)}
    return TraceNode("billing", "tariff_version", name, shown)


async def _trace_correction(view: View, correction_id: str) -> TraceNode | None:
    row = await view.first(select(CORRECTION).where(CORRECTION.c.correction_id == correction_id))
    if row is None:
        return None
    parts = [*orjson.loads(row.reversals), *orjson.loads(row.replacements)]
    origins = tuple(Origin("billing", "bill", bill_id) for bill_id in parts)
    return TraceNode("billing", "correction", correction_id, dict(row._mapping), origins)


async def _trace_difference(view: View, difference_id: str) -> TraceNode | None:
    row = await view.first(select(DIFFERENCE).where(DIFFERENCE.c.difference_id == difference_id))
    if row is None:
        return None
    shown = dict(row._mapping) | {"components": dict(orjson.loads(row.components))}
    both = [Origin("billing", "bill", bill_id) for bill_id in (row.bill_id, row.replacement_id) if bill_id]
    # the correction too: what moved a later bill of the ladder year is the usage of an earlier one
    return TraceNode(
        "billing", "difference", difference_id, shown, (*both, Origin("billing", "correction", row.correction_id))
    )
