"""Contacts over HTTP: what is answered, and what is refused."""

from typing import Any

from tests.kits.effort import in_turn
from tests.kits.notify import BODY, Api


async def test_a_contact_is_put_read_and_listed(api: Api) -> None:
    first = await api.call("PUT", "/v1/contacts/c1", BODY)
    assert (first.status_code, first.json()["status"]) == (200, "done")
    assert (await api.call("PUT", "/v1/contacts/c1", BODY)).json()["status"] == "already_done"
    got = (await api.call("GET", "/v1/contacts/c1")).json()
    assert got["version"] == 1
    assert got.items() >= BODY.items()
    assert (await api.call("GET", "/v1/contacts?account_no=a0001")).json()["items"] == [got]
    audit = await api.call("GET", "/v1/audit-entries?entity_kind=contact&entity_id=c1", org_units=("*",))
    assert [(e["action"], e["actor"], e["after_version"]) for e in audit.json()["items"]] == [
        ("contact.put", "clerk-1", 1)
    ]
    assert "example.org" not in audit.text
    assert audit.json()["items"][0]["after"]["contact"][0].items() >= {"role": BODY["role"], "address": "…"}.items()


async def looks(api: Api, account_no: str = "a0001") -> list[tuple[str, str, str]]:
    found = await api.call("GET", f"/v1/audit-entries?entity_kind=account&entity_id={account_no}", org_units=("*",))
    return [(entry["action"], entry["actor"], entry["reason"]) for entry in found.json()["items"]]


async def test_who_read_an_address_is_audited_under_its_account(api: Api) -> None:
    for contact_no in ("c1", "c2", "c3"):
        await api.call("PUT", f"/v1/contacts/{contact_no}", BODY)
    assert await looks(api) == []
    await api.call("GET", "/v1/contacts/c2")
    page = (await api.call("GET", "/v1/contacts?account_no=a0001&limit=2")).json()
    await api.call("GET", f"/v1/contacts?account_no=a0001&limit=2&cursor={page['next_cursor']}")
    assert await looks(api) == [
        ("contact.read", "clerk-1", "contact_no=c2"),
        ("contact.read", "clerk-1", "contacts=2"),
        ("contact.read", "clerk-1", "contacts=1"),
    ]


async def test_where_no_address_was_answered_nothing_was_read(api: Api) -> None:
    await api.call("PUT", "/v1/contacts/c1", BODY)
    other: dict[str, Any] = {"org_units": ("bj",)}
    assert await api.refused("GET", "/v1/contacts/c1", **other) == (404, "contact.unknown")
    assert (await api.call("GET", "/v1/contacts?account_no=a0001", **other)).json()["items"] == []
    assert (await api.call("GET", "/v1/contacts?account_no=a0002")).json()["items"] == []
    assert await looks(api) == await looks(api, "a0002") == []


async def test_a_batch_of_contacts_is_answered_item_by_item(api: Api) -> None:
    items = [BODY | {"contact_no": "c1"}, BODY | {"contact_no": "c2", "address": "nobody"}]
    answer = await api.call("PUT", "/v1/contacts", {"items": items})
    assert [(o["status"], o.get("code", ""), o["id"]) for o in answer.json()["outcomes"]] == [
        ("done", "", "c1"),
        ("refused", "contact.bad_address", "c2"),
    ]


@in_turn(
    ("change", "refusal"),
    [
        ({"role": "neighbour"}, (422, "contact.unknown_role")),
        ({"channel": "pigeon"}, (422, "contact.unknown_channel")),
        ({"language": "fr"}, (422, "contact.unknown_language")),
        ({"address": "person0001.example.org"}, (422, "contact.bad_address")),
        ({"valid_to": "2025-01-01"}, (422, "contact.reversed_dates")),
        ({"org_unit": "bj/haidian"}, (403, "auth.other_org_unit")),
        ({"account_no": "a0002"}, (409, "contact.other_account")),
        ({"valid_from": "soon"}, (422, "request.invalid")),
        ({"address": "x" * 300 + "@example.org" + "x" * 300}, (422, "request.invalid")),
        ({"colour": "person0001@example.org"}, (422, "request.invalid")),
    ],
)
async def test_a_wrong_contact_is_refused_with_its_code_and_changes_nothing(
    api: Api, change: dict[str, str], refusal: tuple[int, str]
) -> None:
    await api.call("PUT", "/v1/contacts/c1", BODY)
    assert await api.refused("PUT", "/v1/contacts/c1", BODY | change) == refusal
    assert (await api.call("GET", "/v1/contacts/c1")).json()["version"] == 1


async def test_a_batch_of_more_than_a_thousand_contacts_is_refused(api: Api) -> None:
    items = [BODY | {"contact_no": f"c{number}"} for number in range(1001)]
    assert await api.refused("PUT", "/v1/contacts", {"items": items}) == (422, "request.invalid")
