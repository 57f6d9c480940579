"""What was settled late is charged for once it is settled, and calculated again when a fact behind it changes: REST and facts."""

import random
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from services.collection.payments.tables import PAYMENT
from shared.events.disputes import DisputeChanged
from tests.kits.collection import Kit, account, bill, corrected, counted, issued
from tests.kits.effort import examples

DUE = date(2026, 2, 22)  # of the bills of the kit
SHOP = account("A1", version=2).model_copy(update={"customer_class": "commercial"})


async def charged(kit: Kit, day: str = "2026-04-10") -> dict[str, Any]:
    answer = await kit.admin.post("/v1/jobs/charge-late-fees/runs", json={"business_date": day})
    assert answer.status_code in (200, 201), answer.text
    return dict(answer.json())


async def fees(kit: Kit, query: str = "?state=charged") -> list[tuple[str, int, int]]:
    """Return the fees as (settled on, fen, version)."""
    rows = (await kit.clerk.get(f"/v1/late-fees{query}")).json()["items"]
    return [(row["settled_on"], row["amount_fen"], row["version"]) for row in rows]


async def accrued(kit: Kit, day: str) -> int:
    body = (await kit.clerk.get(f"/v1/accounts/A1/accrued-late-fees?as_of={day}")).json()
    assert body["accrued_fen"] == sum(item["amount_fen"] for item in body["items"])
    return int(body["accrued_fen"])


async def reverse(kit: Kit, payment_id: str, on: str) -> None:
    answer = await kit.clerk.post(
        f"/v1/payments/{payment_id}/reversal",
        json={"reason": "the cheque bounced", "reversed_on": on},
        headers={"Idempotency-Key": f"r-{payment_id}"},
    )
    assert answer.status_code == 200, answer.text


def disputed(version: int = 1, until: str | None = "2026-03-14", **more: Any) -> DisputeChanged:
    said: dict[str, Any] = {"dispute_no": "D1", "service_point_no": "S-A1", "org_unit": "zj/hangzhou"}
    said |= {"cycles": ("2026-01",), "state": "opened", "opened_on": date(2026, 3, 5), "changed_on": date(2026, 3, 5)}
    said |= {"held_until": until and date.fromisoformat(until)} | more
    return DisputeChanged(version=version, **said)


async def test_a_fee_grows_while_the_debt_is_owed_and_is_a_receivable_of_its_own_once_it_is_settled(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 100_000)))
    assert await accrued(kit, "2026-02-22") == 0
    assert await accrued(kit, "2026-02-23") == 100, "1 per mille of 1,000 yuan, the first day after the due date"
    assert await accrued(kit, "2026-03-04") == 1_000
    statement = (await kit.clerk.get("/v1/accounts/A1/statement")).json()
    assert statement["accrued_late_fee_fen"] == 5_200, "52 days to today"
    assert statement["closing_balance_fen"] == 100_000, "what grows is not owed yet"
    assert (await charged(kit))["reason"] == "nothing was settled late since the late fees were calculated last"

    await kit.pay(100_000, on="2026-03-04")
    assert await kit.money() == (0, 0)
    assert (await charged(kit, "2026-03-05"))["counts"] == {"charged": 1, "withdrawn": 0, "waiting": 0}

    assert await fees(kit) == [("2026-03-04", 1_000, 1)]
    assert await kit.money() == (1_000, 0)
    (owed,) = (await kit.clerk.get("/v1/receivables?status=open")).json()["items"]
    assert (owed["document_kind"], owed["issued_on"], owed["due_on"]) == ("late_fee", "2026-03-05", "2026-03-15")
    (fact,) = await kit.facts("collection.late_fee_charged.v1")
    assert (fact["amount_fen"], fact["settled_on"], fact["late_fee_id"]) == (1_000, "2026-03-04", owed["document_id"])
    trial = (await kit.clerk.get("/v1/trial-balance")).json()
    assert {line["ledger_account"]: line["balance_fen"] for line in trial["lines"]}["6301.02"] == -1_000
    traced = (await kit.admin.get(f"/v1/trace/late_fee/{owed['document_id']}")).json()
    assert [up["kind"] for up in traced["derived_from"]] == ["receivable"]


