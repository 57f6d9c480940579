"""Ends of periods that are asked for: control, move, final and customers' own reads."""

import pytest

from tests.kits.reading import UNIT, Kit, Statements, read

ASKED = {"service_point_no": "S0001", "day": "2026-01-11", "kind": "move", "reason": "moves_out"}


async def periods(kit: Kit) -> list[tuple[str, str, int]]:
    return [(u["period_from"], u["period_to"], u["energy_wh"]["import"]) for u in await kit.usages()]


async def withdraw(kit: Kit, day: str = "2026-01-11") -> int:
    answer = await kit.clerk.post(f"/v1/asked-ends/S0001/{day}/withdrawal", json={"reason": "by_mistake"})
    return answer.status_code


@pytest.mark.parametrize("asked_first", [True, False])
async def test_a_read_ends_a_period_where_an_end_is_asked_for_before_or_after_it(kit: Kit, asked_first: bool) -> None:
    await kit.district()
    if asked_first:
        assert (await kit.put("asked-ends", [ASKED]))[0]["status"] == "done"
    await kit.push_one("M0001", "2026-01-11", "110.00", "site")
    if not asked_first:
        assert (await kit.put("asked-ends", [ASKED]))[0]["status"] == "done"
    assert [(t["kind"], t["cycle"], t["status"]) for t in await kit.items("tasks")] == [("asked", "2026-01", "read")]
    await kit.plan("2026-02-01")
    await kit.push_one("M0001", "2026-02-01", "150.00")
    assert await periods(kit) == [("2026-01-01", "2026-01-11", 10_000), ("2026-01-11", "2026-02-01", 40_000)]
    await kit.close("2026-02-02")
    (closed,) = await kit.published("reading.route_closed.v1")
    assert (closed["expected"], closed["actual"], closed["usages"], closed["sum_wh"]) == (1, 1, 2, 50_000)


async def test_a_read_that_nobody_asked_to_end_a_period_is_kept_and_ends_none(kit: Kit) -> None:
    await kit.district()
    assert (await kit.push_one("M0001", "2026-01-11", "110.00", "site"))["status"] == "accepted"
    assert await kit.usages() == []


async def test_an_asked_end_without_a_read_ends_nothing_and_nobody_waits_for_it(kit: Kit) -> None:
    await kit.district()
    await kit.put("asked-ends", [ASKED])
    await kit.plan("2026-02-01")
    progress = (await kit.clerk.get("/v1/routes/R1/cycles/2026-01")).json()
    assert (progress["expected"], progress["unexplained"]) == (1, 1)
    await kit.push_one("M0001", "2026-02-01", "150.00")
    await kit.close("2026-02-02")
    (closed,) = await kit.published("reading.route_closed.v1")
    assert (closed["expected"], closed["missed"], closed["sum_wh"]) == (1, 0, 50_000)
    assert await periods(kit) == [("2026-01-01", "2026-02-01", 50_000)]


async def test_an_asked_end_on_a_read_date_is_read_as_planned(kit: Kit) -> None:
    await kit.district()
    await kit.put("asked-ends", [ASKED | {"day": "2026-02-01"}])
    await kit.plan("2026-02-01")
    assert await withdraw(kit, "2026-02-01") == 200
    assert [(t["read_date"], t["kind"]) for t in await kit.items("tasks")] == [("2026-02-01", "cycle")]


async def test_the_usage_of_an_asked_end_is_of_the_cycle_of_the_next_read_date(kit: Kit) -> None:
    await kit.district()
    await kit.put("routes", [{"route_no": "R1", "org_unit": UNIT, "read_day": 15, "months": 2, "first_month": 1}])
    await kit.put("asked-ends", [ASKED | {"day": "2026-01-15"}, ASKED | {"day": "2026-01-16"}])
    assert [t["cycle"] for t in await kit.items("tasks")] == ["2026-01", "2026-03"]


async def test_an_asked_end_is_withdrawn_with_a_reason_and_may_be_asked_for_anew(kit: Kit) -> None:
    await kit.district()
    assert await withdraw(kit) == 404
    await kit.put("asked-ends", [ASKED])
    assert await withdraw(kit) == 200
    assert await withdraw(kit) == 200
    assert [(a["kind"], a["withdrawn"]) for a in await kit.items("asked-ends")] == [("move", "by_mistake")]
    await kit.push_one("M0001", "2026-01-11", "110.00", "site")
    assert await kit.usages() == []
    assert (await kit.put("asked-ends", [ASKED]))[0]["status"] == "done"
    assert [period[1] for period in await periods(kit)] == ["2026-01-11"]
    audit = await kit.admin.get(
        "/v1/audit-entries", params={"entity_kind": "asked_end", "entity_id": "S0001~2026-01-11"}
    )
    assert [(e["action"], e["reason"], e["after_version"]) for e in audit.json()["items"]] == [
        ("asked_end.put", "", 1),
        ("asked_end.withdrawn", "by_mistake", 2),
        ("asked_end.put", "", 3),
    ]


async def test_each_item_is_answered_by_itself(kit: Kit) -> None:
    await kit.district()
    items = [ASKED, ASKED | {"service_point_no": "S9"}]
    codes = [outcome.get("code") for outcome in await kit.put("asked-ends", items)]
    assert codes == [None, "reading.unknown_service_point"]
    assert [o["status"] for o in await kit.put("asked-ends", [ASKED])] == ["already_done"]
    other = kit.client("other", "reading:write", org_units=["zj/ningbo"])
    answer = await other.put("/v1/asked-ends", json={"items": [ASKED]})
    assert answer.json()["outcomes"][0]["code"] == "auth.other_org_unit"
    refused = await other.post("/v1/asked-ends/S0001/2026-01-11/withdrawal", json={"reason": "by_mistake"})
    assert refused.status_code == 403


async def test_the_number_of_statements_is_the_same_for_2_and_200_asked_ends(kit: Kit) -> None:
    await kit.district(210)
    await kit.push(*(read(f"M{n:04}", "2026-01-11", "110.00", "site") for n in range(1, 203)))
    counts = []
    for numbers in (range(1, 3), range(3, 203)):
        with Statements(kit) as statements:
            await kit.put("asked-ends", [ASKED | {"service_point_no": f"S{n:04}"} for n in numbers])
        counts.append(len(statements.texts))
    assert counts[0] == counts[1]
    assert len(await kit.usages("S0202")) == 1
