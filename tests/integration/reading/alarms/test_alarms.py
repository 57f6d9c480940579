"""Alarms of meters and head-ends: taken, kept, listed and told."""

import json
from typing import Any

import httpx
import pytest

from shared.web import devices
from tests.kits.reading import UNIT, Kit, Statements

PATH = "/v1/meter-events"
FACT = "reading.meter_alarm_raised.v1"
NAMED = ("cover_opened", "magnetic_field")
METER = {"org_unit": UNIT, "registers": [{"quantity": "import", "digits": 8, "scale": 2}]}


def alarm(meter_no: str = "M0001", **more: Any) -> dict[str, Any]:
    at = "2026-02-01T03:12:00+08:00"
    return {"meter_no": meter_no, "happened_at": at, "kind": "reverse_flow", "source": "meter"} | more


async def tell(client: httpx.AsyncClient, *items: Any) -> list[dict[str, Any]]:
    answer = await client.post(PATH, json={"items": items})
    assert answer.status_code == 200, answer.text
    outcomes: list[dict[str, Any]] = answer.json()["outcomes"]
    return outcomes


async def as_device(kit: Kit, device_id: str, *items: Any, **signing: Any) -> httpx.Response:
    body = json.dumps({"items": items}).encode()
    key = kit.device_keys[device_id]
    signed = devices.sign(key=key, device_id=device_id, method="POST", target=PATH, body=body, **signing)
    return await kit.bare(signed | {"Content-Type": "application/json"}).post(PATH, content=body)


def codes(outcomes: list[dict[str, Any]]) -> list[str]:
    return [outcome.get("code") or outcome["status"] for outcome in outcomes]


async def test_an_alarm_is_kept_listed_and_told_once(kit: Kit) -> None:
    await kit.district()
    begun, ended = alarm(), alarm(happened_at="2026-02-01T04:00:00+08:00", state="ended")

    assert codes(await tell(kit.clerk, begun, ended)) == ["accepted"] * 2
    same_instant = begun | {"happened_at": "2026-01-31T19:12:00Z", "state": "occurred"}
    again = await tell(kit.clerk, same_instant)

    assert codes(again) == ["already_accepted"]
    listed = await kit.items("meter-events")
    assert [(item["service_point_no"], item["org_unit"], item["kind"], item["state"]) for item in listed] == [
        ("S0001", UNIT, "reverse_flow", "occurred"),
        ("S0001", UNIT, "reverse_flow", "ended"),
    ]
    told = await kit.published(FACT)
    assert [(fact["service_point_no"], fact["state"]) for fact in told] == [("S0001", "occurred"), ("S0001", "ended")]
    assert [fact["alarm_id"] for fact in told] == [item["alarm_id"] for item in listed]
    assert again[0]["id"] == told[0]["alarm_id"]


async def test_an_alarm_that_the_policy_names_asks_for_one_inspection_at_a_time(kit: Kit) -> None:
    await kit.district(2)
    first = alarm(kind="cover_opened")
    again = [alarm(kind=kind, happened_at=f"2026-02-0{day}T03:12:00+08:00") for day in (2, 3) for kind in NAMED]
    others = [alarm("M0002"), alarm("M0002", kind="magnetic_field", state="ended")]
    assert set(codes(await tell(kit.clerk, first, *again, *others))) == {"accepted"}
    assert codes(await tell(kit.clerk, first)) == ["already_accepted"]

    (order,) = await kit.items("site-orders")
    told = await kit.published(FACT)
    assert (order["kind"], order["origin"], order["reason"], order["service_point_no"]) == (
        "inspection",
        "rule",
        "cover_opened",
        "S0001",
    )
    assert (order["reference"], order["asked_on"], order["due_on"]) == (told[0]["alarm_id"], "2026-02-01", "2026-02-06")
    reader = kit.client("reader-7", "reading:field")
    done = {"order_no": order["order_no"], "visited_at": "2026-02-04T09:00:00+08:00", "result": "tampered"}
    await reader.post("/v1/site-orders/reports", json={"items": [done]})
    await tell(kit.clerk, alarm(kind="cover_opened", happened_at="2026-02-05T03:12:00+08:00"))
    assert [each["state"] for each in await kit.items("site-orders")] == ["done", "open"]


