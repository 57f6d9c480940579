"""Observations: kept as told, listed, told once, whatever a phone does."""

from typing import Any

import httpx
import pytest

from tests.kits.effort import in_turn
from tests.kits.orders import ask, order, visitor
from tests.kits.reading import UNIT, Kit, Statements

FACT = "reading.observation_recorded.v1"
AT = "2026-02-05T10:21:00+08:00"


def seen(number: str = "n-1", **more: Any) -> dict[str, Any]:
    said = {"service_point_no": "S0001", "seen_at": AT, "kind": "tamper", "severity": "high"} | more
    return {"observation_no": number} | said


async def tell(client: httpx.AsyncClient, *items: Any) -> list[str]:
    answer = await client.post("/v1/observations", json={"items": items})
    assert answer.status_code == 200, answer.text
    return [each.get("code") or each["status"] for each in answer.json()["outcomes"]]


async def test_an_observation_is_kept_listed_and_told_once(kit: Kit) -> None:
    await kit.district()
    await ask(kit.clerk, order())
    one = seen(evidence="IMG-1", order_no="O1")
    assert await tell(visitor(kit), one, one) == ["accepted", "already_accepted"]
    assert await tell(visitor(kit), one | {"seen_at": "2026-02-05T02:21:00Z"}) == ["already_accepted"]
    assert await tell(visitor(kit), one | {"severity": "low"}) == ["conflicting_duplicate"]
    assert await tell(visitor(kit), one | {"seen_at": "2026-02-06T10:21:00+08:00"}) == ["conflicting_duplicate"]
    assert await tell(visitor(kit, "reader-8"), one) == ["accepted"]

    rows = await kit.items("observations", order_no="O1")
    assert sorted((row["observed_by"], row["kind"], row["severity"], row["evidence"]) for row in rows) == [
        ("reader-7", "tamper", "high", "IMG-1"),
        ("reader-8", "tamper", "high", "IMG-1"),
    ]
    told = await kit.published(FACT)
    assert {fact["observation_id"] for fact in told} == {row["observation_id"] for row in rows}
    assert [(fact["service_point_no"], fact["org_unit"], fact["order_no"]) for fact in told] == [
        ("S0001", UNIT, "O1")
    ] * 2


@in_turn(
    ("said", "code"),
    [
        ({"service_point_no": "S9"}, "reading.unknown_service_point"),
        ({"order_no": "O9"}, "reading.unknown_order"),
        ({"order_no": "O1", "service_point_no": "S0002"}, "reading.unknown_order"),
        ({"seen_at": "2026-12-05T10:21:00+08:00"}, "reading.in_the_future"),
        ({"seen_at": "2026-02-05T10:21:00.5+08:00"}, "reading.bad_time"),
        ({"seen_at": "2026-02-05T10:21:00"}, "reading.malformed_item"),
        ({"kind": "ghost"}, "reading.malformed_item"),
        ({"evidence": "Mr Wang at the door"}, "reading.malformed_item"),
        ({"remark": "Mr Wang"}, "reading.malformed_item"),
    ],
)
async def test_what_is_none_is_refused_by_itself(kit: Kit, said: dict[str, Any], code: str) -> None:
    await kit.district(2)
    await ask(kit.clerk, order())
    assert await tell(visitor(kit), seen(**said), seen("n-2")) == [code, "accepted"]
    assert len(await kit.published(FACT)) == 1


async def test_only_who_may_see_a_point_tells_and_sees_what_was_seen_there(kit: Kit) -> None:
    await kit.district()
    elsewhere = kit.client("reader-9", "reading:field", "reading:read", org_units=["zj/ningbo"])
    assert await tell(elsewhere, seen()) == ["auth.other_org_unit"]
    await tell(visitor(kit), seen())
    assert (await elsewhere.get("/v1/observations")).json()["items"] == []


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 3),
        ({"kind": "danger"}, 1),
        ({"severity": "high"}, 2),
        ({"service_point_no": "S0002"}, 1),
        ({"from": "2026-02-06"}, 1),
        ({"to": "2026-02-06"}, 2),
    ],
)
async def test_the_list_is_filtered(kit: Kit, query: dict[str, str], count: int) -> None:
    await kit.district(2)
    later = seen("n-2", kind="danger", seen_at="2026-02-06T00:00:00+08:00")
    assert set(await tell(visitor(kit), seen(), later, seen("n-3", severity="low", service_point_no="S0002"))) == {
        "accepted"
    }
    assert len(await kit.items("observations", **query)) == count


async def test_the_number_of_statements_is_the_same_for_2_and_200_observations(kit: Kit) -> None:
    await kit.district(200)
    counts = []
    for first, many in ((1, 2), (3, 198)):
        items = [seen(f"n-{i}", service_point_no=f"S{i:04}") for i in range(first, first + many)]
        with Statements(kit) as telling:
            assert set(await tell(visitor(kit), *items)) == {"accepted"}
        counts.append(len(telling.texts))
    assert counts[0] == counts[1]
