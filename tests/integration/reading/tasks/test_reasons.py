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


async def test_reasons_are_those_of_the_policy_also_in_the_field(kit: Kit) -> None:
    await january(kit)
    await kit.plan("2026-03-01")
    note = {"service_point_no": "S0001", "read_date": "2026-03-01", "reason": "was_tired"}
    (refused,) = await kit.put("unread-reasons", [note])
    assert refused["code"] == "reading.unknown_unread_reason"
    assert "nobody_home" in refused["message"]
    entry = {"entry_no": "p1", "service_point_no": "S0001", "seen_at": "2026-03-01T09:00:00+08:00"}
    reader = kit.client("reader-7", "reading:field")
    answer = await reader.post("/v1/field-entries", json={"items": [entry | {"unread_reason": "was_tired"}]})
    assert [each["code"] for each in answer.json()["outcomes"]] == ["reading.unknown_unread_reason"]


async def months(kit: Kit, reasons: list[str | None], *, point: str = "S0001") -> None:
    """Let months go by from March 2026 on, each with why the point was not read; `""` is read, None without a word."""
    for n, reason in enumerate(reasons):
        month = 3 + n
        day = f"2026-{month:02}-01"
        await kit.plan(day)
        if reason:
            await kit.put("unread-reasons", [{"service_point_no": point, "read_date": day, "reason": reason}])
        elif reason == "":
            await kit.push_one(f"M{point[1:]}", day, f"{300 + 50 * n}.00")
        await kit.close(f"2026-{month:02}-02")


async def test_who_lets_nobody_read_for_six_months_is_told_once_that_supply_may_end(kit: Kit) -> None:
    await january(kit)
    await months(kit, ["nobody_home"] * 5)
    assert await kit.published("reading.point_unreadable.v1") == [], "one month just under"
    await kit.plan("2026-08-01")
    await kit.put(
        "unread-reasons", [{"service_point_no": "S0001", "read_date": "2026-08-01", "reason": "entry_refused"}]
    )
    await kit.close("2026-08-02")
    (told,) = await kit.published("reading.point_unreadable.v1")
    assert (told["service_point_no"], told["months"], told["since"], told["read_date"]) == (
        "S0001",
        6,
        "2026-03-01",
        "2026-08-01",
    )
    await kit.plan("2026-09-01")
    await kit.put("unread-reasons", [{"service_point_no": "S0001", "read_date": "2026-09-01", "reason": "nobody_home"}])
    await kit.close("2026-09-02")
    assert len(await kit.published("reading.point_unreadable.v1")) == 1


async def test_months_without_a_word_of_the_utility_or_with_a_read_begin_the_row_anew(kit: Kit) -> None:
    await january(kit, meters=3)
    reasons: dict[str, list[str | None]] = {
        "S0001": ["nobody_home"] * 3 + ["not_reached"] + ["nobody_home"] * 3,
        "S0002": ["nobody_home"] * 3 + [None] + ["nobody_home"] * 3,
        "S0003": ["nobody_home"] * 3 + [""] + ["nobody_home"] * 3,
    }
    for n in range(7):
        day = f"2026-{3 + n:02}-01"
        await kit.plan(day)
        for point, row in reasons.items():
            if row[n]:
                await kit.put("unread-reasons", [{"service_point_no": point, "read_date": day, "reason": row[n]}])
            elif row[n] == "":
                await kit.push_one("M0003", day, "400.00")
        await kit.close(f"2026-{3 + n:02}-02")
    assert await kit.published("reading.point_unreadable.v1") == []