async def test_the_other_state_of_a_known_alarm_changes_nothing_and_is_found(kit: Kit) -> None:
    await kit.district()
    (first, conflicting) = await tell(kit.clerk, alarm(), alarm(state="ended"))
    (later,) = await tell(kit.clerk, alarm(state="ended"))

    assert codes([first, conflicting, later]) == ["accepted", "conflicting_duplicate", "conflicting_duplicate"]
    assert [item["state"] for item in await kit.items("meter-events")] == ["occurred"]
    (finding,) = await kit.items("findings", code="reading.conflicting_duplicate")
    assert (finding["entity_kind"], finding["entity_id"], finding["cycle"]) == ("alarm", first["id"], "2026-01")
    assert len(await kit.published(FACT)) == 1


async def test_alarms_of_another_kind_source_instant_or_meter_are_others(kit: Kit) -> None:
    await kit.district(2)
    others: tuple[dict[str, str], ...] = (
        {},
        {"kind": "phase"},
        {"source": "head_end"},
        {"happened_at": "2026-02-01T03:12:01+08:00"},
        {"meter_no": "M0002"},
    )

    outcomes = await tell(kit.clerk, *(alarm(**other) for other in others))

    assert codes(outcomes) == ["accepted"] * 5
    assert len({outcome["id"] for outcome in outcomes}) == len(await kit.items("meter-events")) == 5


async def test_each_item_is_answered_by_itself(kit: Kit) -> None:
    await kit.district()

    outcomes = await tell(
        kit.clerk,
        alarm("M9"),
        alarm(kind="hot"),
        alarm(happened_at="2026-11-20T00:00:00+08:00"),
        alarm(happened_at="2026-02-01T03:12:00.5+08:00"),
        alarm(happened_at="2026-02-01T03:12:00"),
        alarm() | {"13800000000": "x"},
        7,
        alarm(),
    )

    assert codes(outcomes) == [
        "reading.unknown_meter",
        "reading.malformed_item",
        "reading.in_the_future",
        "reading.bad_time",
        "reading.malformed_item",
        "reading.malformed_item",
        "reading.malformed_item",
        "accepted",
    ]
    assert [outcomes[i]["message"] for i in (1, 4, 5, 6)] == [
        "malformed: kind",
        "malformed: happened_at",
        "it has an unknown field",
        "malformed: item",
    ]
    too_many = await kit.clerk.post(PATH, json={"items": [alarm()] * 1001})
    assert too_many.status_code == 422


async def test_an_alarm_of_a_meter_that_stands_nowhere_is_kept_and_told_to_nobody(kit: Kit) -> None:
    await kit.put("meters", [{"meter_no": "M9"} | METER])

    assert codes(await tell(kit.clerk, alarm("M9"))) == ["reading.meter_stands_nowhere"]
    assert codes(await tell(kit.clerk, alarm("M9"))) == ["already_accepted"]

    (item,) = await kit.items("meter-events", meter_no="M9")
    assert (item["service_point_no"], item["org_unit"]) == ("", UNIT)
    assert await kit.published(FACT) == []


async def test_a_device_tells_of_its_meters_alone_and_each_message_counts_once(kit: Kit) -> None:
    await kit.district(2)
    await kit.device("headend-1")
    await kit.device("headend-2", "zj/ningbo")
    await kit.device("own", meter_no="M0001")
    await kit.device("other", meter_no="M0002")
    for device_id in ("headend-2", "other"):
        assert codes((await as_device(kit, device_id, alarm())).json()["outcomes"]) == ["auth.other_org_unit"]
    by_itself = await as_device(kit, "own", alarm(), alarm(source="head_end"))
    assert codes(by_itself.json()["outcomes"]) == ["accepted", "reading.unknown_source"]

    nonce = "n" * 20
    told = await as_device(kit, "headend-1", alarm(source="head_end"), nonce=nonce)
    assert codes(told.json()["outcomes"]) == ["accepted"]
    replayed = await as_device(kit, "headend-1", alarm(source="head_end"), nonce=nonce)
    assert (replayed.status_code, replayed.json()["code"]) == (401, "auth.replayed_message")
    anew = await as_device(kit, "headend-1", alarm(source="head_end"))
    assert codes(anew.json()["outcomes"]) == ["already_accepted"]
    kit.device_keys["headend-1"] = b"another"
    forged = await as_device(kit, "headend-1", alarm(kind="clock"))
    assert (forged.status_code, forged.json()["code"]) == (401, "auth.invalid_signature")

    listed = await kit.items("meter-events")
    assert [(item["source"], item["uploader"]) for item in listed] == [
        ("head_end", "headend-1"),
        ("meter", "own"),
    ]
    assert listed[0]["message_id"] == nonce


