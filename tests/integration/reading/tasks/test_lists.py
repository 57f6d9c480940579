"""Tasks as people look at them."""

from tests.kits.reading import Kit


async def test_lists_are_read_page_by_page(kit: Kit) -> None:
    await kit.district(5)
    await kit.plan("2026-02-01")
    found, cursor = [], None
    for _ in range(3):
        answer = await kit.clerk.get("/v1/tasks", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        found += [item["service_point_no"] for item in answer.json()["items"]]
        cursor = answer.json()["next_cursor"]
    assert (found, cursor) == ([f"S{i:04d}" for i in range(1, 6)], None)
