"""Reads of meters that stand nowhere yet."""

import asyncio
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from services.reading.intake.use_cases import changing
from services.reading.main import load_policies
from services.reading.network.domain.installations import Placement
from services.reading.network.domain.registers import Register
from services.reading.network.use_cases import installations
from services.reading.reads.domain import cover
from services.reading.reads.domain.days import ReadDays
from services.reading.reads.store import waiting
from services.reading.settings import SHIPPED_POLICY
from tests.kits.reading import ONE, UNIT, FixedClock, Kit, Statements, midnight, read, running

WAITING = "reading.waiting_for_installation"
DAYS = ReadDays(load_policies(SHIPPED_POLICY), ZoneInfo("Asia/Shanghai"))

INSTALLED = installations.Given(
    service_point_no="S7",
    meter_no="M7",
    installed_on=date(2026, 1, 10),
    removed_on=None,
    unit="kWh",
    opening={"import": "5.00"},
    closing=None,
)


async def _meter(kit: Kit, *meter_nos: str) -> None:
    await kit.put("meters", [{"meter_no": each, "org_unit": UNIT, "registers": list(ONE)} for each in meter_nos])


def _placement(service_point_no: str, meter_no: str, installed_on: date, removed_on: date | None = None) -> Placement:
    return Placement(
        service_point_no=service_point_no,
        meter_no=meter_no,
        installed_on=installed_on,
        removed_on=removed_on,
        registers=(Register("import", 8, 2),),
        opening=(0,),
        closing=None,
    )


async def _settle(kit: Kit, *placements: Placement) -> set[tuple[str, date]]:
    async with kit.database.begin() as tx:
        return await waiting.settle(tx, placements, DAYS)


async def _listed(kit: Kit, **query: str) -> list[str]:
    return [each["read_id"] for each in await kit.items("waiting-reads", **query)]


async def _totals(kit: Kit, cycle: str) -> dict[str, Any]:
    answer = await kit.admin.get("/v1/control-totals", params={"cycle": cycle})
    found: dict[str, Any] = answer.json()
    return found


async def test_a_read_of_a_meter_that_stands_nowhere_waits_and_is_listed(kit: Kit) -> None:
    await kit.district()
    await _meter(kit, "M7", "M8")
    items = [read("M7", "2026-01-20", "5.00"), read("M8", "2026-01-20", "6.00"), read("M0001", "2025-12-31", "90.00")]
    outcomes = await kit.push(*items)
    assert [(each["status"], each["code"]) for each in outcomes] == [("waiting", WAITING)] * 3
    assert await _listed(kit) == [
        f"{meter}~{at}~remote"
        for meter, at in (("M0001", "20251230T160000Z"), ("M7", "20260119T160000Z"), ("M8", "20260119T160000Z"))
    ]
    (one,) = await kit.items("waiting-reads", meter_no="M7")
    assert (one["read_at"], one["waiting_since"]) == ("2026-01-19T16:00:00Z", "2026-11-15T04:00:00Z")
    pages = await kit.clerk.get("/v1/waiting-reads", params={"limit": 2})
    more = await kit.clerk.get("/v1/waiting-reads", params={"limit": 2, "cursor": pages.json()["next_cursor"]})
    assert [len(page.json()["items"]) for page in (pages, more)] == [2, 1]
    other = kit.client("other", "reading:read", org_units=["zj/ningbo"])
    assert (await other.get("/v1/waiting-reads")).json()["items"] == []


async def test_a_waiting_read_comes_once_and_is_counted(kit: Kit) -> None:
    await kit.district()
    await _meter(kit, "M7")
    given = read("M7", "2026-01-20", "5.00")
    outcomes = await kit.push(given, given, given | {"registers": {"import": "6.00"}}, read("M9", "2026-01-20", "1.00"))
    assert [each["status"] for each in outcomes] == ["waiting", "already_accepted", "conflicting_duplicate", "refused"]
    assert [each["status"] for each in await kit.push(given)] == ["already_accepted"]
    assert len(await _listed(kit)) == 1
    totals = await _totals(kit, "2026-01")
    names = ("received", "accepted", "waiting", "duplicate", "refused")
    assert [totals[f"reads_{name}"] for name in names] == [5, 0, 1, 3, 1]


