"""Contacts enter here, and nowhere else; what waited for one goes out."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from services.notify.accounts import store as accounts
from services.notify.contacts import domain, store
from services.notify.contacts.domain import Contact
from services.notify.policies.domain import Policy
from shared import batch_put
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.errors import BusinessError
from shared.outcome import OTHER_ORG_UNIT, Outcome, refused

TakeUp = Callable[[Tx, Sequence[str]], Awaitable[None]]
"""Queues what waited for a contact of these accounts. Notices lie above contacts, so that main brings it along."""


class OtherAccount(BusinessError):
    status = 409
    code = "contact.other_account"
    title = "A contact stays with its account for ever; make a new one"


class DoesNotCoverAccount(BusinessError):
    status = 409
    code = "contact.does_not_cover_account"
    title = "The account belongs to another org unit than the contact"


CONFLICTS = (OtherAccount, DoesNotCoverAccount)


async def put(
    tx: Tx,
    items: Sequence[Contact],
    *,
    actor: str,
    may_see: Callable[[str], bool],
    policy: Policy,
    take_up: TakeUp,
) -> list[Outcome]:
    """Make or replace contacts, and queue the notices that waited for them; one outcome per item.

    `policy` is that of the day on which they are put.

    A contact belongs to one account for ever: moving its address to another would open a wrong door (S16).
    """
    account_nos = sorted({item.account_no for item in items})
    await accounts.lock_anchors(tx, map(accounts.account_anchor, account_nos))
    org_units = await accounts.org_units(tx, account_nos)

    def refusal(item: Contact, old: Contact | None) -> Outcome | None:
        return _refusal(item, old, account_org_unit=org_units.get(item.account_no), may_see=may_see, policy=policy)

    stored = await store.contacts(tx, [item.contact_no for item in items])

    async def write(changed: Sequence[tuple[Contact, int]]) -> set[str]:
        return await store.put_contacts(
            tx, [(_with_address_since(item, version, stored), version) for item, version in changed]
        )

    outcomes = await batch_put.put(
        tx,
        items,
        kind="contact",
        number=lambda item: item.contact_no,
        stored=stored,
        refusal=refusal,
        write=write,
        actor=actor,
    )
    came = [item.account_no for item, outcome in zip(items, outcomes, strict=True) if outcome.status == "done"]
    if came:
        await take_up(tx, came)
    return outcomes


def _with_address_since(contact: Contact, version: int, stored: Mapping[str, tuple[Contact, int]]) -> Contact:
    old, _ = stored.get(contact.contact_no, (None, 0))
    kept = old is not None and old.address == contact.address
    return replace(contact, address_since=old.address_since if old is not None and kept else version)


def was_read(account_no: str, *, actor: str, what: str) -> AuditEntry:
    """Return the audit entry of a look at addresses, kept under the account: who asks about it finds all that looked."""
    return AuditEntry(action="contact.read", entity_kind="account", entity_id=account_no, actor=actor, reason=what)


def _refusal(
    item: Contact,
    old: Contact | None,
    *,
    account_org_unit: str | None,
    may_see: Callable[[str], bool],
    policy: Policy,
) -> Outcome | None:
    if not may_see(item.org_unit) or (old is not None and not may_see(old.org_unit)):
        return refused(OTHER_ORG_UNIT, id=item.contact_no)
    if code := domain.fault(item, policy):
        return refused(code, domain.FAULTS[code], id=item.contact_no)
    if old is not None and old.account_no != item.account_no:
        return refused(OtherAccount.code, OtherAccount.title, id=item.contact_no)
    if domain.standing(item.org_unit, account_org_unit) == domain.REFUSED:
        return refused(DoesNotCoverAccount.code, DoesNotCoverAccount.title, id=item.contact_no)
    return None
