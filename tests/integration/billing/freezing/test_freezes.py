"""What is frozen does not go out while that stands, and goes out by itself afterwards, over REST."""

import asyncio
from datetime import date
from typing import Any

import httpx
import pytest

from services.billing.bills.use_cases import thawing
from services.billing.business_day import store as business_day
from services.billing.freezes import store as freezes_store
from services.billing.freezes.tables import RELEASE_FREEZE
from services.billing.freezing import use_cases
from services.billing.runs.use_cases import issue
from shared.db import bulk
from shared.events.billing import BillCorrected, BillIssued
from tests.kits import verdicts
from tests.kits.billing import Desk, account, closed, usage

RISE = "billing.sudden_rise"


async def freeze(desk: Desk, *, subject: str = "reviewer-1", **what: Any) -> str:
    async with desk.client(subject=subject) as client:
        answer = await client.post("/v1/freezes", json={"reason": "in doubt", **what})
    assert answer.status_code == 200, answer.text
    assert answer.json()["stands"]
    return str(answer.json()["freeze_id"])


async def lift(desk: Desk, freeze_id: str) -> None:
    async with desk.client() as client:
        answer = await client.post(f"/v1/freezes/{freeze_id}/lift", json={"reason": "looked at"})
    assert (answer.status_code, answer.json()["stands"]) == (200, False)


async def frozen(desk: Desk, **query: Any) -> list[tuple[str, list[str]]]:
    async with desk.client() as client:
        answer = await client.get("/v1/frozen-bills", params=query)
    assert answer.status_code == 200, answer.text
    assert {item["code"] for item in answer.json()["items"]} <= {"billing.frozen"}
    return sorted((item["account_no"], item["frozen_by"]) for item in answer.json()["items"])


async def issued(desk: Desk) -> list[str]:
    return sorted(fact.account_no for fact in await desk.published(BillIssued))


async def two_routes(desk: Desk) -> list[Any]:
    """A February of four homes on two routes that is ready, A4 with a warning that its usage has risen."""
    await desk.open(*(account(n) for n in range(1, 5)))
    await desk.released(*(usage(n, 1, 200, route="R2") for n in (3, 4)))
    facts = [usage(n, 2, 200, route="R1" if n < 3 else "R2") for n in (1, 2, 3)] + [usage(4, 2, 260, route="R2")]
    await desk.measure(*facts)
    return facts


@pytest.mark.parametrize(
    ("kind", "waits"), [("bill_id", ["A1"]), ("contract_no", ["A1"]), ("route_no", ["A1", "A2"]), ("rule", ["A4"])]
)
async def test_nothing_of_what_is_frozen_goes_out_until_it_is_lifted(desk: Desk, kind: str, waits: list[str]) -> None:
    facts = await two_routes(desk)
    (bill,) = await desk.bills(account_no="A1")
    assert RISE in (await desk.bills("findings", account_no="A4", cycle="2026-02"))[0][0]
    what = {"bill_id": bill.bill_id, "contract_no": "C1", "route_no": "R1", "rule": RISE}[kind]
    freeze_id = await freeze(desk, **{kind: what})
    await desk.close(closed(facts[:2]), closed(facts[2:]))
    await desk.work()
    assert await issued(desk) == sorted(["A3", "A4", *({"A1", "A2", "A3", "A4"} - set(waits))])
    assert await frozen(desk) == await frozen(desk, freeze_id=freeze_id) == [(each, [freeze_id]) for each in waits]
    await lift(desk, freeze_id)
    await desk.work()
    assert await issued(desk) == ["A1", "A2", "A3", "A3", "A4", "A4"]
    assert await frozen(desk) == []
    assert {status for (status,) in await desk.bills("status")} == {"issued"}


async def test_a_run_ends_without_what_is_frozen_but_not_while_its_route_is(desk: Desk) -> None:
    facts = await two_routes(desk)
    contract, route = await freeze(desk, contract_no="C1"), await freeze(desk, route_no="R2")
    await desk.close(closed(facts[:2]), closed(facts[2:]))
    await desk.work()
    async with desk.client() as client:
        runs = (await client.get("/v1/runs", params={"cycle": "2026-02"})).json()["items"]
        assert [run["status"] for run in runs] == ["released", "releasing"]
        await lift(desk, contract)
        await lift(desk, route)
        await desk.work()
        runs = (await client.get("/v1/runs", params={"cycle": "2026-02"})).json()["items"]
    assert [run["status"] for run in runs] == ["released", "released"]