async def test_the_age_of_the_oldest_waiting_read_is_a_gauge(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    await _meter(kit, "M7")
    await kit.push_one("M7", "2026-01-20", "5.00")
    monkeypatch.setattr(FixedClock, "now", lambda _: datetime(2026, 11, 15, 5, tzinfo=UTC))
    assert "wattline_waiting_oldest_age_seconds 3600.0" in (await kit.bare().get("/metrics")).text


async def test_a_meter_that_its_uploader_may_not_see_does_not_wait(kit: Kit) -> None:
    await _meter(kit, "M7")
    other = kit.client("other", "reading:upload", org_units=["zj/ningbo"])
    answer = await other.post("/v1/reads", json={"items": [read("M7", "2026-01-20", "5.00")]})
    assert answer.json()["outcomes"][0]["code"] == "auth.other_org_unit"
    assert await _listed(kit) == []


async def test_a_row_of_a_file_waits_too_whatever_its_route(kit: Kit) -> None:
    await kit.district()
    await _meter(kit, "M7")
    body = f"meter_no,read_at,reader,import\nM7,{midnight('2026-01-20')},r-1,5.00\n"
    headers = {"Content-Type": "text/csv"}
    answer = await kit.clerk.post("/v1/reads/csv?route_no=R1", content=body.encode(), headers=headers)
    assert answer.json()["outcomes"][0]["status"] == "waiting"


async def test_an_installation_settles_the_reads_of_its_days_and_tells_which_they_are(kit: Kit) -> None:
    await _meter(kit, "M7", "M8")
    days = ("2026-01-09", "2026-01-10", "2026-01-20", "2026-01-31", "2026-02-01")
    await kit.push(*(read("M7", day, "5.00") for day in days), read("M8", "2026-01-20", "5.00"))
    await kit.push_one("M7", "", "5.00", read_at="2026-01-09T23:59:59+08:00")
    jan, end = date(2026, 1, 10), date(2026, 1, 31)
    touched = await _settle(kit, _placement("S2", "M7", end, date(2026, 1, 31)), _placement("S1", "M7", jan, end))
    assert touched == {("S1", date(2026, 1, day)) for day in (10, 20, 31)}
    assert await _listed(kit, meter_no="M7") == ["M7~20260108T160000Z~remote", "M7~20260131T160000Z~remote"]
    assert len(await _listed(kit)) == 3
    assert await _settle(kit, _placement("S1", "M7", jan, end)) == set()
    assert await _settle(kit) == set()


async def test_the_number_of_statements_is_the_same_for_10_and_1000_waiting_reads(kit: Kit) -> None:
    await _meter(kit, *(f"M{i}" for i in range(1000)))
    counts = []
    for day, count in (("2026-01-10", 10), ("2026-01-11", 1000)):
        with Statements(kit) as statements:
            await kit.push(*(read(f"M{i}", day, "5.00") for i in range(count)))
            await _settle(kit, *(_placement("S1", f"M{i}", date(2026, 1, 1)) for i in range(count)))
        counts.append(len(statements.texts))
    assert await _listed(kit) == []
    assert counts[0] == counts[1]


async def test_reads_wait_again_when_no_installation_covers_their_days_any_more(kit: Kit) -> None:
    await kit.district()
    days = ("2026-01-10", "2026-01-20", "2026-01-21", "2026-01-22")
    annulled = [await kit.push_one("M0001", day, "150.00") for day in days][-1]["id"]
    await kit.clerk.post(f"/v1/reads/{annulled}/annulment", json={"reason": "wrong_meter"})
    jan = date(2026, 1, 1)
    before, after = _placement("S0001", "M0001", jan), _placement("S0001", "M0001", jan, date(2026, 1, 20))
    for _ in range(2):
        async with kit.database.begin() as tx:
            await waiting.begin(tx, cover.lost([before], [after]), DAYS)
        assert await _listed(kit) == ["M0001~20260120T160000Z~remote"]
    async with kit.database.begin() as tx:
        await waiting.begin(tx, cover.lost([before], []), DAYS)
    assert len(await _listed(kit)) == 3
    assert len(await _settle(kit, before)) == 3


async def test_two_corrections_of_a_waiting_read_at_once_follow_one_another(kit: Kit) -> None:
    await _meter(kit, "M7")
    read_id = (await kit.push_one("M7", "2026-01-20", "5.00"))["id"]
    bodies = [{"unit": "kWh", "registers": {"import": f"{i}.00"}, "reason": "misread"} for i in range(6, 10)]
    answers = await asyncio.gather(*(kit.clerk.post(f"/v1/reads/{read_id}/correction", json=each) for each in bodies))
    assert sorted(each.json()["id"] for each in answers) == [f"{read_id}~{i}" for i in range(1, 5)]


async def test_what_comes_while_its_meter_is_being_installed_does_not_wait_for_ever(
    postgres_database: str, tmp_path: Path
) -> None:
    async with running(postgres_database, tmp_path) as kit:
        await kit.district()
        await _meter(kit, "M7")
        await kit.put("service-points", [{"service_point_no": "S7", "route_no": "R1"}])
        await kit.plan("2026-02-01")
        own, given = kit.service.app.state.context, INSTALLED
        async with kit.database.begin() as tx:
            by = changing.By(actor="clerk", may_see=lambda _: True)
            (put,) = await changing.put(tx, [given], by=by, own=own)
            assert put.status == "done"
            day = {"meter_no": "M7", "day": "2026-01-20", "unit": "Wh", "interval_minutes": 60, "values": [1] * 24}
            late = [
                asyncio.create_task(kit.push(read("M7", "2026-02-01", "35.00"))),
                asyncio.create_task(kit.clerk.post("/v1/curves", json={"items": [day]})),
            ]
            waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            while await tx.scalar(waits) < len(late) and not all(each.done() for each in late):  # noqa: ASYNC110 the database says so
                await asyncio.sleep(0.02)
        ((outcome,), answer) = await asyncio.gather(*late)
        assert (outcome["status"], answer.json()["outcomes"][0]["status"]) == ("accepted", "accepted")
        assert (await kit.items("waiting-reads"), await kit.items("waiting-curves")) == ([], [])
        assert await kit.energies("S7") == [("2026-02-01", 1, "actual", 30_000)]
