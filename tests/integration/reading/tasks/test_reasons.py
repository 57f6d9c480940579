"""Why points were not read."""

from tests.kits.reading import Kit, january


async def test_a_reader_says_why_a_point_was_not_read_and_the_estimate_carries_it(kit: Kit) -> None:
    await january(kit, meters=3)
    await kit.plan("2026-03-01")
    await kit.push_one("M0003", "2026-03-01", "250.00")
    note = {"service_point_no": "S0001", "read_date": "2026-03-01", "reason": "no_access"}
    assert [o["status"] for o in await kit.put("unread-reasons", [note])] == ["done"]
    assert [o["status"] for o in await kit.put("unread-reasons", [note])] == ["already_done"]
    progress = (await kit.clerk.get("/v1/routes/R1/cycles/2026-02")).json()
    assert (progress["expected"], progress["actual"], progress["unexplained"]) == (3, 1, 1)
    await kit.close("2026-03-02")
    assert {e["service_point_no"]: e["reason"] for e in await kit.published("reading.estimate_made.v1")} == {
        "S0001": "no_access",
        "S0002": "no_read",
    }
    tasks = {t["service_point_no"]: t["unread_reason"] for t in await kit.items("tasks", cycle="2026-02")}
    assert tasks == {"S0001": "no_access", "S0002": None, "S0003": None}
    progress = (await kit.clerk.get("/v1/routes/R1/cycles/2026-02")).json()
    assert (progress["closed_on"], progress["estimated"], progress["unexplained"]) == ("2026-03-02", 2, 1)


async def test_a_reason_for_what_was_read_is_not_to_be_read_or_is_closed_is_refused(kit: Kit) -> None:
    await january(kit)
    await kit.plan("2026-03-01")
    notes = [
        {"service_point_no": "S0001", "read_date": day, "reason": "no_access"} for day in ("2026-02-01", "2026-02-17")
    ]
    found = await kit.put("unread-reasons", [*notes, notes[0] | {"service_point_no": "S9999"}])
    assert [o["code"] for o in found] == ["reading.task_done", "reading.unknown_task", "reading.unknown_task"]
