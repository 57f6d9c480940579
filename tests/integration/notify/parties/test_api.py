"""Parties over HTTP: what is answered, and what is refused."""

from typing import Any

from tests.kits.effort import in_turn
from tests.kits.notify import BODY, Api, body, contact
from tests.kits.told_facts import issued

NAME, ADDRESS = BODY["name"], "person0001@example.org"


async def entries(api: Api, kind: str, number: str) -> list[dict[str, Any]]:
    path = f"/v1/audit-entries?entity_kind={kind}&entity_id={number}"
    found: list[dict[str, Any]] = (await api.call("GET", path, org_units=("*",))).json()["items"]
    return found


async def test_a_party_is_put_read_and_listed(api: Api) -> None:
    first = await api.call("PUT", "/v1/parties/c1", BODY)
    assert (first.status_code, first.json()["status"]) == (200, "done")
    assert (await api.call("PUT", "/v1/parties/c1", BODY)).json()["status"] == "already_done"
    got = (await api.call("GET", "/v1/parties/c1")).json()
    assert (got["version"], got["name"], got["points"][0]["address"]) == (1, NAME, ADDRESS)
    assert got["points"][0]["verified"] == [
        {
            "account_no": "a0001",
            "service_point_no": "",
            "how": "declared",
            "day": "2026-01-01",
            "verified_by": "clerk-1",
        }
    ]
    assert (await api.call("GET", "/v1/parties?account_no=a0001")).json()["items"] == [got]
    assert await api.refused("GET", "/v1/parties") == (422, "parties.nothing_asked_for")


async def test_a_change_of_a_party_is_audited_without_its_name_and_values(api: Api) -> None:
    await api.call("PUT", "/v1/parties/c1", BODY)
    put, verified = await entries(api, "party", "c1")
    assert (put["action"], put["actor"], put["after_version"]) == ("party.put", "clerk-1", 1)
    assert verified["action"] == "party.verified.declared"
    assert put["after"]["party_role"][0]["role"] == "holder"
    assert not [text for text in (NAME, ADDRESS, "sealed", "index") if text in str([put, verified])]


async def test_who_read_a_party_is_audited_under_it(api: Api) -> None:
    for party_no in ("c1", "c2", "c3"):
        await api.call("PUT", f"/v1/parties/{party_no}", BODY)
    await api.call("GET", "/v1/parties/c2")
    page = (await api.call("GET", "/v1/parties?account_no=a0001&limit=2")).json()
    await api.call("GET", f"/v1/parties?account_no=a0001&limit=2&cursor={page['next_cursor']}")
    looks = {no: [e["reason"] for e in await entries(api, "party_read", no)] for no in ("c1", "c2", "c3")}
    of_account = "parties of an account"
    assert looks == {"c1": [of_account], "c2": ["party", of_account], "c3": [of_account]}


async def test_where_nothing_personal_was_answered_nothing_was_read(api: Api) -> None:
    await api.call("PUT", "/v1/parties/c1", BODY)
    other: dict[str, Any] = {"org_units": ("bj",)}
    assert await api.refused("GET", "/v1/parties/c1", **other) == (404, "party.unknown")
    assert (await api.call("GET", "/v1/parties?account_no=a0001", **other)).json()["items"] == []
    assert (await api.call("GET", "/v1/parties?account_no=a0002")).json()["items"] == []
    assert await entries(api, "party_read", "c1") == []


async def test_a_batch_of_parties_is_answered_item_by_item(api: Api) -> None:
    items = [BODY | {"party_no": "c1"}, body(point={"address": "nobody"}) | {"party_no": "c2"}]
    answer = await api.call("PUT", "/v1/parties", {"items": items})
    assert [(o["status"], o.get("code", ""), o["id"]) for o in answer.json()["outcomes"]] == [
        ("done", "", "c1"),
        ("refused", "party.bad_address", "c2"),
    ]


async def test_a_dry_run_answers_the_same_and_stores_and_tells_nothing(api: Api) -> None:
    await api.notify.handle(issued(1))
    items = {"items": [BODY | {"party_no": "c1"}, body(point={"address": "nobody"}) | {"party_no": "c2"}]}
    tried = await api.call("PUT", "/v1/parties?dry_run=true", items)
    assert (await api.call("GET", "/v1/parties?account_no=a0001")).json()["items"] == []
    assert await api.notify.notices() == []
    done = await api.call("PUT", "/v1/parties", items)
    assert tried.json() == done.json()
    assert len(await api.notify.notices()) == 1


