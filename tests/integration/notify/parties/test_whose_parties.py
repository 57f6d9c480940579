"""A party that came before its account is refused where that is another bureau's: listed so, and it is not told."""

import pytest

from tests.kits.notify import BODY, Api
from tests.kits.told_facts import account


async def standing(api: Api) -> str:
    one = (await api.call("GET", "/v1/parties/c1")).json()
    (same,) = (await api.call("GET", "/v1/parties?account_no=a0001")).json()["items"]
    assert one == same
    return str(one["roles"][0]["state"])


async def test_a_party_that_came_before_an_account_of_another_bureau_is_refused(api: Api) -> None:
    assert (await api.call("PUT", "/v1/parties/c1", BODY)).status_code == 200
    assert await standing(api) == "waiting_for_account"

    await api.notify.handle(account(1).model_copy(update={"org_unit": "zj/ningbo"}))

    assert await standing(api) == "refused"
    assert await api.refused("PUT", "/v1/parties/c1", BODY) == (409, "party.does_not_cover_account")


@pytest.mark.parametrize("first", ["party", "account"])
async def test_a_party_of_its_own_bureau_is_in_use_in_any_order(api: Api, first: str) -> None:
    if first == "account":
        await api.notify.handle(account(1))
    assert (await api.call("PUT", "/v1/parties/c1", BODY)).status_code == 200
    await api.notify.handle(account(1))
    assert await standing(api) == "in_use"


async def test_a_party_of_the_whole_utility_is_in_use_for_an_account_of_any_bureau(api: Api) -> None:
    await api.notify.handle(account(1).model_copy(update={"org_unit": "zj/ningbo"}))
    put = await api.call("PUT", "/v1/parties/c1", BODY | {"org_unit": "*"}, org_units=("*",))
    assert put.status_code == 200, put.text
    shown = (await api.call("GET", "/v1/parties/c1", org_units=("*",))).json()
    assert [role["state"] for role in shown["roles"]] == ["in_use"]
