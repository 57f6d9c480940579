"""The business gauges."""

from tests.kits.collection import Kit, bill, issued


async def test_the_metrics_show_the_money_that_is_owed_and_in_suspense_and_a_ledger_of_zero(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000)))
    await kit.give(issued(bill("B9", 7, account_no="later")))
    await kit.call_back("nowhere", 300)

    lines = (await kit.clerk.get("/metrics")).text.splitlines()

    for line in ("ledger_imbalance_fen 0.0", "receivables_open_fen 1000.0", "suspense_fen 300.0"):
        assert f"wattline_{line}" in lines
    assert any(line.startswith("wattline_suspense_oldest_age_seconds ") for line in lines)
    assert 'wattline_payments_total{status="suspense"} 1.0' in lines
