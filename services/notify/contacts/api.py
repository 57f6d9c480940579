"""Contacts over HTTP: the only way in for an address, and the only way out."""

from typing import Annotated, Any

from fastapi import Query

from services.notify import context
from services.notify.contacts import examples, store, use_cases
from services.notify.contacts.domain import Contact
from services.notify.contacts.schemas import ContactBatch, ContactBody, ContactView, ItemOutcome, Outcomes
from services.notify.context import READ, WRITE, Number
from shared.db.engine import Database
from shared.errors import BusinessError
from shared.events.fact import No
from shared.outcome import Outcome
from shared.web import auth, errors, pagination
from shared.web.routing import Router
from shared.web.state import Db

router = Router(prefix="/v1", tags=["notify"])
AccountNo = Annotated[No, Query()]


class OtherAccount(BusinessError):
    status = 409
    code = "contact.other_account"
    title = "A contact stays with its account for ever; make a new one"


class DoesNotCoverAccount(BusinessError):
    status = 409
    code = "contact.does_not_cover_account"
    title = "The account belongs to another org unit than the contact"


class ChangedMeanwhile(BusinessError):
    status = 409
    code = "contact.changed_meanwhile"
    title = "Another request changed the contact at the same time"


CONFLICTS: dict[str, type[BusinessError]] = {c.code: c for c in (OtherAccount, DoesNotCoverAccount, ChangedMeanwhile)}


async def _put(db: Database, caller: auth.Caller, ctx: context.Context, items: list[Contact]) -> list[Outcome]:
    async with db.begin() as tx:
        outcomes = await use_cases.put(
            tx, items, actor=caller.subject, may_see=caller.may_see, policy=ctx.policy, take_up=ctx.take_up
        )
        tx.after_commit(ctx.wake)
    return outcomes


@router.put(
    "/contacts/{contact_no}",
    policy=WRITE,
    raises=tuple(CONFLICTS.values()),
    example=examples.CONTACT,
)
async def put_contact(
    contact_no: Number, body: ContactBody, db: Db, caller: auth.Current, ctx: context.Own
) -> ItemOutcome:
    """Make or replace a contact."""
    (outcome,) = await _put(db, caller, ctx, [body.contact(contact_no)])
    if outcome.code in CONFLICTS:
        raise CONFLICTS[outcome.code]
    if outcome.status == "refused":
        status = 403 if outcome.code == "contact.other_org_unit" else 422
        raise errors.Problem(status=status, code=outcome.code, title="The contact is not one that you may put")
    return ItemOutcome(index=0, status=outcome.status, id=contact_no)


@router.put("/contacts", policy=WRITE, example=examples.CONTACTS)
async def put_contacts(batch: ContactBatch, db: Db, caller: auth.Current, ctx: context.Own) -> Outcomes:
    """Make or replace up to 1,000 contacts, each answered by itself."""
    outcomes = await _put(db, caller, ctx, [item.contact(item.contact_no) for item in batch.items])
    return Outcomes(
        outcomes=[
            ItemOutcome(index=index, status=outcome.status, code=outcome.code, id=item.contact_no)
            for index, (item, outcome) in enumerate(zip(batch.items, outcomes, strict=True))
        ]
    )


@router.get("/contacts/{contact_no}", policy=READ)
async def get_contact(contact_no: Number, db: Db, caller: auth.Current) -> ContactView:
    """Return a contact with its address: personal data, for staff of its org unit only."""
    async with db.view() as view:
        row = await store.contact(view, contact_no, visible=caller.visible)
    if row is None:
        raise errors.not_found("contact")
    return ContactView.model_validate(row, from_attributes=True)


@router.get("/contacts", policy=READ)
async def list_contacts(
    account_no: AccountNo, db: Db, caller: auth.Current, wanted: pagination.Query_
) -> pagination.Page[ContactView]:
    """List the contacts of an account."""
    async with db.view() as view:
        rows = await store.contacts_page(
            view, account_no=account_no, visible=caller.visible, after=wanted.after, limit=wanted.fetch
        )
    return wanted.page(rows, key=lambda row: (row.contact_no,), item=_contact_view)


def _contact_view(row: Any) -> ContactView:
    return ContactView.model_validate(row, from_attributes=True)
