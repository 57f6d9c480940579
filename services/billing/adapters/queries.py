"""The read side: what the API, the metrics and the reconciliation show."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import Row, case, func, select

from services.billing.adapters import runs_store, usages_store
from services.billing.adapters.bills_store import READER
from services.billing.adapters.rating_documents import TARIFF
from services.billing.adapters.tables import (
    BILL,
    BILL_DOCUMENT,
    BILL_PARTY,
    BILL_RUN,
    CORRECTION,
    IS_IN_REVIEW,
    RATING_DOCUMENT,
    REVIEW_DECISION,
    USAGE,
)
from services.billing.domain import bills, rating, runs
from services.billing.domain.chains import LINE_FIELDS
from services.billing.domain.tariff import exact
from services.billing.domain.tariff.exact import Exact
from shared.db.engine import Read
from shared.trace import Origin, TraceNode

LINES_MAX = 1000  # of one bill; a segmented industrial bill has about a hundred


async def bill(read: Read, bill_id: str) -> Row[Any] | None:
    """Return a bill's head with its document."""
    joined = BILL.join(BILL_DOCUMENT, BILL_DOCUMENT.c.bill_id == BILL.c.bill_id)
    document = (BILL_DOCUMENT.c.lines, BILL_DOCUMENT.c.context, BILL_DOCUMENT.c.calculated_at)
    return await read.first(select(BILL, *document).select_from(joined).where(BILL.c.bill_id == bill_id))


async def replaced_by(read: Read, bill_id: str, contract_no: str) -> str | None:
    """Return the bill version that took the place of another."""
    later: str | None = await read.scalar(
        select(BILL.c.bill_id)
        .where(BILL.c.contract_no == contract_no, BILL.c.replaces == bill_id)
        .order_by(BILL.c.version.desc())
        .limit(1)
    )
    return later


async def reversed_by(read: Read, bill_id: str, contract_no: str) -> str | None:
    """Return the correction that reversed a bill."""
    c = CORRECTION.c
    found: str | None = await read.scalar(
        select(c.correction_id).where(c.contract_no == contract_no, c.reversals.contains(f'"{bill_id}"')).limit(1)
    )
    return found


async def decisions(read: Read, bill_id: str) -> Sequence[Row[Any]]:
    """Return the decisions on a bill in order."""
    r = REVIEW_DECISION
    return await read.all(select(r).where(r.c.bill_id == bill_id).order_by(r.c.decided_at, r.c.decision_id).limit(500))


async def readers(read: Read, bill_ids: Sequence[str]) -> dict[str, list[str]]:
    """Name who had a hand in the reads of bills in review."""
    p = BILL_PARTY.c
    rows = await read.all(
        select(p.bill_id, p.subject).where(p.bill_id.in_(bill_ids), p.role == READER).order_by(p.bill_id, p.subject)
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.bill_id, []).append(row.subject)
    return found


def lines(text: str) -> list[dict[str, Any]]:
    """Give a bill's lines as people read them, numbered from 1, each with its formula."""
    return [_line(number, values) for number, values in enumerate(orjson.loads(text), 1)]


def _line(number: int, values: Sequence[Any]) -> dict[str, Any]:
    line = _line_of(values)
    return {
        "number": number,
        "charge": line.charge,
        "title": line.zh,
        "kind": line.kind,
        "period": line.period,
        "tier": line.tier,
        "quantity": None if line.quantity is None else exact.text(line.quantity, 1000),
        "unit": line.unit,
        "price": None if line.price is None else exact.text(*line.price),
        "exact": exact.text(*line.exact),
        "amount_fen": line.amount_fen,
        "tariff": line.tariff,
        "tariff_version": line.version,
        "from": line.from_,
        "to": line.to,
        "formula": rating.formula(line),
    }


def _line_of(values: Sequence[Any]) -> rating.Line:
    v = dict(zip(LINE_FIELDS, values, strict=True))
    return rating.Line(
        **v
        | {
            "price": None if v["price"] is None else Exact(*v["price"]),
            "exact": Exact(*v["exact"]),
            "from_": date.fromisoformat(v["from_"]),
            "to": date.fromisoformat(v["to"]),
            "factors": tuple(Exact(*pair) for pair in v["factors"]),
            "on": tuple(Exact(*pair) for pair in v["on"]),
        }
    )


