"""How tasks end against their read day: by the read that is nearest, whoever told it when."""

import random
from itertools import permutations
from typing import Any

import pytest

from tests.integration.reading.readers.test_assigning import assigned, deputy, put
from tests.kits.effort import in_turn
from tests.kits.reading import UNIT, Kit, Statements, read

COUNTS = "expected", "early", "on_time", "late", "unread", "open", "estimated", "read_by_others"


def site(meter: int, day: str, reader: str = "anna", value: str = "200.00", hour: int = 9) -> dict[str, Any]:
    at = f"{day}T{hour:02d}:00:00+08:00"
    return read(f"M{meter:04d}", day, value, source="site", reader=reader, read_at=at)


async def counts(kit: Kit, by: str = "routes", cycle: str = "2026-01", client: Any = None, **query: str) -> Any:
    answer = await (client or kit.clerk).get(f"/v1/adherence/{by}", params={"cycle": cycle} | query)
    assert answer.status_code == 200, answer.text
    name = {"routes": "route_no", "readers": "reader"}[by]
    return {row[name]: tuple(row[count] for count in COUNTS) for row in answer.json()["items"]}


async def ends(kit: Kit, path: str = "routes/R1", client: Any = None, **query: str) -> Any:
    params = {"cycle": "2026-01"} | query
    answer = await (client or kit.clerk).get(f"/v1/adherence/{path}/tasks", params=params)
    assert answer.status_code == 200, answer.text
    return [(row["service_point_no"], row["outcome"], row["days_off"]) for row in answer.json()["items"]]


@pytest.mark.parametrize(
    ("day", "outcome", "days_off"),
    [
        ("2026-01-22", "early", -10),
        ("2026-01-30", "early", -2),
        ("2026-01-31", "on_time", -1),
        ("2026-02-01", "on_time", 0),
        ("2026-02-02", "on_time", 1),
        ("2026-02-03", "late", 2),
        ("2026-02-11", "late", 10),
        # farther away than any read of this date is
        ("2026-01-21", "unread", None),
        ("2026-02-12", "unread", None),
    ],
)
async def test_a_task_ends_by_how_many_days_it_was_read_from_its_read_day(
    kit: Kit, day: str, outcome: str, days_off: int | None
) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    assert await ends(kit) == [("S0001", "open", None)]
    await kit.push(site(1, day))
    await kit.close("2026-02-02")
    assert await ends(kit) == [("S0001", outcome, days_off)]
    assert await ends(kit, outcome=outcome) == [("S0001", outcome, days_off)]
    assert await ends(kit, outcome="open") == []


