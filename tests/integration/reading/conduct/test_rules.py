"""Rules of conduct, each with what it finds and what is just under its limits, by the policy that ships."""

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.kits.effort import in_turn, walks
from tests.kits.reading import Kit, Statements, read

A_DAY = timedelta(days=1)
FIRST = "2026-02-01"


def seen(meter: int, day: str, value: str, *, reader: str = "anna", at: str | None = None) -> dict[str, Any]:
    """A site read; meters are read a minute after one another unless `at` says otherwise."""
    minutes = 9 * 60 + meter % 600
    at = at or f"{minutes // 60:02d}:{minutes % 60:02d}:00"
    return read(f"M{meter:04d}", day, value, source="site", reader=reader, read_at=f"{day}T{at}+08:00")


async def push(kit: Kit, reads: Sequence[dict[str, Any]], *, hours: int = 1) -> None:
    """Reads that come in so many hours after the last of them was made."""
    kit.clock.at = max(datetime.fromisoformat(each["read_at"]) for each in reads) + timedelta(hours=hours)
    assert {each["status"] for each in await kit.push(*reads)} == {"accepted"}


async def cycle(kit: Kit, read_date: str, reads: Sequence[dict[str, Any]], *, hours: int = 1) -> None:
    """A cycle of route R1: planned, read, closed."""
    day = date.fromisoformat(read_date)
    kit.clock.at = datetime.fromisoformat(f"{read_date}T04:00:00+08:00")
    await kit.plan(read_date)
    if reads:
        await push(kit, reads, hours=hours)
    kit.clock.at = datetime.fromisoformat(f"{day + A_DAY}T04:00:00+08:00")
    await kit.close(str(day + A_DAY))


async def look(kit: Kit, read_date: str, later: int = 0) -> Any:
    """The daily job, as soon as no read is of this date any more but one that is told late."""
    day = date.fromisoformat(read_date) + timedelta(days=11 + later)
    kit.clock.at = datetime.fromisoformat(f"{day}T04:00:00+08:00")
    return (await kit.job("find-conduct", str(day)))["counts"]


async def found(kit: Kit, **query: str) -> list[tuple[str, str, str | None, dict[str, int], str]]:
    rows = await kit.items("conduct-findings", **query)
    names = "rule", "subject", "reader", "numbers", "state"
    return [tuple(row[name] for name in names) for row in rows]  # type: ignore[misc]


def month(number: int) -> str:
    """The read date of a month, 2 is February 2026."""
    return f"2026-{number:02d}-01"


def near(read_date: str, days: int) -> str:
    return str(date.fromisoformat(read_date) + timedelta(days=days))


@pytest.mark.parametrize(("off", "finds"), [((2, 4, 5), True), ((2, 5), False), ((2, 3, 4), False)], ids=str)
async def test_a_point_that_is_read_off_its_day_in_three_of_six_cycles_is_found(
    kit: Kit, off: tuple[int, ...], finds: bool
) -> None:
    await kit.district()
    for number in range(2, 6):
        day = near(month(number), 2 if number in off else 1)
        await cycle(kit, month(number), [seen(1, day, f"{number * number * 13 + 150}.37")])
    await look(kit, month(5))
    numbers = {"cycles": 4, "off": 3, "days_off": 2}
    # in the third case the point is back on its day
    assert await found(kit) == ([("conduct.days_off", "S0001", "anna", numbers, "open")] if finds else [])


@pytest.mark.parametrize(("reads", "hours", "finds"), [(5, 73, True), (4, 73, False), (5, 72, False)])
async def test_reads_that_come_in_much_later_than_they_say_are_found(
    kit: Kit, reads: int, hours: int, finds: bool
) -> None:
    await kit.district(6)
    at = {"at": "09:00:00"}
    late = [seen(i, FIRST, f"{190 + i}.37", **at) for i in range(1, reads + 1)]
    await cycle(kit, FIRST, [seen(6, FIRST, "201.11", **at)])
    await push(kit, late, hours=hours)
    await look(kit, FIRST)
    numbers = {"reads": 6, "late": 5, "hours": 73}
    assert await found(kit) == ([("conduct.late_upload", "anna", "anna", numbers, "open")] if finds else [])


