"""Which contact is valid, and who is told."""

from dataclasses import replace
from datetime import date

import pytest

from services.notify.contacts import domain as contacts
from services.notify.contacts.domain import Candidate, Contact
from services.notify.policies.domain import Policy
from tests.kits.notify import shipped_policy

DAY = date(2026, 2, 2)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return shipped_policy()


CONTACT = Contact(
    contact_no="c1",
    account_no="a1",
    org_unit="zj/hangzhou",
    role="holder",
    channel="email",
    language="zh",
    valid_from=date(2026, 1, 1),
    valid_to=None,
    address="li.wei+bill@example.org",
)


def candidate(**changes: object) -> Candidate:
    base = Candidate(
        contact_no="c1",
        account_no="a1",
        org_unit="zj/hangzhou",
        role="holder",
        channel="email",
        valid_from=date(2026, 1, 1),
        valid_to=None,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def choose(policy: Policy, *found: Candidate, template: str = "bill_issued", last_day: date = DAY) -> list[str]:
    chosen = contacts.choose(
        found, template=template, org_unit="zj/hangzhou/xihu", first_day=DAY, last_day=last_day, policy=policy
    )
    return [contact.contact_no for contact in chosen]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"role": "neighbour"}, "contact.unknown_role"),
        ({"language": "fr"}, "contact.unknown_language"),
        ({"channel": "pigeon"}, "contact.unknown_channel"),
        ({"address": "nobody"}, "contact.bad_address"),
        ({"address": "a@b.example\r\nBcc: all@example.org"}, "contact.bad_address"),
        ({"address": "李@example.org"}, "contact.bad_address"),
        ({"channel": "sms", "address": "a@b.example"}, "contact.bad_address"),
        ({"valid_to": date(2026, 1, 1)}, "contact.reversed_dates"),
    ],
)
def test_a_contact_with_a_fault_is_named_by_its_code(policy: Policy, changes: dict[str, object], code: str) -> None:
    assert contacts.fault(replace(CONTACT, **changes), policy) == code  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("channel", "address"),
    [("email", CONTACT.address), ("sms", "+8613800000000"), ("landline", "0571-8888 0000"), ("letter", "西湖区 1 号")],
)
def test_every_channel_takes_an_address_of_its_kind(policy: Policy, channel: str, address: str) -> None:
    assert contacts.fault(replace(CONTACT, channel=channel, address=address), policy) is None


def test_an_address_is_not_shown_where_a_contact_is_printed() -> None:
    assert "example.org" not in repr(CONTACT)


def test_holder_and_tenant_are_told_of_a_bill_and_only_the_holder_is_reminded(policy: Policy) -> None:
    both = candidate(), candidate(contact_no="c2", role="tenant")
    assert choose(policy, *both) == ["c1", "c2"]
    assert choose(policy, *both, template="reminder") == ["c1"]


def test_a_contact_is_used_from_its_first_day_to_the_day_before_its_end(policy: Policy) -> None:
    assert choose(policy, candidate(valid_from=DAY)) == ["c1"]
    assert choose(policy, candidate(valid_from=date(2026, 2, 3))) == []
    assert choose(policy, candidate(valid_to=date(2026, 2, 3))) == ["c1"]
    assert choose(policy, candidate(valid_to=DAY)) == []


def test_a_contact_that_comes_late_counts_within_the_time_that_the_cause_waits(policy: Policy) -> None:
    late = candidate(valid_from=date(2026, 2, 10))
    assert choose(policy, late, last_day=date(2026, 2, 10)) == ["c1"]
    assert choose(policy, late, last_day=date(2026, 2, 9)) == []


def test_a_contact_of_another_org_unit_is_never_used(policy: Policy) -> None:
    assert choose(policy, candidate(org_unit="zj/ningbo")) == []
    assert choose(policy, candidate(org_unit="zj/hangzhou/xi")) == []
    assert choose(policy, candidate(org_unit="zj/hangzhou/xihu")) == ["c1"]


def test_paper_is_used_only_where_nothing_else_is(policy: Policy) -> None:
    letter = candidate(contact_no="c2", channel="letter")
    assert choose(policy, candidate(), letter) == ["c1"]
    assert choose(policy, letter, replace(letter, contact_no="c3")) == ["c2", "c3"]
