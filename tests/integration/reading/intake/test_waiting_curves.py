"""Day curves of meters that stand nowhere yet."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from shared import packed
from tests.integration.reading.usage.test_curves_of_usages import contract, curve, push
from tests.kits.curves import days
from tests.kits.reading import ONE, UNIT, FixedClock, Kit, Statements, read

JANUARY = days(date(2026, 1, 1), date(2026, 2, 1))
FLAT = [100] * 48
TOLD = "reading.usage_measured.v1"


async def outcomes(kit: Kit, *items: dict[str, Any]) -> list[tuple[str, str | None]]:
    found = (await kit.clerk.post("/v1/curves", json={"items": items})).json()["outcomes"]
    return [(each["status"], each.get("code")) for each in found]


async def meter(kit: Kit, *numbers: int, **more: Any) -> None:
    one = {"org_unit": UNIT, "registers": list(ONE)} | more
    await kit.put("meters", [{"meter_no": f"M{n:04d}"} | one for n in numbers])


async def waiting(kit: Kit, **query: str) -> list[tuple[str, str, str]]:
    found = await kit.items("waiting-curves", **query)
    return [(each["meter_no"], each["day"], each["quantity"]) for each in found]


def installed(on: str = "2026-01-01", **more: Any) -> dict[str, Any]:
    known = {"service_point_no": "S0001", "meter_no": "M0001", "installed_on": on, "unit": "kWh"}
    return known | {"opening": {"import": "100.00"}} | more


async def test_a_curve_of_a_meter_that_stands_nowhere_waits_and_is_listed(kit: Kit) -> None:
    await kit.district()
    await meter(kit, 7, 8)
    given = [curve(date(2026, 1, 20), meter=7), curve(date(2026, 1, 20), meter=8), curve(date(2025, 12, 31))]
    assert await outcomes(kit, *given, curve(date(2026, 1, 20), meter=9)) == [
        *[("waiting", "reading.waiting_for_installation")] * 3,
        ("refused", "reading.unknown_meter"),
    ]
    assert await waiting(kit) == [
        ("M0001", "2025-12-31", "import"),
        ("M0007", "2026-01-20", "import"),
        ("M0008", "2026-01-20", "import"),
    ]
    (one,) = await kit.items("waiting-curves", meter_no="M0007")
    assert one["waiting_since"] == "2026-11-15T04:00:00Z"
    pages = await kit.clerk.get("/v1/waiting-curves", params={"limit": 2})
    more = await kit.clerk.get("/v1/waiting-curves", params={"limit": 2, "cursor": pages.json()["next_cursor"]})
    assert [len(page.json()["items"]) for page in (pages, more)] == [2, 1]
    other = kit.client("other", "reading:read", org_units=["zj/ningbo"])
    assert (await other.get("/v1/waiting-curves")).json()["items"] == []
    (version,) = (await kit.clerk.get("/v1/curves/M0007/2026-01-20/versions")).json()["items"]
    upload = (await kit.admin.get(f"/v1/trace/upload/{version['upload_id']}")).json()["document"]
    assert [upload[name] for name in ("received", "accepted", "waiting", "refused")] == [4, 0, 3, 1]


async def test_versions_of_a_waiting_curve_are_kept_as_those_of_others(kit: Kit) -> None:
    await meter(kit, 1)
    gap, other = curve(JANUARY[0], [None, *FLAT[1:]]), curve(JANUARY[0], [7, *FLAT[1:]])
    found = [status for item in (gap, gap, curve(JANUARY[0]), other) for status, _ in await outcomes(kit, item)]
    assert found == ["waiting", "already_accepted", "waiting", "conflicting_duplicate"]
    assert (await kit.clerk.get("/v1/curves/M0001/2026-01-01")).json()["values"] == FLAT
    assert await waiting(kit) == [("M0001", "2026-01-01", "import")]


async def test_the_age_of_the_oldest_waiting_curve_is_a_gauge(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    await meter(kit, 1)
    await push(kit, curve(JANUARY[0]))
    monkeypatch.setattr(FixedClock, "now", lambda _: datetime(2026, 11, 15, 5, tzinfo=UTC))
    assert "wattline_waiting_oldest_age_seconds 3600.0" in (await kit.bare().get("/metrics")).text


async def test_a_meter_that_its_uploader_may_not_see_does_not_wait(kit: Kit) -> None:
    await meter(kit, 1)
    other = kit.client("other", "reading:upload", org_units=["zj/ningbo"])
    answer = await other.post("/v1/curves", json={"items": [curve(JANUARY[0])]})
    assert answer.json()["outcomes"][0]["code"] == "auth.other_org_unit"
    assert await waiting(kit) == []


WILD, GAP = [2500, *FLAT[1:]], [None, None, *FLAT[2:]]  # the first half hour of 5 kW, where the connection carries 4


async def _tell(kit: Kit, part: str) -> None:
    if part == "installation":
        await kit.put("installations", [installed()])
    elif part == "curves":
        await push(kit, *(curve(day, {9: WILD, 12: GAP}.get(day.day, FLAT)) for day in JANUARY))
        await push(kit, curve(JANUARY[8], [120, *FLAT[1:]], quality="e" * 48))
    elif part == "contract":
        await contract(kit, 1)
    elif part == "plan":
        await kit.plan("2026-02-01")
    else:
        await kit.push(read("M0001", "2026-02-01", "248.80"))


@pytest.mark.parametrize(
    "order",
    [
        ("installation", "contract", "plan", "read", "curves"),
        ("contract", "curves", "installation", "plan", "read"),
        ("curves", "contract", "plan", "read", "installation"),
        ("plan", "read", "installation", "curves", "contract"),
    ],
)
async def test_curves_before_and_behind_the_installation_end_in_the_same_usage(
    kit: Kit, order: tuple[str, ...]
) -> None:
    await kit.put("routes", [{"route_no": "R1", "org_unit": UNIT, "read_day": 1}])
    await kit.put("service-points", [{"service_point_no": "S0001", "route_no": "R1", "connection_kw": 4}])
    await meter(kit, 1)
    for part in order:
        await _tell(kit, part)
    assert await waiting(kit) == []
    fact = (await kit.published(TOLD))[-1]
    slots = FLAT * 31
    slots[8 * 48], slots[11 * 48], slots[11 * 48 + 1] = (
        112,
        94,
        94,
    )  # 300 Wh that the registers leave for 120, 100 and 100
    assert [packed.unpack(each["values"]) for each in fact["curves"]] == [slots]
    told = (fact["period_from"], fact["period_to"], fact["energy_wh"], fact["demand_w"], fact["findings"])
    assert told == ("2026-01-01", "2026-02-01", {"import": 148_800}, {"demand": 200}, ["reading.curve_filled"])
    found = {(each["entity_id"], each["code"]) for each in await kit.items("findings", service_point_no="S0001")}
    assert found >= {
        ("M0001~2026-01-09~import", "reading.curve_beyond_possible"),
        ("M0001~2026-01-12~import", "reading.curve_gap_found"),
    }
    versions = (await kit.clerk.get("/v1/curves/M0001/2026-01-09/versions")).json()["items"]
    assert [(each["values"][0], each["quality"][0], each["effect"]) for each in versions] == [
        (2500, "s", "used"),
        (120, "e", "used"),
    ]


async def test_curves_wait_again_when_no_installation_covers_their_days_any_more(kit: Kit) -> None:
    await kit.district()
    await contract(kit, 1)
    await push(kit, *(curve(day) for day in JANUARY))
    await kit.plan("2026-02-01")
    await kit.push_one("M0001", "2026-02-01", "248.80")
    off = installed(removed_on="2026-01-20", closing={"import": "191.20"})  # what stood until its first instant
    assert [each["status"] for each in await kit.put("installations", [off])] == ["done"]
    assert await waiting(kit) == [("M0001", str(day), "import") for day in JANUARY[20:]]
    path = "/v1/installations/M0001/2026-01-01"
    for action, body in (
        ("correction", {"removed_on": None, "reason": "mistyped", "confirm": True}),
        ("annulment", {"reason": "never_was"}),
    ):
        answer = await kit.clerk.post(f"{path}/{action}", json=body)
        assert answer.json()["status"] == "done", answer.text
        assert len(await waiting(kit)) == (31 if action == "annulment" else 0)
    assert [each["status"] for each in await kit.put("installations", [installed()])] == ["done"]
    assert await waiting(kit) == []
    fact = (await kit.published(TOLD))[-1]
    assert (fact["energy_wh"], [packed.unpack(each["values"]) for each in fact["curves"]]) == (
        {"import": 148_800},
        [FLAT * 31],
    )


async def test_a_curve_that_its_installation_has_no_register_for_goes_on_waiting(kit: Kit) -> None:
    two = [*ONE, {"quantity": "export", "digits": 8, "scale": 2}]
    await meter(kit, 1, registers=two)
    await push(kit, curve(JANUARY[0]), curve(JANUARY[0], quantity="export"))
    await kit.district()  # the meter has one register
    assert await waiting(kit) == [("M0001", "2026-01-01", "export")]


async def test_the_number_of_statements_is_the_same_for_10_and_1000_waiting_curves(kit: Kit) -> None:
    await kit.district()
    await contract(kit, 1)
    await kit.clerk.post("/v1/installations/M0001/2026-01-01/annulment", json={"reason": "never_was"})
    counts = []
    for first, count in ((date(2025, 1, 1), 1), (date(2024, 1, 1), 10), (date(2021, 1, 1), 1000)):
        with Statements(kit) as statements:
            await push(kit, *(curve(first + timedelta(days=i), [*FLAT[1:], None]) for i in range(count)))
            await kit.put("installations", [installed(str(first))])
            await kit.clerk.post(f"/v1/installations/M0001/{first}/annulment", json={"reason": "never_was"})
        counts.append(len(statements.texts))
        assert len(await waiting(kit, limit="500")) == min(sum(n for n in (1, 10, 1000) if n <= count), 500)
    assert counts[1] == counts[2]  # the first also notes what the contract asks of the point
