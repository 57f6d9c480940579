"""Two people: what is asked for, who decides, on what was seen; dead letters that they discard, on both databases."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from shared import ids
from shared.bus import dead_letters
from shared.bus.dead_letters import DeadLetter
from shared.db import platform
from shared.db.engine import Database
from shared.web.scopes import OPERATING
from tests.kits import webapp
from tests.kits.webapp import problem

CONSUMER = "wattline.tiny"
SCOPES = OPERATING


def who(subject: str, *scopes: str, units: tuple[str, ...] = ("*",)) -> dict[str, str]:
    return webapp.bearer(*(scopes or SCOPES), subject=subject, org_units=units)


MAKER, CHECKER = who("maker"), who("checker")


def letter(number: int, state: str, *, key: str, kind: str = "note.v1") -> DeadLetter:
    return DeadLetter(
        event_id=f"e-{number}",
        item=0,
        topic="wattline.other",
        partition=0,
        type=kind,
        key=key,
        state=state,
        error="ZeroDivisionError",
        payload='{"name": "张三"}',
    )


async def set_aside(database: Database, *letters: DeadLetter) -> None:
    async with database.begin() as tx:
        await dead_letters.put(tx, CONSUMER, letters)


async def states(client: httpx.AsyncClient) -> dict[str, str]:
    answer = await client.get("/v1/dead-letters", headers=MAKER)
    return {x["event_id"]: x["state"] for x in answer.json()["items"]}


async def ask(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await client.post("/v1/dead-letters/discards", json={"reason": "a test system's"} | body, headers=MAKER)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def decide(
    client: httpx.AsyncClient, *asked: dict[str, Any], by: dict[str, str] = CHECKER, decision: str = "approve"
) -> list[tuple[str, str | None]]:
    items = [{"approval_id": each["approval_id"], "content_hash": each["content_hash"]} for each in asked]
    body = {"decision": decision, "explanation": "looked at it", "items": items}
    answer = await client.post("/v1/approvals/decisions", json=body, headers=by)
    assert answer.status_code == 200, answer.text
    return [(each["status"], each.get("code")) for each in answer.json()["outcomes"]]


@pytest.mark.parametrize("named", ["ids", "key", "type"])
async def test_facts_that_can_never_be_handled_are_discarded_by_two_people_and_what_waited_behind_them_goes_on(
    client: httpx.AsyncClient, database: Database, named: str, caplog: pytest.LogCaptureFixture
) -> None:
    await set_aside(
        database,
        letter(1, "poison", key="k1", kind="bad.v1"),
        letter(2, "parked", key="k1"),
        letter(3, "poison", key="k2"),
    )
    first = (await client.get("/v1/dead-letters", headers=MAKER)).json()["items"][0]["id"]
    asked = await ask(client, **{named: {"ids": [first], "key": "k1", "type": "bad.v1"}[named]})
    assert await states(client) == {"e-1": "poison", "e-2": "parked", "e-3": "poison"}, "asked is not done"
    assert await decide(client, asked) == [("done", None)]
    assert await states(client) == {"e-1": "discarded", "e-2": "ready", "e-3": "poison"}
    [line] = [record for record in caplog.records if record.getMessage() == "a dead letter was discarded"]
    assert line.__dict__["event_id"] == "e-1"
    assert "张三" not in caplog.text
    async with database.view() as view:
        assert await dead_letters.count(view, CONSUMER) == {"ready": 1, "poison": 1}
        assert await dead_letters.count_poison(view, CONSUMER) == {"wattline.other": 1}
    entries = await client.get(
        f"/v1/audit-entries?entity_kind=dead_letters.discard&entity_id={CONSUMER}/{first}", headers=MAKER
    )
    assert [(x["actor"], x["action"], x["reason"]) for x in entries.json()["items"]] == [
        ("maker", "approval.ask", "a test system's"),
        ("checker", "approval.approve", "looked at it"),
    ]


async def test_a_key_whose_only_letter_is_discarded_is_not_parked_any_more_and_replay_leaves_it_alone(
    client: httpx.AsyncClient, database: Database
) -> None:
    await set_aside(database, letter(1, "poison", key="k1"))
    assert await decide(client, await ask(client, key="k1")) == [("done", None)]
    async with database.view() as view:
        assert await dead_letters.count_parked(view, CONSUMER) == 0
    await client.post("/v1/dead-letters/replay", json={"ids": None}, headers=MAKER)
    assert await states(client) == {"e-1": "discarded"}


async def test_nobody_decides_on_what_he_asked_for_whatever_he_may_do(
    client: httpx.AsyncClient, database: Database
) -> None:
    await set_aside(database, letter(1, "poison", key="k1"))
    asked = await ask(client, key="k1")
    assert await decide(client, asked, by=MAKER) == [("refused", "approval.own_request")]
    assert await states(client) == {"e-1": "poison"}


async def test_the_database_itself_refuses_one_person_in_both_places(database: Database) -> None:
    row = {
        "approval_id": ids.new(),
        "kind": "k",
        "subject_id": "s",
        "content": "{}",
        "content_hash": "0" * 64,
        "org_unit": "*",
        "requested_by": "one",
        "reason": "",
        "state": "approved",
        "decided_by": "one",
    }
    with pytest.raises(IntegrityError, match="approval_two_people"):
        async with database.begin() as tx:
            await tx.execute(insert(platform.TABLES.approval).values(row | {"requested_at": tx.now}))


async def test_a_decision_is_about_the_content_that_was_seen(client: httpx.AsyncClient, database: Database) -> None:
    await set_aside(database, letter(1, "poison", key="k1"))
    asked = await ask(client, key="k1")
    other = asked | {"content_hash": "0" * 64}
    assert await decide(client, other) == [("refused", "approval.other_content")]
    await set_aside(database, letter(2, "poison", key="k1"))
    again = await client.post("/v1/dead-letters/discards", json={"key": "k1", "reason": "more of them"}, headers=MAKER)
    problem(again, 409, "approval.asked_already")
    assert await decide(client, asked) == [("done", None)]
    assert await states(client) == {"e-1": "discarded", "e-2": "poison"}, "what came later was not shown"


async def test_the_same_asked_twice_is_one_and_of_many_who_decide_at_once_one_does(
    client: httpx.AsyncClient, database: Database
) -> None:
    await set_aside(database, letter(1, "poison", key="k1"))
    asked = await ask(client, key="k1")
    assert await ask(client, key="k1") == asked
    found = await asyncio.gather(*(decide(client, asked, by=who(f"checker-{n}")) for n in range(8)))
    assert sorted(found) == [[("done", None)]] + [[("refused", "approval.not_pending")]] * 7


async def test_of_many_who_ask_for_the_same_at_once_all_are_told_of_one(
    client: httpx.AsyncClient, database: Database
) -> None:
    await set_aside(database, *(letter(n, "poison", key="k1") for n in range(5)))
    found = await asyncio.gather(*(ask(client, key="k1") for _ in range(8)))
    assert len({asked["approval_id"] for asked in found}) == 1


async def test_a_batch_of_decisions_has_an_outcome_for_each_and_one_that_is_refused_stops_no_other(
    client: httpx.AsyncClient, database: Database
) -> None:
    await set_aside(database, *(letter(n, "poison", key=f"k{n}") for n in range(3)))
    asked = [await ask(client, key=f"k{n}") for n in range(3)]
    await client.post(f"/v1/approvals/{asked[1]['approval_id']}/withdrawal", headers=MAKER)
    assert await decide(client, *asked, {"approval_id": "none", "content_hash": "0" * 64}, decision="reject") == [
        ("done", None),
        ("refused", "approval.not_pending"),
        ("done", None),
        ("refused", "approval.unknown"),
    ]
    assert set((await states(client)).values()) == {"poison"}, "rejected is not done"
    listed = await client.get("/v1/approvals?kind=dead_letters.discard", headers=CHECKER)
    assert [(x["state"], x["decided_by"]) for x in listed.json()["items"]] == [
        ("rejected", "checker"),
        ("withdrawn", None),
        ("rejected", "checker"),
    ]
    assert (await client.get("/v1/approvals?state=pending", headers=CHECKER)).json()["items"] == []


async def test_only_who_asked_may_withdraw_and_only_who_has_the_scope_and_the_whole_utility_decides(
    client: httpx.AsyncClient, database: Database
) -> None:
    await set_aside(database, letter(1, "poison", key="k1"))
    asked = await ask(client, key="k1")
    path = f"/v1/approvals/{asked['approval_id']}/withdrawal"
    problem(await client.post(path, headers=CHECKER), 403, "approval.not_the_requester")
    assert await decide(client, asked, by=who("other", "approvals:decide")) == [("refused", "approval.unknown")]
    assert await decide(client, asked, by=who("bureau", *SCOPES, units=("zj",))) == [("refused", "approval.unknown")]
    lacking = {"decision": "approve", "explanation": "x", "items": [asked | {"state": "x"}]}
    answer = await client.post("/v1/approvals/decisions", json=lacking, headers=who("reader", "approvals:read"))
    problem(answer, 403, "auth.missing_scope")
    assert await states(client) == {"e-1": "poison"}


@pytest.mark.parametrize("body", [{}, {"ids": [1], "key": "k1"}, {"ids": []}, {"key": ""}])
async def test_a_request_that_does_not_say_which_is_refused(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    answer = await client.post("/v1/dead-letters/discards", json={"reason": "x"} | body, headers=MAKER)
    problem(answer, 422, "request.invalid")


async def test_ids_under_which_nothing_failed_are_named_and_nothing_is_asked_for(
    client: httpx.AsyncClient, database: Database
) -> None:
    await set_aside(database, letter(1, "poison", key="k1"), letter(2, "parked", key="k1"))
    first, behind = [x["id"] for x in (await client.get("/v1/dead-letters", headers=MAKER)).json()["items"]]
    body = {"ids": [first, behind, 999], "reason": "a test system's"}
    answer = await client.post("/v1/dead-letters/discards", json=body, headers=MAKER)
    assert problem(answer, 404, "dead_letter.not_all")["detail"] == f"{behind}, 999"
    assert (await client.get("/v1/approvals", headers=MAKER)).json()["items"] == []
    answer = await client.post("/v1/dead-letters/replay", json={"ids": [first, 999]}, headers=MAKER)
    assert answer.json() == {"marked": 2, "not_set_aside": [999]}


async def test_facts_that_are_not_set_aside_as_they_were_seen_are_not_discarded(
    client: httpx.AsyncClient, database: Database
) -> None:
    await set_aside(database, letter(1, "poison", key="k1"), letter(2, "poison", key="k2"))
    first, second = [x["id"] for x in (await client.get("/v1/dead-letters", headers=MAKER)).json()["items"]]
    asked = await ask(client, ids=[first, second])
    await client.post("/v1/dead-letters/replay", json={"ids": [second]}, headers=MAKER)
    assert await decide(client, asked) == [("refused", "dead_letter.changed_meanwhile")]
    assert await states(client) == {"e-1": "poison", "e-2": "ready"}


async def test_who_asked_takes_it_back_also_without_a_word_on_approvals(
    client: httpx.AsyncClient, database: Database
) -> None:
    await set_aside(database, letter(1, "poison", key="k1"))
    maker = who("maker", "dead_letters:run")
    body = {"key": "k1", "reason": "a test system's"}
    asked = (await client.post("/v1/dead-letters/discards", json=body, headers=maker)).json()
    path = f"/v1/approvals/{asked['approval_id']}/withdrawal"
    problem(await client.post(path, headers=who("other", "dead_letters:run")), 403, "approval.not_the_requester")
    assert (await client.post(path, headers=maker)).status_code == 200
    assert await decide(client, asked) == [("refused", "approval.not_pending")]


async def test_where_nothing_is_set_aside_under_it_nothing_is_asked_for(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/dead-letters/discards", json={"reason": "x", "key": "k1"}, headers=MAKER)
    problem(answer, 404, "dead_letter.none")
