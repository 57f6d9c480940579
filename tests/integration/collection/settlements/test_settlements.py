"""The money of an account that a closing has ended is set off, and what is left is paid out or kept."""

import random
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event

from shared.events.billing import AdjustmentIssued, Component
from shared.events.closings import FinalBillIssued
from shared.events.disputes import DisputeChanged
from tests.kits.collection import Kit, account, bill, issued
from tests.kits.effort import walks


def final(account_no: str = "A1", **more: Any) -> FinalBillIssued:
    said: dict[str, Any] = {
        "closing_no": f"CL-{account_no}",
        "account_no": account_no,
        "service_point_no": f"S-{account_no}",
        "org_unit": "zj/hangzhou",
        "ended_on": date(2026, 3, 1),
        "billed_on": date(2026, 3, 2),
        "bill_id": f"B-{account_no}",
        "total_fen": 377,
        "ends_account": True,
        "requested_by": "reviewer-1",
        "approved_by": "second-1",
    }
    return FinalBillIssued(**said | more)


def last_bill(account_no: str = "A1", fen: int = 377) -> Any:
    on, due = date(2026, 3, 2), date(2026, 5, 30)
    return issued(bill(f"B-{account_no}", fen, account_no=account_no, issued_on=on, due_on=due, cycle="2026-03"))


async def settle(kit: Kit, day: str) -> dict[str, int]:
    answer = await kit.admin.post("/v1/jobs/settle-accounts/runs", json={"business_date": day})
    assert answer.status_code == 200, answer.text
    return {name: count for name, count in answer.json()["counts"].items() if count}


async def listed(kit: Kit) -> list[tuple[str, str, int, int]]:
    items = (await kit.clerk.get("/v1/settlements")).json()["items"]
    return [(each["state"], each["waits_for"], each["paid_out_fen"], each["kept_fen"]) for each in items]


async def test_the_last_bill_is_set_off_and_the_rest_of_the_prepayment_is_paid_out(kit: Kit) -> None:
    await kit.pay(5_000, on="2026-02-20")
    await kit.give(final())
    assert await settle(kit, "2026-03-03") == {"waiting": 1}
    assert await listed(kit) == [("waiting", "bill", 0, 0)]
    await kit.give(last_bill())
    assert await settle(kit, "2026-03-04") == {"settled": 1}
    assert await listed(kit) == [("settled", "", 4_623, 0)]
    assert await kit.money() == (0, 0)
    (fact,) = await kit.facts("collection.account_settled.v1")
    assert (fact["paid_out_fen"], fact["kept_fen"], fact["settled_on"]) == (4_623, 0, "2026-03-04")
    assert await settle(kit, "2026-03-05") == {}
    assert (await kit.admin.get("/v1/control-totals?cycle=2026-03")).json()["posted_fen"] == 377


async def test_what_is_owed_is_waited_for(kit: Kit) -> None:
    await kit.pay(100, on="2026-02-20")
    await kit.give(last_bill())
    await kit.give(final(), final())
    await settle(kit, "2026-03-03")
    assert await listed(kit) == [("waiting", "debt", 0, 0)]
    await kit.pay(277, on="2026-03-10")
    assert await settle(kit, "2026-03-11") == {"settled": 1}
    assert await listed(kit) == [("settled", "", 0, 0)]


async def test_a_dispute_holds_it(kit: Kit) -> None:
    await kit.pay(500, on="2026-02-20")
    await kit.give(last_bill())
    await kit.give(final())
    said = {"version": 1, "dispute_no": "D1", "service_point_no": "S-A1", "org_unit": "zj/hangzhou"}
    days = {"opened_on": date(2026, 3, 1), "changed_on": date(2026, 3, 1), "held_until": date(2026, 3, 20)}
    await kit.give(DisputeChanged(**said, **days, cycles=("2026-02",), state="opened"))
    await settle(kit, "2026-03-03")
    assert await listed(kit) == [("waiting", "dispute", 0, 0)]
    assert await settle(kit, "2026-03-21") == {"settled": 1}


