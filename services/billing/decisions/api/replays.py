"""What another policy would have found, over HTTP."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field

from services.billing.bills.api.bills import READ
from services.billing.bills.domain import policy
from services.billing.context import Own
from services.billing.decisions import examples
from services.billing.decisions.use_cases import replaying
from services.billing.review.domain.replay import shown
from shared import web
from shared.document import DocumentError
from shared.errors import BusinessError
from shared.fields import Month
from shared.web import auth
from shared.web.batch import In, No

router = web.Router("/v1", tags=["bills"])
CONTRACTS_MAX = 1000


class PolicyWrong(BusinessError):
    status = 422
    code = "review_replay.policy_wrong"
    title = "The policy is none that billing could go by"


class ReplayIn(In):
    policy: dict[str, Any] | None = Field(
        None, description="a whole policy, as `WATTLINE_BILLING_POLICY` names one; without it that of this installation"
    )
    cycle_from: Month
    cycle_to: Month
    after: No | None = Field(None, description="the `next_after` of the page before")


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


class ReplayOut(BaseModel):
    bills: int
    unknown: int = Field(description="bills of which it was not kept what the rules looked at; they count nowhere else")
    held_then: int = Field(description="bills that findings held, a reviewer's own hold apart")
    held_now: int
    rules: list[ReplayedRuleOut]
    next_after: str | None = Field(description="null: these were the last contracts")


@router.post("/review-rules/replay", policy=READ, raises=(PolicyWrong,), heavy=True, example=examples.REPLAY)
async def replay(
    body: ReplayIn,
    own: Own,
    caller: auth.Current,
    db: web.Db,
    limit: Annotated[int, Query(ge=1, le=CONTRACTS_MAX)] = CONTRACTS_MAX,
) -> ReplayOut:
    """Tell what another policy would have found on the bills in force of cycles, rule by rule and class by class.

    Nothing is stored. A page is of `limit` contracts; the sum of all pages is the whole (`wattline replay-rules`).
    """
    try:
        policies = own.policies if body.policy is None else policy.load(body.policy)
    except DocumentError as wrong:
        raise PolicyWrong(str(wrong)) from None
    async with db.view() as view:
        page = await replaying.page(
            view,
            visible=caller.visible,
            cycles=(body.cycle_from, body.cycle_to),
            policies=policies,
            after=body.after or "",
            limit=limit,
        )
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
        next_after=page.last,
    )
