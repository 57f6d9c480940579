"""What a prepaid contract's energy since its last issued bill will cost is told: registers rated as usages of an open cycle,
bills that are not out yet; in any order of registers, bills, contracts and prices."""

import random
from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest

from services.billing.contracts.domain import Assignment, Payment
from services.billing.daily_charges import store
from tests.kits.billing import Desk, closed, month, usage
from tests.kits.collection import HandClock
from tests.kits.daily_charges import account, last, register, tell, told
from tests.kits.effort import in_turn, walks

FIRST_TIER = 0.538  # yuan a kWh up to 2,760 kWh a year: CN-ZJ/residential


async def test_a_register_is_rated_as_a_usage_of_the_cycle_that_goes_on(desk: Desk) -> None:
    await desk.open(account())
    await desk.give(register(1, "2026-01-11", 100))
    assert await last(desk) == ("2026-01-01", "2026-01-11", 5_380, 100_000)
    (fact,) = await told(desk)
    assert (fact["account_no"], fact["mode"], fact["days"], fact["whole"]) == ("A1", "prepaid", 10, True)
    assert fact["usual_fen"] is None, "no bill went out"
    assert await desk.bills("bill_id") == [], "an estimate is no bill"
    assert await tell(desk) == 0


@in_turn("order", list(permutations(("account", "old", "new"))))
async def test_the_newest_register_counts_in_any_order(desk: Desk, order: tuple[str, ...]) -> None:
    for name in order:
        if name == "account":
            await desk.open(account())
        else:
            version, day, kwh = (2, "2026-01-12", 120) if name == "new" else (1, "2026-01-11", 100)
            await desk.give(register(1, day, kwh, version=version))
        await tell(desk)
    assert await last(desk) == ("2026-01-01", "2026-01-12", 6_456, 120_000)


async def test_the_same_again_is_not_told_again(desk: Desk) -> None:
    await desk.open(account())
    await desk.give(register(1, "2026-01-11", 100))
    await tell(desk)
    await desk.give(register(1, "2026-01-11", 100), register(1, "2026-01-11", 100, version=2))
    assert len(await told(desk)) == 1


async def test_an_issued_bill_takes_the_place_of_the_estimate_and_one_that_is_not_out_stands_in_it(desk: Desk) -> None:
    await desk.open(account())
    await desk.give(register(1, "2026-01-31", 195))
    await desk.measure(usage(1, 1, 200))
    assert await last(desk) == ("2026-01-01", "2026-02-01", 10_760, 200_000), "the bill is not out"
    await desk.close(closed([usage(1, 1, 200)]))
    await desk.work()
    assert await last(desk) == ("2026-02-01", "2026-02-01", 0, 0)
    await desk.give(register(1, "2026-02-11", 50, version=2))
    assert await last(desk) == ("2026-02-01", "2026-02-11", 2_690, 50_000)
    fact = (await told(desk))[-1]
    assert fact["usual_fen"] == round(10_760 * 10 / 31)


async def test_a_held_bill_is_estimated_over_cycles_with_the_ladder_going_on(desk: Desk) -> None:
    await desk.open(account())
    await desk.measure(
        usage(1, 1, 2_700)
    )  # far more than before: nothing before, so nothing holds it; it is not closed
    await desk.measure(usage(1, 2, 100))
    await desk.give(register(1, "2026-03-11", 100, version=3))
    bills = await desk.bills("total_fen", "status")
    begin, through, fen, wh = await last(desk)
    assert (begin, through, wh) == ("2026-01-01", "2026-03-11", 2_900_000)
    rest = fen - sum(total for total, _ in bills)
    assert rest > 100 * FIRST_TIER * 100, "the second tier is reached by what was billed before"
    assert {status for _, status in bills} <= {"ready", "held"}


async def test_a_usage_that_is_told_anew_changes_what_is_estimated(desk: Desk) -> None:
    await desk.open(account())
    await desk.measure(usage(1, 1, 200))
    assert (await last(desk))[2] == 10_760
    await desk.measure(usage(1, 1, 100, version=2, replaces_reason="late_read"))
    assert (await last(desk))[2] == 5_380


