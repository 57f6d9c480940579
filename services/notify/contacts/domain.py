"""Contacts: what is a valid one, and which of an account's contacts get a notice.

The only personal data of the product is a contact's address. It never takes part in choosing, so what chooses
(`Candidate`) does not hold it, and what holds it (`Contact`) does not show it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from services.notify.policies.domain import LANGUAGES, ROLES, Policy
from shared.org_units import covers

WAITING, IN_USE, REFUSED = "waiting_for_account", "in_use", "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person or desk to be told about an account (联系人); `valid_to` is the first day no longer valid.

    `address_since` is the version in which its address became what it is; it says nothing of what is wanted of a contact.
    """

    contact_no: str
    account_no: str
    org_unit: str
    role: str
    channel: str
    language: str
    valid_from: date
    valid_to: date | None
    address: str = field(repr=False)
    address_since: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A contact as the choice needs it: without its address."""

    contact_no: str
    account_no: str
    org_unit: str
    role: str
    channel: str
    valid_from: date
    valid_to: date | None


FAULTS = {
    "contact.unknown_role": "The role is none that notices are told to",
    "contact.unknown_language": "There is no template in this language",
    "contact.unknown_channel": "The policy has no such channel",
    "contact.bad_address": "The address has not the form that the channel needs",
    "contact.reversed_dates": "valid_to must lie after valid_from",
}
"""What can be wrong with a contact, by its code."""


def fault(contact: Contact, policy: Policy) -> str | None:
    """Return the code of what is wrong with a contact, or None. The text of the address is never part of it."""
    if contact.role not in ROLES:
        return "contact.unknown_role"
    if contact.language not in LANGUAGES:
        return "contact.unknown_language"
    channel = policy.channels.get(contact.channel)
    if channel is None:
        return "contact.unknown_channel"
    if not channel.address.fullmatch(contact.address):
        return "contact.bad_address"
    if contact.valid_to is not None and contact.valid_to <= contact.valid_from:
        return "contact.reversed_dates"
    return None


def standing(org_unit: str, account_org_unit: str | None) -> str:
    """Return how a contact stands to its account: it waits for that to be known, or is refused where it is another bureau's.

    A contact that was made by another bureau is never used: no wrong door (S16).
    """
    if account_org_unit is None:
        return WAITING
    return IN_USE if covers([org_unit], account_org_unit) else REFUSED


def choose(
    candidates: Sequence[Candidate], *, template: str, org_unit: str, first_day: date, last_day: date, policy: Policy
) -> list[Candidate]:
    """Return the contacts of one account that get a notice of this template, in the order given.

    A contact counts if its role is told, its channel is known, its org unit covers the account's and it is valid on some
    day from `first_day` to `last_day`; one whose channel is a last resort only where no other is left. `policy` is that of
    the day of the cause.
    """
    roles = policy.roles[template]
    usable = [
        c
        for c in candidates
        if c.role in roles
        and c.channel in policy.channels
        and c.valid_from <= last_day
        and (c.valid_to is None or first_day < c.valid_to)
        and covers([c.org_unit], org_unit)
    ]
    if len(usable) < 2:
        return usable
    return [c for c in usable if not policy.channels[c.channel].last_resort] or usable
