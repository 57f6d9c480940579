"""Corrected reads."""

from tests.kits.reading import Kit, january


async def test_a_corrected_read_gives_version_two_of_its_period_and_of_the_next(kit: Kit) -> None:
    await january(kit)
    await kit.plan("2026-03-01")
    await kit.push_one("M0001", "2026-03-01", "290.00")
    read_id = "M0001~20260131T160000Z~remote"
    body = {"unit": "kWh", "registers": {"import": "210.00"}, "reason": "misread"}
    answer = await kit.clerk.post(f"/v1/reads/{read_id}/correction", json=body)
    assert answer.status_code == 200, answer.text
    assert await kit.energies() == [
        ("2026-02-01", 1, "actual", 100_000),
        ("2026-02-01", 2, "edited", 110_000),
        ("2026-03-01", 1, "actual", 90_000),
        ("2026-03-01", 2, "actual", 80_000),
    ]
    shown = (await kit.clerk.get(f"/v1/reads/{read_id}")).json()
    assert shown["registers"] == {"import": "200.00"}
    assert shown["corrections"][0]["registers"] == {"import": "210.00"}
    again = await kit.clerk.post(f"/v1/reads/{read_id}/correction", json=body)
    assert again.json()["status"] == "already_done"
    audit = await kit.admin.get("/v1/audit-entries", params={"entity_kind": "read", "entity_id": read_id})
    assert [(e["action"], e["reason"]) for e in audit.json()["items"]] == [("read.corrected", "misread")]


async def test_a_correction_by_which_a_register_runs_backwards_is_refused_and_changes_nothing(kit: Kit) -> None:
    await january(kit)
    await kit.plan("2026-03-01")
    await kit.push_one("M0001", "2026-03-01", "290.00")
    before = await kit.counts()
    answer = await kit.clerk.post(
        "/v1/reads/M0001~20260131T160000Z~remote/correction",
        json={"unit": "kWh", "registers": {"import": "300.00"}, "reason": "misread"},
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "reading.negative_usage")
    assert await kit.counts() == before
