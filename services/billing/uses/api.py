"""Routes of findings of use, and of what its detectors are worth."""

from dataclasses import replace
from datetime import date
from typing import Annotated, Literal

from fastapi import Depends, Path, Query, Response

from services.billing.bills.api.bills import READ, NoFilter
from services.billing.business_day import store as business_days
from services.billing.context import Own
from services.billing.review.domain.precision import NOBODY, Floor
from services.billing.uses import examples, schemas, store
from services.billing.uses.domain import detect
from services.billing.uses.store import Filters
from services.billing.uses.use_cases import judging
from shared import web
from shared.db.engine import View
from shared.events.fact import MAX_NO
from shared.web import auth, business_day, conditional, errors, pagination, state

router = web.Router("/v1", tags=["uses"])
EVIDENCE_MAX = 20
FindingId = Annotated[str, Path(min_length=1, max_length=MAX_NO)]


def _filters(
    code: schemas.UseCode | None = None,
    state: schemas.State | None = None,
    account_no: NoFilter = None,
    service_point_no: NoFilter = None,
    score_min: Annotated[int | None, Query(ge=0, le=1000)] = None,
) -> Filters:
    return Filters(
        code=code, state=state, account_no=account_no, service_point_no=service_point_no, score_min=score_min
    )


@router.get("/use-findings", policy=READ)
async def list_use_findings(
    caller: auth.Current,
    db: web.Db,
    own: Own,
    wanted: pagination.Query_,
    filters: Annotated[Filters, Depends(_filters)],
    order: Literal["age", "worth"] = "age",
) -> pagination.Page[schemas.UseFindingOut]:
    """List homes that seem to be used for something else, by the day on which that was found, each with its explanation.

    `order=worth`: first those with the most energy a day times the precision that is to be reckoned with of their detector, as
    it is when the first page is asked for.
    """
    if order == "worth":
        return await _by_worth(caller, db, own, wanted, filters)
    async with db.view() as view:
        rows = await store.page(view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, filters=filters)
    return wanted.page(rows, key=lambda row: (row.found_on, row.finding_id), item=schemas.UseFindingOut.of)


async def _by_worth(
    caller: auth.Current, db: web.Db, own: Own, wanted: pagination.Query_, filters: Filters
) -> pagination.Page[schemas.UseFindingOut]:
    last = wanted.last_as(*(int for _ in detect.CODES), int, str)
    async with db.view() as view:
        if last is None:
            tallies, floor = await store.tallies(view, caller.visible), await _floor(view, own)
            known = tuple(tallies.get((code, ""), NOBODY).expected(floor) for code in detect.CODES)
        else:
            known = last[:-2]
        rows = await store.page_by_worth(
            view,
            visible=caller.visible,
            after=replace(wanted, last=last[-2:] if last else ()).after,
            limit=wanted.fetch,
            filters=filters,
            precision=dict(zip(detect.CODES, known, strict=True)),
        )
    return wanted.page(rows, key=lambda row: (*known, row.rank, row.finding_id), item=schemas.UseFindingOut.of)


async def _floor(view: View, own: Own) -> Floor:
    return own.policies.on(await business_days.latest(view) or date.max).review.floor


@router.get("/use-findings/{finding_id}", policy=READ)
async def get_use_finding(
    finding_id: FindingId, caller: auth.Current, db: web.Db, response: Response
) -> schemas.UseFindingOut:
    """Return a finding of use."""
    async with db.view() as view:
        row = await store.row(view, finding_id)
    if row is None or not caller.may_see(row.org_unit):
        raise errors.not_found("use finding")
    response.headers["ETag"] = conditional.etag(row.version)
    return schemas.UseFindingOut.of(row)


@router.post(
    "/use-findings/{finding_id}/verdict",
    policy=auth.scope("billing:review"),
    raises=(judging.UnknownFinding, judging.NotOpen, business_day.InTheFuture, *conditional.RAISES),
    example=examples.VERDICT,
)
async def post_verdict(
    finding_id: FindingId,
    body: schemas.VerdictIn,
    seen: conditional.VersionSeen,
    parts: state.Current,
    caller: auth.Current,
    db: web.Db,
    response: Response,
) -> schemas.UseFindingOut:
    """Say whether a finding, in the version of If-Match, is right, wrong or known: its detector is judged by that."""
    business_day.check(parts, body.business_date)
    async with db.begin() as tx:
        judged = await judging.judge(
            tx,
            finding_id,
            verdict=body.verdict,
            explanation=body.explanation,
            seen=seen,
            actor=caller.subject,
            may_see=caller.may_see,
            day=body.business_date,
        )
    async with db.view() as view:
        row = await store.row(view, finding_id)
    assert row is not None
    response.headers["ETag"] = conditional.etag(judged.version)
    return schemas.UseFindingOut.of(row)


@router.get("/use-detectors", policy=READ)
async def list_use_detectors(
    caller: auth.Current,
    db: web.Db,
    own: Own,
    wanted: pagination.Query_,
    by: Annotated[store.By | None, Query()] = None,
    below_floor: Annotated[bool, Query()] = False,
) -> pagination.Page[schemas.DetectorOut]:
    """List how often each detector of use was right by what people said, in the org units of the caller.

    `below_floor=true`: those that are for change, each with the last findings in which it was wrong.
    """
    last = wanted.last_as(str, str)
    async with db.view() as view:
        tallies = await store.tallies(view, caller.visible, by=by)
        floor = await _floor(view, own)
        keys = [key for key in sorted(tallies) if not below_floor or tallies[key].is_below(floor)]
        keys = [key for key in keys if last is None or key > last][: wanted.fetch]
        failing = [key for key in keys if tallies[key].is_below(floor)]
        wrong = await store.found_wrongly(view, caller.visible, failing, by=by, limit=EVIDENCE_MAX)

    def item(key: tuple[str, str]) -> schemas.DetectorOut:
        tally = tallies[key]
        low, high = tally.interval() or (None, None)
        return schemas.DetectorOut(
            code=key[0],
            customer_class=key[1] if by == "class" else None,
            org_unit=key[1] if by == "org_unit" else None,
            judged=tally.found,
            right=tally.right,
            wrong=tally.wrong,
            known=tally.known,
            precision_permille=tally.permille,
            low_permille=low,
            high_permille=high,
            below_floor=key in failing,
            evidence=[
                schemas.FoundWronglyOut(
                    finding_id=row.finding_id, business_date=row.business_date, by_case=bool(row.by_case)
                )
                for row in wrong.get(key, ())
            ],
        )

    return wanted.page(keys, key=lambda key: key, item=item)
