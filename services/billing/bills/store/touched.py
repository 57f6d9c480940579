"""Which bills another tariff, series, calendar or table touches."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Row, Text, and_, case, exists, func, or_, select, true

from services.billing.bills.domain.bills import EFFECTIVE, HELD, ISSUED
from services.billing.bills.tables import BILL
from services.billing.rating.tariff.model import Tariff
from services.billing.review.domain.findings import NOT_RATED
from services.billing.tariffs.store import documents
from shared.db import columns, travel
from shared.db.columns import Condition
from shared.db.engine import View
from shared.org_units import WHOLE_UTILITY

_ESCAPE: Final = "/"


def is_issued() -> ColumnElement[bool]:
    """Return the condition of issued bills."""
    return BILL.c.status == ISSUED


def in_force_or_never_rated(touched: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition of bills in force that meet one, or that could not be rated for whatever was missing then."""
    b = BILL.c
    not_rated = and_(b.status == HELD, b.findings.contains(f'"{NOT_RATED}"', autoescape=True))
    return or_(and_(b.status.in_(EFFECTIVE), touched), not_rated)


def by_version(tariff: Tariff) -> ColumnElement[bool]:
    """Return the condition of bills that a tariff version would price differently.

    These are the bills of its tariff with a day within its dates that did not use this very document.
    """
    b = BILL.c
    return and_(
        b.tariffs.contains(f"[{_text(tariff.id)},", autoescape=True),
        ~b.tariffs.contains(_text(tariff.sha256), autoescape=True),
        true() if tariff.from_ is None else b.period_to > tariff.from_,
        true() if tariff.to is None else b.period_from < tariff.to,
    )


async def by_document(view: View, kind: str, document_id: str, from_: date, to: date) -> ColumnElement[bool]:
    """Return the condition of bills that read a series, calendar or table for a day of [from_, to).

    These are the bills whose tariff versions name the document, with a day or the read day in these dates, or of a cycle whose
    month begins in them. Which figure a bill read is not stored, so one that was rated after the change is among them.
    """
    b = BILL.c
    using = [
        f"[{_text(str(d['id']))},{_text(str(d['version']))},"
        for d in await documents.documents(view)
        if "id" in d and names(d, kind, document_id)
    ]
    given = travel.relation(view, "using", {"pattern": (Text(), [_containing(text) for text in using])})
    return and_(
        exists().where(b.tariffs.like(given.c.pattern, escape=_ESCAPE)).correlate(BILL),
        or_(
            and_(b.period_to >= from_, b.period_from < to),
            and_(b.cycle + "-01" >= from_.isoformat(), b.cycle + "-01" < to.isoformat()),
        ),
    )


async def page(
    view: View, *, visible: Condition, after: Condition, limit: int, touched: ColumnElement[bool]
) -> Sequence[Row[Any]]:
    """List the bills that meet one of these conditions."""
    b = BILL.c
    statement = select(BILL).where(visible(b.org_unit), touched, after(b.bill_id))
    return await view.all(statement.order_by(b.bill_id).limit(limit))


async def count(view: View, touched: ColumnElement[bool]) -> dict[str, int]:
    """Count the bills that meet a condition, with their contracts and their total."""
    b = BILL.c
    counted = select(
        func.count().label("bills"),
        func.count(b.contract_no.distinct()).label("contracts"),
        func.coalesce(func.sum(b.total_fen), 0).label("total_fen"),
    )
    row = await view.first(counted.where(touched))
    assert row is not None
    return {name: int(value) for name, value in row._mapping.items()}


async def count_each(view: View, of: ColumnElement[bool], touched: Sequence[ColumnElement[bool]]) -> list[int]:
    """Count the bills of a condition that meet each of some more."""
    row = await view.first(select(*(func.count(case((each, 1))) for each in touched)).select_from(BILL).where(of))
    assert row is not None
    return [int(value) for value in row]


