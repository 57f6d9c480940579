"""Ranges of meters come in once, whole or not at all, and a dry run says the same and does nothing."""

from typing import Any

import pytest

from tests.kits.effort import in_turn
from tests.kits.reading import UNIT, Kit, Statements
from tests.kits.stock import RANGE, install, lab, life, moved, put_on, receive, send, states


async def test_a_range_is_received_once(kit: Kit) -> None:
    assert await send(kit, "meter-ranges", RANGE, dry_run=True) == ["done"]
    assert (await kit.clerk.get("/v1/meters/M0901/life")).status_code == 404
    assert await receive(kit) == ["done"]
    assert await receive(kit) == ["already_done"]
    assert await receive(kit, batch_no="2026-02") == ["conflicting_duplicate"]
    (shown,) = await kit.items("meter-ranges", meter_type=str(RANGE["meter_type"]))
    assert (shown["range_no"], shown["meters"], shown["owner"]) == ("PH-1", 5, "utility")
    assert await states(kit, "M0905") == [("received", "2026-01-05", UNIT)]
    assert (await kit.clerk.get("/v1/meters/M0906/life")).status_code == 404


@in_turn(
    ("said", "code"),
    [
        ({"from_no": "M0905", "to_no": "M0909"}, "reading.range_overlaps"),
        ({"from_no": "M0001", "to_no": "M0003"}, "reading.range_overlaps"),
        ({"from_no": "M0950", "to_no": "M0949"}, "reading.range_wrong"),
        ({"from_no": "M0950", "to_no": "N0951"}, "reading.range_wrong"),
        ({"from_no": "M950", "to_no": "M0951"}, "reading.range_wrong"),
        ({"from_no": "M095X", "to_no": "M095Y"}, "reading.range_wrong"),
        ({"from_no": "M20000", "to_no": "M30000"}, "reading.range_too_long"),
        ({"org_unit": "zj/ningbo"}, "auth.other_org_unit"),
        ({"received_on": "2026-12-24"}, "reading.in_the_future"),
        ({"registers": [{"quantity": "import", "digits": 2, "scale": 5}]}, "reading.bad_register"),
    ],
)
async def test_a_range_that_cannot_be_is_refused_by_itself(kit: Kit, said: dict[str, Any], code: str) -> None:
    await kit.district()
    await receive(kit)
    keeper = kit.client("keeper-1", "reading:write", org_units=[UNIT])
    free = RANGE | {"range_no": "PH-2", "from_no": "M0910", "to_no": "M0912"}
    wrong = free | {"range_no": "PH-3", "from_no": "M0920", "to_no": "M0922"} | said
    for dry_run in (True, False):
        assert await send(kit, "meter-ranges", free, wrong, client=keeper, dry_run=dry_run) == ["done", code]


async def test_an_overlap_says_with_what(kit: Kit) -> None:
    await kit.district()
    await receive(kit)
    other = RANGE | {"range_no": "PH-2", "from_no": "M0904", "to_no": "M0907"}
    inside = RANGE | {"range_no": "PH-3", "from_no": "M0907", "to_no": "M0908"}
    beside = RANGE | {"range_no": "PH-4", "from_no": "M0908", "to_no": "M0909"}
    answer = await kit.clerk.post("/v1/meter-ranges", json={"items": [other, inside, beside]})
    messages = [each.get("message") for each in answer.json()["outcomes"]]
    assert messages == [
        "2 of its meters are there already, the first is M0904 of range PH-1",
        None,
        "1 of its meters are there already, the first is M0908 of range PH-3",
    ]


@pytest.mark.parametrize("path", ["ranges", "movements", "tests", "seals"])
async def test_the_number_of_statements_is_the_same_for_2_and_200_meters(kit: Kit, path: str) -> None:
    counts = []
    for first, many in ((1, 2), (3, 200)):
        own = RANGE | {"range_no": f"PH-{first}", "from_no": f"M1{first:04}", "to_no": f"M1{first + many - 1:04}"}
        with Statements(kit) as receiving:
            assert await send(kit, "meter-ranges", own) == ["done"]
        numbers = [f"M1{n:04}" for n in range(first, first + many)]
        items: dict[str, list[Any]] = {
            "movements": [moved("to_stock", "2026-02-01", number) for number in numbers],
            "tests": [lab("passed", "2026-02-01", number) for number in numbers],
            "seals": [
                {"seal_no": f"F-{number}", "meter_no": number, "kind": "put", "done_on": "2026-02-01", "done_by": "t-1"}
                for number in numbers
            ],
        }
        if path != "ranges":
            with Statements(kit) as receiving:
                assert set(await send(kit, f"meter-{path}", *items[path])) == {"done"}
        counts.append(len(receiving.texts))
    assert counts[0] == counts[1]


