"""Every point of a route has a read or a reason: what has neither is counted at the closing, listed, and told when it changes."""

from typing import Any

from tests.kits.reading import ONE, UNIT, Kit, Statements

CLOSED, EXPLAINED = "reading.route_closed.v1", "reading.route_explained.v1"


async def explain(kit: Kit, *points: str, reason: str | None = "no_access", read_date: str = "2026-02-01") -> list[str]:
    items = [{"service_point_no": point, "read_date": read_date, "reason": reason} for point in points]
    answer = await kit.client("uploader-1", "reading:upload").put("/v1/unread-reasons", json={"items": items})
    assert answer.status_code == 200, answer.text
    return [each.get("code") or each["status"] for each in answer.json()["outcomes"]]


async def told(kit: Kit) -> list[tuple[int, int, str]]:
    return [(fact["version"], fact["unexplained"], fact["explained_on"]) for fact in await kit.published(EXPLAINED)]


async def unexplained(kit: Kit, **query: str) -> list[str]:
    found = await kit.items("tasks", unexplained="true", route_no="R1", cycle="2026-01", **query)
    return [task["service_point_no"] for task in found]


async def closed_with_three_unread(kit: Kit) -> dict[str, Any]:
    """Five points: one is read, one has a reason, three have neither."""
    await kit.district(5)
    await kit.plan("2026-02-01")
    await kit.push_one("M0001", "2026-02-01", "150.00")
    assert await explain(kit, "S0002", reason="remote_failure") == ["done"]
    await kit.close("2026-02-02")
    (fact,) = await kit.published(CLOSED)
    return dict(fact)


async def test_a_closing_tells_what_nobody_has_explained_and_each_point_is_listed(kit: Kit) -> None:
    fact = await closed_with_three_unread(kit)
    assert (fact["expected"], fact["actual"], fact["unexplained"]) == (5, 1, 3)
    assert (fact["read_on"], fact["uploaded_on"]) == ("2026-02-01", "2026-02-02"), "it came in by the clock of today"
    assert await unexplained(kit) == ["S0003", "S0004", "S0005"]
    answer = await kit.clerk.get("/v1/routes/R1/cycles/2026-01")
    assert answer.json()["unexplained"] == 3
    elsewhere = kit.client("clerk", "reading:read", org_units=["zj/ningbo"])
    assert (await elsewhere.get("/v1/tasks", params={"unexplained": "true"})).json()["items"] == []
    assert await told(kit) == [], "the closing has said it"


async def test_reasons_and_reads_that_come_later_are_told_with_the_whole_state(kit: Kit) -> None:
    await closed_with_three_unread(kit)
    before = await kit.usages("S0003")
    assert await explain(kit, "S0003") == ["done"]
    assert await told(kit) == [(1, 2, "2026-02-02")]
    assert await kit.usages("S0003") == before, "the estimate that was told stays"
    assert await explain(kit, "S0003") == ["already_done"]
    assert await explain(kit, "S0002", reason="danger") == ["done"]
    assert await told(kit) == [(1, 2, "2026-02-02")], "another reason changes no count"

    await kit.push_one("M0004", "2026-02-01", "150.00")
    assert (await told(kit))[1:] == [(2, 1, "2026-02-02")]
    assert await explain(kit, "S0001", "S0005") == ["reading.task_done", "done"]
    assert (await told(kit))[2:] == [(3, 0, "2026-02-02")]
    assert await unexplained(kit) == []


async def test_a_read_that_is_annulled_leaves_its_point_unexplained_again(kit: Kit) -> None:
    await closed_with_three_unread(kit)
    (read_id,) = [read for usage in await kit.usages("S0001") for read in usage["read_ids"]][-1:]
    clerk = kit.client("clerk-2", "reading:write")
    answer = await clerk.post(f"/v1/reads/{read_id}/annulment", json={"reason": "wrong_meter"})
    assert answer.status_code == 200, answer.text
    assert await told(kit) == [(1, 4, "2026-02-02")]
    assert "S0001" in await unexplained(kit)


