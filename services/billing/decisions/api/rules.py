"""The catalogue of review rules, and how right they were by the verdicts of reviewers, over HTTP."""

from datetime import date
from typing import Annotated, Any

from fastapi import Query

from services.billing.bills.api.bills import READ
from services.billing.bills.store import shown
from services.billing.business_day import store as business_days
from services.billing.context import Own
from services.billing.decisions.api.judged import precision_of
from services.billing.decisions.domain import catalogue
from services.billing.decisions.domain.catalogue import Listed
from services.billing.review import store as review_store
from services.billing.review.domain.precision import NOBODY, By, split
from services.billing.review.schemas import JudgedWrongOut, RuleOut, WordsOut
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
    by: Annotated[By | None, Query()] = None,
    below_floor: Annotated[bool, Query()] = False,
) -> pagination.Page[RuleOut]:
    """List all review rules with their source and words, and how often each was right by the verdicts of reviewers.

    These are of the bills in the org units of the caller. `by` splits them by customer class or org unit of the bills, and lists
    the rules that anybody decided on. `below_floor=true`: those that are for change; none is ever switched off by itself.
    """
    last = wanted.last_as(str, str)
    async with db.view() as view:
        policy = own.policies.on(await business_days.latest(view) or date.max)
        floor = policy.review.floor
        tallies = split(await review_store.tallies(view, caller.visible, bills=shown.versions()), by)
        if by is None:
            tallies = {(code, ""): NOBODY for code in catalogue.CODES} | tallies
        keys = [key for key in sorted(tallies) if not below_floor or tallies[key].is_below(floor)]
        keys = [key for key in keys if last is None or key > last][: wanted.fetch]
        failing = [key for key in keys if tallies[key].is_below(floor)]
        wrong = await review_store.judged_wrong(
            view, caller.visible, failing, bills=shown.versions(), by=by, limit=EVIDENCE_MAX
        )
    return wanted.page(
        keys,
        key=lambda key: key,
        item=lambda key: RuleOut(
            **_listed(catalogue.of(key[0], policy)),
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


def _listed(rule: Listed) -> dict[str, Any]:
    return {
        "code": rule.code,
        "looks_at": rule.looks_at,
        "severity": rule.severity,
        "title": WordsOut(zh=rule.title.zh, en=rule.title.en),
        "words": WordsOut(zh=rule.words.zh, en=rule.words.en),
        "source": rule.source,
    }
