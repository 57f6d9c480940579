"""What billing has of a cycle, for the reconciliation."""

from datetime import date

from services.billing.usages.store import usages as usages_store
from tests.kits.billing import Desk, account, month, part, usage, withdrawn


async def test_control_totals_count_what_became_of_a_cycle(desk: Desk) -> None:
    await desk.open(account(1), account(2), account(3))
    await desk.released(usage(1, 1, 100), usage(2, 1, 1500), usage(3, 1, 300))
    await desk.measure(usage(3, 1, 200, version=2), usage(4, 1, 50))
    async with desk.client() as client:
        totals = (await client.get("/v1/control-totals", params={"cycle": "2026-01"})).json()
    expected = {
        "usages": 5,
        "usages_in_force": 4,
        "usage_in_force_wh": 1_850_000,
        "billed_wh": 1_800_000,
        "waiting_wh": 50_000,
        "sum_wh_version_1": 1_950_000,
        "usages_waiting": 1,
        "usages_rated": 4,
        "bills_held": 1,
        "bills_issued": 2,
        "bills_reversed": 1,
        "issued_fen": 5380 + 10760,
        "reversed_fen": 16140,
    }
    assert {name: totals[name] for name in expected} == expected


async def balance(desk: Desk) -> tuple[int, int]:
    """Wh in force, and Wh billed, waiting, closed or left out by reviewers; usages are counted as their Wh are."""
    totals = await desk.totals()
    counted = sum(totals[f"bills_{status}"] for status in ("issued", "held", "ready"))
    counted += sum(totals[f"usages_{name}"] for name in ("waiting", "closed", "left_out"))
    assert counted == totals["usages_in_force"]
    return totals["usage_in_force_wh"], sum(
        totals[f"{name}_wh"] for name in ("billed", "waiting", "closed", "left_out")
    )


async def test_energy_in_force_is_billed_or_waits_or_a_reviewer_was_asked(desk: Desk) -> None:
    await desk.open(account(1), account(2))
    january = usage(1, 1, 300)
    await desk.released(january, usage(2, 1, 100))
    assert await balance(desk) == (400_000, 400_000)
    halves = (part(1, month(1), date(2026, 1, 16), 100), part(1, date(2026, 1, 16), month(2), 5000))
    await desk.measure(withdrawn(january), *halves)
    proposed = await desk.bills("bill_id", status="proposed")
    assert (len(proposed), await balance(desk)) == (2, (5_200_000, 5_200_000))
    await desk.decide(proposed[0][0], "cancel", "2026-02-10")
    assert await balance(desk) == (5_200_000, 5_200_000)
    ((bill_id,),) = await desk.bills("bill_id", contract_no="C2")
    await desk.decide(bill_id, "cancel", "2026-02-10")
    assert await balance(desk) == (5_200_000, 5_200_000)


async def test_energy_that_is_billed_twice_is_seen(desk: Desk) -> None:
    await desk.open(account(1))
    january = usage(1, 1, 300)
    await desk.measure(january)
    async with desk.db.begin() as tx:
        await usages_store.record(tx, [part(1, month(1), date(2026, 1, 16), 100)])
        await usages_store.supersede(tx, [january.usage_id])
    totals = await desk.totals()
    assert [totals[name] for name in ("usage_in_force_wh", "billed_wh", "left_out_wh")] == [100_000, 300_000, 0]