async def test_a_reason_that_is_taken_back_leaves_its_point_unexplained_again(kit: Kit) -> None:
    await closed_with_three_unread(kit)
    assert await explain(kit, "S0002", reason=None) == ["done"]
    assert await told(kit) == [(1, 4, "2026-02-02")]
    assert "S0002" in await unexplained(kit)
    assert await explain(kit, "S0002", reason=None) == ["already_done"]
    assert await explain(kit, "S0003", reason=None) == ["reading.no_unread_reason"]
    assert await explain(kit, "S0002") == ["done"]
    assert (await told(kit))[1:] == [(2, 3, "2026-02-02")]


async def test_before_the_closing_too_what_was_taken_back_explains_nothing(kit: Kit) -> None:
    await kit.district(1)
    await kit.plan("2026-02-01")
    assert await explain(kit, "S0001") == ["done"]
    assert await explain(kit, "S0001", reason=None) == ["done"]
    await kit.close("2026-02-02")
    assert [fact["unexplained"] for fact in await kit.published(CLOSED)] == [1]


async def test_a_read_that_came_after_the_closing_says_when_it_came_and_a_reason_does_not(kit: Kit) -> None:
    await closed_with_three_unread(kit)
    await kit.plan("2026-03-01")
    await kit.close("2026-03-02")
    await explain(kit, "S0003")
    await kit.push_one("M0004", "2026-02-01", "150.00")
    await explain(kit, "S0005")
    mine = [fact for fact in await kit.published(EXPLAINED) if fact["read_date"] == "2026-02-01"]
    assert [(fact["unexplained"], fact.get("uploaded_on")) for fact in mine] == [
        (2, None),
        (1, "2026-03-02"),
        (0, "2026-03-02"),
    ]


async def test_a_point_that_had_its_reason_when_its_read_came_was_waited_for_no_more(kit: Kit) -> None:
    await closed_with_three_unread(kit)
    await kit.push_one("M0002", "2026-02-01", "150.00")
    assert await told(kit) == []


async def test_a_point_that_is_told_after_the_closing_is_unexplained_until_somebody_says_why(kit: Kit) -> None:
    await closed_with_three_unread(kit)
    late = {"service_point_no": "S0006", "meter_no": "M0006", "installed_on": "2026-01-01"}
    for path, item in (
        ("service-points", {"service_point_no": "S0006", "route_no": "R1"}),
        ("meters", {"meter_no": "M0006", "org_unit": UNIT, "registers": list(ONE)}),
        ("installations", late | {"unit": "kWh", "opening": {"import": "100.00"}}),
    ):
        assert [each["status"] for each in await kit.put(path, [item])] == ["done"]
    assert await told(kit) == [(1, 4, "2026-02-02")]
    assert await explain(kit, "S0006") == ["done"]
    assert (await told(kit))[1:] == [(2, 3, "2026-02-02")]


async def test_a_route_that_nobody_read_tells_no_day_of_reads(kit: Kit) -> None:
    await kit.district(1)
    await kit.plan("2026-02-01")
    await kit.close("2026-02-02")
    (fact,) = await kit.published(CLOSED)
    assert (fact.get("read_on"), fact.get("uploaded_on"), fact["unexplained"]) == (None, None, 1)


async def test_before_the_closing_nothing_is_told_and_what_is_read_then_takes_no_more_statements(kit: Kit) -> None:
    await kit.district(2)
    await kit.plan("2026-02-01")
    assert await explain(kit, "S0001") == ["done"]
    with Statements(kit) as seen:
        await kit.push_one("M0002", "2026-02-01", "150.00")
    assert not [text for text in seen.texts if "explained_version" in text]
    assert await told(kit) == []


async def test_explaining_takes_as_many_statements_for_100_points_as_for_10(kit: Kit) -> None:
    await kit.district(110)
    await kit.plan("2026-02-01")
    await kit.close("2026-02-02")
    counts = []
    for first, count in ((1, 10), (11, 100)):
        with Statements(kit) as seen:
            assert set(await explain(kit, *(f"S{n:04}" for n in range(first, first + count)))) == {"done"}
        counts.append(len(seen.texts))
    assert counts[0] == counts[1]
    assert [count for _, count, _ in await told(kit)] == [100, 0]
