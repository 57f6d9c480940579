"""What readers saw is kept as entered, and is no read before another person has released it."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from services.reading.field import tables
from tests.kits.effort import in_turn
from tests.kits.reading import UNIT, Kit, Statements, january, read

AT = "2026-03-01T09:30:00+08:00"


def reader(kit: Kit, subject: str = "reader-7", **more: Any) -> httpx.AsyncClient:
    return kit.client(subject, "reading:field", **more)


def seen(number: int, value: str | None = "290.00", at: str = AT, entry_no: str = "", **more: Any) -> dict[str, Any]:
    what = {"unread_reason": "no_access"} if value is None else {"unit": "kWh", "registers": {"import": value}}
    entry = {"entry_no": entry_no or f"e-{number}", "meter_no": f"M{number:04}", "seen_at": at} | what | more
    return {name: given for name, given in entry.items() if given is not None}


async def enter(client: httpx.AsyncClient, *entries: Any) -> list[str]:
    answer = await client.post("/v1/field-entries", json={"items": entries})
    assert answer.status_code == 200, answer.text
    return [each.get("code") or each["status"] for each in answer.json()["outcomes"]]


async def take_back(client: httpx.AsyncClient, *numbers: str) -> list[str]:
    body = {"items": [{"entry_no": number, "reason": "wrong_door"} for number in numbers]}
    answer = await client.post("/v1/field-entries/withdrawals", json=body)
    assert answer.status_code == 200, answer.text
    return [each.get("code") or each["status"] for each in answer.json()["outcomes"]]


async def batches(kit: Kit, **query: str) -> list[dict[str, Any]]:
    return await kit.items("field-batches", **query)


async def batch(kit: Kit, at: int = 0) -> dict[str, Any]:
    found = sorted(await batches(kit), key=lambda each: (each["read_date"], each["number"]))
    answer = await kit.clerk.get(f"/v1/field-batches/{found[at]['batch_id']}")
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def release(
    kit: Kit, shown: dict[str, Any], *, refused: dict[str, str] | None = None, client: Any = None
) -> httpx.Response:
    body = {
        "content_hash": shown["content_hash"],
        "refused": [{"entry_no": number, "reason": reason} for number, reason in (refused or {}).items()],
    }
    found: httpx.Response = await (client or kit.clerk).post(
        f"/v1/field-batches/{shown['batch_id']}/release", json=body
    )
    return found


def became(answer: httpx.Response) -> list[tuple[str, str, str | None]]:
    assert answer.status_code == 200, answer.text
    return [(each["entry_no"], each["status"], each["code"]) for each in answer.json()["outcomes"]]


async def test_an_entry_is_no_read_until_another_person_releases_its_batch(kit: Kit) -> None:
    await january(kit)
    await kit.plan("2026-03-01")
    assert await enter(reader(kit), seen(1)) == ["accepted"]
    assert [period[0] for period in await kit.energies()] == ["2026-02-01"]
    assert (await kit.counts())["read"] == 1

    shown = await batch(kit)
    assert (shown["reader"], shown["route_no"], shown["cycle"], shown["waiting"]) == ("reader-7", "R1", "2026-02", 1)
    own = kit.client("reader-7", "reading:upload")
    assert (await release(kit, shown, client=own)).json()["code"] == "reading.reader_is_uploader"
    assert (await kit.counts())["read"] == 1

    assert became(await release(kit, shown)) == [("e-1", "accepted", None)]
    assert [period[0] for period in await kit.energies()] == ["2026-02-01", "2026-03-01"]
    made = (await kit.clerk.get("/v1/reads/M0001~20260301T013000Z~site")).json()
    assert (made["reader"], made["registers"]) == ("reader-7", {"import": "290.00"})
    assert (await kit.usages())[-1]["actors"] == ["clerk", "reader-7"]
    (entry,) = (await batch(kit))["entries"]
    assert (entry["state"], entry["decided_by"], entry["status"]) == ("released", "clerk", "accepted")
    audit = await kit.admin.get(
        "/v1/audit-entries", params={"entity_kind": "field_batch", "entity_id": shown["batch_id"]}
    )
    assert [(e["action"], e["actor"]) for e in audit.json()["items"]] == [("field_batch.released", "clerk")]


async def test_a_phone_that_was_offline_for_a_day_and_posts_twice_changes_nothing(kit: Kit) -> None:
    await january(kit, 2)
    await kit.plan("2026-03-01")
    phone = [seen(2, "280.00"), seen(1, at="2026-03-01T08:00:00+08:00")]
    assert await enter(reader(kit), *phone) == ["accepted", "accepted"]
    before = await batch(kit)
    assert await enter(reader(kit), *reversed(phone)) == ["already_accepted", "already_accepted"]
    assert await batch(kit) == before
    assert await enter(reader(kit), seen(1, "999.00")) == ["conflicting_duplicate"]
    await release(kit, before)
    rows = await kit.counts()
    assert await enter(reader(kit), *phone, phone[0]) == ["already_accepted"] * 3
    assert await kit.counts() == rows
    assert len(await batches(kit)) == 1


async def test_the_same_number_of_another_reader_is_another_entry(kit: Kit) -> None:
    await january(kit)
    assert await enter(reader(kit), seen(1)) == ["accepted"]
    assert await enter(reader(kit, "reader-8"), seen(1, "291.00")) == ["accepted"]
    assert sorted(each["reader"] for each in await batches(kit)) == ["reader-7", "reader-8"]


async def test_what_comes_after_a_release_is_the_next_batch(kit: Kit) -> None:
    await january(kit, 2)
    await kit.plan("2026-03-01")
    await enter(reader(kit), seen(1))
    await release(kit, await batch(kit))
    await enter(reader(kit), seen(2, "280.00"))
    assert [each["number"] for each in await batches(kit)] in ([1, 2], [2, 1])
    (left,) = await batches(kit, open="true")
    assert (left["number"], left["waiting"]) == (2, 1)
    assert became(await release(kit, await batch(kit, 1))) == [("e-2", "accepted", None)]


@pytest.mark.parametrize(
    ("at", "cycle"),
    [
        ("2026-02-28T09:00:00+08:00", "2026-02"),
        ("2026-03-01T09:00:00+08:00", "2026-02"),
        ("2026-03-03T09:00:00+08:00", "2026-02"),
        ("2026-03-25T09:00:00+08:00", "2026-03"),
    ],
)
async def test_an_entry_belongs_to_the_nearest_read_date_of_its_route(kit: Kit, at: str, cycle: str) -> None:
    await january(kit)
    await enter(reader(kit), seen(1, at=at))
    assert [each["cycle"] for each in await batches(kit)] == [cycle]


async def test_a_release_of_something_else_than_was_seen_changes_nothing(kit: Kit) -> None:
    await january(kit, 2)
    await enter(reader(kit), seen(1))
    old = await batch(kit)
    await enter(reader(kit), seen(2))
    answer = await release(kit, old)
    assert (answer.status_code, answer.json()["code"]) == (412, "reading.field_batch_changed")
    assert (await kit.counts())["read"] == 2
    new = await batch(kit)
    assert (await release(kit, new, refused={"e-9": "unknown"})).json()["code"] == "reading.unknown_entry"
    assert await take_back(reader(kit), "e-2") == ["done"]
    assert (await release(kit, new)).status_code == 412
    assert became(await release(kit, await batch(kit))) == [("e-1", "accepted", None)]


async def test_a_release_whose_answer_was_lost_is_answered_again_to_the_same_person_alone(kit: Kit) -> None:
    await january(kit, 2)
    await enter(reader(kit), seen(1), seen(2, "280.00"))
    shown = await batch(kit)
    first = became(await release(kit, shown, refused={"e-2": "misread"}))
    assert first == [("e-1", "accepted", None), ("e-2", "refused", "misread")]
    assert became(await release(kit, shown)) == first
    other = kit.client("clerk-2", "reading:upload")
    assert (await release(kit, shown, client=other)).json()["code"] == "reading.field_batch_released"


async def test_of_two_who_release_at_once_one_does_and_what_is_entered_meanwhile_is_not_released_unseen(
    kit: Kit,
) -> None:
    await january(kit, 2)
    await enter(reader(kit), seen(1))
    shown = await batch(kit)
    clerks = [kit.client(f"clerk-{n}", "reading:upload") for n in (1, 2)]
    first, second, _ = await asyncio.gather(
        *(release(kit, shown, client=client) for client in clerks), enter(reader(kit), seen(2))
    )
    assert sorted([first.status_code, second.status_code]) in ([200, 409], [412, 412])
    entries = [entry for n in range(len(await batches(kit))) for entry in (await batch(kit, n))["entries"]]
    assert {entry["state"] for entry in entries if entry["entry_no"] == "e-2"} == {"entered"}


async def test_two_devices_of_a_reader_send_the_same_at_once_and_it_is_kept_once(kit: Kit) -> None:
    await january(kit, 3)
    both = await asyncio.gather(*(enter(reader(kit), seen(1), seen(n)) for n in (2, 3)))
    codes = sorted(code for found in both for code in found)
    assert codes in (
        ["accepted", "accepted", "accepted", "already_accepted"],
        ["accepted", "accepted", "request.changed_meanwhile", "request.changed_meanwhile"],
    )


async def test_a_wrong_entry_is_taken_back_by_its_reader_or_refused_and_nothing_vanishes(kit: Kit) -> None:
    await january(kit, 3)
    await enter(reader(kit), seen(1), seen(2, "280.00"), seen(3, "270.00"))
    assert await take_back(reader(kit, "reader-8"), "e-1") == ["reading.unknown_entry"]
    assert await take_back(reader(kit), "e-1") == ["done"]
    assert await take_back(reader(kit), "e-1") == ["already_done"]
    await release(kit, await batch(kit), refused={"e-2": "misread"})
    assert await take_back(reader(kit), "e-3", "e-2") == ["reading.entry_decided"] * 2
    entries = {each["entry_no"]: each for each in (await batch(kit))["entries"]}
    assert {number: (each["state"], each["reason"], each["decided_by"]) for number, each in entries.items()} == {
        "e-1": ("taken_back", "wrong_door", None),
        "e-2": ("refused", "misread", "clerk"),
        "e-3": ("released", None, "clerk"),
    }
    assert await enter(reader(kit), seen(1)) == ["already_accepted"]  # it stays taken back
    assert (await kit.counts())["read"] == 4


async def test_each_item_is_answered_by_the_rules_of_reads(kit: Kit) -> None:
    await january(kit, 4)
    await kit.plan("2026-03-01")
    await kit.push(read("M0001", "", "290.00", "site", read_at=AT))
    entries = [seen(1), seen(2, "1.001"), seen(3, "-1"), seen(4, "280.00")]
    assert await enter(reader(kit), *entries, seen(1, "291.00", entry_no="e-9")) == ["accepted"] * 5
    assert became(await release(kit, await batch(kit))) == [
        ("e-1", "already_accepted", None),
        ("e-2", "refused", "reading.too_many_digits"),
        ("e-3", "refused", "reading.negative"),
        ("e-4", "accepted", None),
        ("e-9", "conflicting_duplicate", None),
    ]


async def test_an_unread_point_has_its_reason_from_the_release_on_as_its_reader_says(kit: Kit) -> None:
    await january(kit, 2)
    await kit.plan("2026-03-01")
    unread = seen(1, None, meter_no=None, service_point_no="S0001")
    assert await enter(reader(kit), unread, seen(2, "280.00")) == ["accepted"] * 2
    progress = (await kit.clerk.get("/v1/routes/R1/cycles/2026-02")).json()
    assert progress["unexplained"] == 2
    assert became(await release(kit, await batch(kit))) == [("e-2", "accepted", None), ("e-1", "accepted", None)][::-1]
    assert (await kit.clerk.get("/v1/routes/R1/cycles/2026-02")).json()["unexplained"] == 0
    (task,) = await kit.items("tasks", service_point_no="S0001", cycle="2026-02")
    assert task["unread_reason"] == "no_access"


@in_turn(
    ("change", "code"),
    [
        ({"unit": "Wh"}, "reading.wrong_unit"),
        ({"seen_at": "2026-11-16T12:00:00+08:00"}, "reading.in_the_future"),
        ({"seen_at": "2026-03-01T09:30:00"}, "reading.bad_time"),
        ({"meter_no": "M9999"}, "reading.unknown_meter"),
        ({"service_point_no": "S9999"}, "reading.unknown_point"),
        ({"service_point_no": "S0002"}, "reading.other_point"),
        ({"meter_no": "M-LOOSE"}, "reading.point_not_named"),
        ({"meter_no": None}, "reading.malformed_item"),
        ({"unread_reason": "no_access"}, "reading.malformed_item"),
        ({"registers": None}, "reading.malformed_item"),
        ({"reader": "reader-8"}, "reading.malformed_item"),
        ({"notes": ["Zhang San was there"]}, "reading.malformed_item"),
    ],
)
async def test_a_bad_item_is_refused_by_itself_and_its_neighbours_are_kept(
    kit: Kit, change: dict[str, Any], code: str
) -> None:
    await january(kit, 2)
    await kit.put(
        "meters",
        [{"meter_no": "M-LOOSE", "org_unit": UNIT, "registers": [{"quantity": "import", "digits": 8, "scale": 2}]}],
    )
    bad = {name: value for name, value in (seen(1) | change).items() if value is not None}
    assert await enter(reader(kit), seen(2), bad, "nothing") == ["accepted", code, "reading.malformed_item"]
    assert [each["entry_no"] for each in (await batch(kit))["entries"]] == ["e-2"]


async def test_a_meter_that_stands_nowhere_yet_waits_after_the_release(kit: Kit) -> None:
    await january(kit)
    await kit.put(
        "meters", [{"meter_no": "M7", "org_unit": UNIT, "registers": [{"quantity": "import", "digits": 8, "scale": 2}]}]
    )
    assert await enter(reader(kit), seen(7, "5.00", meter_no="M7", service_point_no="S0001")) == ["accepted"]
    shown = await batch(kit)
    assert shown["entries"][0]["findings"] == ["reading.waiting_for_installation"]
    assert became(await release(kit, shown)) == [("e-7", "waiting", "reading.waiting_for_installation")]


async def test_other_org_units_neither_enter_nor_see_nor_release(kit: Kit) -> None:
    await january(kit)
    assert await enter(reader(kit, org_units=["zj/ningbo"]), seen(1)) == ["auth.other_org_unit"]
    await enter(reader(kit), seen(1))
    shown = await batch(kit)
    other = kit.client("clerk-2", "reading:upload", "reading:read", org_units=["zj/ningbo"])
    assert (await other.get("/v1/field-batches")).json()["items"] == []
    assert (await other.get(f"/v1/field-batches/{shown['batch_id']}")).status_code == 404
    assert (await release(kit, shown, client=other)).json()["code"] == "reading.unknown_field_batch"
    assert (await release(kit, shown, client=reader(kit))).status_code == 403


async def test_the_database_itself_refuses_who_releases_or_decides_on_own_entries(kit: Kit) -> None:
    await january(kit)
    await enter(reader(kit), seen(1))
    for statement in (
        update(tables.BATCH).values(released_by="reader-7"),
        update(tables.ENTRY).values(decided_by="reader-7", state="released"),
        update(tables.ENTRY).values(state="released"),
    ):
        with pytest.raises(IntegrityError):
            async with kit.database.begin() as tx:
                await tx.execute(statement)


async def test_the_number_of_statements_is_the_same_for_10_and_1000_entries(kit: Kit) -> None:
    """Of a batch with registers, unread points, and entries that are refused or taken back."""
    await january(kit, 1000)
    await kit.plan("2026-03-01")
    counts = []
    for first, many in ((1, 10), (11, 990)):
        client = reader(kit, f"reader-{first}")
        entries = [seen(n, None if n % 5 == 0 else "290.00") for n in range(first, first + many)]
        with Statements(kit) as entering:
            assert set(await enter(client, *entries)) == {"accepted"}
        with Statements(kit) as again:
            assert set(await enter(client, *entries)) == {"already_accepted"}
        with Statements(kit) as taking:
            await take_back(client, *(entry["entry_no"] for entry in entries if entry["entry_no"].endswith("1")))
        (found,) = await batches(kit, open="true")
        with Statements(kit) as looking:
            shown = (await kit.clerk.get(f"/v1/field-batches/{found['batch_id']}")).json()
        with Statements(kit) as releasing:
            refused = {entry["entry_no"]: "doubtful" for entry in entries if entry["entry_no"].endswith("2")}
            answer = await release(kit, shown, refused=refused)
        assert {status for _, status, _ in became(answer)} == {"accepted", "refused"}
        counts.append(tuple(len(each.texts) for each in (entering, again, taking, looking, releasing)))
    assert counts[0] == counts[1]


async def test_a_full_batch_is_followed_by_the_next(kit: Kit) -> None:
    await january(kit)
    many = [
        seen(1, at=f"2026-03-01T{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}+08:00", entry_no=f"n-{n}")
        for n in range(1001)
    ]
    await enter(reader(kit), *many[:600])
    await enter(reader(kit), *many[600:])
    assert sorted((each["number"], each["waiting"]) for each in await batches(kit)) == [(1, 600), (2, 401)]