async def test_what_was_entered_in_time_and_released_later_is_not_late(kit: Kit) -> None:
    await kit.district(5)
    kit.clock.at = datetime.fromisoformat("2026-02-01T04:00:00+08:00")
    await kit.plan(FIRST)
    kit.clock.at = datetime.fromisoformat("2026-02-01T12:00:00+08:00")
    entries = [
        {
            "entry_no": f"e-{i}",
            "service_point_no": f"S{i:04d}",
            "meter_no": f"M{i:04d}",
            "seen_at": f"2026-02-01T09:0{i}:00+08:00",
            "unit": "kWh",
            "registers": {"import": f"{200 + i}.37"},
        }
        for i in range(1, 6)
    ]
    anna = kit.client("anna", "reading:field")
    answer = await anna.post("/v1/field-entries", json={"items": entries})
    assert {each["status"] for each in answer.json()["outcomes"]} == {"accepted"}, answer.text
    kit.clock.at = datetime.fromisoformat("2026-02-09T12:00:00+08:00")
    (batch,) = await kit.items("field-batches")
    seen_hash = (await kit.clerk.get(f"/v1/field-batches/{batch['batch_id']}")).json()["content_hash"]
    answer = await kit.clerk.post(
        f"/v1/field-batches/{batch['batch_id']}/release", json={"content_hash": seen_hash, "refused": []}
    )
    assert answer.status_code == 200, answer.text
    await look(kit, FIRST)
    assert await found(kit) == []


@pytest.mark.parametrize(("off", "points", "finds"), [(4, 5, True), (3, 5, False), (4, 4, False)])
async def test_a_route_of_which_four_fifths_are_read_off_their_day_is_found(
    kit: Kit, off: int, points: int, finds: bool
) -> None:
    await kit.district(points)
    reads = [seen(i, near(FIRST, -2 if i <= off else 0), f"{190 + i}.37") for i in range(1, points + 1)]
    await cycle(kit, FIRST, reads)
    await look(kit, FIRST)
    numbers = {"points": 5, "off": 4, "days_off": -2}
    assert await found(kit) == ([("conduct.route_drift", "R1", "anna", numbers, "open")] if finds else [])


@pytest.mark.parametrize(("before", "after", "finds"), [(4, 6, True), (4, 5, False)])
async def test_ten_reads_outside_the_window_are_found(kit: Kit, before: int, after: int, finds: bool) -> None:
    await kit.district(30)
    days = [-2] * before + [2] * after
    days += [0] * (30 - len(days))
    await cycle(kit, FIRST, [seen(i, near(FIRST, days[i - 1]), f"{190 + i}.37") for i in range(1, 31)])
    await look(kit, FIRST)
    numbers = {"reads": 30, "before": 4, "after": 6}
    assert await found(kit) == ([("conduct.outside_window", "anna", "anna", numbers, "open")] if finds else [])


@pytest.mark.parametrize(
    ("points", "last", "finds"), [(31, "09:00:59", True), (31, "09:01:00", False), (30, "09:00:59", False)]
)
async def test_more_points_in_a_minute_than_anybody_walks_are_found(
    kit: Kit, points: int, last: str, finds: bool
) -> None:
    await kit.district(points)
    times = ["09:00:00"] * (points - 1) + [last]
    await cycle(kit, FIRST, [seen(i, FIRST, f"{190 + i}.37", at=times[i - 1]) for i in range(1, points + 1)])
    await look(kit, FIRST)
    numbers = {"points": 31, "seconds": 60, "reads": 31}
    assert await found(kit) == ([("conduct.unwalkable", "anna", "anna", numbers, "open")] if finds else [])


@in_turn(
    ("values", "rule", "numbers"),
    [
        # 31 and 28 days: 3.1 kWh a day, and what that gives for the months after, half a kWh off at most
        (["200.00", "286.80", "382.90", "476.40"], "conduct.guess_estimate", {"cycles": 2, "tolerance_wh": 500}),
        (["200.00", "286.80", "383.41", "476.40"], None, None),
        (["210.00", "290.00", "380.00", "490.00"], "conduct.guess_round", {"cycles": 4, "kwh": 10}),
        (["210.00", "290.00", "380.00", "490.01"], None, None),
        # what stands still is no guess
        (["210.00", "210.00", "210.00", "210.00"], None, None),
        (["203.11", "287.22", "371.33", "455.44"], "conduct.guess_step", {"cycles": 3, "step_wh": 84110}),
        (["203.11", "287.22", "371.33", "455.45"], None, None),
    ],
    ids=str,
)
async def test_what_looks_like_a_guess_is_found(
    kit: Kit, values: list[str], rule: str | None, numbers: dict[str, int] | None
) -> None:
    await kit.district()
    for number, value in enumerate(values, start=2):
        await cycle(kit, month(number), [seen(1, month(number), value)])
    await look(kit, month(5))
    assert await found(kit) == ([(rule, "S0001", "anna", numbers, "open")] if rule else [])


