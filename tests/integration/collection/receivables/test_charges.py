"""What a case charges is a receivable of its own: payable, reminded of unless it is held, and reversed where it is withdrawn."""

from collections.abc import Sequence
from datetime import date
from itertools import permutations
from typing import Any

import pytest

from services.collection.ledger.tables import ENTRY
from shared.events.billing import Charge, ChargeHoldChanged, ChargeIssued, ChargeWithdrawn
from tests.integration.collection.dunning.test_holds import dispute, remind
from tests.integration.collection.receivables.test_adjustments import adjustment
from tests.integration.collection.test_effort import counted
from tests.kits.collection import Kit, account, bill, issued
from tests.kits.effort import in_turn


def charge(number: str = "C1", fen: int = 648, component: Any = "back_billing", account_no: str = "A1") -> Charge:
    return Charge(
        charge_no=number,
        case_no="CASE-1",
        account_no=account_no,
        service_point_no=f"S-{account_no}",
        org_unit="zj/hangzhou",
        component=component,
        amount_fen=fen,
        cycle="2026-01",
        issued_on=date(2026, 2, 2),
        due_on=date(2026, 2, 22),
        rule="theft",
        policy="CN/supply-rules@1996",
        policy_hash="a" * 64,
    )


def given(one: Charge) -> ChargeIssued:
    return ChargeIssued(account_no=one.account_no, charge=one)


def back(one: Charge, on: date = date(2026, 3, 9)) -> ChargeWithdrawn:
    return ChargeWithdrawn(account_no=one.account_no, charge=one, withdrawn_on=on, cause="appeal_upheld")


def held(version: int, until: str | None) -> ChargeHoldChanged:
    day = until and date.fromisoformat(until)
    said: dict[str, Any] = {
        "account_no": "A1",
        "charge_no": "C1",
        "service_point_no": "S-A1",
        "org_unit": "zj/hangzhou",
    }
    return ChargeHoldChanged(version=version, held_until=day, **said)


async def ledger(kit: Kit) -> dict[tuple[str, str], int]:
    """Return what each ledger account has by component."""
    sums: dict[tuple[str, str], int] = {}
    for entry in await kit.rows(ENTRY):
        key = entry["ledger_account"], entry["component"]
        sums[key] = sums.get(key, 0) + entry["amount_fen"]
    return {key: fen for key, fen in sums.items() if fen}


async def receivables(kit: Kit, account_no: str = "A1") -> dict[str, tuple[str, int]]:
    answer = (await kit.clerk.get("/v1/receivables", params={"account_no": account_no})).json()["items"]
    return {each["document_id"]: (each["status"], each["outstanding_fen"]) for each in answer}


async def test_back_billing_and_penalty_are_receivables_with_accounts_of_their_own(kit: Kit) -> None:
    await kit.give(given(charge()), given(charge("C2", 1944, "penalty")), given(charge()))
    assert await kit.money() == (2592, 0)
    assert await ledger(kit) == {("1122", ""): 2592, ("6001.04", "back_billing"): -648, ("6301.01", "penalty"): -1944}
    assert await kit.findings() == []
    await kit.pay(1000)
    assert await receivables(kit) == {"C1": ("cleared", 0), "C2": ("open", 1592)}
    statement = (await kit.clerk.get("/v1/accounts/A1/statement?from=2026-01-01&to=2026-04-01")).json()
    assert {"C1", "C2"} <= {row.get("document_id") for row in statement["items"]}
    (first,) = (await kit.clerk.get("/v1/receivables?document_id=C1")).json()["items"]
    assert first["derived_from"] == [{"service": "billing", "kind": "charge", "id": "C1"}]
    await kit.check_books()


async def test_a_withdrawn_charge_is_reversed_and_what_had_settled_it_settles_what_is_open(kit: Kit) -> None:
    await kit.give(given(charge()), given(charge("C2", 1944, "penalty")))
    await kit.pay(648)
    await kit.give(back(charge()), back(charge()))
    assert await receivables(kit) == {"C1": ("reversed", 0), "C2": ("open", 1296)}
    assert await kit.money() == (1296, 0)
    assert ("6001.04", "back_billing") not in await ledger(kit)
    totals = (await kit.admin.get("/v1/control-totals?cycle=2026-01")).json()
    figures = {
        name: totals[name] for name in ("documents_posted", "posted_fen", "reversed_fen", "ledger_imbalance_fen")
    }
    assert figures == {"documents_posted": 1, "posted_fen": 1944, "reversed_fen": 648, "ledger_imbalance_fen": 0}
    await kit.check_books()


