"""What another policy would have found, over HTTP."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field

from services.billing.bills.api.bills import READ
from services.billing.bills.domain import policy
from services.billing.context import Own
from services.billing.review.domain.replay import shown
from services.billing.runs import examples
from services.billing.runs.use_cases import replaying
from shared import civil, web
from shared.dated import NotCovered
from shared.document import DocumentError
from shared.errors import BusinessError
from shared.fields import Month
from shared.web import auth, pagination
from shared.web.batch import In

router = web.Router("/v1", tags=["bills"])
CYCLES_MAX = 12  # a year
RUNS_MAX = 20  # of some hundred bills each


class PolicyWrong(BusinessError):
    status = 422
    code = "review_replay.policy_wrong"
    title = "The policy is none that billing could go by"


class CyclesWrong(BusinessError):
    status = 422
    code = "review_replay.cycles_wrong"
    title = f"The cycles are reversed, or more than {CYCLES_MAX}"


class ReplayIn(In):
    policy: dict[str, Any] | None = Field(
        None, description="a whole policy, as `WATTLINE_BILLING_POLICY` names one; without it that of this installation"
    )
    cycle_from: Month
    cycle_to: Month
    after: str | None = Field(
        None, max_length=pagination.CURSOR_CHARACTERS_MAX, description="the `next_after` of the page before"
    )


class VerdictsOut(BaseModel):
    right: int
    wrong: int
    known: int
    unsaid: int = Field(description="nobody has said anything of them")


class ReplayedRuleOut(BaseModel):
    code: str
    customer_class: str
    then: int = Field(description="bills in which it was found")
    now: int = Field(description="bills in which it would be found")
    go: VerdictsOut = Field(description="those that would be found no more, by the verdict on this finding")
    come: VerdictsOut = Field(
        description="those that would be found in addition, by what was said of other findings of the bill"
    )


class ReplayedRunRuleOut(BaseModel):
    code: str
    then: int = Field(description="runs of which it was found")
    now: int = Field(description="runs of which it would be found")
    go: int
    come: int


class AsItStandsOut(BaseModel):
    code: str
    runs: int = Field(description="runs of which it stands")


class ReplayOut(BaseModel):
    bills: int
    unknown: int = Field(description="bills of which it was not kept what the rules looked at; they count nowhere else")
    held_then: int = Field(description="bills that findings held, a reviewer's own hold apart")
    held_now: int
    rules: list[ReplayedRuleOut]
    runs: int = Field(description="runs that were looked at as a whole")
    runs_unknown: int = Field(
        description="runs whose totals do not agree, or of which what they rest on was not kept: their bills alone are looked at"
    )
    runs_held_then: int
    runs_held_now: int
    run_rules: list[ReplayedRunRuleOut]
    as_they_stand: list[AsItStandsOut] = Field(
        description="rules of runs that are not replayed: what they found is not kept once it is no more, it stands then as now"
    )
    next_after: str | None = Field(description="null: these were the last runs")


@router.post(
    "/review-rules/replay", policy=READ, raises=(PolicyWrong, CyclesWrong), heavy=True, example=examples.REPLAY
)
async def replay(
    body: ReplayIn,
    own: Own,
    caller: auth.Current,
    db: web.Db,
    limit: Annotated[int, Query(ge=1, le=RUNS_MAX)] = RUNS_MAX,
) -> ReplayOut:
    """Tell what another policy would have found on the runs of cycles and their bills in force, rule by rule, class by class.

    Nothing is stored. Of the runs of the caller's org units. Neighbours are measured under that policy, and a run is looked at by
    what is known of it now. A page is of `limit` runs; the sum of all pages is the whole (`wattline replay-rules`).
    """
    after = pagination.Wanted(limit, pagination.decode(body.after) if body.after else ()).last_as(str, str)
    if not 1 <= civil.months(body.cycle_from, body.cycle_to) <= CYCLES_MAX:
        raise CyclesWrong
    try:
        policies = own.policies if body.policy is None else policy.load(body.policy)
    except DocumentError as wrong:
        raise PolicyWrong(str(wrong)) from None
    try:
        async with db.view() as view:
            page = await replaying.page(
                view,
                visible=caller.visible,
                cycles=(body.cycle_from, body.cycle_to),
                policies=policies,
                after=after or replaying.BEGINNING,
                limit=limit,
            )
    except NotCovered as missing:
        raise PolicyWrong(str(missing)) from None
    counted = page.replay
    return ReplayOut(
        bills=counted.bills,
        unknown=counted.unknown,
        held_then=counted.held_then,
        held_now=counted.held_now,
        rules=[
            ReplayedRuleOut(
                code=code,
                customer_class=customer_class,
                then=one.then,
                now=one.now,
                go=VerdictsOut(**shown(one.go)),
                come=VerdictsOut(**shown(one.come)),
            )
            for (code, customer_class), one in sorted(counted.rules.items())
        ],
        runs=counted.runs,
        runs_unknown=counted.runs_unknown,
        runs_held_then=counted.runs_held_then,
        runs_held_now=counted.runs_held_now,
        run_rules=[ReplayedRunRuleOut(code=code, **asdict(one)) for code, one in sorted(counted.run_rules.items())],
        as_they_stand=[
            AsItStandsOut(code=code, runs=counted.as_they_stand.get(code, 0)) for code in replaying.AS_THEY_STAND
        ],
        next_after=pagination.encode(page.last) if page.last else None,
    )
