"""Routes of prepaid accounts (费控): what is left of them, and what is looked at before a cut."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, Field

from services.collection.context import READ, WRITE, Id, Own
from services.collection.ledger.store import accounts
from services.collection.prepaid import domain, store
from services.collection.prepaid.use_cases import rechecking
from shared import web
from shared.fields import Words
from shared.web import auth, errors, pagination
from shared.web.batch import In

router = web.Router("/v1", tags=["prepaid accounts"])
State = Literal["enough", "low", "overdrawn"]
EXAMPLE: dict[str, Any] = {"result": "right", "explanation": "An electric car since last week, asked the customer."}


class PrepaidAccountOut(BaseModel):
    """A prepaid account as it was judged last; all in fen. Nothing of the estimate is posted."""

    account_no: str
    org_unit: str
    mode: str
    state: State
    available_fen: int = Field(description="What is left: `prepaid_fen` less `owed_fen` less `estimate_fen`.")
    prepaid_fen: int
    owed_fen: int
    estimate_fen: int = Field(description="What was used since the last bill, by billing.")
    through: date | None = Field(description="The first day that the estimate does not know.")
    warned: int = Field(description="Of how many levels the customer was warned.")
    overdrawn_on: date | None
    announcement_id: str
    told_at: datetime | None = Field(description="When the customer was told that nothing is left: the proof.")
    propose_at: datetime | None = Field(description="When a cut is proposed.")
    code: str = Field(
        description="Why no cut is proposed though it is time: `recheck`, `held`, `protected`, `under_way`."
    )
    doubt: str = Field(
        description="`wanted`: the estimate has jumped and waits for a person; `right`, `wrong`: what he found."
    )
    doubt_by: str | None
    judged_at: datetime | None


class EstimateOut(BaseModel):
    contract_no: str
    service_point_no: str
    mode: str
    amount_fen: int
    usual_fen: int | None
    whole: bool
    through: date
    dropped: bool = Field(description="A bill has come of its days; nothing is estimated until the next version.")


class NowOut(PrepaidAccountOut):
    """What is left by now."""

    estimates: list[EstimateOut]


class RecheckIn(In):
    result: Literal["right", "wrong"]
    explanation: Words = Field(max_length=1000, description="What was looked at; no personal data.")


@router.get("/prepaid-accounts", policy=READ)
async def list_prepaid_accounts(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    state: State | None = None,
    doubt: Annotated[Literal["wanted", "right", "wrong"] | None, Query()] = None,
) -> pagination.Page[PrepaidAccountOut]:
    """List accounts that are prepaid, or were; `doubt=wanted` for estimates that wait for a person."""
    async with db.view() as view:
        rows = await store.page(
            view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, state=state, doubt=doubt
        )
    return wanted.page(
        rows,
        key=lambda row: (row.account_no,),
        item=lambda row: PrepaidAccountOut.model_validate(row, from_attributes=True),
    )


@router.get("/prepaid-accounts/{account_no}", policy=READ)
async def get_prepaid_account(account_no: Id, caller: auth.Current, db: web.Db) -> NowOut:
    """Return a prepaid account with what is left of it at this moment, and the estimates of its contracts."""
    async with db.view() as view:
        rows = await store.accounts(view, [account_no])
        if not rows or not caller.may_see(rows[0]["org_unit"]):
            raise errors.not_found("prepaid_account")
        money = (await accounts.money(view, [account_no])).get(account_no, (0, 0))
        own = (await store.estimates(view, [account_no])).get(account_no, [])
    balance = domain.Balance(prepaid_fen=money[0], owed_fen=money[1], estimate_fen=domain.estimated(own))
    now = {"available_fen": balance.available_fen, "prepaid_fen": balance.prepaid_fen, "owed_fen": balance.owed_fen}
    now |= {"estimate_fen": balance.estimate_fen}
    shown = [EstimateOut.model_validate(each, from_attributes=True) for each in own]
    return NowOut(**{**rows[0], **now, "estimates": shown})


@router.post(
    "/prepaid-accounts/{account_no}/rechecks",
    policy=WRITE,
    example=EXAMPLE,
    raises=(rechecking.Unknown, rechecking.NothingToRecheck),
)
async def post_recheck(
    account_no: Id, body: RecheckIn, caller: auth.Current, db: web.Db, _own: Own
) -> PrepaidAccountOut:
    """Say what was found of an estimate that has jumped (异常复核)."""
    async with db.begin() as tx:
        row = await rechecking.recheck(
            tx,
            account_no,
            result=body.result,
            explanation=body.explanation,
            actor=caller.subject,
            sees=caller.may_see,
        )
    return PrepaidAccountOut(**row)
