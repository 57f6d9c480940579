"""Routes that read the books, and the closing of months."""

from datetime import date
from typing import Annotated, Any

from fastapi import Path, Query
from sqlalchemy import Row, select

from services.collection.adapters import queries, statements, tables
from services.collection.application import errors, months
from services.collection.domain.documents import BILLED
from services.collection.entrypoints import schemas
from services.collection.entrypoints.api_payments import READ, WRITE, Id, Own
from shared import web
from shared.web import auth, pagination
from shared.web.errors import not_found

router = web.Router("/v1", tags=["books"])
FAR = date(9999, 12, 30)
UTILITY = "*"  # figures over all accounts are for those who see all of them


@router.get("/accounts/{account_no}", policy=READ)
async def get_account(account_no: Id, caller: auth.Current, db: web.Db) -> schemas.AccountOut:
    """Return what an account owes and has prepaid now."""
    async with db.view() as view:
        row = await queries.account(view, account_no)
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
    start: Annotated[date, Query(alias="from")] = date.min,
    end: Annotated[date, Query(alias="to", description="First day not on the statement.")] = FAR,
) -> schemas.StatementOut:
    """Return the statement of an account over accounting dates; a page of lines, balances of the whole span."""
    async with db.view() as view:
        row = await queries.account(view, account_no)
        if row is None or not caller.may_see(row.org_unit):
            raise not_found("account")
        found = await statements.statement(
            view, own.policy, account_no, start=start, end=end, after=wanted.last_as(date, str), limit=wanted.fetch
        )
    page = wanted.page(
        found.lines,
        key=lambda line: (line.accounting_date, line.transaction_id),
        item=lambda line: schemas.LineOut.model_validate(line, from_attributes=True),
    )
    return schemas.StatementOut(
        account_no=account_no,
        opening_balance_fen=found.opening_fen,
        closing_balance_fen=found.closing_fen,
        items=page.items,
        next_cursor=page.next_cursor,
    )


@router.get("/receivables", policy=READ)
async def list_receivables(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    account_no: schemas.No | None = None,
    cycle: Annotated[str | None, Query(max_length=7)] = None,
    status: schemas.Code | None = None,
    due_before: date | None = None,
    document_id: schemas.No | None = None,
) -> pagination.Page[schemas.ReceivableOut]:
    """List receivables of the caller's org units."""
    table = tables.RECEIVABLE
    where = [caller.visible(table.c.org_unit), wanted.after(table.c.receivable_id)]
    for column, value in (
        (table.c.account_no, account_no),
        (table.c.cycle, cycle),
        (table.c.status, status),
        (table.c.document_id, document_id),
    ):
        where += [column == value] if value is not None else []
    where += [table.c.due_on < due_before] if due_before else []
    async with db.view() as view:
        rows = await view.all(select(table).where(*where).order_by(table.c.receivable_id).limit(wanted.fetch))
    return wanted.page(
        rows,
        key=lambda row: (row.receivable_id,),
        item=lambda row: schemas.ReceivableOut(
            **row._mapping, derived_from=_origin(row.document_kind, row.document_id)
        ),
    )


def _origin(document_kind: str, document_id: str) -> list[schemas.DerivedFrom]:
    if document_kind not in BILLED:
        return []
    return [schemas.DerivedFrom(service="billing", kind=document_kind, id=document_id)]


@router.get("/findings", policy=READ)
async def list_findings(
    caller: auth.Current,
    db: web.Db,
    wanted: pagination.Query_,
    code: schemas.Code | None = None,
    entity_id: schemas.No | None = None,
) -> pagination.Page[schemas.FindingOut]:
    """List what a person has to look at: money in suspense, bill parts without a mapping, conflicting duplicates."""
    table = tables.FINDING
    where = [caller.visible(table.c.org_unit), wanted.after(table.c.finding_id)]
    where += [table.c.code == code] if code else []
    where += [table.c.entity_id == entity_id] if entity_id else []
    async with db.view() as view:
        rows = await view.all(select(table).where(*where).order_by(table.c.finding_id).limit(wanted.fetch))
    return wanted.page(rows, key=lambda row: (row.finding_id,), item=lambda row: schemas.FindingOut(**row._mapping))


