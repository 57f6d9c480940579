"""Seals: on one meter at a time, with all that happened to them."""

from typing import Any

from tests.kits.effort import in_turn
from tests.kits.reading import Kit
from tests.kits.stock import life, send


def seal(kind: str, on: str, meter_no: str = "M0001", by: str = "tester-1", seal_no: str = "F-1") -> dict[str, Any]:
    return {"seal_no": seal_no, "meter_no": meter_no, "kind": kind, "done_on": on, "done_by": by}


async def test_a_seal_is_put_checked_broken_and_removed(kit: Kit) -> None:
    await kit.district(2)
    put, checked = seal("put", "2026-02-01"), seal("checked", "2026-03-01", by="reader-7")
    broken, removed = seal("broken", "2026-04-01", by="inspector-2"), seal("removed", "2026-04-02")
    assert await send(kit, "meter-seals", put, checked, broken) == ["done"] * 3
    assert await send(kit, "meter-seals", put, checked) == ["already_done"] * 2
    assert await send(kit, "meter-seals", put | {"done_by": "tester-2"}) == ["conflicting_duplicate"]
    (stands,) = await kit.items("meter-seals", meter_no="M0001")
    assert (stands["state"], stands["since"]) == ("broken", "2026-04-01")
    assert await send(kit, "meter-seals", removed, seal("put", "2026-04-03", "M0002")) == ["done", "done"]
    assert [each["meter_no"] for each in await kit.items("meter-seals", state="on")] == ["M0002"]
    shown = [(each["kind"], each["done_on"], each["done_by"]) for each in (await life(kit))["seals"]]
    assert shown == [
        ("put", "2026-02-01", "tester-1"),
        ("checked", "2026-03-01", "reader-7"),
        ("broken", "2026-04-01", "inspector-2"),
        ("removed", "2026-04-02", "tester-1"),
    ]


@in_turn(
    ("item", "code"),
    [
        (seal("put", "2026-03-01", "M0002"), "reading.seal_contradicts"),
        (seal("put", "2026-01-15", "M0002"), "reading.seal_contradicts"),
        (seal("put", "2026-03-01"), "reading.seal_contradicts"),
        (seal("removed", "2026-03-01", "M0002"), "reading.seal_contradicts"),
        (seal("put", "2026-12-24", seal_no="F-2"), "reading.in_the_future"),
        (seal("put", "2026-02-01", "M9", seal_no="F-2"), "reading.unknown_meter"),
    ],
)
async def test_a_seal_is_on_one_meter_at_a_time(kit: Kit, item: dict[str, Any], code: str) -> None:
    await kit.district(2)
    assert await send(kit, "meter-seals", seal("put", "2026-02-01")) == ["done"]
    assert await send(kit, "meter-seals", item, seal("checked", "2026-02-02")) == [code, "done"]


async def test_a_seal_that_was_there_before_records_were_kept_begins_with_what_is_told_first(kit: Kit) -> None:
    await kit.district(2)
    assert await send(kit, "meter-seals", seal("checked", "2026-02-01"), seal("removed", "2026-02-02")) == ["done"] * 2
    assert await send(kit, "meter-seals", seal("put", "2026-02-03", "M0002")) == ["done"]
    assert await send(kit, "meter-seals", seal("put", "2026-01-01")) == ["done"]


async def test_only_who_may_see_a_meter_seals_it(kit: Kit) -> None:
    await kit.district()
    elsewhere = kit.client("keeper-9", "reading:write", "reading:read", org_units=["zj/ningbo"])
    assert await send(kit, "meter-seals", seal("put", "2026-02-01"), client=elsewhere) == ["auth.other_org_unit"]
    await send(kit, "meter-seals", seal("put", "2026-02-01"))
    assert (await elsewhere.get("/v1/meter-seals")).json()["items"] == []
