"""Readers, inspectors and deputies by dates: who was to read a task is a function of what is assigned, whenever it was told."""

from itertools import permutations
from typing import Any

import pytest

from tests.kits.orders import ask, order
from tests.kits.reading import UNIT, Kit, Statements, january, read

PATH = "reader-assignments"


def assigned(subject: str, start: str, end: str | None = None, **more: Any) -> dict[str, Any]:
    said = {"route_no": "R1", "role": "reader", "reason": "first_load"} | more
    return said | {"subject": subject, "from": start} | ({"to": end} if end else {})


def deputy(subject: str, start: str, end: str, **more: Any) -> dict[str, Any]:
    return assigned(subject, start, end, kind="route_deputy", **more)


def instead_of(person: str, subject: str, start: str, end: str) -> dict[str, Any]:
    said = assigned(subject, start, end, kind="person_deputy", person=person, org_unit=UNIT)
    return {name: value for name, value in said.items() if name != "route_no"}


async def put(kit: Kit, *items: Any, client: Any = None) -> list[str]:
    answer = await (client or kit.clerk).put(f"/v1/{PATH}", json={"items": items})
    assert answer.status_code == 200, answer.text
    return [each.get("code") or each["status"] for each in answer.json()["outcomes"]]


async def planned(kit: Kit, point: str = "S0001") -> list[tuple[str, str | None]]:
    return [(task["read_date"], task["planned_reader"]) for task in await kit.items("tasks", service_point_no=point)]


async def test_who_is_to_read_a_task_is_who_is_assigned_on_its_day_deputies_first(kit: Kit) -> None:
    await kit.district()
    for day in ("2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01"):
        await kit.plan(day)
    assert (
        await put(
            kit,
            assigned("anna", "2026-01-01"),
            instead_of("anna", "bert", "2026-03-01", "2026-04-02"),
            deputy("cleo", "2026-04-01", "2026-04-02"),
            assigned("ivan", "2026-01-01", role="inspector"),
        )
        == ["done"] * 4
    )
    assert await planned(kit) == [
        ("2026-02-01", "anna"),
        ("2026-03-01", "bert"),
        ("2026-04-01", "cleo"),
        ("2026-05-01", "anna"),
    ]
    assert await kit.items("tasks", planned_reader="anna", cycle="2026-02") == []
    assert len(await kit.items("tasks", planned_reader="bert")) == 1


async def test_who_read_a_task_is_the_reader_of_the_read_that_is_nearest_to_its_day(kit: Kit) -> None:
    await kit.district(3)
    await kit.plan("2026-02-01")
    await put(kit, assigned("anna", "2026-01-01"))
    await kit.push(
        read("M0001", "2026-01-28", "190.00", source="site", reader="early-bird"),
        read("M0001", "2026-02-01", "200.00", source="site", reader="bert"),
        read("M0002", "2026-01-29", "200.00", source="site", reader="anna"),
        read("M0003", "2026-02-01", "200.00"),
    )
    found = await kit.items("tasks")
    assert [(task["planned_reader"], task["actual_reader"]) for task in found] == [
        ("anna", "bert"),
        ("anna", "anna"),
        ("anna", None),
    ]
    answer = await kit.clerk.post("/v1/reads/M0001~20260131T160000Z~site/annulment", json={"reason": "wrong_meter"})
    assert answer.status_code == 200, answer.text
    (task,) = await kit.items("tasks", service_point_no="S0001")
    assert task["actual_reader"] == "early-bird"


async def test_the_order_in_which_it_is_told_decides_nothing(kit: Kit) -> None:
    await january(kit)
    told = [
        assigned("anna", "2026-01-01", "2026-02-01"),
        assigned("bert", "2026-02-01"),
        instead_of("bert", "cleo", "2026-01-30", "2026-02-02"),
    ]
    for one in permutations(told):
        for each in one:
            assert await put(kit, each) == ["done"]
        assert await planned(kit) == [("2026-02-01", "cleo")]
        gone = [each | {"to": each["from"]} for each in told]
        assert await put(kit, *gone) == ["done"] * 3
        assert await planned(kit) == [("2026-02-01", None)]


