"""Statement and trial balance: on both databases."""

from datetime import date

from tests.kits.collection import Kit, bill, issued


async def test_a_statement_runs_from_its_opening_to_its_closing_balance_over_its_pages(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000, issued_on=date(2026, 1, 2))))
    await kit.give(issued(bill("B2", 500)))
    await kit.pay(1_800, on="2026-03-01")
    await kit.give(issued(bill("B3", 100, issued_on=date(2026, 3, 2), due_on=date(2026, 3, 22))))
    await kit.give(issued(bill("B4", 70, issued_on=date(2026, 4, 2), due_on=date(2026, 4, 22))))

    url = "/v1/accounts/A1/statement?from=2026-02-01&to=2026-04-01"
    whole = (await kit.clerk.get(url)).json()
    assert (whole["opening_balance_fen"], whole["closing_balance_fen"]) == (1_000, -200)
    assert [line["balance_fen"] for line in whole["items"]] == [1_500, -300, -200, -200]
    assert [line["kind"] for line in whole["items"]] == ["issue", "receipt", "issue", "prepayment_applied"]

    lines, page = [], (await kit.clerk.get(url + "&limit=1")).json()
    lines += page["items"]
    while page["next_cursor"]:
        page = (await kit.clerk.get(f"{url}&limit=1&cursor={page['next_cursor']}")).json()
        lines += page["items"]
        assert page["closing_balance_fen"] == -200
    assert lines == whole["items"]


async def test_the_trial_balance_of_a_day_counts_what_is_posted_until_then(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000, issued_on=date(2026, 2, 2))))
    await kit.pay(1_200, on="2026-03-01")

    february = (await kit.clerk.get("/v1/trial-balance?as_of=2026-02-28")).json()
    assert {line["ledger_account"]: line["balance_fen"] for line in february["lines"]} == {
        "1122": 1_000,
        "6001.01": -1_000,
    }
    march = (await kit.clerk.get("/v1/trial-balance?as_of=2026-03-01")).json()
    assert {line["ledger_account"]: line["balance_fen"] for line in march["lines"]} == {
        "1001": 1_200,
        "1122": 0,
        "2203": -200,
        "6001.01": -1_000,
    }
    assert (march["imbalance_fen"], march["debit_fen"]) == (0, 2_200)
    assert (await kit.clerk.get("/v1/invariants")).json()["holds"] is True
