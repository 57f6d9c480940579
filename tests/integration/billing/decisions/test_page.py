"""A bill's page: all that a reviewer looks at in one answer, over REST."""

from typing import Any

from tests.integration.billing.decisions.test_assigning import CLAIMED, post
from tests.integration.billing.decisions.test_review_rules import RISE, items, judged
from tests.kits import verdicts
from tests.kits.billing import Desk, account, part, usage

HOME = "billing.implausible_home"


async def page(desk: Desk, bill_id: str, **who: Any) -> dict[str, Any]:
    async with desk.client(**who) as client:
        answer = await client.get(f"/v1/bills/{bill_id}/page")
        assert answer.status_code == 200, answer.text
        assert answer.headers["ETag"] == (await client.get(f"/v1/bills/{bill_id}")).headers["ETag"]
    found: dict[str, Any] = answer.json()
    return found


async def test_a_page_shows_13_months_with_their_gaps(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(*(usage(1, m, 100 + m) for m in (1, 2, 4, 5, 13)))
    bills = {row.cycle: row for row in await desk.bills()}
    shown = await page(desk, bills["2027-01"].bill_id)
    months = shown["months"]
    assert [month["cycle"] for month in months] == [f"2026-{m:02}" for m in range(1, 13)] + ["2027-01"]
    assert {m["cycle"]: m["energy_wh"] for m in months if m["bills"]} == {
        cycle: row.energy_wh for cycle, row in bills.items()
    }
    assert {m["cycle"]: m["total_fen"] for m in months if m["bills"]} == {
        cycle: row.total_fen for cycle, row in bills.items()
    }
    gaps = [m for m in months if not m["bills"]]
    assert len(gaps) == 8
    assert all(m["energy_wh"] is m["total_fen"] is None for m in gaps)
    earlier = await page(desk, bills["2026-05"].bill_id)
    assert [m["cycle"] for m in earlier["months"]][::12] == ["2025-05", "2026-05"]


async def test_a_month_that_was_cut_sums_its_parts(desk: Desk) -> None:
    await desk.open(account(1))
    start, middle, end = usage(1, 1).period_from, usage(1, 1).period_from.replace(day=16), usage(1, 1).period_to
    await desk.measure(part(1, start, middle, 100, version=1), part(1, middle, end, 150, version=1))
    first, second = await desk.bills()
    shown = await page(desk, first.bill_id)
    assert shown["months"][-1]["energy_wh"] == 250_000
    assert [bill["bill_id"] for bill in shown["months"][-1]["bills"]] == [first.bill_id, second.bill_id]


async def test_a_page_shows_reads_lines_and_findings_in_words(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1, 1, 1200))
    ((bill_id,),) = await desk.bills("bill_id")
    shown = await page(desk, bill_id)
    assert (shown["usage"]["read_ids"], shown["usage"]["quality"]) == (["READ-1-1-1"], "actual")
    assert (shown["usage"]["meter_nos"], shown["usage"]["read_by"]) == (["M1"], ["reader-1", "uploader-1"])
    async with desk.client() as client:
        bill = (await client.get(f"/v1/bills/{bill_id}")).json()
    assert [{k: v for k, v in line.items() if k != "factors"} for line in shown["lines"]] == bill["lines"]
    assert all(" = " in line["formula"] and line["price"] and line["quantity"] for line in shown["lines"])
    assert sum(line["amount_fen"] for line in shown["lines"]) == shown["total_fen"]
    (found,) = [each for each in shown["findings"] if each["code"] == HOME]
    assert "1200" in found["zh"]
    assert "1200" in found["en"]
    assert found["zh"] != found["en"]
    assert {n: shown[n] for n in ("components", "tariffs", "quantities_wh")} == {
        n: bill[n] for n in ("components", "tariffs", "quantities_wh")
    }
    assert shown["customer_class"] == "residential"


async def test_a_page_shows_beside_each_finding_how_right_its_rule_was_as_the_queue_does(desk: Desk) -> None:
    await judged(desk, "right", "wrong", "wrong", "known")
    await judged(desk, "right", start=11, org_unit="zj/ningbo")
    await desk.open(account(9))
    await desk.measure(usage(9, 1, 950), usage(9, 2, 1150))
    near = ("residential", "zj/hangzhou")
    for enough, unit, count, permille, of in (
        (20, "*", 4, 500, (None, None)),
        (20, "zj/hangzhou", 3, 333, (None, None)),
        (3, "*", 3, 333, near),
    ):
        desk.expect_of_rules(narrow_verdicts_min=enough)
        (queued,) = await items(desk, "/v1/review-queue", org_units=[unit])
        shown = (await page(desk, queued["bill_id"], org_units=[unit]))["findings"]
        assert [{k: v for k, v in each.items() if k not in ("zh", "en")} for each in shown] == queued["findings"]
        found = {each["code"]: each for each in shown}
        assert (found[HOME]["verdicts"], found[HOME]["precision_permille"]) == (count, permille)
        assert (found[HOME]["of"]["customer_class"], found[HOME]["of"]["org_unit"]) == of
        assert (found[RISE]["verdicts"], found[RISE]["precision_permille"]) == (0, None)
    assert (found[HOME]["low_permille"], found[HOME]["high_permille"]) == (61, 792)
    await desk.decide(queued["bill_id"], "approve", "2026-03-05", "right")
    found = {each["code"]: each for each in (await page(desk, queued["bill_id"]))["findings"]}
    assert (found[HOME]["verdicts"], found[HOME]["precision_permille"]) == (4, 500), "by the verdicts until now"