async def test_the_same_again_changes_nothing_and_one_role_on_a_route_is_one_persons(kit: Kit) -> None:
    await kit.district()
    first = assigned("anna", "2026-01-01")
    assert await put(kit, first) == ["done"]
    assert await put(kit, first) == ["already_done"]
    assert await put(kit, assigned("bert", "2026-02-01")) == ["reading.assignments_overlap"]
    assert await put(kit, assigned("bert", "2025-02-01")) == ["reading.assignments_overlap"]
    assert await put(kit, assigned("bert", "2026-02-01"), first | {"to": "2026-02-01"}) == ["done", "done"]
    # an end that is refused does not make room for the one that follows
    late = assigned("bert", "2026-02-01", "2026-01-31")
    assert await put(kit, assigned("cleo", "2026-03-01"), late) == [
        "reading.assignments_overlap",
        "reading.ends_before_it_begins",
    ]
    both = [assigned("dora", "2025-01-01", "2025-03-01"), assigned("emil", "2025-02-01", "2025-04-01")]
    assert await put(kit, *both) == ["reading.assignments_overlap"] * 2
    rows = await kit.items(PATH, route_no="R1")
    assert [(row["subject"], row["from"], row["to"], row["version"]) for row in rows] == [
        ("anna", "2026-01-01", "2026-02-01", 2),
        ("bert", "2026-02-01", None, 1),
    ]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (assigned("anna", "2026-01-01", route_no="R9"), "reading.unknown_route"),
        (assigned("anna", "2026-01-01", reason=None), "reading.past_needs_reason"),
        (assigned("anna", "2026-11-15", reason=None), "done"),  # the kit's today
        (assigned("anna", "2026-11-14", reason=None), "reading.past_needs_reason"),
        (instead_of("anna", "anna", "2026-12-01", "2026-12-02"), "reading.own_deputy"),
    ],
)
async def test_what_cannot_be_is_refused_by_itself(kit: Kit, said: dict[str, Any], code: str) -> None:
    await kit.district()
    assert await put(kit, said, assigned("ivan", "2026-01-01", role="inspector")) == [code, "done"]


async def test_days_that_are_past_are_changed_with_a_reason_that_is_kept(kit: Kit) -> None:
    await kit.district()
    await put(kit, assigned("anna", "2026-01-01", reason="first_load"))
    ended = assigned("anna", "2026-01-01", "2026-10-01", reason=None)
    assert await put(kit, ended) == ["reading.past_needs_reason"]
    assert await put(kit, ended | {"to": "2026-12-01"}) == ["done"]
    assert await put(kit, ended | {"reason": "left_in_october"}) == ["done"]
    number = "assigned~R1~reader~2026-01-01"
    answer = await kit.admin.get("/v1/audit-entries", params={"entity_kind": "reader_assignment", "entity_id": number})
    kept = [(row["action"], row["actor"], row["reason"]) for row in answer.json()["items"]]
    assert kept == [
        ("reader_assignment.put", "clerk", ""),
        ("reader_assignment.past_changed", "clerk", "first_load"),
        ("reader_assignment.put", "clerk", ""),
        ("reader_assignment.put", "clerk", ""),
        ("reader_assignment.past_changed", "clerk", "left_in_october"),
    ]


async def test_nobody_assigns_on_routes_of_another_bureau(kit: Kit) -> None:
    await kit.district()
    await put(kit, assigned("anna", "2026-01-01"))
    foreign = kit.client("chief", "reading:read", "reading:write", org_units=["zj/ningbo"])
    theirs = instead_of("anna", "bert", "2026-12-01", "2026-12-09")
    assert await put(kit, assigned("bert", "2027-01-01"), theirs, client=foreign) == ["auth.other_org_unit"] * 2
    # nor a deputy of a person who has a route there, whatever org unit is said
    assert await put(kit, theirs | {"org_unit": "zj/ningbo"}, client=foreign) == ["auth.other_org_unit"]
    assert (await foreign.get(f"/v1/{PATH}")).json()["items"] == []


