"""Rating documents are proposed by one person and activated by another, over REST; nothing is rated by them before."""

import asyncio
from typing import Any

import httpx

from services.billing.bills.domain.policy import CORRECT
from shared.events.billing import BillCorrected
from tests.integration.billing.bills.test_touched_bills import SERIES, VERSIONS, home, market
from tests.kits.billing import Desk, account, path_of, usage


async def proposed(desk: Desk, document: dict[str, Any], *, by: str = "proposer-1") -> dict[str, Any]:
    async with desk.client(subject=by) as client:
        answer = await client.put(path_of(document), json=document)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def content(desk: Desk, asked: dict[str, Any]) -> dict[str, Any]:
    async with desk.client("approvals:decide") as client:
        listed = (await client.get("/v1/approvals?kind=rating_document.activate&limit=500")).json()["items"]
    (found,) = [one["content"] for one in listed if one["approval_id"] == asked["approval_id"]]
    return dict(found)


async def billed(desk: Desk) -> None:
    """Two issued months of a home by version 1."""
    desk.correct_by(changed_facts=CORRECT)
    await desk.activate(home(1, "2020-01-01"))
    await desk.open(account(1, tariff="CN-XX/home"), account(2))
    for cycle in (1, 2):
        await desk.released(usage(1, cycle), usage(2, cycle))


