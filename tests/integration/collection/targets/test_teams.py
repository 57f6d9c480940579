"""Who collects what: dated, audited, by org unit and route; and what receivables keep of their issue. On both databases."""

from datetime import date
from typing import Any

from services.collection.ledger import tables
from shared.events.billing import Charge, ChargeIssued
from tests.kits.collection import OPENING, Kit, account, adjusted, bill, issued, put_openings

UNIT = "zj/hangzhou"


async def put(kit: Kit, *items: dict[str, Any], by: Any = None) -> list[str]:
    answer = await (by or kit.clerk).put("/v1/teams", json={"items": list(items)})
    assert answer.status_code == 200, answer.text
    return [one.get("code") or one["status"] for one in answer.json()["outcomes"]]


def team(
    name: str | None, since: str = "2026-04-01", *, unit: str = UNIT, route_no: str | None = None
) -> dict[str, Any]:
    return {"org_unit": unit, "route_no": route_no, "from": since, "team": name}


async def listed(kit: Kit, query: str = "") -> list[tuple[str, str, str, str | None]]:
    answer = await kit.clerk.get(f"/v1/teams?{query}")
    assert answer.status_code == 200, answer.text
    return [(row["unit_kind"], row["unit"], row["valid_from"], row["team"]) for row in answer.json()["items"]]


async def test_a_team_collects_from_a_day_until_the_next_one_does(kit: Kit) -> None:
    first, later, route = team("T1"), team("T2", "2026-06-01"), team("T3", route_no="R1")

    assert await put(kit, first, later, route) == ["done"] * 3
    assert await put(kit, first, later) == ["already_done"] * 2

    assert await listed(kit, "on=2026-05-31") == [
        ("org_unit", UNIT, "2026-04-01", "T1"),
        ("route", "R1", "2026-04-01", "T3"),
    ]
    assert await listed(kit, "on=2026-06-01") == [
        ("org_unit", UNIT, "2026-06-01", "T2"),
        ("route", "R1", "2026-04-01", "T3"),
    ]
    assert await listed(kit, "on=2026-03-31") == []
    assert await listed(kit, "team=T3") == [("route", "R1", "2026-04-01", "T3")]


async def test_an_assignment_that_is_changed_is_audited_with_before_and_after(kit: Kit) -> None:
    await put(kit, team("T1"))
    assert await put(kit, team("T9")) == ["done"]
    assert await put(kit, team(None)) == ["done"]

    about = {"entity_kind": "collecting_team", "entity_id": f"org_unit~{UNIT}~2026-04-01"}
    entries = (await kit.admin.get("/v1/audit-entries", params=about)).json()["items"]
    sides = [(row["before"], row["after"]) for row in entries]
    found = [[side and side["team"][0]["team"] for side in pair] for pair in sides]
    assert [row["actor"] for row in entries] == ["clerk"] * 3
    assert found == [[None, "T1"], ["T1", "T9"], ["T9", None]]
    assert await listed(kit) == [("org_unit", UNIT, "2026-04-01", None)]


async def test_days_of_a_closed_month_and_other_org_units_are_refused(kit: Kit) -> None:
    assert await put(kit, team("T1", route_no="R1"), team("T0", "2026-02-01")) == ["done", "done"]
    assert await kit.close("2026-02") == ["done"]
    ningbo = kit.client("ningbo", "collection:write", org_units=["zj/ningbo"])

    assert await put(kit, team("T2", "2026-02-28")) == ["ledger.month_closed"]
    assert await put(kit, team("T2", "2026-02-01")) == ["ledger.month_closed"]
    assert await put(kit, team("T2", "2026-03-01")) == ["done"]
    assert await put(kit, team("T5"), by=ningbo) == ["auth.other_org_unit"]
    assert await put(kit, team("T5", unit="zj/ningbo", route_no="R1"), by=ningbo) == ["auth.other_org_unit"], (
        "no route is taken"
    )
    assert await put(kit, team("T5"), team("T6")) == ["request.repeated_in_batch"] * 2
    assert (await ningbo.get("/v1/teams")).status_code == 200
    assert (await ningbo.get("/v1/teams")).json()["items"] == []


async def test_what_is_no_assignment_is_refused_with_its_place(kit: Kit) -> None:
    for wrong in (team(" "), team("T1", "2026-13-01"), team("T1", unit="a b"), team("T1") | {"name": "Wang"}):
        answer = await kit.clerk.put("/v1/teams", json={"items": [wrong]})
        assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid"), answer.text
    assert (await kit.cashier.put("/v1/teams", json={"items": [team("T1")]})).json()["code"] == "auth.missing_scope"


async def test_a_receivable_keeps_route_class_and_month_that_it_was_issued_with(kit: Kit) -> None:
    old = bill("B1", 1_000)
    await kit.give(issued(old))
    await kit.give(adjusted("K1", [(old, bill("B2", 1_300))]))
    charge = Charge(
        charge_no="X1",
        case_no="F1",
        account_no="A1",
        service_point_no="S1",
        org_unit=UNIT,
        component="penalty",
        amount_fen=300,
        cycle="2026-03",
        issued_on=date(2026, 3, 6),
        due_on=date(2026, 4, 6),
        rule="r",
        policy="p@1",
        policy_hash="h",
    )
    await kit.give(ChargeIssued(account_no="A1", charge=charge))
    await put_openings(kit, OPENING | {"route_no": "R7"}, OPENING | {"document_no": "OLD-2"})
    moved = account(version=2).model_copy(update={"customer_class": "commercial", "org_unit": "zj/ningbo"})
    await kit.give(moved)
    await kit.give(issued(bill("B3", 500, issued_on=date(2026, 4, 2))))

    rows = (await kit.clerk.get("/v1/receivables")).json()["items"]
    assert {
        row["document_id"]: (row["route_no"], row["customer_class"], row["month"], row["posted_on"], row["org_unit"])
        for row in rows
    } == {
        "B1": ("R1", "residential", "2026-02", "2026-02-02", UNIT),
        "D-B1": ("R1", "residential", "2026-03", "2026-03-05", UNIT),
        "X1": (None, "residential", "2026-03", "2026-03-06", UNIT),
        "OLD-1": ("R7", "residential", "2025-12", "2026-03-01", UNIT),
        "OLD-2": (None, "residential", "2025-12", "2026-03-01", UNIT),
        "B3": ("R1", "commercial", "2026-04", "2026-04-02", "zj/ningbo"),
    }


async def test_a_bill_of_a_closed_month_is_of_the_month_in_which_it_counts(kit: Kit) -> None:
    assert await kit.close("2026-02") == ["done"]
    await kit.give(issued(bill("B1", 1_000)))
    await kit.pay(400, on="2026-03-01")
    await kit.give(issued(bill("B0", 100, issued_on=date(2026, 1, 3), due_on=date(2026, 1, 23), cycle="2025-12")))

    rows = await kit.rows(tables.RECEIVABLE)
    assert {(row["document_id"], row["month"], row["posted_on"]) for row in rows} == {
        ("B1", "2026-03", date(2026, 3, 1)),
        ("B0", "2026-03", date(2026, 3, 1)),
    }
    assert {row["counts_on"] for row in await kit.rows(tables.ALLOCATION)} == {date(2026, 3, 1)}


async def test_what_is_at_zero_or_below_is_of_no_month(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 0)), issued(bill("B2", -5)))

    assert {row["month"] for row in await kit.rows(tables.RECEIVABLE)} == {None}
