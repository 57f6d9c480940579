"""Seals: on one meter at a time, with all that happened to them."""

from itertools import permutations
from typing import Any

from tests.kits.effort import in_turn
from tests.kits.reading import Kit
from tests.kits.stock import life, send


def seal(kind: str, on: str, meter_no: str = "M0001", by: str = "tester-1", seal_no: str = "F-1") -> dict[str, Any]:
    return {"seal_no": seal_no, "meter_no": meter_no, "kind": kind, "done_on": on, "done_by": by}


async def standing(kit: Kit, seal_no: str = "F-1") -> tuple[str, str]:
    (own,) = [each for each in await kit.items("meter-seals") if each["seal_no"] == seal_no]
    return own["state"], own["meter_no"]


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
        (seal("put", "2026-03-01", "M0002"), "reading.seal_event_waits"),
        (seal("put", "2026-03-01"), "reading.seal_event_waits"),
        (seal("removed", "2026-03-01", "M0002"), "reading.seal_event_waits"),
        (seal("put", "2026-12-24", seal_no="F-2"), "reading.in_the_future"),
        (seal("put", "2026-02-01", "M9", seal_no="F-2"), "reading.unknown_meter"),
    ],
)
async def test_a_seal_is_on_one_meter_at_a_time(kit: Kit, item: dict[str, Any], code: str) -> None:
    await kit.district(2)
    assert await send(kit, "meter-seals", seal("put", "2026-02-01")) == ["done"]
    assert await send(kit, "meter-seals", item, seal("checked", "2026-02-02")) == [code, "done"]


DAY = "2026-04-01"
"""Of a seal that is on M0001 since February, or of which nothing is known: what happens on a day, and how it stands then."""


@in_turn(
    ("told", "before", "stands"),
    [
        ([("broken", "M0001"), ("removed", "M0001")], True, ("off", "M0001")),  # an inspection for theft
        ([("checked", "M0001"), ("removed", "M0001")], True, ("off", "M0001")),
        ([("checked", "M0001"), ("broken", "M0001")], True, ("broken", "M0001")),
        ([("removed", "M0001"), ("put", "M0001")], True, ("on", "M0001")),
        ([("removed", "M0001"), ("put", "M0002")], True, ("on", "M0002")),
        ([("removed", "M0001"), ("put", "M0002"), ("removed", "M0002")], True, ("off", "M0002")),
        ([("put", "M0001"), ("removed", "M0001")], False, ("off", "M0001")),
        ([("put", "M0001"), ("removed", "M0001"), ("put", "M0002")], False, ("on", "M0002")),
        ([("put", "M0002"), ("removed", "M0002"), ("put", "M0001")], False, ("on", "M0001")),
        ([("removed", "M0002"), ("put", "M0001"), ("checked", "M0001")], False, ("on", "M0001")),
    ],
)
async def test_what_happens_on_one_day_is_told_in_any_order_and_fits(
    kit: Kit, told: list[tuple[str, str]], before: bool, stands: tuple[str, str]
) -> None:
    await kit.district(2)
    for number, order in enumerate(permutations(told)):
        own = f"F-{number}"
        if before:
            await send(kit, "meter-seals", seal("put", "2026-02-01", seal_no=own))
        said = [seal(kind, DAY, meter_no, seal_no=own) for kind, meter_no in order]
        assert set(await send(kit, "meter-seals", *said)) == {"done"}
        assert await standing(kit, own) == stands


async def test_three_events_in_six_orders_make_the_same_life(kit: Kit) -> None:
    await kit.district(2)
    for number, order in enumerate(permutations((("put", 1), ("removed", 5), ("put", 10)))):
        own = f"F-{number}"
        for kind, day in order:
            await send(kit, "meter-seals", seal(kind, f"2026-02-{day:02}", f"M000{1 + (day == 10)}", seal_no=own))
        assert await standing(kit, own) == ("on", "M0002")
    assert await kit.items("meter-seals/events", waiting="true") == []


async def test_what_does_not_fit_waits_is_listed_and_counted_until_it_does(kit: Kit) -> None:
    await kit.district(2)
    next_ = seal("put", "2026-02-10", "M0002")
    assert await send(kit, "meter-seals", seal("put", "2026-02-01"), next_) == ["done", "reading.seal_event_waits"]
    (waits,) = await kit.items("meter-seals/events", waiting="true", seal_no="F-1")
    assert (waits["meter_no"], waits["done_on"], waits["annulled"]) == ("M0002", "2026-02-10", False)
    assert [each["waiting"] for each in (await life(kit, "M0002"))["seals"]] == [True]
    assert "wattline_stock_records_waiting 1.0" in (await kit.bare().get("/metrics")).text
    assert await standing(kit) == ("on", "M0001")
    assert await send(kit, "meter-seals", seal("removed", "2026-02-05")) == ["done"]
    assert await standing(kit) == ("on", "M0002")
    metrics = (await kit.bare().get("/metrics")).text
    assert "wattline_stock_records_waiting 0.0" in metrics
    assert "wattline_stock_records_waiting_oldest_age_seconds 0.0" in metrics


async def test_what_never_happened_to_a_seal_is_annulled_and_may_be_told_again(kit: Kit) -> None:
    await kit.district(2)
    wrong, right = seal("put", "2026-02-01"), seal("put", "2026-02-03", "M0002")
    assert await send(kit, "meter-seals", wrong, right) == ["done", "reading.seal_event_waits"]
    never = {name: wrong[name] for name in ("seal_no", "meter_no", "kind", "done_on")} | {"reason": "mistyped"}
    assert await send(kit, "meter-seals/annulments", never | {"done_on": "2026-02-02"}) == [
        "reading.unknown_stock_record"
    ]
    elsewhere = kit.client("keeper-9", "reading:write", org_units=["zj/ningbo"])
    assert await send(kit, "meter-seals/annulments", never, client=elsewhere) == ["auth.other_org_unit"]
    assert await send(kit, "meter-seals/annulments", never) == ["done"]
    assert await send(kit, "meter-seals/annulments", never) == ["already_done"]
    assert await standing(kit) == ("on", "M0002")
    events = await kit.items("meter-seals/events", seal_no="F-1")
    assert [(each["annulled_for"], each["waiting"]) for each in events] == [("mistyped", False), (None, False)]
    assert (await life(kit))["seals"] == []
    gone = {name: right[name] for name in ("seal_no", "meter_no", "kind", "done_on")} | {"reason": "mistyped"}
    assert await send(kit, "meter-seals/annulments", gone) == ["done"]
    assert await kit.items("meter-seals") == []
    assert await send(kit, "meter-seals", wrong | {"done_by": "tester-2"}) == ["done"]
    assert await standing(kit) == ("on", "M0001")
    assert [each["done_by"] for each in (await life(kit))["seals"]] == ["tester-2"]


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