async def test_a_frozen_bill_that_is_calculated_again_is_frozen_still(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1, 1, 300))
    ((bill_id,),) = await desk.bills("bill_id")
    freeze_id = await freeze(desk, bill_id=bill_id)
    again = usage(1, 1, 310, version=2, replaces_reason="reread")
    await desk.measure(again, usage(1, 2, 200))
    await desk.close(closed([usage(1, 1, 300), again]), closed([usage(1, 2, 200)]))
    await desk.work()
    assert [fact.bill.cycle for fact in await desk.published(BillIssued)] == ["2026-02"]
    await lift(desk, freeze_id)
    await desk.work()
    assert [fact.bill.energy_wh for fact in await desk.published(BillIssued)] == [200_000, 310_000]


async def test_a_freeze_ends_with_its_last_day(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1, 1, 300))
    await freeze(desk, contract_no="C1", until="2026-02-10")
    await desk.close(closed([usage(1, 1, 300)]))
    for day in (date(2026, 2, 9), date(2026, 2, 10)):
        async with desk.db.begin() as tx:
            await business_day.advance(tx, day)
        await desk.work()
        assert await issued(desk) == []
    async with desk.db.begin() as tx:
        await business_day.advance(tx, date(2026, 2, 11))
    await desk.work()
    assert await issued(desk) == ["A1"]
    async with desk.client() as client:
        assert [f["stands"] for f in (await client.get("/v1/freezes")).json()["items"]] == [False]
        assert (await client.get("/v1/freezes", params={"stands": True})).json()["items"] == []


async def test_neither_an_approved_bill_nor_a_released_run_goes_out_while_it_is_frozen(desk: Desk) -> None:
    desk.two_people(bill__release=[{"from_fen": 0, "second": "billing:review"}])
    await desk.open(account(1), account(2))
    await desk.measure(usage(1, 1, 1200), usage(2, 1, 200))
    freezes = [await freeze(desk, contract_no="C1"), await freeze(desk, route_no="R1")]
    await desk.decide((await desk.bills("bill_id", account_no="A1"))[0][0], "approve", "2026-02-05")
    # a run whose sum differs: a reviewer releases it, with a second person
    await desk.close(closed([usage(1, 1, 1200), usage(2, 1, 200)], missed=2))
    async with desk.client() as client:
        url = "/v1/runs/R1/2026-01"
        seen = (await client.get(url)).headers["ETag"]
        body = {"explanation": "the totals agree"}
        answer = await client.post(f"{url}/release", json=body, headers={"If-Match": seen})
    if answer.status_code == 202:
        assert await desk.second(answer.json()) == ("done", None)
    async with desk.db.begin() as tx:
        await business_day.advance(tx, date(2026, 3, 1))
    await desk.work()
    assert [s for (s,) in await desk.bills("status")] == ["ready", "ready"]
    assert await issued(desk) == []
    for freeze_id in freezes:
        await lift(desk, freeze_id)
    await desk.work()
    assert await issued(desk) == ["A1", "A2"]


async def test_a_correction_of_an_issued_bill_waits_for_the_end_of_the_freeze_and_goes_on_by_itself(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 300))
    freeze_id = await freeze(desk, contract_no="C1")
    await desk.measure(usage(1, 1, 200, version=2, replaces_reason="reread"))
    assert await desk.published(BillCorrected) == []
    ((proposed, findings),) = await desk.bills("bill_id", "findings", status="proposed")
    assert '"billing.frozen"' in findings
    assert await frozen(desk) == [("A1", [freeze_id])]
    await desk.work()
    async with desk.client() as client:
        for bill_id, decision in ((proposed, "approve"), (proposed, "correct"), ("", "cancel"), ("", "correct")):
            wanted = bill_id or (await desk.bills("bill_id", status="issued"))[0][0]
            shown = await client.get(f"/v1/bills/{wanted}")
            body = {"decision": decision, "explanation": "x", "verdicts": verdicts.on(shown.json())}
            url, seen = f"/v1/bills/{wanted}/decisions", {"If-Match": shown.headers["ETag"]}
            answer = await client.post(url, json=body, headers=seen)
            assert (answer.status_code, answer.json()["code"]) == (409, "bill.frozen")
    await lift(desk, freeze_id)
    await desk.work()
    (fact,) = await desk.published(BillCorrected)
    assert [bill.energy_wh for bill in fact.replacements] == [200_000]
    assert await desk.bills("bill_id", status="proposed") == []
    assert await desk.work() == 0


