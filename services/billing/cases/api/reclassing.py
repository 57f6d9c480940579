"""The route by which a change of use ends in another class."""

from services.billing.bills.use_cases.billed_days import Refused
from services.billing.cases import examples, schemas
from services.billing.cases.api.cases import ON_STATE, WORK, CaseNo
from services.billing.cases.domain.reclass import Reclass
from services.billing.cases.use_cases import charging, comparing, reclassing
from services.billing.context import Own
from shared import web
from shared.web import auth, batch, business_day, conditional, state
from shared.web.approvals import AWAITING
from shared.web.batch import OutcomeOut

router = web.Router("/v1", tags=["cases"])


@router.post(
    "/cases/{case_no}/reclassing",
    policy=WORK,
    raises=(
        *(*ON_STATE, charging.AccountUnknown, reclassing.NothingChanges, Refused),
        *(reclassing.AskedByAnother, comparing.BilledTwice),
    ),
    responses=AWAITING,
    example=examples.RECLASS,
    response_model=OutcomeOut,
)
async def reclass_account(
    case_no: CaseNo,
    body: schemas.ReclassIn,
    seen: conditional.VersionSeen,
    caller: auth.Current,
    db: web.Db,
    own: Own,
    parts: state.Current,
) -> web.Json:
    """End a case with another class from a day on (改类): touched bills are corrected, and the difference is billed.

    202 (`awaiting_approval`, `id` names it) where it changes days of issued bills of an amount that the policy names: the case
    ends when somebody else approves it (`/v1/approvals`).
    """
    business_day.check(parts, body.business_date)
    wanted = Reclass(from_=body.from_, customer_class=body.customer_class, tariff=body.tariff, option=body.option)
    async with db.begin() as tx:
        outcome = await reclassing.reclass(
            tx,
            case_no,
            wanted,
            seen=seen,
            goes_on=body.goes_on,
            explanation=body.explanation,
            on=body.business_date,
            actor=caller.subject,
            units=caller.org_units,
            may_see=caller.may_see,
            context=own,
        )
    return batch.single([outcome])
