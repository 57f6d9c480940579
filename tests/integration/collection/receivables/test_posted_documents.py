"""What is posted, as billing takes it back after a restore."""

from typing import Any

from tests.kits.collection import Kit, account, adjusted, bill, corrected, issued


async def listed(kit: Kit, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await kit.admin.get(path)).json()["items"]
    return items


async def test_bills_and_differences_are_listed_as_they_are_posted(kit: Kit) -> None:
    client = kit.client("clerk", "collection:read")
    old = bill("B1", 10_000, components=[("energy", 9_000), ("tax", 1_000)])
    await kit.give(issued(old))
    await kit.give(issued(bill("B3", 500)))
    await kit.give(corrected("K1", [old], [bill("B2", 8_000)]))
    await kit.give(adjusted("K2", [(bill("B3", 500), bill("B4", 450))]))

    found = (await client.get("/v1/posted-documents?account_no=A1")).json()["items"]

    assert [(one["document_id"], one["document_kind"], one["total_fen"], one["stands"]) for one in found] == [
        ("B1", "bill", 10_000, False),
        ("B2", "bill", 8_000, True),
        ("B3", "bill", 500, True),
        ("D-B3", "difference", -50, True),
    ]
    assert [one["correction_id"] for one in found] == [None, "K1", None, "K2"]
    assert found[0]["components"] == [
        {"component": "energy", "amount_fen": 9_000},
        {"component": "tax", "amount_fen": 1_000},
    ]
    assert [one["components"] for one in found[2:]] == [
        [{"component": "energy", "amount_fen": 500}],
        [{"component": "energy", "amount_fen": -50}],
    ]
    outside = kit.client("clerk", "collection:read", org_units=("zj/ningbo",))
    assert (await outside.get("/v1/posted-documents?account_no=A1")).json()["items"] == []


async def test_control_documents_are_what_is_posted_and_what_waits(kit: Kit) -> None:
    await kit.give(issued(bill("B1")))
    await kit.give(issued(bill("B9", 700, account_no="A9")))
    path = "/v1/control-documents/document?cycle=2026-01"
    assert await listed(kit, path) == [
        {"id": "B1", "subject": "A1", "amount": 10_000, "stands": True, "corrects": False},
        {"id": "B9", "subject": "A9", "amount": 700, "stands": True, "corrects": False},
    ]
    first = (await kit.admin.get(f"{path}&limit=1")).json()
    assert [one["id"] for one in first["items"]] == ["B1"]
    assert [one["id"] for one in await listed(kit, f"{path}&cursor={first['next_cursor']}")] == ["B9"]
    await kit.give(account("A9"))
    assert len(await listed(kit, path)) == 2
    assert (await kit.admin.get("/v1/control-documents/no-such?cycle=2026-01")).status_code == 404