async def test_facts_that_come_later_withdraw_what_was_found_and_find_it_again(kit: Kit) -> None:
    await kit.district(5)
    reads = [seen(i, near(FIRST, -2 if i <= 4 else 0), f"{190 + i}.37") for i in range(1, 6)]
    await cycle(kit, FIRST, reads)
    assert await look(kit, FIRST) == {"found": 1, "withdrawn": 0}
    assert await look(kit, FIRST, later=1) == {"found": 0, "withdrawn": 0}
    on_time = seen(1, FIRST, "191.99")
    await kit.push(on_time)
    assert await look(kit, FIRST, later=2) == {"found": 0, "withdrawn": 1}
    (row,) = await kit.items("conduct-findings")
    assert (row["state"], row["version"], row["found_on"]) == ("withdrawn", 2, "2026-02-12")
    answer = await kit.clerk.post("/v1/reads/M0001~20260201T010100Z~site/annulment", json={"reason": "wrong_meter"})
    assert answer.status_code == 200, answer.text
    assert await look(kit, FIRST, later=3) == {"found": 1, "withdrawn": 0}
    assert [each[-1] for each in await found(kit)] == ["open"]
    # ten days later the date is not looked at any more
    kit.clock.at = datetime.fromisoformat("2026-02-22T04:00:00+08:00")
    assert (await kit.job("find-conduct", "2026-02-22"))["counts"] == {}


async def test_a_finding_is_decided_on_by_another_person_in_the_version_seen(kit: Kit) -> None:
    await kit.district(31)
    await cycle(kit, FIRST, [seen(i, FIRST, f"{190 + i}.37", at="09:00:00") for i in range(1, 32)])
    await look(kit, FIRST)
    (row,) = await kit.items("conduct-findings", state="open")
    assert "wattline_conduct_findings_open 1.0" in (await kit.bare().get("/metrics")).text

    async def decide(client: Any, version: int = 1, verdict: str = "confirmed") -> str:
        item = {"finding_id": row["finding_id"], "version": version, "verdict": verdict, "explanation": "admitted"}
        answer = await client.post("/v1/conduct-findings/decisions", json={"items": [item]})
        (outcome,) = answer.json()["outcomes"]
        return str(outcome.get("code") or outcome["status"])

    assert await decide(kit.client("anna", "reading:write")) == "reading.own_conduct"
    foreign = kit.client("chief", "reading:write", "reading:read", org_units=["zj/ningbo"])
    assert await decide(foreign) == "reading.unknown_conduct_finding"
    assert (await foreign.get("/v1/conduct-findings")).json()["items"] == []
    assert await decide(kit.clerk, version=2) == "reading.conduct_finding_changed"
    assert await decide(kit.clerk) == "done"
    assert await decide(kit.clerk) == "already_done"
    assert await decide(kit.clerk, version=2, verdict="explained") == "reading.conduct_finding_changed"
    assert await look(kit, FIRST, later=1) == {"found": 0, "withdrawn": 0}
    assert [each[-1] for each in await found(kit)] == ["confirmed"]
    assert "wattline_conduct_findings_open 0.0" in (await kit.bare().get("/metrics")).text


@pytest.mark.parametrize("readers", [["anna"] * 5, ["anna", "anna", "bert", "bert", "bert"]], ids=["one", "two"])
async def test_a_drift_is_decided_on_by_nobody_who_has_read_the_route(kit: Kit, readers: list[str]) -> None:
    await kit.district(5)
    days = [(i, near(FIRST, -2), reader) for i, reader in enumerate(readers, 1)]
    await cycle(kit, FIRST, [seen(i, day, f"{190 + i}.37", reader=reader) for i, day, reader in days])
    await look(kit, FIRST)
    (row,) = await kit.items("conduct-findings", rule="conduct.route_drift")
    assert row["reader"] == ("anna" if set(readers) == {"anna"} else None)
    item = {"finding_id": row["finding_id"], "version": 1, "verdict": "explained", "explanation": "roadworks"}
    for who in sorted(set(readers)):
        answer = await kit.client(who, "reading:write").post("/v1/conduct-findings/decisions", json={"items": [item]})
        assert answer.json()["outcomes"][0]["code"] == "reading.own_conduct"
    answer = await kit.client("carl", "reading:write").post("/v1/conduct-findings/decisions", json={"items": [item]})
    assert answer.json()["outcomes"][0]["status"] == "done"


