"""Bills over HTTP."""

from typing import Annotated, Any

import orjson
from fastapi import Path, Query, Response

from services.billing.bills.domain.bills import ADJUSTED, LIFE, REVERSED
from services.billing.bills.schemas import BillHead, BillOut, DecisionOut
from services.billing.bills.store import corrections as corrections_store
from services.billing.bills.store import lines, shown, trace
from services.billing.review import store as review_store
from services.billing.site_orders import store as site_orders_store
from services.billing.site_orders.schemas import SiteOrderOut
from services.billing.site_orders.store import Days
from services.billing.tariffs.domain import tariffs_used
from shared import web
from shared.events.fact import MAX_NO
from shared.fields import Month
from shared.web import auth, conditional, errors, pagination

router = web.Router("/v1", tags=["bills"])
BillId = Annotated[str, Path(min_length=1, max_length=MAX_NO)]
NoFilter = Annotated[str | None, Query(min_length=1, max_length=MAX_NO)]
StatusFilter = Annotated[str | None, Query(pattern="^(" + "|".join(LIFE.states) + ")$", max_length=16)]
READ = auth.scope("billing:read")


@router.get("/bills", policy=READ)
async def list_bills(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    account_no: NoFilter = None,
    route_no: NoFilter = None,
    cycle: Annotated[Month | None, Query()] = None,
    status: StatusFilter = None,
) -> pagination.Page[BillHead]:
    """List bill versions, of an account, a route, a cycle or a status, in the order of their making."""
    async with db.view() as view:
        rows = await shown.page(
            view,
            visible=caller.visible,
            after=wanted.after,
            limit=wanted.fetch,
            account_no=account_no,
            route_no=route_no,
            cycle=cycle,
            status=status,
        )
    return wanted.page(rows, key=lambda row: (row.bill_id,), item=lambda row: BillHead(**head(row)))


@router.get("/bills/{bill_id}", policy=READ)
async def get_bill(bill_id: BillId, caller: auth.Current, db: web.Db, response: Response) -> BillOut:
    """Return a bill with its lines, formulas, decisions, and what it was derived from."""
    async with db.view() as view:
        row = await shown.bill(view, bill_id)
        if row is None or not caller.may_see(row.org_unit):
            raise errors.not_found("bill")
        later = await shown.replaced_by(view, bill_id, row.contract_no)
        correction_id = await corrections_store.corrected_by(view, bill_id, row.contract_no)
        told_by = await corrections_store.told_by(view, bill_id) if row.by_difference else None
        made = await review_store.decisions(view, bill_id)
        said = await review_store.verdicts(view, bill_id)
        looked_at = (await site_orders_store.of_bills(view, [Days.of(row)])).get(bill_id, [])
        node = await trace.bill(view, bill_id)
    assert node is not None
    context, state = orjson.loads(row.context), row.restated_state or row.ladder_state
    response.headers["ETag"] = conditional.etag(row.row_version)
    return BillOut(
        **head(row),
        registers=node.document["registers"],
        lines=lines.shown(row.lines),
        components=dict(orjson.loads(row.components)),
        tax_fen=context["tax_fen"],
        quantities_wh=context["quantities"],
        tariffs=used(row.tariffs),
        ladder_state=orjson.loads(state) if state else None,
        replaces=row.replaces,
        replaced_by=later,
        correction_id=row.correction_id,
        group_id=row.group_id,
        reversed_by=correction_id if row.status == REVERSED else None,
        adjusted_by=correction_id if row.status == ADJUSTED else None,
        difference_id=told_by,
        decisions=[
            DecisionOut(**{name: d._mapping[name] for name in _OF_DECISION}, verdicts=said.get(d.decision_id, {}))
            for d in made
        ],
        site_orders=[SiteOrderOut.of(order) for order in looked_at],
        calculated_at=row.calculated_at,
        derived_from=[{"service": o.service, "kind": o.kind, "id": o.id} for o in node.derived_from],
    )


_PLAIN = tuple(name for name in BillHead.model_fields if name != "findings")
_OF_DECISION = tuple(name for name in DecisionOut.model_fields if name != "verdicts")


def used(tariffs: str) -> list[dict[str, str]]:
    """Return the tariff versions that rated a bill as they are shown."""
    return [{"id": t.tariff_id, "version": t.version, "content_hash": t.content_hash} for t in tariffs_used(tariffs)]


def head(row: Any) -> dict[str, Any]:
    """Return what every list shows of a bill."""
    return {name: row._mapping[name] for name in _PLAIN} | {"findings": orjson.loads(row.findings)}