async def control_totals(read: Read, cycle: str) -> dict[str, int]:
    """Count what billing has of a cycle, for the reconciliation with the other services."""
    u, b = USAGE.c, BILL.c
    usages = await read.first(
        select(
            func.count().label("usages"),
            func.coalesce(func.sum(case((u.version == 1, 1), else_=0)), 0).label("usages_version_1"),
            func.coalesce(func.sum(case((u.version == 1, u.import_wh), else_=0)), 0).label("sum_wh_version_1"),
            func.coalesce(func.sum(case((u.waiting_for != "", 1), else_=0)), 0).label("usages_waiting"),
        ).where(u.cycle == cycle)
    )
    assert usages is not None
    rows = await read.all(
        select(b.status, func.count().label("n"), func.sum(b.total_fen).label("fen"))
        .where(b.cycle == cycle)
        .group_by(b.status)
    )
    first = await read.scalar(
        select(func.count())
        .select_from(BILL)
        .where(b.cycle == cycle, b.issued_on.is_not(None), b.correction_id.is_(None))
    )
    count, fen = {r.status: int(r.n) for r in rows}, {r.status: int(r.fen) for r in rows}
    return {
        **{name: int(value) for name, value in usages._mapping.items()},
        "usages_rated": int(usages.usages) - int(usages.usages_waiting),
        **{f"bills_{status}": count.get(status, 0) for status in bills.MOVES},
        "bills_issued_first": int(first or 0),
        "issued_fen": fen.get(bills.ISSUED, 0),
        "reversed_fen": fen.get(bills.REVERSED, 0),
    }


async def gauges(read: Read, now: datetime) -> Mapping[str, float]:
    """Give the gauges of the review queue and of the T+1 clock (抄表次日)."""
    b, r = BILL.c, BILL_RUN.c
    held = await read.scalar(select(func.count()).select_from(BILL).where(IS_IN_REVIEW))
    oldest = await read.scalar(select(func.min(b.held_at)).where(IS_IN_REVIEW))
    closed = await read.scalar(select(func.min(r.closed_at)).where(r.status != runs.RELEASED, r.closed_at.is_not(None)))
    switch = await runs_store.switch(read)
    return {
        "bills_held": float(held or 0),
        "review_oldest_age_seconds": _age(now, oldest),
        "runs_unreleased_oldest_age_seconds": _age(now, closed),
        "release_stopped": float(bool(switch and switch.stopped)),
    }


def _age(now: datetime, since: datetime | None) -> float:
    return 0.0 if since is None else max((now - since).total_seconds(), 0.0)


async def waiting_oldest(read: Read) -> datetime | None:
    """Tell since when the oldest usage waits for its contract."""
    return await usages_store.waiting_oldest(read)


async def trace(read: Read, kind: str, document_id: str) -> TraceNode | None:
    """Show a document of billing and what it was derived from.

    Kinds: bill, bill_line (`<bill id>:<number>`), tariff_version (`<id>@<version>`), correction.
    """
    if kind == "bill":
        return await _trace_bill(read, document_id)
    if kind == "bill_line":
        return await _trace_line(read, document_id)
    if kind == "tariff_version":
        return await _trace_tariff(read, document_id)
    if kind == "correction":
        return await _trace_correction(read, document_id)
    return None


_SHOWN = (
    *("account_no", "contract_no", "service_point_no", "route_no", "cycle", "period_from", "period_to", "version"),
    *("status", "energy_wh", "total_fen", "estimated", "issued_on", "due_on"),
)


async def _trace_bill(read: Read, bill_id: str) -> TraceNode | None:
    row = await bill(read, bill_id)
    if row is None:
        return None
    count = len(orjson.loads(row.lines))
    origins = [Origin("billing", "bill_line", f"{bill_id}:{n}") for n in range(1, min(count, LINES_MAX) + 1)]
    origins.append(Origin("reading", "usage", row.usage_id))
    if row.replaces:
        origins.append(Origin("billing", "bill", row.replaces))
    return TraceNode("billing", "bill", bill_id, {name: row._mapping[name] for name in _SHOWN}, tuple(origins))


async def _trace_line(read: Read, line_id: str) -> TraceNode | None:
    bill_id, _, number = line_id.rpartition(":")
    row = await bill(read, bill_id) if number.isascii() and number.isdigit() and len(number) < 6 else None
    shown = lines(row.lines) if row is not None else []
    if row is None or not 1 <= int(number) <= len(shown):
        return None
    line = shown[int(number) - 1]
    origins = (
        Origin("billing", "tariff_version", f"{line['tariff']}@{line['tariff_version']}"),
        Origin("reading", "usage", row.usage_id),
    )
    return TraceNode("billing", "bill_line", line_id, line, origins)


async def _trace_tariff(read: Read, name: str) -> TraceNode | None:
    tariff_id, _, version = name.rpartition("@")
    d = RATING_DOCUMENT.c
    row = await read.first(
        select(RATING_DOCUMENT).where(d.kind == TARIFF, d.document_id == tariff_id, d.version == version)
    )
    if row is None:
        return None
    shown = {"content_hash": row.content_hash, "used": row.used, "document": orjson.loads(row.document)}
    return TraceNode("billing", "tariff_version", name, shown)


async def _trace_correction(read: Read, correction_id: str) -> TraceNode | None:
    row = await read.first(select(CORRECTION).where(CORRECTION.c.correction_id == correction_id))
    if row is None:
        return None
    parts = [*orjson.loads(row.reversals), *orjson.loads(row.replacements)]
    origins = tuple(Origin("billing", "bill", bill_id) for bill_id in parts)
    return TraceNode("billing", "correction", correction_id, dict(row._mapping), origins)
