"""Contacts over HTTP: the only way in for an address, and the only way out."""

from typing import Annotated, Any

from fastapi import Query

from services.notify import context
from services.notify.contacts import domain, examples, store, use_cases
from services.notify.contacts.domain import Contact
from services.notify.contacts.schemas import ContactBatch, ContactBody, ContactView
from services.notify.context import READ, WRITE, Number
from shared.db.engine import Database
from shared.outcome import Outcome
from shared.web import auth, batch, errors, pagination
from shared.web.batch import No
from shared.web.routing import Json, Router
from shared.web.state import Db

router = Router(prefix="/v1", tags=["notify"])
AccountNo = Annotated[No, Query()]


async def _put(db: Database, caller: auth.Caller, ctx: context.Context, items: list[Contact]) -> list[Outcome]:
    async with db.begin() as tx:
        outcomes = await use_cases.put(
            tx,
            items,
            actor=caller.subject,
            may_see=caller.may_see,
            policy=ctx.policies.on(ctx.today()),
            take_up=ctx.take_up,
        )
        tx.after_commit(ctx.wake)
    return outcomes


@router.put(
    "/contacts/{contact_no}",
    policy=WRITE,
    raises=use_cases.CONFLICTS,
    response_model=batch.OutcomeOut,
    example=examples.CONTACT,
)
async def put_contact(contact_no: Number, body: ContactBody, db: Db, caller: auth.Current, ctx: context.Own) -> Json:
    """Make or replace a contact."""
    outcomes = await _put(db, caller, ctx, [body.contact(contact_no)])
    return batch.single(outcomes, conflicts=[conflict.code for conflict in use_cases.CONFLICTS])


@router.put("/contacts", policy=WRITE, response_model=batch.OutcomesOut, example=examples.CONTACTS)
async def put_contacts(body: ContactBatch, db: Db, caller: auth.Current, ctx: context.Own) -> Json:
    """Make or replace up to 1,000 contacts, each answered by itself."""
    return batch.answer(await _put(db, caller, ctx, [item.contact(item.contact_no) for item in body.items]))


@router.get("/contacts/{contact_no}", policy=READ)
async def get_contact(contact_no: Number, db: Db, caller: auth.Current) -> ContactView:
    """Return a contact with its address: personal data, for staff of its org unit only; that it was read is audited."""
    async with db.begin() as tx:
        row = await store.contact(tx, contact_no, visible=caller.visible)
        if row is None:
            raise errors.not_found("contact")
        tx.audit([use_cases.was_read(row.account_no, actor=caller.subject, what=f"contact_no={contact_no}")])
    return _contact_view(row)


@router.get("/contacts", policy=READ)
async def list_contacts(
    account_no: AccountNo, db: Db, caller: auth.Current, wanted: pagination.Query_
) -> pagination.Page[ContactView]:
    """List the contacts of an account with their addresses; that they were read is audited, one entry a page."""
    async with db.begin() as tx:
        rows = await store.contacts_page(
            tx, account_no=account_no, visible=caller.visible, after=wanted.after, limit=wanted.fetch
        )
        page = wanted.page(rows, key=lambda row: (row.contact_no,), item=_contact_view)
        if page.items:
            tx.audit([use_cases.was_read(account_no, actor=caller.subject, what=f"contacts={len(page.items)}")])
    return page


def _contact_view(row: Any) -> ContactView:
    state = domain.standing(row.org_unit, row.account_org_unit)
    code = use_cases.DoesNotCoverAccount.code if state == domain.REFUSED else None
    return ContactView.model_validate({**row._mapping, "state": state, "code": code})