@pytest.mark.parametrize("decision", ["approve", "reject"])
async def test_a_large_payout_needs_two_people_and_what_is_rejected_is_kept(kit: Kit, decision: str) -> None:
    await kit.pay(900_000, on="2026-02-20")
    await kit.give(last_bill())
    await kit.give(final())
    assert await settle(kit, "2026-03-03") == {"asked": 1}
    await kit.pay(1_000, on="2026-03-04")  # another amount is asked for anew
    assert await settle(kit, "2026-03-05") == {"asked": 1}
    (asked,) = (await kit.clerk.get("/v1/approvals?state=pending")).json()["items"]
    assert (asked["kind"], asked["content"]["paid_out_fen"], asked["requested_by"]) == (
        "account.payout",
        900_623,
        "second-1",
    )
    body = {
        "decision": decision,
        "explanation": "seen",
        "items": [{k: asked[k] for k in ("approval_id", "content_hash")}],
    }
    (outcome,) = (await kit.second.post("/v1/approvals/decisions", json=body)).json()["outcomes"]
    assert outcome["status"] == "done"
    paid, kept = (900_623, 0) if decision == "approve" else (0, 900_623)
    assert await listed(kit) == [("settled", "", paid, kept)]
    assert await kit.money() == (0, kept)
    assert await settle(kit, "2026-03-06") == {}


async def test_who_asked_for_a_payout_cannot_keep_it_by_taking_it_back(kit: Kit) -> None:
    await kit.pay(900_000, on="2026-02-20")
    await kit.give(last_bill())
    await kit.give(final(approved_by="second"))
    assert await settle(kit, "2026-03-03") == {"asked": 1}
    (asked,) = (await kit.clerk.get("/v1/approvals?state=pending")).json()["items"]
    answer = await kit.second.post(f"/v1/approvals/{asked['approval_id']}/withdrawal")
    assert answer.status_code < 300, answer.text
    assert await listed(kit) == [("waiting", "", 0, 0)]
    assert await kit.facts("collection.account_settled.v1") == []
    assert await settle(kit, "2026-03-04") == {"asked": 1}
    (again,) = (await kit.clerk.get("/v1/approvals?state=pending")).json()["items"]
    assert again["approval_id"] != asked["approval_id"]
    assert (again["content"], await kit.money()) == (asked["content"], (0, 899_623))


@pytest.mark.parametrize("fen", [5_000, 900_000])
async def test_two_closings_of_an_account_pay_out_its_money_once(kit: Kit, fen: int) -> None:
    await kit.pay(fen, on="2026-02-20")
    await kit.give(last_bill())
    await kit.give(final(), final(closing_no="CL-more"))
    for day in ("2026-03-03", "2026-03-04"):
        await settle(kit, day)
        for asked in (await kit.clerk.get("/v1/approvals?state=pending")).json()["items"]:
            item = {name: asked[name] for name in ("approval_id", "content_hash")}
            body = {"decision": "approve", "explanation": "seen", "items": [item]}
            (outcome,) = (await kit.second.post("/v1/approvals/decisions", json=body)).json()["outcomes"]
            assert outcome["status"] == "done"
    left = fen - 377
    assert [row[::2] for row in await listed(kit)] == [("settled", left), ("settled", 0)]
    assert await kit.money() == (0, 0)
    await kit.check_books()


async def test_an_account_with_another_contract_is_not_settled(kit: Kit) -> None:
    await kit.pay(500, on="2026-02-20")
    await kit.give(last_bill())
    await kit.give(final(ends_account=False))
    assert await settle(kit, "2026-03-03") == {}
    assert await kit.money() == (0, 123)


@walks(*range(4))
async def test_any_order_ends_in_the_same_books(kit: Kit, seed: int) -> None:
    draw = random.Random(seed)
    credit = AdjustmentIssued(
        account_no="A2",
        adjustment_id="J1",
        dispute_no="D9",
        service_point_no="S-A2",
        org_unit="zj/hangzhou",
        cycle="2026-03",
        issued_on=date(2026, 3, 2),
        due_on=date(2026, 3, 22),
        energy_wh=-1000,
        total_fen=-1_000,
        components=(Component(component="energy", amount_fen=-1_000),),
    )
    facts: list[Any] = [final("A2"), last_bill("A2"), credit, account("A2"), final("A2")]
    draw.shuffle(facts)
    for fact in facts:
        await kit.give(fact)
    assert await settle(kit, "2026-03-03") == {"settled": 1}
    assert await listed(kit) == [("settled", "", 623, 0)]
    assert await kit.money("A2") == (0, 0)


async def test_any_number_of_accounts_is_settled_in_the_same_statements(kit: Kit) -> None:
    taken, seen = [], list[str]()

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(kit.database.engine.sync_engine, "before_cursor_execute", note)
    for day, numbers in (("2026-03-03", range(10, 13)), ("2026-03-04", range(100, 160))):
        names = [f"B{n}" for n in numbers]
        await kit.give(*(account(name) for name in names))
        for name in names:
            await kit.pay(1_000, name, on="2026-02-20")
        await kit.give(*(last_bill(name) for name in names))
        await kit.give(*(final(name) for name in names))
        seen.clear()
        assert await settle(kit, day) == {"settled": len(names)}
        taken.append(len(seen))
    assert taken[0] == taken[1]