async def test_a_fee_is_of_the_route_of_its_debts_where_that_is_one_and_recovery_has_it_there(kit: Kit) -> None:
    await kit.give(account("A2"))
    other = bill("B3", 100_000, account_no="A2").model_copy(update={"route_no": "R2"})
    await kit.give(issued(bill("B1", 100_000)), issued(bill("B2", 50_000, account_no="A2")), issued(other))
    for account_no, fen in (("A1", 100_000), ("A2", 150_000)):
        await kit.pay(fen, account_no, on="2026-03-04")
    assert (await charged(kit, "2026-03-05"))["counts"] == {"charged": 2, "withdrawn": 0, "waiting": 0}

    owed = (await kit.clerk.get("/v1/receivables?status=open")).json()["items"]
    assert {one["account_no"]: one["route_no"] for one in owed} == {"A1": "R1", "A2": None}
    recovery = (await kit.clerk.get("/v1/recovery?month=2026-03&by=route")).json()["items"]
    fen = {one["account_no"]: one["amount_fen"] for one in owed}
    assert {one["unit"]: one["due_fen"] for one in recovery if one["due_fen"]} == {"R1": fen["A1"], None: fen["A2"]}
    (payment, *_) = [row for row in await kit.rows(PAYMENT) if row["account_no"] == "A1"]
    await reverse(kit, payment["payment_id"], on="2026-03-06")
    assert (await charged(kit, "2026-03-07"))["counts"]["withdrawn"] == 1
    recovery = (await kit.clerk.get("/v1/recovery?month=2026-03&by=route")).json()["items"]
    assert {one["unit"]: one["due_fen"] for one in recovery if one["due_fen"]} == {None: fen["A2"]}
    await kit.check_books()


async def test_there_is_no_fee_on_a_late_fee(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 100_000)))
    await kit.pay(100_000, on="2026-03-04")
    await charged(kit, "2026-03-05")
    assert await accrued(kit, "2026-04-14") == 0
    await kit.pay(1_000, on="2026-04-14")
    assert (await charged(kit, "2026-04-15")).get("counts", {}).get("charged", 0) == 0
    assert await kit.money() == (0, 0)


async def test_each_part_of_a_debt_bears_a_fee_up_to_the_day_on_which_it_was_paid(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 100_000)))
    await kit.pay(40_000, on="2026-02-20")
    await kit.pay(30_000, on="2026-02-25")
    await charged(kit, "2026-03-03")
    assert await fees(kit) == [], "not before the debt is settled"
    await kit.pay(30_000, on="2026-03-04")
    await charged(kit)
    assert await fees(kit) == [("2026-03-04", 30_000 * 3 // 1000 + 30_000 * 10 // 1000, 1)]
    (fee,) = (await kit.clerk.get("/v1/late-fees")).json()["items"]
    assert [(line["paid_on"], line["paid_fen"], line["days_before"]) for line in fee["lines"]] == [
        ("2026-02-25", 30_000, 3),
        ("2026-03-04", 30_000, 10),
    ]


async def test_the_minimum_counts_once_for_all_that_is_settled_on_a_day(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000)), issued(bill("B2", 1_500, cycle="2026-02")))
    await kit.pay(2_500, on="2026-02-24")
    await charged(kit)
    assert await fees(kit) == [("2026-02-24", 100, 1)], "0.05 yuan, at least 1 yuan"


async def test_others_than_residents_pay_more_and_more_again_for_days_of_a_later_year(kit: Kit) -> None:
    await kit.give(SHOP)
    december = bill("B1", 200_000, issued_on=date(2026, 1, 2), due_on=date(2026, 1, 15), cycle="2025-12")
    await kit.give(issued(december))
    await kit.pay(200_000, on="2026-02-14")
    await charged(kit)
    assert await fees(kit) == [("2026-02-14", 200_000 * 30 * 2 // 1000, 1)]


async def test_a_payment_that_bounces_takes_the_fee_back_and_the_next_one_brings_another(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 100_000)))
    paid = await kit.pay(100_000, on="2026-03-04")
    await charged(kit, "2026-03-05")
    await reverse(kit, paid["payment_id"], "2026-03-10")
    assert (await charged(kit, "2026-03-11"))["counts"] == {"charged": 0, "withdrawn": 1, "waiting": 0}
    assert await kit.money() == (100_000, 0)
    assert await accrued(kit, "2026-03-14") == 2_000, "as if it had never been paid"
    await kit.pay(100_000, on="2026-03-14")
    await charged(kit, "2026-03-15")
    assert await fees(kit) == [("2026-03-14", 2_000, 1)]
    assert await fees(kit, "?state=withdrawn") == [("2026-03-04", 1_000, 1)]
    (fact,) = await kit.facts("collection.late_fee_withdrawn.v1")
    assert (fact["amount_fen"], fact["withdrawn_on"]) == (1_000, "2026-03-11")


async def test_a_payment_that_is_told_late_counts_on_its_own_day(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 100_000)))
    await kit.pay(100_000, on="2026-03-04")
    await charged(kit, "2026-03-05")
    order = await kit.order(100_000)
    assert (await kit.call_back(order, 100_000, paid_on="2026-02-24")).status_code == 200
    await charged(kit, "2026-03-06")
    assert await fees(kit) == [("2026-02-24", 200, 1)]
    assert await kit.money() == (0, 100_000 - 200)


