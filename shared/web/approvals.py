"""What waits for a second person, and the decisions on it, over HTTP."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import Query
from pydantic import BaseModel, Field

from shared import approvals
from shared.db import approvals as store
from shared.db.approvals import Approval
from shared.errors import BusinessError
from shared.fields import Words
from shared.outcome import Outcome, refused
from shared.web import auth, pagination
from shared.web.batch import In, No, OutcomeOut, OutcomesOut, answer
from shared.web.routing import Json, Router
from shared.web.scopes import APPROVALS_DECIDE as DECIDE
from shared.web.scopes import APPROVALS_READ as READ
from shared.web.state import Current, Web

EXPLANATION_MAX = 1000
DECISIONS_MAX = 200  # what one person can have looked at under one explanation

router = Router("/v1/approvals", tags=["approvals"])
State = Literal["pending", "approved", "rejected", "withdrawn"]


class ApprovalOut(BaseModel):
    approval_id: str
    kind: str
    subject_id: str
    content: Mapping[str, Any] = Field(description="what is done where it is approved, and nothing else")
    content_hash: str = Field(description="a decision names it: it is about this content")
    org_unit: str = Field(description="`*`: of the whole utility")
    requested_by: str
    reason: str
    requested_at: datetime
    state: State
    decided_by: str | None
    explanation: str | None
    decided_at: datetime | None


class Asked(BaseModel):
    """The answer (202) where something waits for a second person."""

    approval_id: str
    content_hash: str
    state: State

    @classmethod
    def of(cls, approval: Approval) -> "Asked":
        return cls.model_validate(
            {"approval_id": approval.approval_id, "content_hash": approval.content_hash, "state": approval.state}
        )


_WAITS: Final = "A second person has to approve it"
ASKED: dict[int | str, dict[str, Any]] = {202: {"description": _WAITS, "model": Asked}}
"""The `responses` of a route that may ask for an approval."""
AWAITING: dict[int | str, dict[str, Any]] = {202: {"description": _WAITS, "model": OutcomeOut}}
"""Those of one that answers with an outcome, `awaiting_approval`."""


def asked(approval: Approval | None) -> Json:
    """Return the answer of a route that has asked for an approval; None where nobody needed to be asked and it is done."""
    return Json(None) if approval is None else Json(Asked.of(approval).model_dump(), 202)


class Named(In):
    approval_id: No
    content_hash: str = Field(pattern="^[0-9a-f]{64}$", examples=["0" * 64])


class DecisionsIn(In):
    decision: Literal["approve", "reject"]
    explanation: Words = Field(max_length=EXPLANATION_MAX)
    items: list[Named] = Field(min_length=1, max_length=DECISIONS_MAX)


EXAMPLE: dict[str, object] = {
    "decision": "approve",
    "explanation": "Checked against the meter's photograph.",
    "items": [{"approval_id": "0198f2b0-0000-7000-8000-000000000001", "content_hash": "0" * 64}],
}


def _may_decide(web: Web, caller: auth.Caller, approval: Approval) -> bool:
    kind = web.approvals.get(approval.kind)
    if kind is None or not caller.has(approval.content.get(approvals.SECOND, kind.scope)):
        return False
    return caller.may_see(approval.org_unit)


@router.get("", policy=auth.scope(READ, DECIDE))
async def list_approvals(
    web: Current,
    caller: auth.Current,
    wanted: pagination.Query_,
    state: State | None = None,
    kind: Annotated[str | None, Query(min_length=1, max_length=64)] = None,
) -> pagination.Page[ApprovalOut]:
    """List what was asked for, oldest first: what waits for a decision, and what was decided by whom."""
    async with web.database.view() as view:
        rows = await store.page(
            view, state=state, kind=kind, visible=caller.visible, after=wanted.after, limit=wanted.fetch
        )
    return wanted.page(rows, key=lambda row: (row["approval_id"],), item=ApprovalOut.model_validate)


@router.post("/decisions", policy=auth.scope(DECIDE), example=EXAMPLE, response_model=OutcomesOut)
async def decide(body: DecisionsIn, web: Current, caller: auth.Current) -> Json:
    """Decide on what others asked for, one outcome an item, each in its own unit of work; nothing happens but what was shown."""
    outcomes = []
    for item in body.items:
        try:
            async with web.database.begin() as tx:
                await approvals.decide(
                    tx,
                    item.approval_id,
                    content_hash=item.content_hash,
                    decision=body.decision,
                    explanation=body.explanation,
                    actor=caller.subject,
                    may_decide=lambda approval: _may_decide(web, caller, approval),
                    kinds=web.approvals,
                )
            outcomes.append(Outcome("done", id=item.approval_id))
        except BusinessError as error:
            outcomes.append(refused(error.code, error.detail or error.title, id=item.approval_id))
    return answer(outcomes)


@router.post(
    "/{approval_id}/withdrawal",
    policy=auth.token("who could ask for it can take it back"),
    raises=(approvals.UnknownApproval, approvals.NotTheirs, approvals.NotPending),
)
async def withdraw(approval_id: No, web: Current, caller: auth.Current) -> None:
    """Take back what one has asked for oneself."""
    async with web.database.begin() as tx:
        await approvals.withdraw(tx, approval_id, actor=caller.subject, kinds=web.approvals)
