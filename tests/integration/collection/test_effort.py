"""Every hot path takes a constant number of statements, whatever the size of the batch: on both databases."""

from datetime import date
from typing import Any

import pytest

from tests.kits.collection import Kit, account, bill, corrected, counted, issued


async def remind(kit: Kit, day: str) -> dict[str, Any]:
    answer = await kit.admin.post("/v1/jobs/remind/runs", json={"business_date": day})
    assert answer.status_code in (200, 201), answer.text
    return dict(answer.json())


async def statements_for(kit: Kit, count: int, prefix: str) -> dict[str, int]:
    """Return how many statements each hot path takes for a batch of `count` accounts."""
    numbers = [f"{prefix}{i:04}" for i in range(count)]
    found: dict[str, int] = {}
    first = [bill(f"B{no}", 100, account_no=no) for no in numbers]
    second = [bill(f"C{no}", 100, account_no=no, due_on=date(2026, 9, 1)) for no in numbers]
    corrections = [
        corrected(f"K{no}", [one], [bill(f"D{no}", 90, account_no=no)]) for no, one in zip(numbers, first, strict=True)
    ]
    steps: dict[str, list[Any]] = {
        "accounts": [account(no) for no in numbers],
        "bills": [issued(one) for one in first],
        "corrections": list(corrections),
    }
    for name, facts in steps.items():
        with counted(kit) as seen:
            await kit.give(*facts)
        found[name] = len(seen)
    for no in (numbers[0], numbers[-1]):
        await kit.pay(200, no)
    with counted(kit) as seen:
        await kit.give(*(issued(one) for one in second))
    found["bills with prepayment"] = len(seen)
    late = [bill(f"L{no}", 50, account_no=no, issued_on=date(2026, 2, 1)) for no in numbers]
    with counted(kit) as seen:
        await kit.give(*(issued(one) for one in late))
    found["late bills"] = len(seen)
    items = [
        {"document_no": f"O{no}", "account_no": no, "amount_fen": 5, "issued_on": "2025-01-01", "due_on": "2025-01-20"}
        | {"posted_on": "2026-03-01"}
        for no in numbers[:500]
    ]
    with counted(kit) as seen:
        answer = await kit.clerk.put("/v1/opening-receivables", json={"items": items})
    assert {one["status"] for one in answer.json()["outcomes"]} == {"done"}
    found["openings"] = len(seen)
    for title, days in (("first stage", ("03-20", "04-02")), ("second stage", ("04-01", "04-14"))):
        with counted(kit) as seen:
            await remind(kit, f"2026-{days[prefix == 'Y']}")
        found[title] = len(seen)
    return found


async def test_the_number_of_statements_does_not_depend_on_the_size_of_the_batch(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.collection.dunning.use_cases.judging.ACCOUNTS_PER_CHUNK", 2_000)
    small = await statements_for(kit, 10, "X")
    large = await statements_for(kit, 1_000, "Y")

    assert large == small
    assert small["bills"] <= 12
