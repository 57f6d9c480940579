"""Jobs, dead letters, audit entries, control totals, trace, health and metrics over HTTP, on both databases."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from shared.bus import dead_letters
from shared.bus.dead_letters import DeadLetter
from shared.db import audit_chain
from shared.db.audit import AuditEntry
from shared.db.audit_chain import Head
from shared.db.engine import Database, View
from shared.db.sealing import Sealer
from shared.web.scopes import OPERATING
from tests.kits import webapp
from tests.kits.webapp import problem

ADMIN = webapp.bearer(*OPERATING, "notes:read")


async def everything(client: httpx.AsyncClient, path: str, limit: int, **query: Any) -> list[dict[str, Any]]:
    """Return all items of a list, read page by page."""
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await client.get(path, params=query | {"limit": limit} | cursor, headers=ADMIN)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) <= limit
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = {"cursor": page["next_cursor"]}


@pytest.mark.parametrize("limit", [1, 3, 7, 500])
async def test_a_list_read_page_by_page_has_every_row_once_and_in_order(
    client: httpx.AsyncClient, database: Database, limit: int
) -> None:
    async with database.begin() as tx:
        await webapp.insert(tx, [webapp.Note(note_no=f"n-{i}", org_unit="zj") for i in range(7)])
    listed = await everything(client, "/v1/notes", limit)
    assert [note["note_no"] for note in listed] == [f"n-{i}" for i in range(7)]


@pytest.mark.parametrize(
    ("query", "status"), [("limit=0", 422), ("limit=501", 422), ("cursor=%21", 400), ("cursor=WzFd", 400)]
)
async def test_a_page_outside_the_limits_is_refused(client: httpx.AsyncClient, query: str, status: int) -> None:
    answer = await client.get(f"/v1/notes?{query}", headers=webapp.bearer("notes:read"))
    problem(answer, status, "request.invalid" if status == 422 else "request.malformed_cursor")


async def test_a_job_runs_once_per_business_date_and_shows_what_it_did(
    client: httpx.AsyncClient, database: Database
) -> None:
    async with database.begin() as tx:
        await webapp.insert(tx, [webapp.Note(note_no="n", org_unit="zj")])
    path = "/v1/jobs/count-notes/runs"
    first = await client.post(path, json={"business_date": "2026-01-31"}, headers=ADMIN)
    assert (first.json()["chunks_done"], first.json()["counts"]) == (1, {"notes": 1})
    again = await client.post(path, json={"business_date": "2026-01-31"}, headers=ADMIN)
    assert (again.json()["chunks_done"], again.json()["chunks_already_done"]) == (0, 1)
    await client.post(path, json={"business_date": "2026-02-01"}, headers=ADMIN)
    listed = await everything(client, path, 1)
    assert [(run["business_date"], run["chunk"], run["state"]) for run in listed] == [
        ("2026-01-31", "all", "done"),
        ("2026-02-01", "all", "done"),
    ]
    assert listed[0]["counts"] == {"notes": 1}
    assert len(await everything(client, path, 1, business_date="2026-02-01")) == 1


async def test_running_a_job_is_audited(client: httpx.AsyncClient) -> None:
    headers = ADMIN | {"X-Correlation-Id": "c-1"}
    await client.post("/v1/jobs/count-notes/runs", json={"business_date": "2026-01-31"}, headers=headers)
    [entry] = await everything(client, "/v1/audit-entries", 10, entity_kind="job", entity_id="count-notes/2026-01-31")
    assert (entry["actor"], entry["action"], entry["correlation_id"]) == ("staff-1", "run", "c-1")


async def test_a_job_for_a_day_after_tomorrow_is_refused_and_leaves_no_trace(
    client: httpx.AsyncClient, database: Database
) -> None:
    database.clock = webapp.FixedClock(datetime(2026, 2, 1, 16, 30, tzinfo=UTC))  # 2 February, 00:30 in Shanghai
    path = "/v1/jobs/count-notes/runs"
    too_early = await client.post(path, json={"business_date": "2026-02-04"}, headers=ADMIN)
    problem(too_early, 422, "business_date.in_the_future")
    assert await everything(client, path, 10) == []
    assert not await everything(client, "/v1/audit-entries", 10, entity_kind="job", entity_id="count-notes/2026-02-04")
    tomorrow = await client.post(path, json={"business_date": "2026-02-03"}, headers=ADMIN)
    assert (tomorrow.status_code, tomorrow.json()["chunks_done"]) == (200, 1)


async def test_an_unknown_job_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/jobs/none/runs", json={"business_date": "2026-01-31"}, headers=ADMIN)
    problem(answer, 404, "job.unknown")


async def test_the_audit_entries_of_one_object_are_listed_oldest_first(
    client: httpx.AsyncClient, database: Database
) -> None:
    for version in range(5):
        async with database.begin() as tx:
            tx.audit(
                [
                    AuditEntry(
                        action="change", entity_kind="note", entity_id=name, actor="s", after_version=version + 1
                    )
                    for name in ("n-1", "n-2")
                ]
            )
    listed = await everything(client, "/v1/audit-entries", 2, entity_kind="note", entity_id="n-1")
    assert [entry["after_version"] for entry in listed] == [1, 2, 3, 4, 5]
    assert {entry["entity_id"] for entry in listed} == {"n-1"}


def letter(number: int, state: str) -> DeadLetter:
    return DeadLetter(
        event_id=f"e-{number}",
        item=0,
        topic="wattline.billing",
        partition=3,
        type="x.v1",
        key="0571-1",
        state=state,
        error="KeyError",
        payload='{"phone": "138"}',
    )


async def test_dead_letters_are_listed_without_what_they_say_and_about_whom(
    client: httpx.AsyncClient, database: Database
) -> None:
    async with database.begin() as tx:
        await dead_letters.put(tx, "wattline.tiny", [letter(1, "poison"), letter(2, "parked")])
        await dead_letters.put(tx, "wattline.other", [letter(3, "poison")])
    listed = await everything(client, "/v1/dead-letters", 1)
    assert [(x["event_id"], x["state"], x["error"]) for x in listed] == [
        ("e-1", "poison", "KeyError"),
        ("e-2", "parked", "KeyError"),
    ]
    assert not {"payload", "key"} & set(listed[0])


@pytest.mark.parametrize("ids", [None, "first"])
async def test_replaying_marks_letters_for_the_consumer_and_is_audited(
    client: httpx.AsyncClient, database: Database, ids: str | None
) -> None:
    async with database.begin() as tx:
        await dead_letters.put(tx, "wattline.tiny", [letter(1, "poison"), letter(2, "parked")])
    first = (await everything(client, "/v1/dead-letters", 10))[0]["id"]
    given = None if ids is None else [first]
    answer = await client.post("/v1/dead-letters/replay", json={"ids": given}, headers=ADMIN)
    assert answer.json() == {"marked": 2, "not_set_aside": []}
    assert {x["state"] for x in await everything(client, "/v1/dead-letters", 10)} == {"ready"}
    entity = "all" if ids is None else str(first)
    [entry] = await everything(client, "/v1/audit-entries", 10, entity_kind="dead_letter", entity_id=entity)
    assert entry["action"] == "replay"


async def test_control_totals_are_given_by_cycle(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/control-totals?cycle=2026-01", headers=ADMIN)
    assert answer.json() == {"notes": 3}
    problem(await client.get("/v1/control-totals?cycle=2026-13", headers=ADMIN), 422, "request.invalid")


async def test_a_document_names_what_it_was_derived_from(client: httpx.AsyncClient) -> None:
    assert (await client.get("/v1/trace/note/n-1", headers=ADMIN)).json() == {
        "service": "tiny",
        "kind": "note",
        "id": "n-1",
        "document": {"amount_fen": 1},
        "derived_from": [{"service": "tiny", "kind": "cause", "id": "c-1"}],
    }
    problem(await client.get("/v1/trace/bill/b-1", headers=ADMIN), 404, "document.unknown")


async def test_a_service_is_ready_while_its_parts_work(client: httpx.AsyncClient) -> None:
    assert (await client.get("/health/live")).status_code == 200
    answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()) == (
        200,
        {"ready": True, "degraded": False, "checks": {"database": True}},
    )


async def test_a_service_whose_consumer_stands_still_answers_and_says_so(database: Database) -> None:
    async def stands_still() -> bool:
        return False

    async with webapp.client(webapp.build(database, degrading={"consumer": stands_still})) as client:
        answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()["ready"], answer.json()["degraded"]) == (200, True, True)
    assert answer.json()["checks"] == {"database": True, "consumer": False}


async def test_a_service_is_not_ready_when_a_check_fails_raises_or_hangs(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.health.CHECK_SECONDS_MAX", 0.05)

    async def fails() -> bool:
        return False

    async def raises() -> bool:
        raise RuntimeError("13800000000")

    async def hangs() -> bool:
        await asyncio.sleep(30)
        return True

    checks = {"fails": fails, "raises": raises, "hangs": hangs}
    async with webapp.client(webapp.build(database, checks=checks)) as client:
        answer = await client.get("/health/ready")
        assert answer.status_code == 503
        found = answer.json()["checks"]
        assert {name: found[name] for name in checks} == dict.fromkeys(checks, False)
        assert "138" not in answer.text
        assert (await client.get("/health/live")).status_code == 200


async def test_metrics_count_requests_by_template_and_never_by_path(client: httpx.AsyncClient) -> None:
    for number in range(3):
        await client.get(f"/v1/trace/note/zj0571-{number}", headers=ADMIN)
    await client.get("/v1/zj0571-0")
    text = (await client.get("/metrics")).text
    assert 'wattline_http_requests_total{method="GET",route="/v1/trace/{kind}/{id}",status="200"} 3.0' in text
    assert 'wattline_http_requests_total{method="GET",route="unknown",status="404"} 1.0' in text
    assert "zj0571" not in text


async def test_gauges_are_read_at_each_scrape_and_a_broken_one_is_counted(database: Database) -> None:
    broken = False

    async def gauges(_read: View) -> dict[str, float]:
        if broken:
            raise RuntimeError
        return {"parked_keys": 7.0}

    async with webapp.client(webapp.build(database, gauges=[gauges])) as client:
        assert "wattline_parked_keys 7.0" in (await client.get("/metrics")).text
        broken = True
        assert "wattline_gauge_failures_total 1.0" in (await client.get("/metrics")).text


async def test_the_head_of_the_audit_chain_is_told_to_be_kept_outside(
    client: httpx.AsyncClient, database: Database
) -> None:
    none_yet = (await client.get("/v1/audit-head", headers=ADMIN)).json()
    assert (none_yet["seq"], none_yet["sealed_at"]) == (0, None)
    await client.post("/v1/jobs/count-notes/runs", json={"business_date": "2026-01-31"}, headers=ADMIN)
    await Sealer("tiny", database).drain()
    head = (await client.get("/v1/audit-head", headers=ADMIN)).json()
    assert head["seq"] == 1
    assert head["hash"] != none_yet["hash"]
    async with database.view() as view:
        found = await audit_chain.verify(view, "tiny", kept=[Head(head["seq"], head["hash"])])
    assert found.faults == []
