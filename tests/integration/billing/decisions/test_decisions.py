"""The review queue and its decisions over REST."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from services.billing.bills.domain.policy import STYLES
from services.billing.contracts.domain import AccountTerms
from services.billing.review.tables import REVIEW_DECISION
from shared.events.billing import BillCorrected, BillIssued, RereadRequested, SiteOrderRequested
from tests.kits import site_orders, verdicts
from tests.kits.billing import Desk, account, closed, month, part, usage, withdrawn

MIDDLE = date(2026, 1, 16)


async def held(desk: Desk, kwh: int = 1200) -> None:
    """One implausible home, its run released."""
    await desk.open(account(1))
    await desk.released(usage(1, 1, kwh))


async def decide(client: httpx.AsyncClient, decision: str, explanation: str = "", **more: Any) -> httpx.Response:
    (item,) = (await client.get("/v1/review-queue")).json()["items"]
    said = verdicts.on(item) if decision in verdicts.ENDING else {}
    return await client.post(
        f"/v1/bills/{item['bill_id']}/decisions",
        json={"decision": decision, "explanation": explanation, "verdicts": said, **more},
        headers={"If-Match": f'"{item["row_version"]}"'},
    )


async def test_the_queue_shows_findings_age_and_who_read(desk: Desk) -> None:
    await held(desk)
    async with desk.client() as client:
        (item,) = (await client.get("/v1/review-queue")).json()["items"]
    assert item["findings"] == [
        {
            "code": "billing.implausible_home",
            "severity": "hold",
            "values": {"energy_wh": 1_200_000, "limit_wh": 1_000_000},
            "precision_permille": None,
            "low_permille": None,
            "high_permille": None,
            "verdicts": 0,
            "of": {"customer_class": None, "org_unit": None},
        }
    ]
    assert item["read_by"] == ["reader-1", "uploader-1"]
    assert item["age_seconds"] >= 0


async def test_an_approved_bill_goes_out_by_itself_after_its_run(desk: Desk) -> None:
    await held(desk)
    async with desk.client() as client:
        answer = await decide(client, "approve", "on site: electric kiln", business_date="2026-02-05")
        assert (answer.status_code, answer.json()["status"]) == (200, "ready")
        await desk.work()
        (fact,) = await desk.published(BillIssued)
        assert fact.bill.issued_on == date(2026, 2, 5)
        shown = (await client.get(f"/v1/bills/{fact.bill.bill_id}")).json()
        audit = (
            await client.get("/v1/audit-entries", params={"entity_kind": "bill", "entity_id": fact.bill.bill_id})
        ).json()
    assert [d["decided_by"] for d in shown["decisions"]] == ["reviewer-1"]
    assert [(e["action"], e["actor"], e["reason"]) for e in audit["items"]] == [
        ("bill.approve", "reviewer-1", "on site: electric kiln")
    ]


@pytest.mark.parametrize("subject", ["reader-1", "uploader-1"])
async def test_who_had_a_hand_in_the_reads_may_not_decide(desk: Desk, subject: str) -> None:
    await held(desk)
    async with desk.client(subject=subject) as client:
        answer = await decide(client, "approve", "looks right to me")
    assert (answer.status_code, answer.json()["code"]) == (403, "bill.reviewer_read_meter")
    assert await desk.count(REVIEW_DECISION) == 0
    assert await desk.bills("status") == [("held",)]


async def test_the_database_itself_refuses_a_decision_of_a_reader(desk: Desk) -> None:
    await held(desk)
    ((bill_id,),) = await desk.bills("bill_id")
    values = {
        "decision_id": "d1",
        "bill_id": bill_id,
        "decided_by": "reader-1",
        "role": "reviewer",
        "row_version": 1,
        "decision": "approve",
        "explanation": "x",
        "business_date": date(2026, 2, 5),
        "decided_at": datetime(2026, 2, 5, tzinfo=UTC),
    }
    with pytest.raises(IntegrityError):
        async with desk.db.begin() as tx:
            await tx.execute(insert(REVIEW_DECISION).values(**values))


async def test_refused_decisions_change_nothing(desk: Desk) -> None:
    await held(desk)
    ((bill_id,),) = await desk.bills("bill_id")
    url = f"/v1/bills/{bill_id}/decisions"
    body = {"decision": "approve", "explanation": "fine"}
    before = await desk.bills()
    async with desk.client() as client, desk.client(org_units=("zj/ningbo",)) as elsewhere:
        answers = [
            await client.post(url, json=body),
            await client.post(url, json=body, headers={"If-Match": '"7"'}),
            await client.post(url, json=body, headers={"If-Match": "seven"}),
            await client.post(url, json=body | {"explanation": " "}, headers={"If-Match": '"1"'}),
            await client.post(url, json=body | {"decision": "shred"}, headers={"If-Match": '"1"'}),
            await client.post(url, json=body | {"business_date": "2199-01-01"}, headers={"If-Match": '"1"'}),
            await client.post("/v1/bills/none/decisions", json=body, headers={"If-Match": '"1"'}),
            await elsewhere.post(url, json=body, headers={"If-Match": '"1"'}),
        ]
    async with desk.client("billing:read") as reader:
        answers.append(await reader.post(url, json=body, headers={"If-Match": '"1"'}))
    assert [(a.status_code, a.json()["code"]) for a in answers] == [
        (428, "precondition.missing"),
        (412, "precondition.stale"),
        (400, "precondition.malformed"),
        (422, "bill.explanation_missing"),
        (422, "request.invalid"),
        (422, "business_date.in_the_future"),
        (404, "bill.unknown"),
        (404, "bill.unknown"),
        (403, "auth.missing_scope"),
    ]
    assert await desk.bills() == before
    assert await desk.count(REVIEW_DECISION) == 0


async def test_a_reread_is_asked_for_and_its_usage_replaces_the_held_bill(desk: Desk) -> None:
    await held(desk)
    async with desk.client() as client:
        answer = await decide(client, "request_reread", "check the meter")
        assert answer.status_code == 200, answer.text
    (request,) = await desk.published(RereadRequested)
    assert (request.service_point_no, request.requested_by) == ("SP1", "reviewer-1")
    assert request.asked_on is not None
    await desk.measure(usage(1, 1, 120, version=2, replaces_reason="reread"))
    assert [s for (s,) in await desk.bills("status")] == ["replaced", "held"], "the reviewer's own hold stays"
    await desk.give(site_orders.done(request.request_id, kind="reread", reference=request.bill_id, result="read_came"))
    async with desk.client() as client:
        assert (await decide(client, "approve", "read again: 120 kWh")).status_code == 200
    await desk.work()
    assert [f.bill.energy_wh for f in await desk.published(BillIssued)] == [120_000]


@pytest.mark.parametrize("kind", ["inspection", "use_check"])
async def test_a_look_on_site_is_asked_for_and_the_bill_waits_for_an_explanation(desk: Desk, kind: str) -> None:
    await held(desk)
    async with desk.client() as client:
        assert (await decide(client, f"request_{kind}", "have a look")).status_code == 200
        await desk.work()
        assert [s for (s,) in await desk.bills("status")] == ["held"]
        (request,) = await desk.published(SiteOrderRequested)
        ((bill_id, cycle),) = await desk.bills("bill_id", "cycle")
        assert (request.kind, request.service_point_no, request.bill_id, request.cycle) == (kind, "SP1", bill_id, cycle)
        assert (request.reason, request.requested_by) == ("review", "reviewer-1")
        assert await desk.published(RereadRequested) == []
        assert (await decide(client, "approve", " ")).json()["code"] == "bill.explanation_missing"
        assert (await decide(client, "approve", "all in order")).json()["code"] == "bill.site_order_open"
        await desk.give(site_orders.done(request.request_id, kind=kind, reference=bill_id))
        assert (await decide(client, "approve", "all in order")).status_code == 200
    await desk.work()
    assert len(await desk.published(BillIssued)) == 1


async def test_a_cancelled_bill_gives_its_ladder_back_to_the_later_ones(desk: Desk) -> None:
    await held(desk, 2760)
    await desk.measure(usage(1, 2, 100))
    async with desk.client() as client:
        items = (await client.get("/v1/review-queue")).json()["items"]
        first = next(i for i in items if i["cycle"] == "2026-01")
        answer = await client.post(
            f"/v1/bills/{first['bill_id']}/decisions",
            json={"decision": "cancel", "explanation": "no such supply", "verdicts": verdicts.on(first)},
            headers={"If-Match": f'"{first["row_version"]}"'},
        )
    assert answer.status_code == 200, answer.text
    assert await desk.bills("status", cycle="2026-01") == [("cancelled",)]
    (now,) = [b for b in await desk.bills("status", "total_fen", cycle="2026-02") if b[0] != "replaced"]
    assert now == ("ready", 5380)


async def test_an_issued_bill_that_is_cancelled_is_reversed(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1))
    (row,) = await desk.bills()
    async with desk.client() as client:
        answer = await client.post(
            f"/v1/bills/{row.bill_id}/decisions",
            json={"decision": "cancel", "explanation": "billed twice", "business_date": "2026-02-20"},
            headers={"If-Match": f'"{row.row_version}"'},
        )
        assert answer.status_code == 200, answer.text
        (shown,) = (await client.get("/v1/corrections", params={"account_no": "A1"})).json()["items"]
    (fact,) = await desk.published(BillCorrected)
    assert (fact.reason, fact.replacements, [b.bill_id for b in fact.reversals]) == ("cancelled", (), [row.bill_id])
    assert (shown["reversed_fen"], shown["replaced_fen"]) == (row.total_fen, 0)


async def test_a_backdated_household_corrects_every_bill_that_it_touches(desk: Desk) -> None:
    await desk.open(account(1))
    for cycle in (1, 2, 3, 4):
        await desk.released(usage(1, cycle, 900))
    # the fourth bill has 840 kWh above tier 1 of 2,760 kWh; a household of five has 1,200 kWh more of it
    facts = (AccountTerms(date(2020, 1, 1), "residential", 3, 1), AccountTerms(date(2026, 1, 1), "residential", 5, 1))
    await desk.open(account(1, facts=facts))
    (first,) = await desk.bills(cycle="2026-01")
    async with desk.client() as client:
        answer = await client.post(
            f"/v1/bills/{first.bill_id}/decisions",
            json={"decision": "correct", "explanation": "five people since January"},
            headers={"If-Match": f'"{first.row_version}"'},
        )
    assert answer.status_code == 200, answer.text
    (fact,) = await desk.published(BillCorrected)
    assert [(b.cycle, b.total_fen) for b in fact.reversals] == [("2026-04", 48420 + 840 * 5)]
    assert [b.total_fen for b in fact.replacements] == [48420]


async def test_a_bill_that_cannot_be_rated_is_held_with_the_code_until_corrected(desk: Desk) -> None:
    await desk.open(account(1, tariff="CN-ZJ/residential/time-of-use"))  # and the meter has one register
    await desk.released(usage(1))
    async with desk.client() as client:
        (item,) = (await client.get("/v1/review-queue")).json()["items"]
        assert item["findings"][0]["code"] == "billing.not_rated"
        assert item["findings"][0]["values"]["code"] == "register_missing"
        refused = await decide(client, "approve", "please")
        assert (refused.status_code, refused.json()["code"]) == (409, "bill.not_rated")
    await desk.open(account(1))  # with a tariff for its meter: the bill is calculated again by itself
    await desk.work()
    assert len(await desk.published(BillIssued)) == 1


async def test_two_reviewers_decide_once(desk: Desk) -> None:
    await held(desk)
    ((bill_id,),) = await desk.bills("bill_id")
    async with desk.client(subject="r1") as one, desk.client(subject="r2") as two:
        said = {"billing.implausible_home": "right"}
        body = {"decision": "approve", "explanation": "seen", "verdicts": said}
        url, headers = f"/v1/bills/{bill_id}/decisions", {"If-Match": '"1"'}
        answers = [await c.post(url, json=body, headers=headers) for c in (one, two)]
    assert [a.status_code for a in answers] == [200, 412]


async def test_a_run_closed_after_an_approval_issues_the_bill_with_the_run(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1, 1, 1200))
    async with desk.client() as client:
        await decide(client, "approve", "kiln", business_date="2026-02-01")
    await desk.close(closed([usage(1, 1, 1200)]))
    await desk.work()
    assert [f.bill.issued_on for f in await desk.published(BillIssued)] == [date(2026, 2, 2)]


async def cut_to_be_seen(desk: Desk) -> list[Any]:
    """An issued January, and its cut in two that a reviewer must see, one half of which is implausible."""
    await desk.open(account(1))
    january = usage(1, 1, 300)
    await desk.released(january)
    cut = (part(1, month(1), MIDDLE, 100), part(1, MIDDLE, month(2), 5000))
    await desk.measure(withdrawn(january), *cut)
    assert await desk.bills("status", status="issued") == [("issued",)], "what was in force is, until somebody decides"
    return await desk.bills(status="proposed")


@pytest.mark.parametrize("style", STYLES)
async def test_what_a_cut_makes_is_one_proposal_and_one_decision(desk: Desk, style: str) -> None:
    desk.correct_by(style)
    first, second = await cut_to_be_seen(desk)
    assert first.group_id == second.group_id
    await desk.decide(second.bill_id, "approve", "2026-02-10")
    (fact,) = await desk.published(BillCorrected)
    assert [bill.energy_wh for bill in fact.replacements] == [100_000, 5_000_000]
    assert [bill.energy_wh for bill in fact.reversals] == [300_000]
    assert [(d.replacement_id, d.total_fen) for d in fact.differences] == ([(None, -16140)] if style == "delta" else [])
    gone = "adjusted" if style == "delta" else "reversed"
    assert await desk.bills("status") == [("replaced",), ("issued",), (gone,), ("replaced",), ("issued",)]
    totals = await desk.totals()
    assert totals["documents_fen"] == totals["issued_fen"] == 5380 + 288_200
    async with desk.client() as client:
        shown = [(await client.get(f"/v1/bills/{bill.bill_id}")).json() for bill in (first, second)]
    assert [[d["decision"] for d in bill["decisions"]] for bill in shown] == [["approve"], ["approve"]]
    assert shown[0]["group_id"] == first.group_id


async def test_a_rejected_cut_keeps_what_was_in_force_until_a_newer_one_comes(desk: Desk) -> None:
    first, _ = await cut_to_be_seen(desk)
    await desk.decide(first.bill_id, "cancel", "2026-02-10")
    assert await desk.bills("status") == [("cancelled",), ("issued",), ("cancelled",)]
    assert await desk.published(BillCorrected) == []
    await desk.measure(part(1, MIDDLE, month(2), 200, version=3))
    (fact,) = await desk.published(BillCorrected)
    # the half that nobody measured again goes with it: no day is left without a bill
    assert [bill.energy_wh for bill in fact.replacements] == [100_000, 200_000]


async def test_a_newer_half_takes_the_other_half_of_its_group_along(desk: Desk) -> None:
    await cut_to_be_seen(desk)
    await desk.measure(part(1, MIDDLE, month(2), 210, version=3))
    (fact,) = await desk.published(BillCorrected)
    assert [bill.energy_wh for bill in fact.replacements] == [100_000, 210_000]
    assert await desk.bills("bill_id", status="proposed") == []


async def test_who_read_one_half_may_not_decide_on_the_other(desk: Desk) -> None:
    await desk.open(account(1))
    january = usage(1, 1, 300)
    await desk.released(january)
    halves = (part(1, month(1), MIDDLE, 100, actors=("reviewer-1",)), part(1, MIDDLE, month(2), 5000))
    await desk.measure(withdrawn(january), *halves)
    _, second = await desk.bills(status="proposed")
    async with desk.client() as client:
        url, body = f"/v1/bills/{second.bill_id}/decisions", {"decision": "approve", "explanation": "seen"}
        answer = await client.post(url, json=body, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()["code"]) == (403, "bill.reviewer_read_meter")


@pytest.mark.parametrize("decision", ["correct", "cancel"])
async def test_a_bill_whose_contract_moved_away_is_corrected_and_cancelled_all_the_same(
    desk: Desk, decision: str
) -> None:
    await desk.open(account(1))
    january = usage(1)
    await desk.released(january)
    (contract,) = account(1).contracts
    await desk.open(account(1, contracts=(replace(contract, to=MIDDLE),)))
    (bill,) = await desk.bills()
    assert bill.status == "issued", "the cut of its usage is awaited, and corrects it by itself"
    await desk.decide(bill.bill_id, decision, "2026-02-10")
    assert await desk.bills("status") == [("reversed",)]
    async with desk.client() as client:
        waiting = (await client.get("/v1/waiting-usages")).json()["items"]
    assert len(waiting) == (1 if decision == "correct" else 0), (
        "nobody is supplied for all of it; cancelled is left out"
    )
    # reading tells the cut: the half of the contract is billed, the other one is nobody's
    await desk.measure(withdrawn(january), part(1, month(1), MIDDLE, 80), part(1, MIDDLE, month(2), 120))
    assert await desk.bills("status", "energy_wh") == [("ready", 80_000), ("reversed", 200_000)]
    totals = await desk.totals()
    assert totals["usage_in_force_wh"] == 200_000 == totals["billed_wh"] + totals["waiting_wh"]


async def test_the_half_of_another_contract_goes_with_its_run_while_the_cut_waits_for_a_reviewer(desk: Desk) -> None:
    desk.review_by(first_bill="off")
    (contract,) = account(1).contracts
    await desk.open(account(1))
    january = usage(1, 1, 300)
    await desk.released(january)
    await desk.open(account(1, contracts=(replace(contract, to=MIDDLE),)))
    other = replace(contract, contract_no="C2", from_=MIDDLE)
    await desk.open(account(2, contracts=(other,)))
    await desk.measure(withdrawn(january), part(1, month(1), MIDDLE, 5000), part(1, MIDDLE, month(2), 100))
    await desk.work()
    assert await desk.bills("contract_no", "status", "energy_wh") == [
        ("C1", "proposed", 5_000_000),
        ("C1", "issued", 300_000),
        ("C2", "issued", 100_000),
    ]
    (proposal,) = await desk.bills(status="proposed")
    await desk.decide(proposal.bill_id, "approve", "2026-02-10")
    totals = await desk.totals()
    assert totals["billed_wh"] == totals["usage_in_force_wh"] == 5_100_000
    assert totals["documents_fen"] == totals["issued_fen"]


async def test_a_proposal_that_is_held_stays_proposed_and_can_still_be_approved(desk: Desk) -> None:
    first, _ = await cut_to_be_seen(desk)
    await desk.decide(first.bill_id, "hold", "2026-02-10")
    assert await desk.bills("status", status="proposed") == [("proposed",)] * 2
    await desk.decide(first.bill_id, "approve", "2026-02-11")
    (fact,) = await desk.published(BillCorrected)
    assert [bill.energy_wh for bill in fact.replacements] == [100_000, 5_000_000]


async def test_what_is_issued_is_not_held_and_what_is_cancelled_is_not_corrected(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1))
    async with desk.client() as client:
        codes = []
        for decision in ("hold", "cancel", "correct"):
            (row,) = await desk.bills()
            body = {"decision": decision, "explanation": "seen", "business_date": "2026-02-20"}
            path = f"/v1/bills/{row.bill_id}/decisions"
            answer = await client.post(path, json=body, headers={"If-Match": f'"{row.row_version}"'})
            codes.append((answer.status_code, answer.json().get("code")))
    assert codes == [(409, "bill.not_decidable"), (200, None), (409, "bill.not_decidable")]
