"""Contact points of debtors and former debtors are asked for sooner: on both databases."""

from datetime import date
from typing import Any

from shared.events.billing import AccountChanged, Contract
from shared.events.collection import AccountStandingChanged
from tests.kits.notify import Api, contact
from tests.kits.told_facts import ORG, account

PATH = "/v1/stale-contact-points?on="


def standing(number: int, said: str, owed_late_count: int) -> AccountStandingChanged:
    figures = {"due_count": 9, "late_count": 3, "owed_late_count": owed_late_count}
    return AccountStandingChanged(
        account_no=f"a{number:04}", version=1, org_unit=ORG, standing=said, since=date(2026, 2, 1), **figures
    )


def left(number: int, on: date) -> AccountChanged:
    contract = Contract(contract_no=f"k{number}", service_point_no=f"p{number:04}", from_=date(2025, 6, 1), to=on)
    return account(number).model_copy(update={"contracts": (contract,)})


async def stale(api: Api, on: str) -> list[str]:
    return [each["party_no"] for each in (await api.call("GET", PATH + on)).json()["items"]]


async def test_a_debtor_or_former_debtor_is_asked_after_six_months_and_others_after_two_years(api: Api) -> None:
    await api.notify.put(*(contact(number) for number in range(1, 6)))
    await api.notify.handle(account(1), account(2), left(3, date(2026, 3, 1)), left(4, date(2026, 3, 1)), account(5))
    said: tuple[Any, ...] = (
        standing(1, "often_late", 0),
        standing(2, "sometimes_late", 1),  # it is supplied, and may pay
        standing(3, "sometimes_late", 1),  # it was left with a debt
        standing(4, "sometimes_late", 0),
    )
    await api.notify.handle(*said)
    assert await stale(api, "2026-07-01") == []  # confirmed on 1 January
    assert await stale(api, "2026-07-02") == ["c0001", "c0003"]
    assert await stale(api, "2028-01-02") == [f"c{number:04}" for number in range(1, 6)]


async def test_whoever_has_a_role_where_the_debtor_is_supplied_is_asked_too(api: Api) -> None:
    point = {"point_no": "1", "kind": "email", "address": "landlord@example.org", "valid_from": "2026-01-01"}
    vouched = {"service_point_no": "p0001", "how": "declared", "day": "2026-01-01"}
    role = {"role": "landlord", "service_point_no": "p0001", "valid_from": "2026-01-01"}
    body = {
        "org_unit": ORG,
        "name": "王房东",
        "language": "zh",
        "points": [point | {"verified": [vouched]}],
        "roles": [role],
    }
    assert (await api.call("PUT", "/v1/parties/landlord", body)).status_code == 200
    await api.notify.handle(account(1))
    assert await stale(api, "2026-07-02") == []
    await api.notify.handle(standing(1, "often_late", 2))
    assert await stale(api, "2026-07-02") == ["landlord"]
