"""Requests for read days take the same statements for ten points and for a thousand."""

from collections.abc import Sequence
from typing import Any

from tests.integration.reading.read_day_changes.test_read_day_changes import (
    KEPT,
    MOVE,
    ROUTE,
    answered,
    ask,
    district,
    questions,
    second,
    states,
    waiting,
)
from tests.kits.approvals import decided
from tests.kits.reading import Kit, Statements


async def test_the_number_of_statements_is_the_same_for_10_and_1000_points(kit: Kit) -> None:
    """Also where a thousand customers answer to the requests of several persons."""
    await district(kit, 1000)
    numbers = [f"S{n:04}" for n in range(1, 1001)]
    counts = []
    for parts in ([numbers[:10]], [numbers[10:100], numbers[100:500], numbers[500:]]):
        for part in parts:
            clerk = kit.client(f"clerk-{part[0]}", "reading:write")
            with Statements(kit) as asking:
                answer = await clerk.post(
                    "/v1/read-day-requests", json=MOVE | {"request_no": f"RD-{part[0]}", "service_point_nos": part}
                )
            assert answer.json()["status"] == "done", answer.text
        asked = await questions(kit)
        told = [asked[point] for part in parts for point in part]
        with Statements(kit) as taking:
            await kit.give(*map(answered, told))
        with Statements(kit) as listing:
            await kit.items("read-day-proposals", limit="500")
            await kit.items("read-day-requests")
        with Statements(kit) as going:
            await kit.clerk.post(f"/v1/read-day-requests/RD-{parts[-1][0]}/withdrawal")
        counts.append(tuple(len(each.texts) for each in (asking, taking, listing, going)))
    assert counts[0] == counts[1]
    assert sorted(set((await states(kit)).values())) == ["confirmed", "withdrawn"]


async def confirmed(kit: Kit, asked: Sequence[dict[str, Any]], request_no: str) -> list[dict[str, Any]]:
    """Have customers confirm what was asked, and return what waits for a decision, of one request."""
    await kit.give(*map(answered, asked))
    return [each for each in await waiting(kit) if each["content"]["request_no"] == request_no]


async def test_a_decision_takes_as_many_statements_on_a_route_of_1000_as_on_one_of_10(kit: Kit) -> None:
    await district(kit, 1000)
    await kit.put("routes", [{"route_no": "R2"} | ROUTE])
    await kit.put("service-points", [{"service_point_no": f"T{n:04}", "route_no": "R2"} for n in range(1, 11)])
    await kit.plan("2026-02-05")
    counts = []
    for route_no, points in (("R2", 10), ("R1", 1000)):
        number = f"RD-{route_no}"
        assert (await ask(kit, request_no=number, route_no=route_no)).json()["status"] == "done"
        asked = [one for one in (await questions(kit)).values() if one["subject_id"] == number]
        assert len(asked) == points
        waits = await confirmed(kit, asked, number)
        texts = []
        for at in (0, 1):  # by the first one the route itself is moved, and the others stay
            with Statements(kit) as deciding:
                assert await decided(second(kit), waits[at : at + 1]) == ["done"]
            texts.append(len(deciding.texts))
        counts.append(texts)
    assert counts[0] == counts[1]


async def test_planning_withdraws_990_questions_in_as_many_statements_as_10(kit: Kit) -> None:
    await district(kit, 1000)
    numbers = [f"S{n:04}" for n in range(1, 1001)]
    counts = []
    for cycle, points, asked_on in (("2026-03", numbers[:10], "2026-02-06"), ("2026-04", numbers[10:], "2026-03-06")):
        request = {"request_no": cycle, "from_cycle": cycle, "asked_on": asked_on, "service_point_nos": points}
        assert (await ask(kit, **request)).json()["status"] == "done"
        asked = [one for one in (await questions(kit)).values() if one["subject_id"] == cycle]
        await confirmed(kit, asked[::2], cycle)
        with Statements(kit) as planning:
            await kit.plan(f"{cycle}-05")
        counts.append(len(planning.texts))
    assert counts[0] == counts[1]
    assert set((await states(kit)).values()) == {"withdrawn"}
    assert len(await kit.published(KEPT)) == 500
