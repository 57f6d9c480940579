"""What billing has of a cycle, for the reconciliation."""

from tests.kits.billing import Desk, account, usage


async def test_control_totals_count_what_became_of_a_cycle(desk: Desk) -> None:
    await desk.open(account(1), account(2), account(3))
    await desk.released(usage(1, 1, 100), usage(2, 1, 1500), usage(3, 1, 300))
    await desk.measure(usage(3, 1, 200, version=2), usage(4, 1, 50))
    async with desk.client() as client:
        totals = (await client.get("/v1/control-totals", params={"cycle": "2026-01"})).json()
    expected = {
        "usages": 5,
        "usages_version_1": 4,
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
