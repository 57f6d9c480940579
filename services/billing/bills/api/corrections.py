"""Corrections of issued bills and their difference documents over HTTP."""

from dataclasses import asdict
from typing import Annotated, Any

import orjson
from fastapi import Path

from services.billing.bills.api.bills import READ, NoFilter
from services.billing.bills.domain import differences
from services.billing.bills.schemas import CorrectionOut, DifferenceDocumentOut, DifferenceOut, LineDifferenceOut
from services.billing.bills.store import corrections as store
from services.billing.bills.store import lines
from shared import web
from shared.events.fact import MAX_NO
from shared.web import auth, errors, pagination

router = web.Router("/v1", tags=["corrections"])
DifferenceId = Annotated[str, Path(min_length=1, max_length=MAX_NO)]


@router.get("/corrections", policy=READ)
async def list_corrections(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, account_no: NoFilter = None
) -> pagination.Page[CorrectionOut]:
    """List corrections in the order of the days of which their bills are."""
    async with db.view() as view:
        rows = await store.page(
            view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, account_no=account_no
        )
        documents = await store.differences(view, [row.correction_id for row in rows])
    return wanted.page(
        rows,
        key=lambda row: (row.correction_id,),
        item=lambda row: correction_out(row, documents[row.correction_id]),
    )


@router.get("/differences/{difference_id}", policy=READ)
async def get_difference(difference_id: DifferenceId, caller: auth.Current, db: web.Db) -> DifferenceDocumentOut:
    """Return a difference document with its lines, from the lines of the bills before and after."""
    async with db.view() as view:
        row = await store.difference(view, difference_id)
    if row is None or not caller.may_see(row.org_unit):
        raise errors.not_found("difference")
    found = differences.lines(lines.stored(row.lines_before), lines.stored(row.lines_now))
    return DifferenceDocumentOut(
        **_document(row),
        lines=[LineDifferenceOut(**asdict(one), difference_fen=one.now_fen - one.before_fen) for one in found],
    )


def correction_out(row: Any, documents: list[Any]) -> CorrectionOut:
    """Return a correction with its difference documents as it is shown."""
    values = dict(row._mapping)
    del values["actor"]
    values |= {"reversals": orjson.loads(row.reversals), "replacements": orjson.loads(row.replacements)}
    return CorrectionOut(**values, differences=[DifferenceOut(**_document(one)) for one in documents])


def _document(row: Any) -> dict[str, Any]:
    values = {name: row._mapping[name] for name in DifferenceOut.model_fields}
    return values | {"components": dict(orjson.loads(row.components))}
