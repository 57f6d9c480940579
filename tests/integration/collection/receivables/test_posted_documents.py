"""What is posted, as billing takes it back after a restore."""

from datetime import date
from typing import Any

from shared.events.billing import AdjustmentIssued, Charge, ChargeIssued, ChargeWithdrawn, Component
from tests.kits.collection import Kit, account, adjusted, bill, corrected, issued

OF_A1: dict[str, Any] = {
    "account_no": "A1",
    "service_point_no": "SP1",
    "org_unit": "zj/hangzhou",
    "cycle": "2026-02",
    "issued_on": date(2026, 2, 20),
    "due_on": date(2026, 3, 12),
    "case_no": "CASE1",
}
ADJUSTED = AdjustmentIssued(
    **OF_A1,
    adjustment_id="ADJ1",
    dispute_no="CASE1",
    energy_wh=-1000,
    total_fen=-500,
    components=(Component(component="energy", amount_fen=-500),),
    reverses=None,
)
PENALTY = Charge(
    **OF_A1,
    charge_no="CH1",
    component="penalty",
    amount_fen=900,
    rule="theft",
    policy="CN/supply-rules@1996",
    policy_hash="x",
)


async def listed(kit: Kit, path: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await kit.admin.get(path)).json()["items"]
    return items


async def test_bills_and_differences_are_listed_as_they_are_posted(kit: Kit) -> None:
    client = kit.client("clerk", "collection:read")
    old = bill("B1", 10_000, components=[("energy", 9_000), ("tax", 1_000)])
    await kit.give(issued(old))
    await kit.give(issued(bill("B3", 500)))
    await kit.give(corrected("K1", [old], [bill("B2", 8_000)]))
    await kit.give(adjusted("K2", [(bill("B3", 500), bill("B4", 450))]))

    found = (await client.get("/v1/posted-documents?account_no=A1")).json()["items"]

    assert [(one["document_id"], one["document_kind"], one["total_fen"], one["stands"]) for one in found] == [
        ("B1", "bill", 10_000, False),
        ("B2", "bill", 8_000, True),
        ("B3", "bill", 500, True),
        ("D-B3", "difference", -50, True),
    ]
    assert [one["correction_id"] for one in found] == [None, "K1", None, "K2"]
    assert found[0]["components"] == [
        {"component": "energy", "amount_fen": 9_000},
        {"component": "tax", "amount_fen": 1_000},
    ]
    assert [one["components"] for one in found[2:]] == [
        [{"component": "energy", "amount_fen": 500}],
        [{"component": "energy", "amount_fen": -50}],
    ]
    outside = kit.client("clerk", "collection:read", org_units=("zj/ningbo",))
    assert (await outside.get("/v1/posted-documents?account_no=A1")).json()["items"] == []


async def test_charges_and_adjustments_are_listed_as_they_are_posted_with_what_billing_needs_to_know_them(
    kit: Kit,
) -> None:
    await kit.give(ADJUSTED)
    await kit.give(ChargeIssued(account_no="A1", charge=PENALTY))
    await kit.give(ChargeWithdrawn(account_no="A1", charge=PENALTY, withdrawn_on=date(2026, 3, 5), cause="waived"))
    client = kit.client("clerk", "collection:read")
    found = (await client.get("/v1/posted-documents?account_no=A1")).json()["items"]
    names = ("document_kind", "document_id", "total_fen", "cycle", "service_point_no", "stands", "taken_back_on")
    assert [tuple(one[name] for name in names) for one in found] == [
        ("adjustment", "ADJ1", -500, "2026-02", "SP1", True, None),
        ("charge", "CH1", 900, "2026-02", "SP1", False, "2026-03-05"),
    ]
    assert [one["components"] for one in found] == [
        [{"component": "energy", "amount_fen": -500}],
        [{"component": "penalty", "amount_fen": 900}],
    ]


async def test_control_documents_are_what_is_posted_and_what_waits(kit: Kit) -> None:
    await kit.give(issued(bill("B1")))
    await kit.give(issued(bill("B9", 700, account_no="A9")))
    path = "/v1/control-documents/document?cycle=2026-01"
    assert await listed(kit, path) == [
        {"id": "B1", "subject": "A1", "amount": 10_000, "stands": True, "corrects": False},
        {"id": "B9", "subject": "A9", "amount": 700, "stands": True, "corrects": False},
    ]
    first = (await kit.admin.get(f"{path}&limit=1")).json()
    assert [one["id"] for one in first["items"]] == ["B1"]
    assert [one["id"] for one in await listed(kit, f"{path}&cursor={first['next_cursor']}")] == ["B9"]
    await kit.give(account("A9"))
    assert len(await listed(kit, path)) == 2
    assert (await kit.admin.get("/v1/control-documents/no-such?cycle=2026-01")).status_code == 404