async def test_a_reader_sees_the_own_findings(kit: Kit) -> None:
    await kit.district(62)
    first = [seen(i, FIRST, f"{190 + i}.37", at="09:00:00") for i in range(1, 32)]
    await cycle(
        kit,
        FIRST,
        first
        + [
            each | {"reader": "bert"}
            for each in (seen(i, FIRST, f"{190 + i}.37", at="10:00:00") for i in range(32, 63))
        ],
    )
    await look(kit, FIRST)
    assert {each[2] for each in await found(kit)} == {"anna", "bert"}
    assert [each[2] for each in await found(kit, reader="bert", rule="conduct.unwalkable", cycle="2026-01")] == ["bert"]
    for who in ("anna", "bert", "cleo"):
        answer = await kit.client(who, "reading:field").get("/v1/conduct-findings", params={"reader": "anna"})
        assert [row["reader"] for row in answer.json()["items"]] == ([who] if who != "cleo" else [])


async def test_points_with_read_days_of_their_own_do_not_shorten_what_a_rule_looks_at(kit: Kit) -> None:
    await kit.district(2)
    await kit.move(15, "2026-01", point="S0002")
    for number, value in enumerate(("203.11", "287.22", "371.33", "455.44"), start=2):
        await cycle(kit, month(number), [seen(1, month(number), value)])
        await cycle(kit, near(month(number), 14), [])
    await look(kit, month(5))
    assert [each[0] for each in await found(kit)] == ["conduct.guess_step"]


TOLD = [seen(i, near(FIRST, -2 if i < 4 else 0), f"{190 + i}.37") for i in range(1, 6)] + [
    seen(1, near(FIRST, -4), "189.11", reader="bert"),
    seen(4, near(FIRST, 3), "197.11"),
    seen(5, near(FIRST, -3), "187.11"),
]


@walks(*range(4))
async def test_any_order_in_which_it_is_told_ends_in_the_same_findings(kit: Kit, seed: int) -> None:
    await kit.district(5)
    chance = random.Random(seed)
    told = chance.sample(TOLD, len(TOLD))
    before, between = sorted(chance.sample(range(len(told)), 2))
    await cycle(kit, FIRST, [])
    for later, reads in enumerate((told[:before], told[before:between], told[between:])):
        kit.clock.at = datetime.fromisoformat(f"2026-02-{11 + later}T04:00:00+08:00")
        await kit.push(*reads)
        await look(kit, FIRST, later=later)
    await kit.push(seen(4, near(FIRST, -2), "193.37"))
    answer = await kit.clerk.post("/v1/reads/M0004~20260201T010400Z~site/annulment", json={"reason": "wrong_meter"})
    assert answer.status_code == 200, answer.text
    await look(kit, FIRST, later=3)
    late = {"reads": 5, "late": 5, "hours": await _hours(kit)}
    assert await found(kit, state="open") == [
        ("conduct.late_upload", "anna", "anna", late, "open"),
        ("conduct.route_drift", "R1", "anna", {"points": 5, "off": 4, "days_off": -2}, "open"),
    ]


async def _hours(kit: Kit) -> int:
    """How late the latest of the reads came in: that is no matter of order, but of when it was told."""
    (row,) = await kit.items("conduct-findings", rule="conduct.late_upload", state="open")
    return int(row["numbers"]["hours"])


@pytest.mark.parametrize("size", [10, 1000])
async def test_rules_take_the_same_statements_whatever_the_size_of_a_route(kit: Kit, size: int) -> None:
    await kit.district(size)
    await cycle(kit, FIRST, [seen(i, near(FIRST, 2), f"{190 + i}.00") for i in range(1, size + 1)])
    with Statements(kit) as statements:
        assert (await look(kit, FIRST))["found"] > 0
    own = [text for text in statements.texts if "job_run" not in text and text.startswith(("SELECT", "WITH", "INSERT"))]
    assert len(own) == 12