async def test_the_type_of_a_meter_is_put_with_it(kit: Kit) -> None:
    await kit.district(meter_type="single_phase.4g")
    assert (await life(kit))["meter_type"] == "single_phase.4g"


async def test_a_range_that_never_came_is_annulled_and_its_numbers_are_free(kit: Kit) -> None:
    await kit.district()
    await receive(kit)
    never = {"range_no": "PH-1", "reason": "wrong_numbers"}
    elsewhere = kit.client("keeper-9", "reading:write", org_units=["zj/ningbo"])
    assert await send(kit, "meter-ranges/annulments", never, client=elsewhere) == ["auth.other_org_unit"]
    assert await send(kit, "meter-ranges/annulments", never | {"range_no": "PH-9"}) == ["reading.unknown_stock_record"]
    assert await send(kit, "meter-ranges/annulments", never) == ["done"]
    assert await send(kit, "meter-ranges/annulments", never) == ["already_done"]
    assert (await kit.clerk.get("/v1/meters/M0901/life")).status_code == 404
    assert await kit.items("meter-states", on="2026-01-08", state="received") == []
    (shown,) = await kit.items("meter-ranges")
    assert shown["annulled_for"] == "wrong_numbers"
    assert await receive(kit) == ["reading.stock_record_annulled"]
    assert await receive(kit, range_no="PH-2", from_no="M0903", to_no="M0907") == ["done"]
    assert await states(kit, "M0905") == [("received", "2026-01-05", UNIT)]


@pytest.mark.parametrize("what", ["movement", "test", "seal", "installation", "device"])
async def test_a_range_of_which_a_meter_moved_on_is_not_annulled(kit: Kit, what: str) -> None:
    await kit.district()
    await receive(kit)
    never = {"range_no": "PH-1", "reason": "wrong_numbers"}
    undo: tuple[str, Any] | None = None
    if what == "movement":
        await send(kit, "meter-movements", moved("to_stock", "2026-01-08", "M0902"))
        undo = "meter-movements/annulments", {"movement_no": "to_stock-M0902-2026-01-08", "reason": "mistyped"}
    elif what == "test":
        await send(kit, "meter-tests", lab("passed", "2026-01-08", "M0902"))
        undo = "meter-tests/annulments", {"lab_no": "L-M0902-2026-01-08", "reason": "mistyped"}
    elif what == "seal":
        put = {"seal_no": "F-1", "meter_no": "M0902", "kind": "put", "done_on": "2026-01-08"}
        await send(kit, "meter-seals", put | {"done_by": "tester-1"})
        undo = "meter-seals/annulments", put | {"reason": "mistyped"}
    elif what == "installation":
        await install(kit, put_on("M0001", "S0001", "2026-01-01", "2026-02-01"), put_on("M0902", "S0001", "2026-02-01"))
    else:
        await kit.device("module-2", UNIT, meter_no="M0902")
    answer = await kit.clerk.post("/v1/meter-ranges/annulments", json={"items": [never]})
    (outcome,) = answer.json()["outcomes"]
    assert outcome["code"] == "reading.range_in_use"
    assert outcome["message"] == "more than that they came is recorded of 1 of its meters, the first is M0902"
    assert (await life(kit, "M0902"))["range_no"] == "PH-1"
    if undo is not None:
        assert await send(kit, undo[0], undo[1]) == ["done"]
        assert await send(kit, "meter-ranges/annulments", never) == ["done"]


async def test_annulling_takes_the_same_number_of_statements_for_5_and_500_meters(kit: Kit) -> None:
    counts = []
    for number, last in (("PH-1", "005"), ("PH-2", "500")):
        await receive(kit, range_no=number, from_no=f"{number}001", to_no=f"{number}{last}")
        with Statements(kit) as annulling:
            assert await send(kit, "meter-ranges/annulments", {"range_no": number, "reason": "x"}) == ["done"]
        counts.append(len(annulling.texts))
    assert counts[0] - counts[1] in (0, 1)  # the first of a process takes one more