async def test_days_that_are_not_billed_between_bill_and_register_are_said(desk: Desk) -> None:
    await desk.open(account())
    await desk.released(usage(1, 1, 200))
    await desk.give(register(1, "2026-03-11", 100, version=3))
    fact = (await told(desk))[-1]
    assert (fact["whole"], fact["amount_fen"]) == (False, 5_380)
    async with desk.client("billing:read") as client:
        (one,) = (await client.get("/v1/daily-charges?unrated=true")).json()["items"]
    assert (one["contract_no"], one["why"]) == ("C1", "usage_not_billed")
    await desk.measure(usage(1, 2, 100))
    assert (await told(desk))[-1]["whole"]


async def test_what_cannot_be_rated_is_listed_and_estimated_once_it_can(desk: Desk) -> None:
    await desk.open(account())
    await desk.give(register(1, "2026-01-11", 100, months=0))
    fact = (await told(desk))[-1]
    assert (fact["whole"], fact["amount_fen"], fact["energy_wh"]) == (False, 0, 100_000)
    async with desk.client("billing:read") as client:
        (one,) = (await client.get("/v1/daily-charges?unrated=true")).json()["items"]
        assert one["why"] == "months_differ"
        assert (await client.get("/v1/accounts/A9/daily-charges")).status_code == 404
    await desk.give(register(1, "2026-01-11", 100, version=2))
    assert (await told(desk))[-1]["whole"]


async def test_nothing_is_told_of_who_is_never_prepaid(desk: Desk) -> None:
    await desk.open(account(modes=()), account(2, modes=(("2026-01-01", "postpaid"),)))
    await desk.give(register(1, "2026-01-11", 100), register(2, "2026-01-11", 100))
    await desk.measure(usage(1, 1, 200), usage(2, 1, 200))
    assert await told(desk) == await told(desk, "C2") == []


async def test_the_mode_changes_both_ways_on_its_day(desk: Desk) -> None:
    clock = desk.db.clock = HandClock()
    later = clock.now().date() + timedelta(days=2)
    await desk.open(account(modes=(("2026-01-01", "prepaid"), (str(later), "postpaid"))))
    await desk.give(register(1, "2026-01-11", 100))
    assert [fact["mode"] for fact in await told(desk)] == ["prepaid"]
    clock.at += timedelta(days=3)
    fact = (await told(desk))[-1]
    assert (fact["mode"], fact["amount_fen"], fact["days"]) == ("postpaid", 0, 0)
    back = account(modes=(("2026-01-01", "prepaid"),))
    await desk.open(back)
    assert (await told(desk))[-1]["amount_fen"] == 5_380
    none = tuple([replace(one, payment_modes=()) for one in back.contracts])
    await desk.open(replace(back, contracts=none))
    assert (await told(desk))[-1]["mode"] == "postpaid"
    assert await tell(desk) == 0


async def test_another_price_is_estimated_anew(desk: Desk) -> None:
    await desk.open(account())
    parts = {"import": 100_000, "import.peak": 60_000, "import.valley": 40_000}
    await desk.give(register(1, "2026-01-11", energy_wh=parts))
    before = (await last(desk))[2]
    ((contract,), assigned) = account().contracts, Assignment(date(2020, 1, 1), "CN-ZJ/residential/time-of-use")
    (outcome,) = await desk.open(replace(account(), contracts=(replace(contract, assignments=(assigned,)),)))
    assert outcome.status == "done", outcome
    fact = (await told(desk))[-1]
    assert fact["whole"]
    assert fact["amount_fen"] != before


async def test_bill_and_estimate_differ_line_by_line_to_the_fen(desk: Desk) -> None:
    await desk.open(account())
    await desk.give(register(1, "2026-01-30", 180))
    await tell(desk)
    await desk.released(usage(1, 1, 2_800))
    await tell(desk)
    ((bill_id, total_fen),) = await desk.bills("bill_id", "total_fen")
    async with desk.client("billing:read") as client:
        found = (await client.get(f"/v1/bills/{bill_id}/estimate")).json()
        assert (await client.get("/v1/bills/none/estimate")).status_code == 404
    assert (found["estimate_fen"], found["bill_fen"]) == (round(180 * FIRST_TIER * 100), total_fen)
    assert found["difference_fen"] == sum(line["difference_fen"] for line in found["lines"]) == total_fen - 9_684
    assert found["reasons"] == ["days_not_estimated", "other_energy"]
    assert len(found["lines"]) == 2, "the second tier was not estimated"
    async with desk.client("billing:read", org_units=["zj/ningbo"]) as elsewhere:
        assert (await elsewhere.get(f"/v1/bills/{bill_id}/estimate")).status_code == 404


