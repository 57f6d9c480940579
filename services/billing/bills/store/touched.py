"""Which issued bills another tariff, series, calendar or table touches."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import orjson
from sqlalchemy import ColumnElement, Row, and_, false, or_, select, true

from services.billing.bills.domain.bills import ISSUED
from services.billing.bills.tables import BILL
from services.billing.rating.tariff.model import Tariff
from services.billing.tariffs.store import documents
from shared.db.columns import Condition
from shared.db.engine import View


def by_version(tariff: Tariff) -> ColumnElement[bool]:
    """Return the condition of issued bills that a tariff version would price differently.

    These are the bills of its tariff with a day within its dates that did not use this very document.
    """
    b = BILL.c
    return and_(
        b.status == ISSUED,
        b.tariffs.contains(f"[{_text(tariff.id)},", autoescape=True),
        ~b.tariffs.contains(_text(tariff.sha256), autoescape=True),
        true() if tariff.from_ is None else b.period_to > tariff.from_,
        true() if tariff.to is None else b.period_from < tariff.to,
    )


async def by_document(view: View, kind: str, document_id: str, from_: date, to: date) -> ColumnElement[bool]:
    """Return the condition of issued bills that read a series, calendar or table for a day of [from_, to).

    These are the bills whose tariff versions name the document, with a day or the read day in these dates, or of a cycle whose
    month begins in them. Which figure a bill read is not stored, so one that was rated after the change is among them.
    """
    b = BILL.c
    using = [
        f"[{_text(str(d['id']))},{_text(str(d['version']))},"
        for d in await documents.documents(view)
        if "id" in d and names(d, kind, document_id)
    ]
    return and_(
        b.status == ISSUED,
        or_(*(b.tariffs.contains(text, autoescape=True) for text in using), false()),
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


def names(document: Any, kind: str, document_id: str) -> bool:
    """Return whether a tariff document names a series, calendar or table anywhere."""
    if isinstance(document, dict):
        return document.get(kind) == document_id or any(names(v, kind, document_id) for v in document.values())
    return isinstance(document, list) and any(names(v, kind, document_id) for v in document)


def _text(value: str) -> str:
    return orjson.dumps(value).decode()