ORDERS = list(permutations(("account", "charge", "withdrawal", "bill")))


@in_turn("order", ORDERS, ids=["-".join(order) for order in ORDERS])
async def test_any_order_and_twice_ends_in_the_same_books(kit: Kit, order: Sequence[str]) -> None:
    one = charge(account_no="A2")
    facts: dict[str, Any] = {
        "account": account("A2"),
        "charge": given(one),
        "withdrawal": back(one),
        "bill": issued(bill("B2", 1_000, account_no="A2")),
    }
    for name in (*order, *reversed(order)):
        await kit.give(facts[name])
    assert await kit.money("A2") == (1000, 0)
    assert await receivables(kit, "A2") == {"B2": ("open", 1000), "C1": ("reversed", 0)}
    totals = (await kit.admin.get("/v1/control-totals?cycle=2026-01")).json()
    assert (totals["documents_waiting"], totals["reversed_fen"]) == (0, 648)
    assert await kit.findings() == []
    await kit.check_books()


async def test_a_charge_waits_for_its_account_and_counts_as_it_will_be(kit: Kit) -> None:
    first, second = charge("C1", account_no="A9"), charge("C2", 1944, "penalty", "A9")
    await kit.give(given(first), given(second))
    await kit.give(back(first))
    totals = (await kit.admin.get("/v1/control-totals?cycle=2026-01")).json()
    waiting = {name: totals[name] for name in ("documents_waiting", "waiting_fen", "reversed_waiting_fen")}
    assert waiting == {"documents_waiting": 1, "waiting_fen": 1944, "reversed_waiting_fen": 648}
    await kit.give(account("A9"))
    assert await kit.money("A9") == (1944, 0)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
async def test_nobody_is_reminded_of_a_charge_while_it_is_held_whatever_comes_first(
    kit: Kit, order: Sequence[int]
) -> None:
    facts: list[Any] = [given(charge()), held(1, "2026-03-01"), held(2, "2026-03-12")]
    for number in order:
        await kit.give(facts[number])
    await kit.give(given(charge("C2", 1944, "penalty")))
    assert await remind(kit, "2026-03-12") == ["C2"]
    assert await remind(kit, "2026-03-13") == ["C1", "C2"]
    (shown,) = (await kit.clerk.get("/v1/charge-holds?held_on=2026-03-12")).json()["items"]
    assert (shown["charge_no"], shown["held_until"]) == ("C1", "2026-03-12")
    assert (await kit.clerk.get("/v1/charge-holds?held_on=2026-03-13")).json()["items"] == []


async def test_a_doubt_about_a_usage_holds_no_charge_of_the_same_month_and_an_ended_hold_none(kit: Kit) -> None:
    await kit.give(given(charge()))
    await kit.give(dispute(until="2026-05-01"))
    await kit.give(held(1, "2026-05-01"))
    await kit.give(held(2, None))
    assert await remind(kit, "2026-03-12") == ["C1"]


async def test_10_and_500_charges_holds_adjustments_and_withdrawals_take_as_many_statements(kit: Kit) -> None:
    taken: list[list[int]] = []
    for prefix, many in (("X", 10), ("Y", 500)):
        names = [f"{prefix}{n:03}" for n in range(many)]
        charges = [charge(f"C{name}", account_no=name) for name in names]
        holds = [
            held(1, "2026-04-01").model_copy(update={"charge_no": one.charge_no, "account_no": one.account_no})
            for one in charges
        ]
        steps: list[list[Any]] = [
            [given(one) for one in charges],
            holds,
            [adjustment(f"J{name}", 300, account_no=name) for name in names],
            [back(one) for one in charges],
        ]
        await kit.give(*(account(name) for name in names))
        counts = []
        for facts in steps:
            with counted(kit) as seen:
                await kit.give(*facts)
            counts.append(len(seen))
        with counted(kit) as seen:
            answer = await kit.clerk.get("/v1/charge-holds?limit=500")
        assert len(answer.json()["items"]) >= many
        taken.append([*counts, len(seen)])
    assert taken[0] == taken[1]
    await kit.check_books()