async def test_a_person_tells_of_the_meters_of_their_org_units_and_sees_these(kit: Kit) -> None:
    await kit.district()
    scopes = ("reading:upload", "reading:read")
    foreign = kit.client("clerk", *scopes, org_units=["zj/ningbo"])
    own = kit.client("clerk", *scopes, org_units=["zj/hangzhou"])

    assert codes(await tell(foreign, alarm())) == ["auth.other_org_unit"]
    assert codes(await tell(own, alarm())) == ["accepted"]

    assert (await foreign.get(PATH)).json()["items"] == []
    assert len((await own.get(PATH)).json()["items"]) == 1
    assert (await kit.keeper.post(PATH, json={"items": [alarm()]})).status_code == 403


async def test_the_list_has_filters_and_pages(kit: Kit) -> None:
    await kit.district(2)
    days = ("2026-02-01T00:00:00+08:00", "2026-02-01T23:59:59+08:00", "2026-02-02T00:00:00+08:00")
    await tell(kit.clerk, *(alarm(happened_at=day) for day in days), alarm("M0002", kind="clock"))

    async def found(**query: str) -> list[tuple[str, str]]:
        return [(item["meter_no"], item["kind"]) for item in await kit.items("meter-events", **query)]

    one, other = ("M0001", "reverse_flow"), ("M0002", "clock")
    assert await found() == [one, other, one, one]
    assert (
        await found(meter_no="M0002") == await found(service_point_no="S0002") == await found(kind="clock") == [other]
    )
    assert await found(**{"from": "2026-02-01", "to": "2026-02-02"}) == [one, other, one]
    assert await found(**{"from": "2026-02-02"}) == [one]
    first = (await kit.clerk.get(PATH, params={"limit": 3})).json()
    second = (await kit.clerk.get(PATH, params={"limit": 3, "cursor": first["next_cursor"]})).json()
    assert first["items"] + second["items"] == await kit.items("meter-events")
    assert (len(second["items"]), second["next_cursor"]) == (1, None)


async def test_new_alarms_are_counted_by_kind(kit: Kit) -> None:
    await kit.district()
    await tell(kit.clerk, alarm(), alarm(), alarm(kind="clock"), alarm("M9", kind="phase"))

    shown = (await kit.bare().get("/metrics")).text

    lines = sorted(line for line in shown.splitlines() if line.startswith("wattline_meter_alarms_total"))
    assert lines == [f'wattline_meter_alarms_total{{kind="{kind}"}} 1.0' for kind in ("clock", "reverse_flow")]


@pytest.mark.parametrize("known", [False, True], ids=["new", "again"])
@pytest.mark.parametrize(("kinds", "limit"), [(("phase", "clock"), 8), (NAMED, 12)], ids=["told", "asked"])
async def test_a_batch_takes_as_many_statements_whatever_its_size(
    kit: Kit, known: bool, kinds: tuple[str, str], limit: int
) -> None:
    await kit.district(1000)
    taken = []
    for kind, count in zip(kinds, (10, 1000), strict=True):
        batch = [alarm(f"M{n:04d}", kind=kind) for n in range(1, count + 1)]
        if known:
            await tell(kit.clerk, *batch)
        with Statements(kit) as statements:
            await tell(kit.clerk, *batch)
        taken.append(len(statements.texts))
    assert taken[0] == taken[1] <= limit, taken
