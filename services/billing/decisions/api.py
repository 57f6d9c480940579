"""The review queue, its decisions, and how right the review rules were by them, over HTTP."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import Row
from starlette.responses import Response

from services.billing.bills.api.bills import READ, BillId, NoFilter, head
from services.billing.bills.schemas import BillFigures
from services.billing.bills.store import shown
from services.billing.business_day import store as business_days
from services.billing.context import Context, Own
from services.billing.decisions import use_cases
from services.billing.review import store as review_store
from services.billing.review import use_cases as review
from services.billing.review.domain import precision
from services.billing.review.domain.findings import HOLD, OF_NO_RULE, of_rules
from services.billing.review.domain.precision import Floor, Tally
from services.billing.review.schemas import JudgedFindingOut, JudgedWrongOut, RuleOut
from shared import approvals, web
from shared.db.engine import View
from shared.errors import BusinessError
from shared.fields import Day
from shared.web import auth, business_day, conditional, pagination, state
from shared.web.approvals import ASKED, asked
from shared.web.batch import Code, In

router = web.Router("/v1", tags=["bills"])

REASON_MAX = 1000
ORDERED_MAX = 10_000
EVIDENCE_MAX = 20


class TooManyToOrder(BusinessError):
    status = 422
    code = "review_queue.too_many_to_order"
    title = "More than 10,000 bills wait: ask for one route, or for the oldest first"


class QueueItem(BillFigures):
    findings: list[JudgedFindingOut] = Field(
        description="each with the precision of its rule in the org units of the caller"
    )
    at_risk_fen: int = Field(description="the amount times the precision to reckon with of the best rule that holds it")
    held_at: datetime
    age_seconds: int
    read_by: list[str] = Field(description="who had a hand in the reads: none of them may decide")


class DecisionIn(In):
    decision: use_cases.Kind
    explanation: str = Field("", max_length=REASON_MAX)
    verdicts: dict[Code, review.Verdict] = Field(
        default_factory=dict,
        max_length=100,
        examples=[{"billing.sudden_rise": "known"}],
        description="by code, whether a finding was right; needed for each that holds a bill whose review ends",
    )
    business_date: Day | None = Field(None, description="day of the decision; by default the latest that billing knows")


class DecidedOut(BaseModel):
    bill_id: str = Field(description="the bill now in force for the period; another one where it was calculated again")
    status: str
    row_version: int


EXAMPLE: dict[str, object] = {
    "decision": "hold",
    "explanation": "The customer asked for a check of the meter.",
    "verdicts": {},
    "business_date": "2026-02-02",
}


@router.get("/review-queue", policy=READ, raises=(TooManyToOrder,))
async def review_queue(
    caller: auth.Current,
    db: web.Db,
    own: Own,
    wanted: pagination.Query_,
    route_no: NoFilter = None,
    order: Annotated[Literal["age", "risk"], Query()] = "age",
) -> pagination.Page[QueueItem]:
    """List the bills that wait for a reviewer, oldest first, with their findings, how often their rules were right, and who read.

    `order=risk`: by money at risk times precision, the most first, as the verdicts were when the first page was read.
    """
    now = db.clock.now()
    last = wanted.last_as(datetime, int, str) if order == "risk" else None
    until = last[0] if last else now
    async with db.view() as view:
        floor = await _floor(view, own)
        tallies = {
            code: tally for (code, _), tally in (await review_store.tallies(view, caller.visible, until=until)).items()
        }
        if order == "risk":
            waiting = await shown.waiting_for_review(
                view, visible=caller.visible, limit=ORDERED_MAX + 1, route_no=route_no
            )
            keys = _by_risk(waiting, tallies, floor, after=last)
            page = wanted.page(keys, key=lambda key: (until, *key), item=lambda key: key[1])
            heads = await shown.in_review(view, page.items)
            rows: Sequence[Row[Any]] = [heads[bill_id] for bill_id in page.items if bill_id in heads]
        else:
            rows = await shown.page_in_review(
                view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, route_no=route_no
            )
        readers = await review_store.readers(view, [row.bill_id for row in rows])

    def item(row: Row[Any]) -> QueueItem:
        return QueueItem(
            **head(row) | {"findings": [_judged(found, tallies) for found in orjson.loads(row.findings)]},
            at_risk_fen=_at_risk_fen(row, tallies, floor),
            held_at=row.held_at,
            age_seconds=_age(now, row.held_at),
            read_by=readers.get(row.bill_id, []),
        )

    if order == "age":
        return wanted.page(rows, key=lambda row: (row.held_at, row.bill_id), item=item)
    return pagination.Page(items=[item(row) for row in rows], next_cursor=page.next_cursor)


@router.get("/review-rules", policy=READ)
async def review_rules(
    caller: auth.Current,
    db: web.Db,
    own: Own,
    wanted: pagination.Query_,
    by: Annotated[review_store.By | None, Query()] = None,
    below_floor: Annotated[bool, Query()] = False,
) -> pagination.Page[RuleOut]:
    """List how often each review rule was right by the verdicts of reviewers, in the org units of the caller.

    `by` splits it by customer class or org unit of the bills. `below_floor=true`: those that are for change; none is ever
    switched off by itself.
    """
    last = wanted.last_as(str, str)
    async with db.view() as view:
        floor = await _floor(view, own)
        tallies = await review_store.tallies(view, caller.visible, by=by)
        keys = [key for key in sorted(tallies) if not below_floor or tallies[key].is_below(floor)]
        keys = [key for key in keys if last is None or key > last][: wanted.fetch]
        failing = [key for key in keys if tallies[key].is_below(floor)]
        wrong = await review_store.judged_wrong(view, caller.visible, failing, by=by, limit=EVIDENCE_MAX)
    return wanted.page(
        keys,
        key=lambda key: key,
        item=lambda key: RuleOut(
            code=key[0],
            customer_class=key[1] if by == "class" else None,
            org_unit=key[1] if by == "org_unit" else None,
            found=tallies[key].found,
            right=tallies[key].right,
            wrong=tallies[key].wrong,
            known=tallies[key].known,
            **_precision(tallies[key]),
            below_floor=key in failing,
            evidence=[
                JudgedWrongOut(**{name: row._mapping[name] for name in JudgedWrongOut.model_fields})
                for row in wrong.get(key, [])
            ],
        ),
    )


@router.post(
    "/bills/{bill_id}/decisions",
    policy=auth.scope("billing:review"),
    raises=(
        use_cases.UnknownBill,
        use_cases.ReviewerRead,
        use_cases.ExplanationMissing,
        use_cases.NotDecidable,
        use_cases.TooEarly,
        use_cases.NotRated,
        review.UnknownFinding,
        review.VerdictMissing,
        approvals.AskedAlready,
        business_day.InTheFuture,
        *conditional.RAISES,
    ),
    responses=ASKED,
    example=EXAMPLE,
    response_model=DecidedOut,
)
async def decide(
    bill_id: BillId,
    body: DecisionIn,
    seen: conditional.VersionSeen,
    own: Own,
    parts: state.Current,
    caller: auth.Current,
    db: web.Db,
) -> Response:
    """Decide on a bill in the version that If-Match names; the answer is the bill now in force.

    202 where it changes issued bills of an amount that the policy names: somebody else approves it first (`/v1/approvals`).
    """
    business_day.check(parts, body.business_date)
    decision = use_cases.Decision(
        kind=body.decision,
        explanation=body.explanation,
        actor=caller.subject,
        seen=seen,
        verdicts=body.verdicts,
        business_date=body.business_date,
    )
    async with db.begin() as tx:
        approval = await use_cases.decide(tx, bill_id, decision, may_see=caller.may_see, context=own)
    if approval is not None:
        return asked(approval)
    async with db.view() as view:
        bill = await shown.bill(view, bill_id)
        assert bill is not None
        now = await shown.now_of_period(view, bill) or bill
    return web.Json(DecidedOut(bill_id=now.bill_id, status=now.status, row_version=now.row_version).model_dump())


def _age(now: datetime, since: datetime) -> int:
    return max(int((now - since).total_seconds()), 0)


async def _floor(view: View, context: Context) -> Floor:
    """Return what is expected of rules: by the policy of the latest business date that billing has heard of."""
    return context.policies.on(await business_days.latest(view) or date.max).review.floor


def _by_risk(
    rows: Sequence[Row[Any]], tallies: Mapping[str, Tally], floor: Floor, *, after: tuple[datetime, int, str] | None
) -> list[tuple[int, str]]:
    """Return the keys of the order by risk behind a cursor: less the money at risk, and the bill. Raises TooManyToOrder."""
    if len(rows) > ORDERED_MAX:
        raise TooManyToOrder
    keys = sorted((-_at_risk_fen(row, tallies, floor), str(row.bill_id)) for row in rows)
    return [key for key in keys if after is None or key > after[1:]]


def _at_risk_fen(row: Row[Any], tallies: Mapping[str, Tally], floor: Floor) -> int:
    holding = [code for code, severity in of_rules(row.findings).items() if severity == HOLD]
    return precision.at_risk_fen(row.total_fen, holding, tallies, floor)


def _judged(found: Mapping[str, Any], tallies: Mapping[str, Tally]) -> JudgedFindingOut:
    tally = precision.of("" if found["code"] in OF_NO_RULE else found["code"], tallies)
    return JudgedFindingOut(**found, **_precision(tally), verdicts=tally.judged)


def _precision(tally: Tally) -> dict[str, int | None]:
    low, high = tally.interval() or (None, None)
    return {"precision_permille": tally.permille, "low_permille": low, "high_permille": high}