async def test_what_is_estimated_of_an_account_is_shown_line_by_line(desk: Desk) -> None:
    await desk.open(account())
    await desk.measure(usage(1, 1, 200))
    await desk.give(register(1, "2026-02-11", 50, version=2))
    await tell(desk)
    async with desk.client("billing:read") as client:
        (one,) = (await client.get("/v1/accounts/A1/daily-charges")).json()["items"]
    assert (one["amount_fen"], one["not_out_fen"]) == (13_450, 10_760)
    assert sum(line["amount_fen"] for line in one["lines"]) == one["amount_fen"] - one["not_out_fen"]


async def test_a_register_that_a_bill_has_overtaken_is_shown_no_more(desk: Desk) -> None:
    await desk.open(account())
    await desk.give(register(1, "2026-02-01", 195, since="2026-01-01", cycle="2026-01", read_date=month(2)))
    await tell(desk)
    await desk.measure(usage(1, 1, 200))
    await tell(desk)
    async with desk.client("billing:read") as client:
        (one,) = (await client.get("/v1/accounts/A1/daily-charges")).json()["items"]
    assert (one["amount_fen"], one["not_out_fen"], one["lines"]) == (10_760, 10_760, [])


async def test_a_bill_that_is_held_for_long_behind_one_that_went_out_counts(desk: Desk) -> None:
    await desk.open(account())
    await desk.measure(usage(1, 1, 200))  # its route is never closed
    await desk.released(usage(1, 2, 100))
    await desk.give(register(1, "2026-03-11", 50, version=3))
    assert await last(desk) == ("2026-01-01", "2026-03-11", 13_450, 250_000), "what went out is not in it"


@pytest.mark.parametrize("count", [2, 40])
async def test_any_number_of_contracts_takes_as_many_statements(desk: Desk, count: int) -> None:
    numbers = range(1, count + 1)
    await desk.open(*[account(n) for n in numbers])
    await desk.measure(*[usage(n, 1, 200) for n in numbers])
    await desk.give(*[register(n, "2026-02-11", 100) for n in numbers])
    seen = desk.watch()
    assert await tell(desk) == count
    assert len(seen) <= 23, seen


async def test_who_dies_in_between_tells_the_same_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.open(account())
    await desk.give(register(1, "2026-01-11", 100))

    async def dies(*_: Any) -> None:
        raise RuntimeError("the process dies")

    with monkeypatch.context() as patch:
        patch.setattr(store, "keep", dies)
        with pytest.raises(RuntimeError):
            await tell(desk)
    assert await last(desk) == ("2026-01-01", "2026-01-11", 5_380, 100_000)
    assert len(await told(desk)) == 1


@walks(1, 2, 3, 4)
async def test_any_order_and_any_looks_end_in_the_same_last_word(desk: Desk, seed: int) -> None:
    chosen = random.Random(seed)
    usages = [usage(n, cycle, 100 + 10 * n) for n in (1, 2) for cycle in (1, 2)]
    registers = [register(n, f"2026-03-{5 + v:02}", 10 * v, version=v) for n in (1, 2) for v in (1, 2, 3)]
    accounts = [account(1), account(2, modes=(("2026-02-10", "prepaid"),))]
    given: list[Any] = [*usages, *registers, *accounts]
    chosen.shuffle(given)
    for one in given:
        if one in accounts:
            await desk.open(one)
        elif one in registers:
            await desk.give(one)
        else:
            await desk.measure(one)
        if chosen.random() < 0.4:
            await desk.work()
            await tell(desk)
    await desk.work()
    for n in (1, 2):
        fen = round((2 * (100 + 10 * n) + 30) * FIRST_TIER * 100)
        assert await last(desk, f"C{n}") == ("2026-01-01", "2026-03-08", fen, (2 * (100 + 10 * n) + 30) * 1_000)


def test_payments_of_the_kit_are_what_contracts_have() -> None:
    (contract,) = account().contracts
    assert contract.payment_modes == (Payment(date(2026, 1, 1), "prepaid"),)
    assert month(1) == date(2026, 1, 1)
