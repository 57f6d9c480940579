"""Routes that read the books, and the closing of months."""

from datetime import date
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from services.collection.context import READ, READ_ALL, WRITE_ALL, Id, Own
from services.collection.ledger import schemas
from services.collection.ledger.store import accounts, findings, months, statements
from services.collection.ledger.use_cases import months as closing
from shared import approvals, web
from shared.db.approvals import Approval
from shared.fields import Day, Month
from shared.web import auth, pagination
from shared.web.approvals import ASKED, asked
from shared.web.batch import Code, No
from shared.web.errors import not_found

router = web.Router("/v1", tags=["books"])
FAR = date(9999, 12, 30)


@router.get("/accounts/{account_no}", policy=READ)
async def get_account(account_no: Id, caller: auth.Current, db: web.Db) -> schemas.AccountOut:
    """Return what an account owes and has prepaid now."""
    async with db.view() as view:
        row = await accounts.account(view, account_no)
    if row is None or not caller.may_see(row.org_unit):
        raise not_found("account")
    outstanding_fen = int(row.outstanding_fen)
    return schemas.AccountOut(
        account_no=row.account_no,
        org_unit=row.org_unit,
        outstanding_fen=outstanding_fen,
        prepaid_fen=row.prepaid_fen,
        balance_fen=outstanding_fen - row.prepaid_fen,
    )


@router.get("/accounts/{account_no}/statement", policy=READ)
async def get_statement(
    account_no: Id,
    caller: auth.Current,
    db: web.Db,
    own: Own,
    wanted: pagination.Query_,
    start: Annotated[Day, Query(alias="from")] = date.min,
    end: Annotated[Day, Query(alias="to", description="First day not on the statement.")] = FAR,
) -> schemas.StatementOut:
    """Return the statement of an account over accounting dates; a page of lines, balances of the whole span."""
    async with db.view() as view:
        row = await accounts.account(view, account_no)
        if row is None or not caller.may_see(row.org_unit):
            raise not_found("account")
        found = await statements.statement(
            view, own.policy, account_no, start=start, end=end, after=wanted.last_as(date, str), limit=wanted.fetch
        )
        accrued_fen = await own.accrued_late_fees(view, account_no)
    page = wanted.page(
        found.lines,
        key=lambda line: (line.accounting_date, line.transaction_id),
        item=lambda line: schemas.LineOut.model_validate(line, from_attributes=True),
    )
    return schemas.StatementOut(
        account_no=account_no,
        opening_balance_fen=found.opening_fen,
        closing_balance_fen=found.closing_fen,
        accrued_late_fee_fen=accrued_fen,
        items=page.items,
        next_cursor=page.next_cursor,
    )


@router.get("/findings", policy=READ)
async def list_findings(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    code: Code | None = None,
    entity_id: No | None = None,
) -> pagination.Page[schemas.FindingOut]:
    """List what a person has to look at: money in suspense, bill parts without a mapping, conflicting duplicates."""
    async with db.view() as view:
        rows = await findings.listed(
            view, visible=caller.visible, after=wanted.after, limit=wanted.fetch, code=code, entity_id=entity_id
        )
    return wanted.page(rows, key=lambda row: (row.finding_id,), item=lambda row: schemas.FindingOut(**row._mapping))


@router.get("/trial-balance", policy=READ_ALL)
async def get_trial_balance(db: web.Db, own: Own, as_of: Day | None = None) -> schemas.TrialBalanceOut:
    """Return debits and credits of every ledger account up to and with a day."""
    day = as_of or own.today()
    async with db.view() as view:
        balances = await statements.trial_balance(view, day)
    chart = own.policy.chart()
    lines = [
        schemas.TrialLine(
            ledger_account=one.ledger_account,
            name=chart[one.ledger_account].name if one.ledger_account in chart else "",
            kind=chart[one.ledger_account].kind if one.ledger_account in chart else "",
            debit_fen=one.debit_fen,
            credit_fen=one.credit_fen,
            balance_fen=one.debit_fen - one.credit_fen,
        )
        for one in balances
    ]
    debit_fen, credit_fen = sum(line.debit_fen for line in lines), sum(line.credit_fen for line in lines)
    return schemas.TrialBalanceOut(
        as_of=day, lines=lines, debit_fen=debit_fen, credit_fen=credit_fen, imbalance_fen=debit_fen - credit_fen
    )


@router.post(
    "/months/{month}/close",
    policy=WRITE_ALL,
    raises=(closing.MonthOutOfOrder, closing.MonthNotEnded, approvals.AskedAlready),
    responses=ASKED,
    response_model=schemas.ClosingOut,
)
async def close_month(
    month: Month,
    caller: auth.Current,
    db: web.Db,
    own: Own,
) -> Response:
    """Close an accounting month and all before it, for ever.

    202 where the policy wants two people: somebody else, who has seen the trial balance of its last day, closes it
    (`/v1/approvals`), if that is still the same then.
    """
    async with db.begin() as tx:
        outcome = await closing.close(tx, month=month, policy=own.policy, today=own.today(), actor=caller.subject)
    if isinstance(outcome, Approval):
        return asked(outcome)
    return web.Json({"month": month, "status": outcome.status})


@router.get("/months", policy=READ)
async def list_months(
    _caller: auth.Current, db: web.Db, wanted: pagination.Query_
) -> pagination.Page[schemas.ClosedMonthOut]:
    """List the closed months."""
    async with db.view() as view:
        rows = await months.closed(view, after=wanted.after, limit=wanted.fetch)
    return wanted.page(rows, key=lambda row: (row.month,), item=lambda row: schemas.ClosedMonthOut(**row._mapping))
