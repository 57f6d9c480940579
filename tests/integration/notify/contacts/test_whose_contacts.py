"""A contact that came before its account is refused where that is another bureau's: listed so, and nobody is told by it."""

import pytest

from tests.kits.notify import BODY, Api, account

NUMBER = BODY["account_no"]


async def standing(api: Api) -> tuple[str, str | None]:
    one = (await api.call("GET", "/v1/contacts/c1")).json()
    (same,) = (await api.call("GET", f"/v1/contacts?account_no={NUMBER}")).json()["items"]
    assert one == same
    return one["state"], one["code"]


async def test_a_contact_that_came_before_an_account_of_another_bureau_is_refused(api: Api) -> None:
    assert (await api.call("PUT", "/v1/contacts/c1", BODY)).status_code == 200
    assert await standing(api) == ("waiting_for_account", None)

    await api.notify.handle(account(1).model_copy(update={"org_unit": "zj/ningbo"}))

    assert await standing(api) == ("refused", "contact.does_not_cover_account")
    again = await api.refused("PUT", "/v1/contacts/c1", BODY)
    assert again == (409, "contact.does_not_cover_account")


@pytest.mark.parametrize("first", ["contact", "account"])
async def test_a_contact_of_its_own_bureau_is_in_use_in_any_order(api: Api, first: str) -> None:
    if first == "account":
        await api.notify.handle(account(1))
    assert (await api.call("PUT", "/v1/contacts/c1", BODY)).status_code == 200
    await api.notify.handle(account(1))
    assert await standing(api) == ("in_use", None)


async def test_a_contact_of_the_whole_utility_is_in_use_for_an_account_of_any_bureau(api: Api) -> None:
    await api.notify.handle(account(1).model_copy(update={"org_unit": "zj/ningbo"}))
    whole = ("*",)
    put = await api.call("PUT", "/v1/contacts/c1", BODY | {"org_unit": "*"}, org_units=whole)
    assert put.status_code == 200, put.text
    assert (await api.call("GET", "/v1/contacts/c1", org_units=whole)).json()["state"] == "in_use"
