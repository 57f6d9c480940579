"""Contacts enter here, and nowhere else; what waited for one goes out."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from services.notify.accounts import store as accounts
from services.notify.contacts import domain, store
from services.notify.contacts.domain import Contact
from services.notify.policies.domain import Policy
from shared.db.audit import AuditEntry
from shared.db.engine import Tx
from shared.outcome import ALREADY_DONE, DONE, Outcome

TakeUp = Callable[[Tx, Sequence[str], Policy], Awaitable[None]]
"""Queues what waited for a contact of these accounts. Notices lie above contacts, so that main brings it along."""


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

    A contact belongs to one account for ever: moving its address to another would open a wrong door (S16).
    """
    account_nos = sorted({item.account_no for item in items})
    await accounts.lock_anchors(tx, map(accounts.account_anchor, account_nos))
    org_units = await accounts.accounts_org_units(tx, account_nos)
    present = await store.contacts(tx, [item.contact_no for item in items])
    given = Counter(item.contact_no for item in items)
    outcomes: list[Outcome] = []
    changed: list[tuple[Contact, int]] = []
    for item in items:
        old, version = present.get(item.contact_no, (None, 0))
        if given[item.contact_no] > 1:
            outcome = Outcome("refused", "contact.repeated_in_batch")
        elif code := _refusal(item, old, org_units.get(item.account_no), may_see, policy):
            outcome = Outcome("refused", code)
        elif item == old:
            outcome = ALREADY_DONE
        else:
            outcome = DONE
            changed.append((item, version + 1))
        outcomes.append(outcome)
    if not changed:
        return outcomes
    applied = await store.put_contacts(tx, changed)
    tx.audit([_audit(contact, version, actor) for contact, version in changed if contact.contact_no in applied])
    await take_up(tx, [contact.account_no for contact, _ in changed], policy)
    return [
        Outcome("refused", "contact.changed_meanwhile") if o is DONE and item.contact_no not in applied else o
        for item, o in zip(items, outcomes, strict=True)
    ]


def _refusal(
    item: Contact, old: Contact | None, account_org_unit: str | None, may_see: Callable[[str], bool], policy: Policy
) -> str | None:
    if not may_see(item.org_unit) or (old is not None and not may_see(old.org_unit)):
        return "contact.other_org_unit"
    if code := domain.fault(item, policy):
        return code
    if old is not None and old.account_no != item.account_no:
        return "contact.other_account"
    if account_org_unit is not None and not domain.covers(item.org_unit, account_org_unit):
        return "contact.does_not_cover_account"
    return None


def _audit(contact: Contact, version: int, actor: str) -> AuditEntry:
    return AuditEntry(
        action="contact.put",
        entity_kind="contact",
        entity_id=contact.contact_no,
        actor=actor,
        before_version=version - 1 or None,
        after_version=version,
    )