async def test_a_page_shows_the_history_and_who_had_a_hand_in_it(desk: Desk) -> None:
    desk.two_people(bill__release=[{"from_fen": 0, "second": "billing:review"}])
    await desk.open(account(1))
    await desk.measure(usage(1, 1, 1200))
    ((old,),) = await desk.bills("bill_id")
    async with desk.client(subject="reviewer-2") as client:
        await post(client, CLAIMED, {"bill_id": old})
        body = {"decision": "request_inspection", "explanation": "have a look"}
        assert (
            await client.post(f"/v1/bills/{old}/decisions", json=body, headers={"If-Match": '"1"'})
        ).status_code == 200
    await desk.measure(usage(1, 1, 1300, version=2, replaces_reason="reread"))
    ((new, version),) = await desk.bills("bill_id", "row_version", status="held")
    shown = await page(desk, new)
    assert shown["assignee"] == "reviewer-2"
    assert [(v["bill_id"], v["status"]) for v in shown["versions"]] == [(old, "replaced"), (new, "held")]
    assert shown["versions"][1]["replaces"] == old
    assert [(d["bill_id"], d["decision"], d["explanation"]) for d in shown["decisions"]] == [
        (old, "request_inspection", "have a look")
    ]
    (order,) = shown["site_orders"]
    assert (order["kind"], order["reference"], order["state"]) == ("inspection", old, "out")
    assert shown["hands"] == [
        {"subject": "reader-1", "did": ["read"]},
        {"subject": "reviewer-2", "did": ["assigned", "decided"]},
        {"subject": "uploader-1", "did": ["read"]},
    ]
    assert version == 1


async def test_a_page_shows_approvals_and_verdicts(desk: Desk) -> None:
    desk.two_people(bill__release=[{"from_fen": 0, "second": "billing:review"}])
    await desk.open(account(1))
    await desk.measure(usage(1, 1, 1200))
    (bill,) = await desk.bills()
    async with desk.client() as client:
        shown = await page(desk, bill.bill_id)
        body = {"decision": "approve", "explanation": "a kiln", "verdicts": verdicts.on(shown, verdict="known")}
        asked = await client.post(f"/v1/bills/{bill.bill_id}/decisions", json=body, headers={"If-Match": '"1"'})
    assert asked.status_code == 202
    (waiting,) = (await page(desk, bill.bill_id))["approvals"]
    assert (waiting["kind"], waiting["state"], waiting["requested_by"]) == ("bill.release", "pending", "reviewer-1")
    assert await desk.second(asked.json()) == ("done", None)
    shown = await page(desk, bill.bill_id)
    (approval,) = shown["approvals"]
    assert (approval["bill_id"], approval["state"], approval["decided_by"]) == (bill.bill_id, "approved", "second-1")
    assert [(d["decision"], d["verdicts"]) for d in shown["decisions"]] == [("approve", {HOME: "known"})]
    assert {"subject": "reviewer-1", "did": ["decided", "asked"]} in shown["hands"]
    assert {"subject": "second-1", "did": ["approved"]} in shown["hands"]


async def test_a_page_links_corrections_both_ways(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 300))
    await desk.measure(usage(1, 1, 280, version=2, replaces_reason="reread"))
    old, new = await desk.bills("bill_id")
    pages = [await page(desk, bill_id) for (bill_id,) in (old, new)]
    for shown in pages:
        (correction,) = shown["corrections"]
        assert (correction["reversals"], correction["replacements"]) == ([old[0]], [new[0]])
        first, second = shown["versions"]
        assert (first["taken_out_by"], first["made_by"]) == (correction["correction_id"], None)
        assert (second["taken_out_by"], second["made_by"]) == (None, correction["correction_id"])


async def test_a_page_says_which_freezes_keep_it(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1, 1, 300))
    ((bill_id,),) = await desk.bills("bill_id")
    async with desk.client() as client:
        freeze = (await client.post("/v1/freezes", json={"contract_no": "C1", "reason": "in doubt"})).json()
    assert (await page(desk, bill_id))["frozen_by"] == [freeze["freeze_id"]]


async def test_a_page_of_another_org_unit_is_not_there(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1, 1, 300))
    ((bill_id,),) = await desk.bills("bill_id")
    async with desk.client(org_units=["zj/ningbo"]) as client:
        for wanted in (bill_id, "none"):
            answer = await client.get(f"/v1/bills/{wanted}/page")
            assert (answer.status_code, answer.json()["code"]) == (404, "bill.unknown")


async def test_a_page_takes_as_many_statements_with_much_history_as_with_none(desk: Desk) -> None:
    counted = []
    for n, versions in ((1, 1), (2, 12)):
        await judged(desk, *["wrong"] * versions, start=100 * n)
        await desk.open(account(n))
        await desk.measure(*(usage(n, m, 200) for m in range(1, 13)))
        for version in range(2, versions + 1):
            await desk.measure(usage(n, 12, 1100 + version, version=version, replaces_reason="reread"))
        bill_id = (await desk.bills("bill_id", contract_no=f"C{n}"))[-1][0]
        seen = desk.watch()
        async with desk.client() as client:
            assert (await client.get(f"/v1/bills/{bill_id}/page")).status_code == 200
        counted.append(len(seen))
    assert counted[0] == counted[1]
