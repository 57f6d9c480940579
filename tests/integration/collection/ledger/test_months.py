"""Closing of months, by two people; on both databases."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.collection.ledger import tables
from tests.kits import collection as collection_kit
from tests.kits.approvals import decided
from tests.kits.collection import Kit, account, bill, issued


@pytest.fixture
async def kit(database_url: str, tmp_path: Path) -> AsyncIterator[Kit]:
    async with collection_kit.started(database_url, tmp_path) as made:
        await made.give(account())
        await made.give(issued(bill("B1", 1_000)))
        yield made
        await made.check_books()


async def close(kit: Kit, month: str) -> tuple[int, str]:
    answer = await kit.clerk.post(f"/v1/months/{month}/close")
    return answer.status_code, answer.json().get("code") or answer.json().get("status", "")


async def asked(kit: Kit, month: str) -> dict[str, Any]:
    answer = await kit.clerk.post(f"/v1/months/{month}/close")
    assert answer.status_code == 202, answer.text
    return dict(answer.json())


async def closed(kit: Kit) -> list[tuple[str, str]]:
    rows = (await kit.clerk.get("/v1/months")).json()["items"]
    return [(row["month"], row["closed_by"]) for row in rows]


async def test_months_close_in_order_after_their_end_and_once(kit: Kit) -> None:
    assert await kit.close("2026-01") == ["done"]

    assert await close(kit, "2026-03") == (409, "ledger.month_out_of_order")
    assert await close(kit, "2026-01") == (200, "already_done")
    assert await kit.close("2026-02") == ["done"]
    assert await kit.close("2026-03") == ["done"]
    assert await close(kit, "2026-04") == (409, "ledger.month_not_ended")


async def test_a_month_is_closed_by_another_person_who_has_seen_its_trial_balance(kit: Kit) -> None:
    waits = await asked(kit, "2026-02")

    assert await asked(kit, "2026-02") == waits, "asked once"
    assert await closed(kit) == []
    (shown,) = (await kit.second.get("/v1/approvals?kind=month.closing")).json()["items"]
    balance = (await kit.clerk.get("/v1/trial-balance?as_of=2026-02-28")).json()
    assert shown["content"]["totals"] == {
        line["ledger_account"]: {"debit_fen": line["debit_fen"], "credit_fen": line["credit_fen"]}
        for line in balance["lines"]
    }
    assert balance["debit_fen"] == 1_000
    assert await decided(kit.clerk, [waits]) == ["approval.own_request"]
    bureau = kit.client("b", "collection:write", "approvals:decide", org_units=["zj"])
    assert await decided(bureau, [waits]) == ["approval.unknown"]
    assert (await bureau.get("/v1/approvals")).json()["items"] == []
    assert await closed(kit) == []

    assert await decided(kit.second, [waits]) == ["done"]

    assert await closed(kit) == [("2026-02", "second")]
    assert await decided(kit.second, [waits]) == ["approval.not_pending"]


async def test_a_month_whose_totals_have_changed_since_they_were_seen_is_not_closed(kit: Kit) -> None:
    waits = await asked(kit, "2026-02")
    await kit.give(issued(bill("B2", 500, issued_on=date(2026, 2, 27))))

    assert await decided(kit.second, [waits]) == ["ledger.totals_changed"]
    again = await kit.clerk.post("/v1/months/2026-02/close")
    assert (again.status_code, again.json()["code"]) == (409, "approval.asked_already")
    assert await closed(kit) == []

    assert (await kit.clerk.post(f"/v1/approvals/{waits['approval_id']}/withdrawal")).status_code == 200
    assert await kit.close("2026-02") == ["done"]


async def test_what_counts_after_a_month_does_not_hinder_its_closing(kit: Kit) -> None:
    waits = await asked(kit, "2026-02")
    await kit.give(issued(bill("B2", 500, issued_on=date(2026, 3, 1))))

    assert await decided(kit.second, [waits]) == ["done"]


async def test_a_month_is_closed_by_one_person_where_the_policy_says_so(kit: Kit) -> None:
    waits = await asked(kit, "2026-02")
    kit.two_people({"month.closing": []})

    assert await close(kit, "2026-02") == (200, "done")

    assert await closed(kit) == [("2026-02", "clerk")]
    assert await decided(kit.second, [waits]) == ["ledger.month_closed"]


async def test_of_two_months_that_are_asked_for_the_earlier_one_is_closed_first(kit: Kit) -> None:
    later, earlier = await asked(kit, "2026-02"), await asked(kit, "2026-01")

    assert await decided(kit.second, [earlier, later]) == ["done", "done"]
    third, gap = await asked(kit, "2026-03"), await kit.clerk.post("/v1/months/2026-04/close")

    assert gap.json()["code"] == "ledger.month_out_of_order"
    assert await decided(kit.second, [third]) == ["done"]


async def test_a_payment_that_is_approved_after_its_month_was_closed_is_not_taken_back(kit: Kit) -> None:
    payment = await kit.pay(500_000, on="2026-03-02")
    body = {"reason": "bounced", "reversed_on": "2026-03-31"}
    path = f"/v1/payments/{payment['payment_id']}/reversal"
    waits = (await kit.clerk.post(path, json=body, headers={"Idempotency-Key": "v"})).json()
    assert await kit.close("2026-03") == ["done"]

    assert await decided(kit.second, [waits]) == ["ledger.month_closed"]

    assert {row["kind"] for row in await kit.rows(tables.TRANSACTION)} == {"issue", "receipt"}
