"""Documents that went out before a restore, over HTTP."""

from typing import Annotated, Any, Final, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from services.billing.bills.use_cases import adopting
from services.billing.bills.use_cases.adopting import BILL, Posted
from services.billing.context import Own
from services.billing.restoring.use_cases.adjustments import Adjustments
from services.billing.restoring.use_cases.charges import Charges
from shared import approvals, web
from shared.events.billing import Component
from shared.events.fact import Fen
from shared.fields import Day, Month
from shared.web import auth, batch, errors, scopes
from shared.web.batch import In, No

router = web.Router("/v1", tags=["bills"])
KEEPERS: Final[adopting.Keepers] = {"adjustment": Adjustments(), "charge": Charges()}
COMPONENTS_MAX = 64  # as a difference has; a bill has fewer
OF_A_BILL_MAX = 32
AWAITING: dict[int | str, dict[str, Any]] = {
    202: {"description": "A second person has to approve them", "model": batch.OutcomesOut}
}
POSTED_MAX = 500  # documents of one account: decades of months
EXAMPLE = {
    "account_no": "3301000001",
    "items": [
        {
            "document_kind": "bill",
            "document_id": "019c167f-cc00-8a5e-a1e9-622f84334dba",
            "issued_on": "2026-02-02",
            "due_on": "2026-02-22",
            "total_fen": 9469,
            "components": [{"component": "energy", "amount_fen": 9469}],
            "stands": True,
            "correction_id": None,
        }
    ],
}


class PostedIn(In):
    """A document as collection has posted it; `stands`: it is not taken back. Of what is no bill with cycle and point."""

    document_kind: batch.Code
    document_id: No
    issued_on: Day
    due_on: Day
    total_fen: Fen
    components: Annotated[list[Component], Field(max_length=COMPONENTS_MAX)]
    stands: bool
    correction_id: No | None = None
    cycle: Month | None = None
    service_point_no: No | None = None
    taken_back_on: Day | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.document_kind != BILL:  # refused by itself, it stops no other
            return self
        if len(self.components) > OF_A_BILL_MAX:
            raise PydanticCustomError("too_many_components", "a bill does not have as many components")
        if sum(part.amount_fen for part in self.components) != self.total_fen:
            raise PydanticCustomError("not_whole", "the components are not the total")
        if len({part.component for part in self.components}) < len(self.components):
            raise PydanticCustomError("repeated", "a component stands twice")
        return self


class PostedBatchIn(In):
    """The documents of one account (collection's `GET /v1/posted-documents`)."""

    account_no: No
    items: Annotated[list[PostedIn], Field(min_length=1, max_length=POSTED_MAX)]


@router.post(
    "/posted-documents",
    policy=auth.scope(scopes.RESTORE_RUN, whole_utility=True),
    raises=(approvals.AskedAlready,),
    responses=AWAITING,
    example=EXAMPLE,
    response_model=batch.OutcomesOut,
)
async def adopt_documents(body: PostedBatchIn, caller: auth.Current, db: web.Db, own: Own) -> Response:
    """Keep bills, adjustments and charges as collection has posted them: after a restore, what went out since is not known here.

    202 (`awaiting_approval`, `id` names it) where one of them, or a bill whose place it takes, is of an amount that the policy
    names: somebody else approves all of them first (`/v1/approvals`).
    """
    posted = [
        Posted(
            document_kind=item.document_kind,
            document_id=item.document_id,
            issued_on=item.issued_on,
            due_on=item.due_on,
            total_fen=item.total_fen,
            components=[(part.component, part.amount_fen) for part in item.components],
            stands=item.stands,
            correction_id=item.correction_id,
            cycle=item.cycle,
            service_point_no=item.service_point_no,
            taken_back_on=item.taken_back_on,
        )
        for item in body.items
    ]
    async with db.begin() as tx:
        outcomes = await adopting.adopt(tx, body.account_no, posted, context=own, actor=caller.subject, keepers=KEEPERS)
    if outcomes is None:
        raise errors.not_found("account")
    answer = batch.answer(outcomes)
    if any(outcome.status == "awaiting_approval" for outcome in outcomes):
        answer.status_code = 202
    return answer
