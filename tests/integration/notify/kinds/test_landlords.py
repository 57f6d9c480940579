"""A landlord is told of price tiers and, by policy, of reminders, at his own door; of the tenant's bill never."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.notify.parties.domain import Verification
from shared.events.billing import LadderTierNear
from tests.kits.notify import Contact, Notify, contact
from tests.kits.told_facts import ORG, account, issued, reminder


def tier(**changes: Any) -> LadderTierNear:
    values: dict[str, Any] = {
        "account_no": "a0001",
        "contract_no": "k0001",
        "service_point_no": "p0001",
        "org_unit": ORG,
        "bill_id": "bill-0001",
        "cycle": "2026-01",
        "ladder": "year",
        "year": 2026,
        "tier": 2,
        "used_wh": 2_531_000,
        "limit_wh": 2_760_000,
        "reached": False,
        "told_on": date(2026, 2, 2),
    }
    return LadderTierNear(**values | changes)


class Elsewhere(Contact):
    """A contact whose point is verified for another account than that of its role."""

    def party(self) -> Any:
        made = super().party()
        (vouched,) = made.verified
        assert isinstance(vouched, Verification)
        return replace(made, verified=(replace(vouched, account_no="a0009"),))


def elsewhere(**changes: Any) -> Elsewhere:
    base = contact(1, **changes)
    return Elsewhere(**{name: getattr(base, name) for name in Contact.__dataclass_fields__})


async def told(notify: Notify) -> dict[str, list[str]]:
    """Return the kinds that each party was told of."""
    found: dict[str, list[str]] = {}
    for notice in await notify.notices():
        found.setdefault(notice.party_no, []).append(notice.template)
    return {party: sorted(kinds) for party, kinds in found.items()}


def tell_landlords(notify: Notify) -> None:
    """Go on under a policy by which landlords are told of reminders and tiers."""
    roles = {"ladder_tier_near": {"tenant", "landlord"}, "reminder": {"tenant", "landlord"}}
    named = {kind: frozenset(found) for kind, found in roles.items()}
    notify.policy = replace(notify.policy, roles={**notify.policy.roles, **named})


async def everything(notify: Notify) -> None:
    await notify.handle(account(1))
    for fact in (issued(1), reminder(1), tier()):
        await notify.handle(fact)


async def test_the_tenant_is_told_of_the_bill_and_the_landlord_of_the_reminder_and_the_tier(notify: Notify) -> None:
    tell_landlords(notify)
    await notify.put(
        contact(1, party_no="tenant", role="tenant"),
        contact(1, party_no="landlord", role="landlord", address="landlord@example.org"),
        elsewhere(party_no="other", role="landlord", address="elsewhere@example.org"),
    )
    await everything(notify)
    await everything(notify)
    assert await told(notify) == {
        "landlord": ["ladder_tier_near", "reminder"],
        "tenant": ["bill_issued", "ladder_tier_near", "reminder"],
    }


async def test_as_shipped_the_landlord_is_told_of_tiers_alone(notify: Notify) -> None:
    await notify.put(contact(1, party_no="landlord", role="landlord"), contact(1, party_no="holder"))
    await everything(notify)
    assert await told(notify) == {
        "holder": ["bill_issued", "ladder_tier_near", "reminder"],
        "landlord": ["ladder_tier_near"],
    }


@pytest.mark.parametrize("reached", [False, True])
async def test_what_a_tier_says_is_not_told_twice_of_one_bill(notify: Notify, reached: bool) -> None:
    await notify.put(contact(1))
    await notify.handle(tier(reached=reached), tier(reached=reached))
    await notify.handle(tier(reached=reached))
    (notice,) = await notify.notices()
    assert (notice.cause_kind, notice.cause_id, notice.cycle) == ("bill", "bill-0001", "2026-01")
