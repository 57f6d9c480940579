"""Corrected reads."""

from typing import Any

from services.reading.reads.store import corrections
from tests.kits.effort import in_turn
from tests.kits.reading import ONE, UNIT, Kit, january, read
from tests.kits.usages import periods

READ_ID = "M0001~20260131T160000Z~remote"


async def _post(kit: Kit, what: str, read_id: str = READ_ID, **body: Any) -> dict[str, Any]:
    answer = await kit.clerk.post(f"/v1/reads/{read_id}/{what}", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _correct(kit: Kit, value: str, read_id: str = READ_ID, **more: Any) -> dict[str, Any]:
    body = {"unit": "kWh", "registers": {"import": value}, "reason": "misread"} | more
    return await _post(kit, "correction", read_id, **body)


async def _shown(kit: Kit, read_id: str = READ_ID) -> dict[str, Any]:
    found: dict[str, Any] = (await kit.clerk.get(f"/v1/reads/{read_id}")).json()
    return found


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


async def test_a_correction_that_makes_others_suspect_says_which_and_is_done_when_it_is_confirmed(kit: Kit) -> None:
    await january(kit)
    await kit.plan("2026-03-01")
    await kit.push_one("M0001", "2026-03-01", "290.00")
    before = await kit.counts()
    body = {"unit": "kWh", "registers": {"import": "300.00"}, "reason": "misread"}
    path = "/v1/reads/M0001~20260131T160000Z~remote/correction"
    answer = await kit.clerk.post(path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "reading.makes_suspect")
    assert answer.json()["detail"] == "M0001~20260228T160000Z~remote"
    assert await kit.counts() == before
    assert (await kit.clerk.post(path, json=body | {"confirm": True})).json()["status"] == "done"
    assert (await kit.energies())[1:] == [
        *(("2026-02-01", 2, "edited", 200_000), ("2026-03-01", 1, "actual", 90_000), ("2026-03-01", 2, "actual", 0)),
    ]
    assert [u["withdrawn"] for u in await kit.usages() if u["period_to"] == "2026-03-01"].count(True) == 1
    (task,) = [t for t in await kit.items("tasks") if t["read_date"] == "2026-03-01"]
    assert task["status"] == "suspect"


async def test_what_a_person_edited_stands_against_any_number_of_reads_until_it_is_annulled(kit: Kit) -> None:
    await january(kit)
    for day, shown in (("2026-03-01", "290.00"), ("2026-04-01", "380.00"), ("2026-05-01", "470.00")):
        await kit.plan(day)
        await kit.push_one("M0001", day, shown)
    await _correct(kit, "500.00", confirm=True)
    assert await periods(kit) == [("2026-01-01", "2026-02-01", "edited", 400_000)]
    assert [t["status"] for t in await kit.items("tasks")] == ["read", "suspect", "suspect", "suspect"]
    await _post(kit, "annulment", reason="misread")
    assert [(to, wh) for _, to, _, wh in await periods(kit)] == [
        ("2026-03-01", 190_000),
        ("2026-04-01", 90_000),
        ("2026-05-01", 90_000),
    ]


async def test_an_annulled_read_is_kept_and_closes_nothing(kit: Kit) -> None:
    await kit.district()
    await kit.push(read("M0001", "2026-02-01", "150.00"), read("M0001", "2026-02-01", "160.00", "site"))
    site = READ_ID.replace("remote", "site")
    assert (await _post(kit, "annulment", site, reason="wrong_meter"))["id"] == f"{site}~1"
    assert (await _post(kit, "annulment", site, reason="wrong_meter"))["status"] == "already_done"
    shown = await _shown(kit, site)
    assert (shown["annulled"], shown["registers"]) == (True, {"import": "160.00"})
    assert [(each["number"], each["kind"], each["reason"]) for each in shown["corrections"]] == [
        (1, "annulled", "wrong_meter")
    ]
    assert (await _shown(kit))["annulled"] is False
    audit = await kit.admin.get("/v1/audit-entries", params={"entity_kind": "read", "entity_id": site})
    assert [(e["action"], e["actor"], e["reason"]) for e in audit.json()["items"]] == [
        ("read.annulled", "clerk", "wrong_meter")
    ]
    await kit.plan("2026-02-01")
    assert await kit.energies() == [("2026-02-01", 1, "actual", 50_000)]


async def test_an_annulment_is_taken_back_by_a_correction_though_its_registers_are_those_received(kit: Kit) -> None:
    await kit.district()
    await kit.push_one("M0001", "2026-02-01", "150.00")
    await _post(kit, "annulment", reason="wrong_meter")
    assert (await _correct(kit, "150.00"))["status"] == "done"
    assert (await _correct(kit, "150.00"))["status"] == "already_done"
    shown = await _shown(kit)
    assert (shown["annulled"], [each["kind"] for each in shown["corrections"]]) == (False, ["annulled", "edited"])
    await kit.plan("2026-02-01")
    assert await kit.energies() == [("2026-02-01", 1, "edited", 50_000)]


async def test_a_corrected_read_ranks_above_one_that_was_read_on_site(kit: Kit) -> None:
    await kit.district()
    await kit.push(read("M0001", "2026-02-01", "150.00"), read("M0001", "2026-02-01", "160.00", "site"))
    await _correct(kit, "155.00")
    await kit.plan("2026-02-01")
    assert await kit.energies() == [("2026-02-01", 1, "edited", 55_000)]


async def test_turns_and_what_was_confirmed_are_kept_with_the_correction_and_the_next_says_all_anew(kit: Kit) -> None:
    await kit.district()
    await kit.push_one("M0001", "2026-01-20", "150.00")
    read_id = "M0001~20260119T160000Z~remote"
    assert (await _correct(kit, "150.00", read_id, turns={"import": 1}, confirm=True))["status"] == "done"
    assert (await _correct(kit, "150.00", read_id, turns={"import": 1}))["status"] == "already_done"
    assert (await _correct(kit, "150.00", read_id))["status"] == "done"
    shown = (await _shown(kit, read_id))["corrections"]
    assert [(each["turns"], each["confirmed"]) for each in shown] == [({"import": 1}, True), ({}, False)]
    await _post(kit, "annulment", read_id, reason="wrong_meter")
    async with kit.database.view() as view:
        edit = (await corrections.in_force(view, [read_id, READ_ID]))[read_id]
    assert (edit.number, edit.annulled, edit.counts, edit.turns) == (3, True, (15_000,), {})


@in_turn(
    ("change", "status"),
    [
        ({"turns": {"export": 1}}, 422),
        ({"turns": {"import": -1}}, 422),
        ({"turns": {"import": 100}}, 422),
        ({"turns": {"import": "a"}}, 422),
        ({"turns": [1]}, 422),
        ({"confirm": "perhaps"}, 422),
        ({"registers": {"import": "1.001"}}, 422),
        ({"unit": "Wh"}, 422),
        ({"reason": "Because I say so"}, 422),
    ],
)
async def test_a_bad_correction_changes_nothing(kit: Kit, change: dict[str, Any], status: int) -> None:
    await kit.district()
    await kit.push_one("M0001", "2026-02-01", "150.00")
    before = await kit.counts()
    body = {"unit": "kWh", "registers": {"import": "151.00"}, "reason": "misread"} | change
    answer = await kit.clerk.post(f"/v1/reads/{READ_ID}/correction", json=body)
    assert answer.status_code == status
    assert await kit.counts() == before


async def test_a_read_that_is_not_there_and_one_of_another_org_unit_are_not_annulled(kit: Kit) -> None:
    await kit.district()
    await kit.push_one("M0001", "2026-02-01", "150.00")
    other = kit.client("other", "reading:write", org_units=["zj/ningbo"])
    for client, read_id in ((other, READ_ID), (kit.clerk, READ_ID.replace("remote", "self")), (kit.clerk, "x")):
        answer = await client.post(f"/v1/reads/{read_id}/annulment", json={"reason": "wrong_meter"})
        assert (answer.status_code, answer.json()["code"]) == (404, "reading.unknown_read")
    assert (await _shown(kit))["annulled"] is False


async def test_a_waiting_read_is_corrected_and_does_not_wait_while_it_is_annulled(kit: Kit) -> None:
    await kit.put("meters", [{"meter_no": "M7", "org_unit": UNIT, "registers": list(ONE)}])
    read_id = (await kit.push_one("M7", "2026-01-20", "5.00"))["id"]
    assert (await _correct(kit, "6.00", read_id))["status"] == "done"
    assert [each["read_id"] for each in await kit.items("waiting-reads")] == [read_id]
    await _post(kit, "annulment", read_id, reason="wrong_meter")
    assert await kit.items("waiting-reads") == []
    await _correct(kit, "6.00", read_id)
    assert [each["read_id"] for each in await kit.items("waiting-reads")] == [read_id]