async def end(view: View, touched: ColumnElement[bool]) -> date | None:
    """Return the day after the last one of bills that meet a condition; None where there are none."""
    found: date | None = await view.scalar(select(func.max(BILL.c.period_to)).where(touched))
    return found


async def total_of_runs(view: View, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Return the sum in fen of the bills in force of runs (route, cycle)."""
    given = travel.relation(
        view,
        "runs",
        {"route_no": (columns.No, [route for route, _ in keys]), "cycle": (columns.No, [cycle for _, cycle in keys])},
    )
    b = BILL.c
    of_run = and_(b.route_no == given.c.route_no, b.cycle == given.c.cycle)
    rows = await view.all(
        select(b.route_no, b.cycle, func.sum(b.total_fen).label("total_fen"))
        .select_from(given.join(BILL, of_run))
        .where(b.status.in_(EFFECTIVE))
        .group_by(b.route_no, b.cycle)
    )
    return {(row.route_no, row.cycle): int(row.total_fen) for row in rows}


async def contracts(view: View, touched: ColumnElement[bool], *, after: str, limit: int) -> dict[str, date]:
    """Return the next contracts behind a number with bills that meet a condition, and the first day of these bills."""
    b = BILL.c
    rows = await view.all(
        select(b.contract_no, func.min(b.period_from).label("first"))
        .where(touched, b.contract_no > after)
        .group_by(b.contract_no)
        .order_by(b.contract_no)
        .limit(limit)
    )
    return {row.contract_no: row.first for row in rows}


async def first_days(view: View, touched: ColumnElement[bool], contract_nos: Sequence[str]) -> dict[str, date]:
    """Return those of some contracts with bills that meet a condition, and the first day of these bills."""
    given = travel.relation(view, "given", {"contract_no": (columns.No, contract_nos)})
    b = BILL.c
    rows = await view.all(
        select(b.contract_no, func.min(b.period_from).label("first"))
        .select_from(given.join(BILL, b.contract_no == given.c.contract_no))
        .where(touched)
        .group_by(b.contract_no)
    )
    return {row.contract_no: row.first for row in rows}


def of_scope(org_unit: str, route_no: str | None, cycles: tuple[str, str]) -> ColumnElement[bool]:
    """Return the condition of bills in force of an org unit (`*`: of all), a route, from one cycle to another."""
    b = BILL.c
    first, last = cycles
    return and_(
        b.status.in_(EFFECTIVE),
        b.cycle >= first,
        b.cycle <= last,
        true() if route_no is None else b.route_no == route_no,
        true()
        if org_unit == WHOLE_UTILITY
        else or_(b.org_unit == org_unit, b.org_unit.startswith(org_unit + "/", autoescape=True)),
    )


async def heads(view: View, condition: ColumnElement[bool], contract_nos: Sequence[str]) -> Sequence[Row[Any]]:
    """Return the heads of those bills of contracts that meet a condition, with their findings."""
    given = travel.relation(view, "given", {"contract_no": (columns.No, contract_nos)})
    b = BILL.c
    wanted = ("bill_id", "account_no", "contract_no", "org_unit", "cycle", "period_to", "total_fen", "findings")
    joined = given.join(BILL, b.contract_no == given.c.contract_no)
    return await view.all(select(*(b[name] for name in wanted)).select_from(joined).where(condition))


def names(document: Any, kind: str, document_id: str) -> bool:
    """Return whether a tariff document names a series, calendar or table anywhere."""
    if isinstance(document, dict):
        return document.get(kind) == document_id or any(names(v, kind, document_id) for v in document.values())
    return isinstance(document, list) and any(names(v, kind, document_id) for v in document)


def _text(value: str) -> str:
    return orjson.dumps(value).decode()


def _containing(text: str) -> str:
    for special in (_ESCAPE, "%", "_"):
        text = text.replace(special, _ESCAPE + special)
    return f"%{text}%"
