"""Corrections of issued bills and their difference documents over HTTP."""

from dataclasses import asdict
from typing import Annotated, Any

import orjson
from fastapi import Path
from sqlalchemy import select

from services.billing.adapters import bill_lines, queries
from services.billing.adapters.tables import BILL, CORRECTION, DIFFERENCE
from services.billing.domain import differences
from services.billing.entrypoints.api_bills import READ, NoFilter
from services.billing.entrypoints.schemas import (
    CorrectionOut,
    DifferenceDocumentOut,
    DifferenceOut,
    LineDifferenceOut,
)
from shared import web
from shared.events.fact import MAX_NO
from shared.web import auth, errors, pagination

router = web.Router("/v1", tags=["corrections"])
DifferenceId = Annotated[str, Path(min_length=1, max_length=MAX_NO)]


@router.get("/corrections", policy=READ)
async def list_corrections(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, account_no: NoFilter = None
) -> pagination.Page[CorrectionOut]:
    """List corrections in the order of their making."""
    c = CORRECTION.c
    visible = select(BILL.c.bill_id).where(BILL.c.contract_no == c.contract_no, caller.visible(BILL.c.org_unit))
    statement = select(CORRECTION).where(visible.exists(), wanted.after(c.correction_id))
    if account_no is not None:
        statement = statement.where(c.account_no == account_no)
    async with db.view() as view:
        rows = await view.all(statement.order_by(c.correction_id).limit(wanted.fetch))
        documents = await queries.differences(view, [row.correction_id for row in rows])
    return wanted.page(
        rows,
        key=lambda row: (row.correction_id,),
        item=lambda row: _correction(row, documents[row.correction_id]),
    )


@router.get("/differences/{difference_id}", policy=READ)
async def get_difference(difference_id: DifferenceId, caller: auth.Current, db: web.Db) -> DifferenceDocumentOut:
    """Return a difference document with its lines, from the lines of the bills before and after."""
    async with db.view() as view:
        row = await queries.difference(view, difference_id)
    if row is None or not caller.may_see(row.org_unit):
        raise errors.not_found("difference")
    found = differences.lines(bill_lines.stored(row.lines_before), bill_lines.stored(row.lines_now))
    return DifferenceDocumentOut(
        **_document(row),
        lines=[LineDifferenceOut(**asdict(one), difference_fen=one.now_fen - one.before_fen) for one in found],
    )


def _correction(row: Any, documents: list[Any]) -> CorrectionOut:
    values = dict(row._mapping)
    del values["actor"]
    values |= {"reversals": orjson.loads(row.reversals), "replacements": orjson.loads(row.replacements)}
    return CorrectionOut(**values, differences=[DifferenceOut(**_document(one)) for one in documents])


def _document(row: Any) -> dict[str, Any]:
    values = {column.name: row._mapping[column.name] for column in DIFFERENCE.c}
    return values | {"components": dict(orjson.loads(row.components))}
