"""The REST interface of the notify service."""

from typing import Annotated, Any

from fastapi import Path, Query

from services.notify.adapters import queries
from services.notify.adapters.store import CONTACT, NOTICE, UNADDRESSED
from services.notify.application import contacts, notices
from services.notify.domain.contacts import Contact
from services.notify.domain.templates import FIGURES, render
from services.notify.entrypoints import context, examples
from services.notify.entrypoints.schemas import (
    ContactBatch,
    ContactBody,
    ContactView,
    ItemOutcome,
    NoticeView,
    Outcomes,
    Preview,
    PreviewText,
    Resend,
    State,
    TemplateView,
    UnaddressedView,
    WaitState,
)
from shared.db.engine import Database
from shared.errors import BusinessError
from shared.events.fact import Month, No
from shared.outcome import Outcome
from shared.web import auth, errors, pagination
from shared.web.routing import Router
from shared.web.state import Db

router = Router(prefix="/v1", tags=["notify"])
Number = Annotated[str, Path(min_length=1, max_length=64)]
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
        outcomes = await contacts.put(tx, items, actor=caller.subject, may_see=caller.may_see, policy=ctx.policy)
        tx.after_commit(ctx.sender.wake)
    return outcomes


@router.put(
    "/contacts/{contact_no}",
    policy=auth.scope("notify:write"),
    raises=tuple(CONFLICTS.values()),
    example=examples.CONTACT,
)
async def put_contact(
    contact_no: Number, body: ContactBody, db: Db, caller: auth.Current, ctx: context.Current
) -> ItemOutcome:
    """Make or replace a contact."""
    (outcome,) = await _put(db, caller, ctx, [body.contact(contact_no)])
    if outcome.code in CONFLICTS:
        raise CONFLICTS[outcome.code]
    if outcome.status == "refused":
        status = 403 if outcome.code == "contact.other_org_unit" else 422
        raise errors.Problem(status=status, code=outcome.code, title="The contact is not one that you may put")
    return ItemOutcome(index=0, status=outcome.status, id=contact_no)


@router.put("/contacts", policy=auth.scope("notify:write"), example=examples.CONTACTS)
async def put_contacts(batch: ContactBatch, db: Db, caller: auth.Current, ctx: context.Current) -> Outcomes:
    """Make or replace up to 1,000 contacts, each answered by itself."""
    outcomes = await _put(db, caller, ctx, [item.contact(item.contact_no) for item in batch.items])
    return Outcomes(
        outcomes=[
            ItemOutcome(index=index, status=outcome.status, code=outcome.code, id=item.contact_no)
            for index, (item, outcome) in enumerate(zip(batch.items, outcomes, strict=True))
        ]
    )


@router.get("/contacts/{contact_no}", policy=auth.scope("notify:read"))
async def get_contact(contact_no: Number, db: Db, caller: auth.Current) -> ContactView:
    """Return a contact with its address: personal data, for staff of its org unit only."""
    async with db.view() as view:
        row = await queries.contact(view, contact_no, caller.visible(CONTACT.c.org_unit))
    if row is None:
        raise errors.not_found("contact")
    return ContactView.model_validate(row, from_attributes=True)


@router.get("/contacts", policy=auth.scope("notify:read"))
async def list_contacts(
    account_no: AccountNo, db: Db, caller: auth.Current, wanted: pagination.Query_
) -> pagination.Page[ContactView]:
    """List the contacts of an account."""
    where = wanted.after(CONTACT.c.contact_no) & caller.visible(CONTACT.c.org_unit)
    async with db.view() as view:
        rows = await queries.contacts_page(view, account_no=account_no, where=where, limit=wanted.fetch)
    return wanted.page(rows, key=lambda row: (row.contact_no,), item=_contact_view)


def _contact_view(row: Any) -> ContactView:
    return ContactView.model_validate(row, from_attributes=True)