async def test_corrections_that_are_frozen_still_keep_none_behind_them_from_going_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thawing, "PROPOSALS_MAX", 2)
    many = range(1, 6)
    await desk.open(*(account(n) for n in many))
    await desk.released(*(usage(n, 1, 300) for n in many))
    freezes = {n: await freeze(desk, contract_no=f"C{n}") for n in many}
    await desk.measure(*(usage(n, 1, 200, version=2, replaces_reason="reread") for n in many))
    for n in (4, 5):
        await lift(desk, freezes[n])
    await desk.work()
    assert sorted(fact.account_no for fact in await desk.published(BillCorrected)) == ["A4", "A5"]
    assert await desk.work() == 0
    assert [row.contract_no for row in await desk.bills(status="proposed")] == ["C1", "C2", "C3"]


async def test_what_has_another_reason_to_wait_waits_for_that_after_the_freeze(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 300))
    freeze_id = await freeze(desk, contract_no="C1")
    await desk.measure(usage(1, 1, 5000, version=2, replaces_reason="reread"))
    await lift(desk, freeze_id)
    await desk.work()
    ((findings,),) = await desk.bills("findings", status="proposed")
    assert '"billing.frozen"' not in findings
    assert await desk.published(BillCorrected) == []


async def test_what_cannot_be_frozen_or_lifted_is_refused(desk: Desk) -> None:
    await two_routes(desk)
    (bill,) = await desk.bills(account_no="A1")
    freeze_id = await freeze(desk, contract_no="C1")

    async def refused(client: httpx.AsyncClient, path: str = "/v1/freezes", **body: Any) -> tuple[int, str]:
        answer = await client.post(path, json={"reason": "why", **body})
        return answer.status_code, answer.json()["code"]

    async with desk.client() as client:
        for body in ({"contract_no": "C99"}, {"route_no": "R99"}, {"rule": "billing.none"}, {"bill_id": "none"}):
            assert await refused(client, **body) == (404, "freeze.unknown_subject")
        assert await refused(client, contract_no="C1") == (409, "freeze.stands_already")
        assert await refused(client, contract_no="C2", route_no="R1") == (422, "request.invalid")
        assert await refused(client) == (422, "request.invalid")
        assert await refused(client, contract_no="C2", reason=" ") == (422, "request.invalid")
        over = {"contract_no": "C2", "until": "2026-01-31"}
        assert await refused(client, **over) == (422, "freeze.over_already")
        assert await refused(client, "/v1/freezes/none/lift") == (404, "freeze.unknown")
    far, near = ["zj/ningbo"], ["zj/hangzhou"]
    async with desk.client(org_units=far) as elsewhere, desk.client(org_units=near) as here:
        for body in ({"contract_no": "C2"}, {"route_no": "R1"}, {"bill_id": bill.bill_id}):
            assert await refused(elsewhere, **body) == (404, "freeze.unknown_subject")
        assert await refused(here, rule=RISE) == (404, "freeze.unknown_subject"), "a rule is the whole utility's"
        assert await refused(elsewhere, f"/v1/freezes/{freeze_id}/lift") == (404, "freeze.unknown")
        assert (await elsewhere.get("/v1/freezes")).json()["items"] == []
        assert (await elsewhere.get("/v1/frozen-bills")).json()["items"] == []
        assert len((await here.get("/v1/freezes")).json()["items"]) == 1
    async with desk.client("billing:review") as reviewer, desk.client("billing:release") as releaser:
        assert await refused(reviewer, route_no="R1") == (403, "auth.missing_scope")
        assert await refused(reviewer, rule=RISE) == (403, "auth.missing_scope")
        assert await refused(releaser, contract_no="C2") == (403, "auth.missing_scope")
        assert await refused(releaser, f"/v1/freezes/{freeze_id}/lift") == (403, "auth.missing_scope")
        assert (await releaser.post("/v1/freezes", json={"rule": RISE, "reason": "x"})).status_code == 200
    await lift(desk, freeze_id)
    async with desk.client() as client:
        assert await refused(client, f"/v1/freezes/{freeze_id}/lift") == (409, "freeze.lifted_already")
        audit = (
            await client.get("/v1/audit-entries", params={"entity_kind": "freeze", "entity_id": freeze_id})
        ).json()["items"]
    assert sorted((entry["action"], entry["reason"]) for entry in audit) == [
        ("freeze.lifted", "looked at"),
        ("freeze.set", "in doubt"),
    ]