async def test_a_corrected_bill_takes_its_fee_back(kit: Kit) -> None:
    old, new = bill("B1", 100_000), bill("B1b", 90_000, issued_on=date(2026, 3, 10), due_on=date(2026, 3, 30))
    await kit.give(issued(old))
    await kit.pay(100_000, on="2026-03-04")
    await charged(kit, "2026-03-05")
    await kit.give(corrected("K1", [old], [new], date(2026, 3, 10)))
    await charged(kit, "2026-03-11")
    assert await fees(kit) == [], "what takes its place was paid before it was due"
    assert await kit.money() == (0, 10_000)


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
async def test_no_fee_grows_on_days_on_which_a_dispute_holds_the_debt_whenever_that_is_told(
    kit: Kit, order: Sequence[int]
) -> None:
    await kit.give(issued(bill("B1", 100_000)))

    async def opened() -> None:
        await kit.give(disputed())

    async def ended() -> None:
        await kit.give(
            disputed(2, None, state="ended", ended_at="history", outcome="explained", changed_on=date(2026, 3, 10))
        )

    async def paid() -> None:
        await kit.pay(100_000, on="2026-03-20")

    for number in order:
        await (opened, ended, paid)[number]()
        await charged(kit, f"2026-04-{10 + order.index(number)}")
    # 26 days from 23 February to 20 March, less the six from the 5th to the 10th
    assert [(on, fen) for on, fen, _ in await fees(kit)] == [("2026-03-20", 2_000)]


async def test_what_is_settled_after_the_business_date_waits_for_its_day(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 100_000)))
    await kit.pay(100_000, on="2026-03-04")
    assert (await charged(kit, "2026-03-03"))["counts"] == {"charged": 0, "withdrawn": 0, "waiting": 1}
    assert (await charged(kit, "2026-03-04"))["counts"]["charged"] == 1


async def test_the_same_fee_is_not_charged_twice_and_statements_are_as_many_for_many_accounts(kit: Kit) -> None:
    numbers = [f"N{n:04}" for n in range(330)]
    await kit.give(*(account(no) for no in numbers))
    await kit.give(*(issued(bill(f"B-{no}", 10_000, account_no=no)) for no in numbers))
    for no in numbers[:30]:
        await kit.pay(10_000, no, on="2026-03-04")
    counts = []
    for day, more in (("2026-03-05", numbers[30:40]), ("2026-03-06", numbers[40:]), ("2026-03-07", [])):
        with counted(kit) as seen:
            await charged(kit, day)
        counts.append(len(seen))
        for no in more:
            await kit.pay(10_000, no, on="2026-03-05")
    assert len(await kit.facts("collection.late_fee_charged.v1")) == len(numbers)
    assert counts[1] == counts[2], "ten accounts and 290 take as many statements"


async def test_any_order_of_payments_bounces_and_runs_ends_in_the_same_fees(kit: Kit) -> None:
    """Drawn histories on accounts of their own: the fees of the last run are those of an account that heard all at once."""
    for seed in range(examples(12)):
        draw = random.Random(seed)
        numbers = [f"X{seed}a", f"X{seed}b"]
        await kit.give(*(account(no) for no in numbers))
        days = [f"2026-03-{day:02}" for day in draw.sample(range(1, 29), 3)]  # of one day the ids decide, which differ
        bounces = draw.random() < 0.5
        for which, no in enumerate(numbers):
            bills = [
                bill(f"B{seed}{n}{no}", fen, account_no=no, cycle=f"2026-0{n + 1}")
                for n, fen in enumerate((100_000, 50_000))
            ]
            steps = [("bill", one) for one in bills] + [("pay", (k, day)) for k, day in enumerate(days)]
            if which:
                draw.shuffle(steps)
            paid = {}
            for step, what in steps:
                if step == "bill":
                    await kit.give(issued(what))
                else:
                    k, day = what
                    paid[k] = (await kit.pay(60_000, no, on=day, key=f"{no}-{k}"))["payment_id"]
                if which and draw.random() < 0.6:
                    await charged(kit, f"2026-04-{draw.randint(3, 14):02}")
            if bounces:
                await reverse(kit, paid[0], "2026-04-02")
        await charged(kit, "2026-04-15")
        found = []
        for no in numbers:
            rows = (await kit.clerk.get(f"/v1/late-fees?account_no={no}&state=charged")).json()["items"]
            found.append(sorted((row["settled_on"], row["amount_fen"]) for row in rows))
        assert found[0] == found[1], (seed, days, bounces)
        assert await kit.money(numbers[0]) == await kit.money(numbers[1]), (seed, days, bounces)
