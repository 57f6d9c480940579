"""Accounts over HTTP."""

from typing import Annotated, Literal

import orjson
from fastapi import Path, Query

from services.billing.accounts import examples, use_cases
from services.billing.accounts.schemas import (
    AccountHead,
    AccountOut,
    AccountsIn,
    AccountState,
    WaitingContract,
)
from services.billing.context import Own
from services.billing.contracts.store import contracts as contracts_store
from services.billing.contracts.store import points as points_store
from shared import approvals, web
from shared.events.fact import MAX_NO
from shared.outcome import OTHER_ORG_UNIT
from shared.web import auth, batch, errors, pagination
from shared.web.approvals import AWAITING
from shared.web.batch import OutcomeOut, OutcomesOut

router = web.Router("/v1", tags=["accounts"])
AccountNo = Annotated[str, Path(min_length=1, max_length=MAX_NO)]


@router.put(
    "/accounts/{account_no}",
    policy=auth.scope("billing:write"),
    raises=(*use_cases.CONFLICTS, approvals.AskedAlready),
    responses=AWAITING,
    example=examples.ACCOUNT,
    response_model=OutcomeOut,
)
async def put_account(
    account_no: AccountNo, body: AccountState, own: Own, caller: auth.Current, db: web.Db
) -> web.Json:
    """Bring one account to this state; the same state again changes nothing.

    202 (`awaiting_approval`, `id` names it) where it changes days of issued bills of an amount that the policy names: somebody
    else approves it first (`/v1/approvals`).
    """
    async with db.begin() as tx:
        outcomes = await use_cases.put(
            tx, [body.account(account_no)], actor=caller.subject, units=caller.org_units, context=own
        )
    conflicts = [conflict.code for conflict in (*use_cases.CONFLICTS, approvals.AskedAlready)]
    return batch.single(outcomes, conflicts=conflicts)


@router.put("/accounts", policy=auth.scope("billing:write"), example=examples.ACCOUNTS, response_model=OutcomesOut)
async def put_accounts(body: AccountsIn, own: Own, caller: auth.Current, db: web.Db) -> web.Json:
    """Bring up to 1,000 accounts to their states, each answered by itself; one that awaits a second person stops no other."""
    wanted = [item.account(item.account_no) for item in body.items]
    async with db.begin() as tx:
        outcomes = await use_cases.put(tx, wanted, actor=caller.subject, units=caller.org_units, context=own)
    return batch.answer(outcomes)


@router.get("/waiting-contracts", policy=auth.scope("billing:read"))
async def list_waiting_contracts(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    status: Annotated[Literal["waiting", "refused"], Query()] = "waiting",
) -> pagination.Page[WaitingContract]:
    """List the contracts that name a point which is not known yet, or those that named one of another bureau."""
    async with db.view() as view:
        rows = await points_store.page(
            view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, refused=status == "refused"
        )
    return wanted.page(
        rows,
        key=lambda row: (row.contract_no,),
        item=lambda row: WaitingContract(
            contract_no=row.contract_no,
            account_no=row.account_no,
            org_unit=row.org_unit,
            service_point_nos=sorted(orjson.loads(row.points)),
            status=status,
            code=OTHER_ORG_UNIT if status == "refused" else None,
        ),
    )


@router.get("/accounts/{account_no}", policy=auth.scope("billing:read"))
async def get_account(account_no: AccountNo, caller: auth.Current, db: web.Db) -> AccountOut:
    """Return an account as it is now."""
    async with db.view() as view:
        found = await use_cases.get(view, account_no)
    if found is None:
        raise errors.not_found("account")
    account, version = found
    if not caller.may_see(account.org_unit):
        raise errors.not_found("account")
    return AccountOut.of(account, version)


@router.get("/accounts", policy=auth.scope("billing:read"))
async def list_accounts(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    service_point_no: Annotated[str | None, Query(min_length=1, max_length=MAX_NO)] = None,
) -> pagination.Page[AccountHead]:
    """List accounts by number, all or those that were ever supplied at a service point."""
    async with db.view() as view:
        rows = await contracts_store.page(
            view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, service_point_no=service_point_no
        )
    return wanted.page(
        rows,
        key=lambda row: (row.account_no,),
        item=lambda row: AccountHead(account_no=row.account_no, org_unit=row.org_unit, version=row.version),
    )