async def test_at_most_so_many_freezes_stand(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert freezes_store.STANDING_MAX == 1000
    monkeypatch.setattr(use_cases, "STANDING_MAX", 1)
    await two_routes(desk)
    await freeze(desk, contract_no="C1")
    async with desk.client() as client:
        answer = await client.post("/v1/freezes", json={"contract_no": "C2", "reason": "x"})
    assert (answer.status_code, answer.json()["code"]) == (409, "freeze.too_many")


async def test_bills_go_out_beside_as_many_freezes_of_bills_as_may_stand(desk: Desk) -> None:
    facts = await two_routes(desk)
    count = freezes_store.STANDING_MAX - 1
    same: dict[str, Any] = {"kind": "bill", "org_unit": "zj", "reason": "in doubt", "frozen_by": "reviewer-1"}
    days = {"period_from": date(2026, 2, 1), "period_to": date(2026, 3, 1)}
    async with desk.db.begin() as tx:
        keys = {"freeze_id": [f"F{n}" for n in range(count)], "subject": [f"B{n}" for n in range(count)]}
        others = same | days | {"contract_no": "C99", "frozen_at": tx.now}
        rows = keys | {name: [value] * count for name, value in others.items()}
        await bulk.insert_rows(tx, RELEASE_FREEZE, rows)
    (bill,) = await desk.bills(account_no="A1")
    freeze_id = await freeze(desk, bill_id=bill.bill_id)
    await desk.close(closed(facts[:2]), closed(facts[2:]))
    await desk.work()
    assert await issued(desk) == ["A2", "A3", "A3", "A4", "A4"]
    assert await frozen(desk) == [("A1", [freeze_id])]
    await lift(desk, freeze_id)
    await desk.work()
    assert await frozen(desk) == []
    assert {status for (status,) in await desk.bills("status")} == {"issued"}


@pytest.mark.postgres
async def test_who_freezes_waits_for_what_is_going_out_and_nothing_goes_out_after(desk: Desk) -> None:
    await desk.open(account(1), account(2))
    facts = [usage(n, 1, 300) for n in (1, 2)]
    await desk.measure(*facts)
    await desk.close(closed(facts))
    freezing = None
    async with desk.db.begin() as tx:
        found = await issue.issue(tx, context=desk.context, limit=1)
        assert found.issued == 1
        if tx.dialect == "postgresql":
            freezing = asyncio.create_task(freeze(desk, route_no="R1"))
            await asyncio.wait([freezing], timeout=0.2)
            assert not freezing.done(), "it waits for the unit of work that issues"
    if freezing is None:
        await freeze(desk, route_no="R1")
    else:
        await freezing
    out = await desk.bills("bill_id", status="issued")
    await desk.work()
    assert await desk.bills("bill_id", status="issued") == out
    assert len(out) == 1


async def test_issuing_takes_as_many_statements_for_100_freezes_as_for_one(desk: Desk) -> None:
    counted = []
    await desk.open(*(account(n) for n in range(1, 121)))
    for cycle, many in ((1, 1), (2, 100)):
        facts = [usage(n, cycle, 300) for n in range(1, 121)]
        await desk.measure(*facts)
        for n in range(many):
            await freeze(desk, contract_no=f"C{100 * (cycle == 1) + n + 1}")
        await desk.close(closed(facts))
        seen = desk.watch()
        async with desk.db.begin() as tx:
            await issue.issue(tx, context=desk.context)
        counted.append(len(seen))
    assert counted[0] == counted[1]
    assert len(await desk.bills("bill_id", status="issued")) == 119 + 19
