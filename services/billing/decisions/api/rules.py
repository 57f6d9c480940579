"""How right the review rules were by the verdicts of reviewers, over HTTP."""

from typing import Annotated

from fastapi import Query

from services.billing.bills.api.bills import READ
from services.billing.context import Own
from services.billing.decisions.api.judged import precision_of
from services.billing.decisions.use_cases.queue import floor_of
from services.billing.review import store as review_store
from services.billing.review.schemas import JudgedWrongOut, RuleOut
from shared import web
from shared.web import auth, pagination

router = web.Router("/v1", tags=["bills"])
EVIDENCE_MAX = 20


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
        floor = await floor_of(view, own)
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
            **precision_of(tallies[key]),
            below_floor=key in failing,
            evidence=[
                JudgedWrongOut(**{name: row._mapping[name] for name in JudgedWrongOut.model_fields})
                for row in wrong.get(key, [])
            ],
        ),
    )