async def test_a_reader_sees_the_own_routes_of_a_day(kit: Kit) -> None:
    await kit.district()
    await kit.put("routes", [{"route_no": "R2", "org_unit": UNIT, "read_day": 2}])
    await put(
        kit,
        assigned("anna", "2026-01-01"),
        assigned("bert", "2026-01-01", route_no="R2"),
        assigned("ivan", "2026-01-01", role="inspector", route_no="R2"),
        instead_of("bert", "anna", "2026-03-01", "2026-03-03"),
    )
    anna = kit.client("anna", "reading:field")

    async def routes(client: Any, **query: str) -> list[tuple[str, str | None, str | None]]:
        answer = await client.get("/v1/route-readers", params=query)
        assert answer.status_code == 200, answer.text
        return [(row["route_no"], row["reader"], row["inspector"]) for row in answer.json()["items"]]

    assert await routes(anna, on="2026-02-02") == [("R1", "anna", None)]
    assert await routes(anna, on="2026-02-02", subject="bert") == [("R1", "anna", None)]
    assert await routes(anna, on="2026-03-02") == [("R1", "anna", None), ("R2", "anna", "ivan")]
    assert await routes(kit.clerk, on="2026-02-02", subject="ivan") == [("R2", "bert", "ivan")]
    assert len(await routes(kit.clerk, on="2026-02-02")) == 2


async def test_new_site_orders_go_to_who_has_the_role_on_the_route_of_their_point(kit: Kit) -> None:
    await kit.district()
    await put(kit, assigned("anna", "2026-01-01"), assigned("clerk", "2026-01-01", role="inspector"))
    kinds = {"O1": "reread", "O2": "inspection", "O3": "meter_work", "O4": "closing_check"}
    await ask(kit.clerk, *(order(number, kind=kind) for number, kind in kinds.items()))
    found = {row["order_no"]: row["assignee"] for row in await kit.items("site-orders")}
    # nobody checks the closing that he asked for
    assert found == {"O1": "anna", "O2": "clerk", "O3": None, "O4": None}
    await put(kit, deputy("bert", "2026-01-01", "2026-12-31"))
    await ask(kit.clerk, order("O5", kind="reread"))
    found = {row["order_no"]: row["assignee"] for row in await kit.items("site-orders", kind="reread")}
    assert found == {"O1": "anna", "O5": "bert"}


async def test_who_releases_a_batch_sees_who_was_to_read_the_route(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    entry = {"entry_no": "e-1", "service_point_no": "S0001", "meter_no": "M0001", "unit": "kWh"}
    entry |= {"seen_at": "2026-02-01T09:00:00+08:00", "registers": {"import": "201.37"}}
    await kit.client("bert", "reading:field").post("/v1/field-entries", json={"items": [entry]})
    (batch,) = await kit.items("field-batches")

    async def shown() -> tuple[str, str | None]:
        review = (await kit.clerk.get(f"/v1/field-batches/{batch['batch_id']}")).json()
        return review["reader"], review["planned_reader"]

    assert await shown() == ("bert", None)
    await put(kit, assigned("anna", "2026-01-01"))
    assert await shown() == ("bert", "anna")


async def test_a_batch_and_a_page_take_the_same_statements_whatever_their_size(kit: Kit) -> None:
    await kit.district(1000)
    await kit.plan("2026-02-01")
    await kit.push(*(read(f"M{i:04d}", "2026-02-01", "200.00", source="site") for i in range(1, 1001)))
    routes = [{"route_no": f"N{i:04d}", "org_unit": UNIT, "read_day": 1} for i in range(1000)]
    await kit.put("routes", routes)
    numbers = [each["route_no"] for each in routes]
    counts = []
    for start, size, page in ((0, 10, 10), (10, 990, 500)):
        items = [assigned("anna", "2026-01-01", route_no=number) for number in numbers[start : start + size]]
        with Statements(kit) as statements:
            assert set(await put(kit, *items)) == {"done"}
            assert len(await kit.items("tasks", limit=str(page))) == page
            assert len(await kit.items("route-readers", on="2026-02-01", subject="anna", limit=str(page))) == page
        counts.append(len(statements.texts))
    assert counts[0] == counts[1]