async def test_a_proposed_version_rates_nothing_until_a_second_person_has_activated_it(desk: Desk) -> None:
    await billed(desk)
    dearer = home(2, "2026-02-01", "0.638")
    asked = await proposed(desk, dearer)
    assert await proposed(desk, dearer) == asked, "asked once"
    await desk.work()
    await desk.measure(usage(1, 3))
    async with desk.client() as client:
        assert (await client.get(VERSIONS + "2")).status_code == 404
        changes = (await client.get("/v1/rating-changes?limit=500")).json()["items"]
    assert [c["version"] for c in changes if c["document_id"] == "CN-XX/home"] == ["1"]
    assert await desk.published(BillCorrected) == []
    assert await desk.bills("total_fen", cycle="2026-03") == [(200 * 538 // 10,)]
    assert await desk.second(asked) == ("done", None)
    await desk.work()
    (fact,) = await desk.published(BillCorrected)
    assert [(b.cycle, b.total_fen) for b in fact.replacements] == [("2026-02", 200 * 638 // 10)]
    assert await desk.bills("total_fen", cycle="2026-03", status="ready") == [(200 * 638 // 10,)]
    async with desk.client() as client:
        assert (await client.get(VERSIONS + "2")).json()["document"] == dearer
        assert (await client.put(VERSIONS + "2", json=dearer)).json() == {"status": "already_done"}


async def test_the_second_person_sees_what_a_proposal_touches_and_can_rate_by_it(desk: Desk) -> None:
    await billed(desk)
    dearer = home(2, "2026-02-01", "0.638")
    asked = await proposed(desk, dearer)
    told = await content(desk, asked)
    case = {
        "id": "p1",
        "tariff": "CN-XX/home",
        "cycle": {"from": "2026-02-01", "to": "2026-03-01", "read_day": "2026-03-01", "bill_months": ["2026-02"]},
        "account": [{"from": "2020-05-01", "people": 3, "class": "residential"}],
        "usage": {"import": "200"},
        "state": {"ladders": {"year": {"year": 2026, "used_kwh": ["0", "0"]}}},
    }
    (february,) = await desk.bills("total_fen", contract_no="C1", cycle="2026-02")
    assert told["touches"] == {
        "from": "2026-02-01",
        "to": "9999-12-31",
        "bills": 1,
        "contracts": 1,
        "total_fen": february[0],
    }
    assert (told["replaces"], told["second"]) == (None, "billing:release")
    async with desk.client("billing:read") as client:
        shown = await client.get(f"/v1/rating-proposals/{told['content_hash']}")
        by_it = await client.post(f"/v1/bills/preview?proposal={told['content_hash']}", json=case)
        without = await client.post("/v1/bills/preview", json=case)
        unknown = await client.post(f"/v1/bills/preview?proposal={'0' * 64}", json=case)
        none = await client.get(f"/v1/rating-proposals/{'0' * 64}")
    assert shown.json()["document"] == dearer
    assert [a.json()["answer"]["total"] for a in (by_it, without)] == ["127.60", "107.60"]
    assert (unknown.status_code, none.status_code) == (404, 404)


async def test_a_series_is_proposed_with_the_bills_that_read_it(desk: Desk) -> None:
    await desk.activate(market("0.4", "0.5"), home(1, "2020-01-01", {"series": "CN-XX/market"}, series_at="bill_month"))
    await desk.open(account(1, tariff="CN-XX/home"))
    await desk.released(usage(1, 2))
    asked = await proposed(desk, market("0.4", "0.7"))
    told = await content(desk, asked)
    assert told["touches"] | {"total_fen": 0} == {
        "from": "2026-02-01",
        "to": "2026-03-01",
        "bills": 1,
        "contracts": 1,
        "total_fen": 0,
    }
    assert await desk.second(asked) == ("done", None)
    async with desk.client() as client:
        changed = (await client.get("/v1/rating-changes?limit=500")).json()["items"][-1]
    assert (changed["document_id"], changed["from"]) == (SERIES.partition("series/")[2], "2026-02-01")


async def test_neither_who_proposed_nor_who_lacks_the_scope_or_the_whole_utility_activates(desk: Desk) -> None:
    asked = await proposed(desk, home(1, "2020-01-01"), by="one")
    assert await desk.second(asked, subject="one") == ("refused", "approval.own_request")
    assert await desk.second(asked, "billing:review", "approvals:decide") == ("refused", "approval.unknown")
    async with desk.client("billing:release", "approvals:decide", subject="two", org_units=["zj"]) as bureau:
        body = {"decision": "approve", "explanation": "x", "items": [{k: asked[k] for k in asked if k != "state"}]}
        (outcome,) = (await bureau.post("/v1/approvals/decisions", json=body)).json()["outcomes"]
    assert outcome["code"] == "approval.unknown"
    async with desk.client() as client:
        assert (await client.get(VERSIONS + "1")).status_code == 404


async def test_what_is_rejected_is_never_stored_and_another_can_be_proposed(desk: Desk) -> None:
    asked = await proposed(desk, home(1, "2020-01-01"))
    async with desk.client() as client:
        other = await client.put(VERSIONS + "1", json=home(1, "2020-01-01", "0.7"))
        assert (other.status_code, other.json()["code"]) == (409, "approval.asked_already")
    assert await desk.second(asked, decision="reject") == ("done", None)
    assert await desk.second(asked) == ("refused", "approval.not_pending")
    async with desk.client() as client:
        assert (await client.get(VERSIONS + "1")).status_code == 404
    again = await proposed(desk, home(1, "2020-01-01"))
    assert await desk.second(again) == ("done", None)


async def test_a_proposal_is_refused_where_another_document_has_taken_its_place_meanwhile(desk: Desk) -> None:
    await desk.activate(home(1, "2020-01-01"))
    asked = await proposed(desk, home(1, "2020-01-01", "0.6"))
    late = await proposed(desk, home(3, "2026-07-01"))
    desk.two_people(rating_document__activate=[])
    async with desk.client() as client:
        alone = await client.put(VERSIONS + "1", json=home(1, "2020-01-01", "0.7"))
        assert (alone.status_code, alone.json()) == (200, {"status": "done"}), "by policy one person is enough"
        same_day = await client.put(VERSIONS + "2", json=home(2, "2026-07-01"))
        assert same_day.status_code == 200, same_day.text
        assert await desk.second(asked) == ("refused", "tariff.replaces_another")
        assert await desk.second(late) == ("refused", "tariff.version_overlap")
        prices = (await client.get(VERSIONS + "1")).text
    assert '"0.7"' in prices
    assert '"0.6"' not in prices


async def test_of_many_who_propose_and_activate_at_once_one_document_is_stored_once(desk: Desk) -> None:
    document = home(1, "2020-01-01")

    async def put(n: int) -> httpx.Response:
        async with desk.client(subject=f"proposer-{n % 2}") as client:
            return await client.put(path_of(document), json=document)

    answers = await asyncio.gather(*(put(n) for n in range(6)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["approval_id"] for answer in answers}) == 1
    found = await asyncio.gather(*(desk.second(answers[0].json()) for _ in range(4)))
    assert sorted(found) == [("done", None)] + [("refused", "approval.not_pending")] * 3
    async with desk.client() as client:
        changes = (await client.get("/v1/rating-changes?limit=500")).json()["items"]
    assert [c["version"] for c in changes if c["document_id"] == "CN-XX/home"] == ["1"]


async def test_one_batch_of_decisions_activates_a_first_set_up(desk: Desk) -> None:
    asked = [await proposed(desk, document) for document in (market("0.4"), home(1, "2020-01-01"))]
    body = {
        "decision": "approve",
        "explanation": "as published",
        "items": [{k: one[k] for k in ("approval_id", "content_hash")} for one in asked],
    }
    async with desk.client(subject="two") as client:
        outcomes = (await client.post("/v1/approvals/decisions", json=body)).json()["outcomes"]
        assert (await client.get(VERSIONS + "1")).status_code == 200
    assert [one["status"] for one in outcomes] == ["done", "done"]
