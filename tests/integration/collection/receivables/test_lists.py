"""Receivables are listed by filter and page."""

from datetime import date

from tests.kits.collection import Kit, account, bill, issued


async def test_receivables_are_listed_by_filter_and_page(kit: Kit) -> None:
    await kit.give(account("A2"))
    await kit.give(issued(bill("B1")), issued(bill("B2", account_no="A2")), issued(bill("B3", due_on=date(2026, 5, 1))))

    async def listed(query: str) -> list[str]:
        return sorted(row["document_id"] for row in (await kit.clerk.get(f"/v1/receivables?{query}")).json()["items"])

    assert await listed("account_no=A1") == ["B1", "B3"]
    assert await listed("due_before=2026-04-01&status=open") == ["B1", "B2"]
    assert await listed("document_id=B3") == ["B3"]
    first = (await kit.clerk.get("/v1/receivables?limit=2")).json()
    second = (await kit.clerk.get(f"/v1/receivables?limit=2&cursor={first['next_cursor']}")).json()
    assert sorted(row["document_id"] for row in first["items"] + second["items"]) == ["B1", "B2", "B3"]