async def test_the_nearest_read_counts_annulled_ones_do_not_nor_what_another_system_estimated(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    await kit.push(
        read("M0001", "2026-02-01", "198.00", source="estimated"), site(1, "2026-01-25"), site(1, "2026-02-05")
    )
    assert await ends(kit) == [("S0001", "late", 4)]
    number = "M0001~20260205T010000Z~site"
    answer = await kit.clerk.post(f"/v1/reads/{number}/annulment", json={"reason": "wrong_meter"})
    assert answer.status_code == 200, answer.text
    assert await ends(kit) == [("S0001", "early", -7)]
    registers = {"reason": "right_after_all", "unit": "kWh", "registers": {"import": "201.00"}, "reader": "anna"}
    answer = await kit.clerk.post(f"/v1/reads/{number}/correction", json=registers)
    assert answer.status_code == 200, answer.text
    assert await ends(kit) == [("S0001", "late", 4)]


async def test_routes_and_readers_are_counted_and_each_count_opens_to_its_tasks(kit: Kit) -> None:
    await kit.district(6)
    await kit.plan("2026-02-01")
    await put(kit, assigned("anna", "2026-01-01"))
    await kit.push(
        site(1, "2026-02-01"),
        site(2, "2026-01-28"),
        site(3, "2026-02-04", "bert"),
        read("M0004", "2026-02-01", "200.00"),
        site(5, "2026-02-02", "bert"),
    )
    assert await counts(kit) == {"R1": (6, 1, 3, 1, 0, 1, 0, 2)}
    await kit.close("2026-02-02")
    # what was read on another day is billed by an estimate, or with the next read, and was read all the same
    (row,) = (await counts(kit)).values()
    assert row[:6] == (6, 1, 3, 1, 1, 0)
    assert await counts(kit, "readers") == {"anna": row}
    assert await ends(kit, "readers/anna", outcome="late") == [("S0003", "late", 3)]
    assert await ends(kit, "readers/bert") == []
    await put(kit, deputy("bert", "2026-02-01", "2026-02-02"))
    assert await counts(kit, "readers") == {"bert": (*row[:-1], 1 + 1)}  # of anna's tasks two were anna's own reads
    assert [row[0] for row in await ends(kit, "readers/bert")] == [f"S{n:04d}" for n in range(1, 7)]


async def test_what_is_estimated_is_unread_and_counted_as_estimated(kit: Kit) -> None:
    await kit.district(2)
    for day, value in (("2026-02-01", "200.00"), ("2026-03-01", "300.00")):
        await kit.plan(day)
        await kit.push(site(1, day, value=value), *([site(2, day, value=value)] if day == "2026-02-01" else []))
        await kit.close(day[:-1] + "2")
    assert await counts(kit, cycle="2026-02") == {"R1": (2, 0, 1, 0, 1, 0, 1, 0)}


async def test_a_reader_sees_the_own_duties_and_a_bureau_those_of_its_routes(kit: Kit) -> None:
    await kit.district()
    await kit.put("routes", [{"route_no": "R2", "org_unit": UNIT + "/xihu", "read_day": 1}])
    await kit.plan("2026-02-01")
    await put(kit, assigned("anna", "2026-01-01"), assigned("bert", "2026-01-01", route_no="R2"))
    anna = kit.client("anna", "reading:field")
    assert set(await counts(kit, client=anna)) == {"R1"}
    assert set(await counts(kit, "readers", client=anna)) == {"anna"}
    assert await ends(kit, client=anna) == [("S0001", "open", None)]
    assert await ends(kit, "routes/R2", client=anna) == []
    answer = await anna.get("/v1/adherence/readers/bert/tasks", params={"cycle": "2026-01"})
    assert answer.status_code == 404
    assert set(await counts(kit)) == {"R1", "R2"}
    assert set(await counts(kit, org_unit=UNIT + "/xihu")) == {"R2"}
    assert set(await counts(kit, route_no="R1")) == {"R1"}
    foreign = kit.client("chief", "reading:read", org_units=["zj/ningbo"])
    assert await counts(kit, client=foreign) == {}
    assert await ends(kit, client=foreign) == []


async def test_pages_of_routes_and_readers_follow_one_another(kit: Kit) -> None:
    await kit.put("routes", [{"route_no": f"R{i}", "org_unit": UNIT, "read_day": 1} for i in range(5)])
    await kit.plan("2026-02-01")
    await put(kit, *(assigned(f"reader-{i % 2}", "2026-01-01", route_no=f"R{i}") for i in range(4)))
    for by, name, wanted in (
        ("routes", "route_no", ["R0", "R1", "R2", "R3", "R4"]),
        ("readers", "reader", [None, "reader-0", "reader-1"]),
    ):
        found: list[Any] = []
        query = {"cycle": "2026-01", "limit": "2"}
        while True:
            page = (await kit.clerk.get(f"/v1/adherence/{by}", params=query)).json()
            found += [row[name] for row in page["items"]]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        assert found == wanted


TOLD = (
    assigned("anna", "2026-01-01", "2026-02-01"),
    assigned("bert", "2026-02-01"),
    site(1, "2026-01-29"),
    site(1, "2026-02-03", "bert", value="205.00"),
    site(2, "2026-02-02", "bert"),
)


@in_turn("order", random.Random(11).sample(list(permutations(range(len(TOLD)))), 6), ids=str)
async def test_any_order_in_which_it_is_told_ends_in_the_same_adherence(kit: Kit, order: tuple[int, ...]) -> None:
    await kit.district(3)
    for i in order:
        if "meter_no" in TOLD[i]:
            await kit.push(TOLD[i])
        else:
            await put(kit, TOLD[i])
        if i == 0:
            await kit.plan("2026-02-01")
    assert await counts(kit, "readers") == {"bert": (3, 0, 1, 1, 0, 1, 0, 0)}
    assert await ends(kit) == [("S0001", "late", 2), ("S0002", "on_time", 1), ("S0003", "open", None)]


@pytest.mark.parametrize("size", [10, 1000])
async def test_adherence_takes_the_same_statements_whatever_the_size_of_a_route(kit: Kit, size: int) -> None:
    await kit.district(size)
    await kit.plan("2026-02-01")
    await kit.push(*(site(i, "2026-02-01") for i in range(1, size + 1)))
    with Statements(kit) as statements:
        assert (await counts(kit))["R1"][0] == size
        assert (await counts(kit, "readers"))[None][2] == size
        assert len(await ends(kit, limit="500")) == min(size, 500)
    assert len([text for text in statements.texts if text.startswith(("SELECT", "WITH"))]) == 12