@in_turn(
    ("change", "refusal"),
    [
        ({"role": {"role": "neighbour"}}, (422, "party.unknown_role")),
        ({"role": {"account_no": ""}}, (422, "party.role_of_nothing")),
        ({"role": {"service_point_no": "p1"}}, (422, "party.role_of_nothing")),
        ({"role": {"valid_to": "2025-01-01"}}, (422, "party.reversed_dates")),
        ({"point": {"kind": "pigeon"}}, (422, "party.unknown_point_kind")),
        ({"point": {"address": "person0001.example.org"}}, (422, "party.bad_address")),
        ({"point": {"valid_to": "2025-01-01"}}, (422, "party.reversed_dates")),
        ({"point": {"valid_from": "soon"}}, (422, "request.invalid")),
        ({"point": {"address": "x" * 300 + "@example.org" + "x" * 300}}, (422, "request.invalid")),
        ({"verified": {"how": "heard"}}, (422, "verification.unknown_how")),
        ({"verified": {"account_no": ""}}, (422, "verification.of_nothing")),
        ({"verified": {"day": "2026-02-03"}}, (422, "verification.in_the_future")),
        ({"points": BODY["points"] * 2}, (422, "party.point_repeated")),
        ({"roles": BODY["roles"] * 2}, (422, "party.role_repeated")),
        ({"kind": "cat"}, (422, "party.unknown_kind")),
        ({"language": "fr"}, (422, "party.unknown_language")),
        ({"wishes": ["music"]}, (422, "party.unknown_wish")),
        (
            {"vulnerability": {"reason": "tired", "source": "a visit", "since": "2026-01-01"}},
            (422, "party.unknown_vulnerability"),
        ),
        ({"org_unit": "bj/haidian"}, (403, "auth.other_org_unit")),
        ({"colour": "person0001@example.org"}, (422, "request.invalid")),
    ],
)
async def test_a_wrong_party_is_refused_with_its_code_and_changes_nothing(
    api: Api, change: dict[str, Any], refusal: tuple[int, str]
) -> None:
    await api.call("PUT", "/v1/parties/c1", BODY)
    assert await api.refused("PUT", "/v1/parties/c1", body(**change)) == refusal
    assert (await api.call("GET", "/v1/parties/c1")).json()["version"] == 1


async def test_a_batch_of_more_than_a_thousand_parties_is_refused(api: Api) -> None:
    items = [BODY | {"party_no": f"c{number}"} for number in range(1001)]
    assert await api.refused("PUT", "/v1/parties", {"items": items}) == (422, "request.invalid")


async def test_a_party_that_moves_is_told_of_the_new_place_from_the_day_on(api: Api) -> None:
    await api.notify.put(contact(1))
    move = {"on": "2026-02-01", "leaves": {"account_no": "a0001"}, "enters": {"account_no": "a0002"}}
    assert (await api.call("POST", "/v1/parties/c0001/moves", move)).json()["status"] == "done"
    assert await api.refused("POST", "/v1/parties/c0001/moves", move) == (409, "party.nothing_to_move")
    roles = (await api.call("GET", "/v1/parties/c0001")).json()["roles"]
    assert [(r["account_no"], r["valid_from"], r["valid_to"]) for r in roles] == [
        ("a0001", "2026-01-01", "2026-02-01"),
        ("a0002", "2026-02-01", None),
    ]
    await api.notify.handle(issued(1), issued(2))  # of 2 February
    assert await api.notify.notices() == [], "its mail is not verified for the new place"
    verified = {"party_no": "c0001", "point_no": "1", "account_no": "a0002", "how": "called", "day": "2026-02-02"}
    answer = await api.call("POST", "/v1/verifications", {"items": [verified]})
    assert [each["status"] for each in answer.json()["outcomes"]] == ["done"]
    assert [(n.party_no, n.account_no) for n in await api.notify.notices()] == [("c0001", "a0002")]
