"""Which contact point is valid, and who is told."""

from datetime import date

import pytest

from services.notify.parties import domain
from services.notify.parties.domain import Door, Reach, choosing
from services.notify.policies.domain import Policy
from tests.kits.notify import contact, shipped_policy

DAY = date(2026, 2, 2)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return shipped_policy()


REACH = Reach(
    party_no="c1",
    account_no="a1",
    org_unit="zj/hangzhou",
    role="holder",
    service_point_no="",
    role_from=date(2026, 1, 1),
    role_to=None,
    point_no="1",
    kind="email",
    valid_from=date(2026, 1, 1),
    valid_to=None,
    verified=[("declared", "a1", "")],
)


def reach(**changes: object) -> Reach:
    return REACH._replace(**changes)  # type: ignore[arg-type]


def choose(policy: Policy, *found: Reach, template: str = "bill_issued", last_day: date = DAY) -> list[str]:
    door = Door(account_no="a1", org_unit="zj/hangzhou/xihu", service_points={"p1"}, first_day=DAY, last_day=last_day)
    return [one.party_no for one in choosing.choose(found, template=template, door=door, policy=policy)]


@pytest.mark.parametrize(
    ("channel", "address", "fault"),
    [
        ("email", "li.wei+bill@example.org", None),
        ("sms", "+8613800000000", None),
        ("landline", "0571-8888 0000", None),
        ("letter", "西湖区 1 号", None),
        ("email", "nobody", "party.bad_address"),
        ("email", "a@b.example\r\nBcc: all@example.org", "party.bad_address"),
        ("email", "李@example.org", "party.bad_address"),
        ("sms", "a@b.example", "party.bad_address"),
    ],
)
def test_every_kind_of_contact_point_takes_a_value_of_its_form(
    policy: Policy, channel: str, address: str, fault: str | None
) -> None:
    assert domain.fault(contact(channel=channel, address=address).party(), policy, DAY) == fault


def test_a_name_and_a_value_are_not_shown_where_a_party_is_printed() -> None:
    shown = repr(contact(1).party())
    assert "example.org" not in shown
    assert "Person" not in shown


def test_holder_and_tenant_are_told_of_a_bill_and_only_the_holder_is_reminded(policy: Policy) -> None:
    both = reach(), reach(party_no="c2", role="tenant")
    assert choose(policy, *both) == ["c1", "c2"]
    assert choose(policy, *both, template="reminder") == ["c1"]


@pytest.mark.parametrize(("from_", "to"), [("role_from", "role_to"), ("valid_from", "valid_to")])
def test_a_role_and_a_contact_point_count_from_their_first_day_to_the_day_before_their_end(
    policy: Policy, from_: str, to: str
) -> None:
    assert choose(policy, reach(**{from_: DAY})) == ["c1"]
    assert choose(policy, reach(**{from_: date(2026, 2, 3)})) == []
    assert choose(policy, reach(**{to: date(2026, 2, 3)})) == ["c1"]
    assert choose(policy, reach(**{to: DAY})) == []


def test_what_comes_late_counts_within_the_time_that_the_cause_waits(policy: Policy) -> None:
    late = reach(valid_from=date(2026, 2, 10))
    assert choose(policy, late, last_day=date(2026, 2, 10)) == ["c1"]
    assert choose(policy, late, last_day=date(2026, 2, 9)) == []


def test_a_party_of_another_org_unit_is_never_told(policy: Policy) -> None:
    assert choose(policy, reach(org_unit="zj/ningbo")) == []
    assert choose(policy, reach(org_unit="zj/hangzhou/xi")) == []
    assert choose(policy, reach(org_unit="zj/hangzhou/xihu")) == ["c1"]


@pytest.mark.parametrize(
    ("verified", "told"),
    [
        ([], []),
        ([("declared", "a2", "")], []),
        ([("on_site", "", "p2")], []),
        ([("on_site", "", "p1")], ["c1"]),
        ([("heard", "a1", "")], []),
        ([("heard", "a1", ""), ("called", "a1", "")], ["c1"]),
    ],
)
def test_a_notice_goes_only_to_what_is_verified_for_its_door(
    policy: Policy, verified: list[tuple[str, str, str]], told: list[str]
) -> None:
    assert choose(policy, reach(verified=verified)) == told


def test_who_has_a_role_at_a_service_point_is_told_of_that_alone(policy: Policy) -> None:
    assert choose(policy, reach(role="tenant", service_point_no="p1")) == ["c1"]
    assert choose(policy, reach(role="tenant", service_point_no="p2")) == []


def test_of_several_contact_points_of_a_party_the_first_channel_of_the_policy_is_taken(policy: Policy) -> None:
    ways = [
        reach(point_no="1", kind="landline"),
        reach(point_no="2", kind="mobile"),
        reach(point_no="3", kind="postal"),
    ]
    door = Door(account_no="a1", org_unit="zj/hangzhou", service_points={"p1"}, first_day=DAY, last_day=DAY)
    (chosen,) = choosing.choose(ways, template="bill_issued", door=door, policy=policy)
    assert (chosen.point_no, chosen.channel) == ("2", "sms")


def test_paper_is_used_only_where_nobody_else_of_the_role_is_reached(policy: Policy) -> None:
    letter = reach(party_no="c2", kind="postal")
    assert choose(policy, reach(), letter) == ["c1"]
    assert choose(policy, letter, letter._replace(party_no="c3")) == ["c2", "c3"]
    assert choose(policy, reach(role="tenant"), letter) == ["c1", "c2"]


def test_a_move_ends_the_roles_of_a_place_and_begins_them_at_another() -> None:
    party = contact(1).party()
    gone = domain.moved(party, leaves=("a0001", ""), enters=None, on=DAY)
    assert [(role.account_no, role.valid_to) for role in gone.roles] == [("a0001", DAY)]
    assert domain.moved(gone, leaves=("a0001", ""), enters=("a0002", ""), on=DAY) == gone, "it has moved already"