@router.get("/notices", policy=auth.scope("notify:read"))
async def list_notices(
    db: Db,
    caller: auth.Current,
    wanted: pagination.Query_,
    account_no: Annotated[No | None, Query()] = None,
    state: State | None = None,
    cycle: Annotated[Month | None, Query()] = None,
) -> pagination.Page[NoticeView]:
    """List notices in the order they were queued."""
    where = wanted.after(NOTICE.c.notice_id) & caller.visible(NOTICE.c.org_unit)
    async with db.view() as view:
        rows = await queries.notices_page(
            view, account_no=account_no, state=state, cycle=cycle, where=where, limit=wanted.fetch
        )
    return wanted.page(rows, key=lambda row: (row.notice_id,), item=_notice_view)


def _notice_view(row: Any) -> NoticeView:
    return NoticeView.model_validate(row, from_attributes=True)


@router.get("/notices/{notice_id}", policy=auth.scope("notify:read"))
async def get_notice(notice_id: Number, db: Db, caller: auth.Current) -> NoticeView:
    """Return a notice with its receipt: state, attempts, hash of what was sent."""
    async with db.view() as view:
        row = await queries.notice(view, notice_id, caller.visible(NOTICE.c.org_unit))
    if row is None:
        raise errors.not_found("notice")
    return _notice_view(row)


@router.post(
    "/notices/{notice_id}/resend",
    policy=auth.scope("notify:write"),
    raises=[notices.NoticeStillOnItsWay, notices.ResentTooOften],
    example=examples.RESEND,
)
async def resend_notice(
    notice_id: Number, body: Resend, db: Db, caller: auth.Current, ctx: context.Current
) -> NoticeView:
    """Send a final notice again, as a new message to the contact's present address."""
    visible = caller.visible(NOTICE.c.org_unit)
    async with db.begin() as tx:
        if await queries.notice(tx, notice_id, visible) is None:
            raise errors.not_found("notice")
        await notices.resend(tx, notice_id, actor=caller.subject, reason=body.reason)
        tx.after_commit(ctx.sender.wake)
        row = await queries.notice(tx, notice_id, visible)
    return _notice_view(row)


@router.get("/unaddressed", policy=auth.scope("notify:read"))
async def list_unaddressed(
    db: Db, caller: auth.Current, wanted: pagination.Query_, state: WaitState | None = None
) -> pagination.Page[UnaddressedView]:
    """List what nobody was told of: it waits for an account or a contact, or no contact came in time."""
    where = wanted.after(UNADDRESSED.c.cause_id, UNADDRESSED.c.template) & caller.visible(UNADDRESSED.c.org_unit)
    async with db.view() as view:
        rows = await queries.unaddressed_page(view, state=state, where=where, limit=wanted.fetch)
    return wanted.page(rows, key=lambda row: (row.cause_id, row.template), item=_unaddressed_view)


def _unaddressed_view(row: Any) -> UnaddressedView:
    return UnaddressedView.model_validate(row, from_attributes=True)


@router.get("/templates", policy=auth.scope("notify:read"))
async def list_templates(ctx: context.Current) -> list[TemplateView]:
    """List all versions of all templates and the figures that they may show."""
    return [
        TemplateView(
            template=t.name, version=t.version, effective_from=t.effective_from, figures=sorted(FIGURES[t.name])
        )
        for t in ctx.catalogue.all()
    ]


@router.post("/templates/{template}/preview", policy=auth.scope("notify:read"), example=examples.PREVIEW)
async def preview_template(template: Number, body: Preview, ctx: context.Current) -> PreviewText:
    """Show a notice as it would be sent, with given figures; nothing is stored or sent."""
    if template not in FIGURES:
        raise errors.not_found("template")
    if set(body.figures) != FIGURES[template] or not all(_is_figure(n, v) for n, v in body.figures.items()):
        raise errors.Problem(
            status=422,
            code="template.wrong_figures",
            title="The figures are not those that the template shows",
            detail="needs " + ", ".join(sorted(FIGURES[template])),
        )
    text = render(ctx.catalogue.on(template, body.on), body.language, body.figures)
    return PreviewText(
        template_version=text.template_version, subject=text.subject, body=text.body, content_hash=text.content_hash
    )


def _is_figure(name: str, value: object) -> bool:
    if name.endswith(("_fen", "_wh", "bills")):
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    return isinstance(value, str) and len(value) <= 64