@router.get("/reminders", policy=READ)
async def list_reminders(
    caller: auth.Current, db: web.Db, wanted: pagination.Query_, account_no: schemas.No | None = None
) -> pagination.Page[schemas.ReminderOut]:
    """List the reminders that were due, one per overdue receivable and stage."""
    table = tables.REMINDER
    where = [caller.visible(table.c.org_unit), wanted.after(table.c.reminder_id)]
    where += [table.c.account_no == account_no] if account_no else []
    async with db.view() as view:
        rows = await view.all(select(table).where(*where).order_by(table.c.reminder_id).limit(wanted.fetch))
    return wanted.page(rows, key=lambda row: (row.reminder_id,), item=_reminder)


def _reminder(row: Row[Any]) -> schemas.ReminderOut:
    origin = schemas.DerivedFrom(service="collection", kind="receivable", id=row.receivable_id)
    return schemas.ReminderOut(
        **{name: value for name, value in row._mapping.items() if name != "recorded_at"}, derived_from=[origin]
    )


@router.get("/trial-balance", policy=READ)
async def get_trial_balance(
    caller: auth.Current, db: web.Db, own: Own, as_of: date | None = None
) -> schemas.TrialBalanceOut:
    """Return debits and credits of every ledger account up to and with a day."""
    caller.require(UTILITY)
    day = as_of or own.today()
    async with db.view() as view:
        rows = await statements.trial_balance(view, day)
    chart = own.policy.chart()
    lines = [
        schemas.TrialLine(
            ledger_account=code,
            name=chart[code].name if code in chart else "",
            kind=chart[code].kind if code in chart else "",
            debit_fen=debit_fen,
            credit_fen=credit_fen,
            balance_fen=debit_fen - credit_fen,
        )
        for code, debit_fen, credit_fen in rows
    ]
    debit_fen, credit_fen = sum(line.debit_fen for line in lines), sum(line.credit_fen for line in lines)
    return schemas.TrialBalanceOut(
        as_of=day, lines=lines, debit_fen=debit_fen, credit_fen=credit_fen, imbalance_fen=debit_fen - credit_fen
    )


@router.get("/invariants", policy=READ)
async def get_invariants(caller: auth.Current, db: web.Db, own: Own) -> schemas.InvariantsOut:
    """Return each invariant of the books with its two numbers."""
    caller.require(UTILITY)
    async with db.view() as view:
        found = await statements.invariants(view, own.policy)
    invariants = [
        schemas.InvariantOut(name=name, left_fen=left, right_fen=right, holds=left == right)
        for name, (left, right) in found.items()
    ]
    return schemas.InvariantsOut(holds=all(one.holds for one in invariants), invariants=invariants)


@router.post(
    "/months/{month}/close",
    policy=WRITE,
    raises=(errors.MonthOutOfOrder, errors.MonthNotEnded),
)
async def close_month(
    month: Annotated[str, Path(pattern=r"^(19|20|21)\d{2}-(0[1-9]|1[0-2])$")],
    caller: auth.Current,
    db: web.Db,
    own: Own,
) -> schemas.ClosingOut:
    """Close an accounting month and all before it, for ever."""
    caller.require(UTILITY)
    async with db.begin() as tx:
        outcome = await months.close(tx, month=month, today=own.today(), actor=caller.subject)
    return schemas.ClosingOut.model_validate({"month": month, "status": outcome.status})


@router.get("/months", policy=READ)
async def list_months(
    _caller: auth.Current, db: web.Db, wanted: pagination.Query_
) -> pagination.Page[schemas.ClosedMonthOut]:
    """List the closed months."""
    table = tables.CLOSED_MONTH
    async with db.view() as view:
        rows = await view.all(
            select(table).where(wanted.after(table.c.month)).order_by(table.c.month).limit(wanted.fetch)
        )
    return wanted.page(rows, key=lambda row: (row.month,), item=lambda row: schemas.ClosedMonthOut(**row._mapping))
