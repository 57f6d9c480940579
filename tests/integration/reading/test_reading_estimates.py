"""Estimates and what settles them; late, better and corrected reads after the usage went out."""

from datetime import date, timedelta

from services.reading.application import closing, planning
from tests.reading_kit import ONE, UNIT, Kit, Statements, read


async def _january(kit: Kit, meters: int = 1) -> None:
    """100 kWh in January (31 days)."""
    await kit.district(meters)
    await kit.plan("2026-02-01")
    await kit.push(*(read(f"M{i:04d}", "2026-02-01", "200.00") for i in range(1, meters + 1)))
    await kit.close("2026-02-02")


async def _estimated_february(kit: Kit) -> None:
    """28 days of 100 kWh a month of 31: 90.32 kWh; the register stands at 290.32."""
    await _january(kit)
    await kit.plan("2026-03-01")
    await kit.close("2026-03-02")


async def test_a_missing_read_is_estimated_by_previous_usage_and_told(kit: Kit) -> None:
    await _estimated_february(kit)
    assert (await kit.energies())[1] == ("2026-03-01", 1, "estimated", 90_320)
    (told,) = await kit.published("reading.estimate_made.v1")
    assert (told["energy_wh"], told["reason"], told["estimates_in_a_row"]) == (90_320, "no_read", 1)
    usage = (await kit.usages())[1]
    assert (usage["estimate_reason"], usage["actors"]) == ("no_read", ["clerk", "system:close-routes"])
    closed = (await kit.published("reading.route_closed.v1"))[1]
    assert {k: closed[k] for k in ("expected", "actual", "estimated", "missed", "usages", "sum_wh")} == {
        "expected": 1,
        "actual": 0,
        "estimated": 1,
        "missed": 0,
        "usages": 1,
        "sum_wh": 90_320,
    }
    assert "reading.missing_read" in {f["code"] for f in await kit.items("findings")}


async def test_planning_and_closing_take_as_many_statements_for_a_route_of_500_as_for_one_of_10(kit: Kit) -> None:
    own = kit.service.app.state.context
    counts = []
    for route, first, points in (("R1", 0, 10), ("R2", 10, 500)):
        numbers = [f"{n:04}" for n in range(first, first + points)]
        await kit.put("routes", [{"route_no": route, "org_unit": UNIT, "read_day": 1}])
        await kit.put("service-points", [{"service_point_no": f"S{n}", "route_no": route} for n in numbers])
        await kit.put("meters", [{"meter_no": f"M{n}", "org_unit": UNIT, "registers": list(ONE)} for n in numbers])
        put = {"installed_on": "2026-01-01", "unit": "kWh", "opening": {"import": "100.00"}}
        await kit.put("installations", [{"service_point_no": f"S{n}", "meter_no": f"M{n}"} | put for n in numbers])
        for month, share in ((2, 1), (3, 2)):  # in the second month every other point is not read
            day = date(2026, month, 1)
            with Statements(kit) as statements:
                async with kit.database.begin() as tx:
                    await planning.plan(tx, route_no=route, business_date=day, policies=own.policies, zone=own.zone)
            await kit.push(*(read(f"M{n}", str(day), f"{100 + 30 * (month - 1)}.00") for n in numbers[::share]))
            with statements:
                async with kit.database.begin() as tx:
                    found = await closing.close(
                        tx,
                        route_no=route,
                        cycle=f"2026-{month - 1:02}",
                        business_date=day + timedelta(days=1),
                        policies=own.policies,
                    )
        assert found["estimated"] == points // 2, found
        counts.append(len(statements.texts))
    assert counts[0] == counts[1]


async def test_the_next_actual_read_settles_an_estimate_by_itself(kit: Kit) -> None:
    await _estimated_february(kit)
    await kit.plan("2026-04-01")
    await kit.push_one("M0001", "2026-04-01", "380.00")
    assert await kit.energies() == [
        ("2026-02-01", 1, "actual", 100_000),
        ("2026-03-01", 1, "estimated", 90_320),
        ("2026-04-01", 1, "actual", 89_680),
    ]
    assert (await kit.usages())[2]["settles_estimate"] is True


async def test_an_estimate_above_the_next_actual_read_is_spread_by_days_and_superseded(kit: Kit) -> None:
    await _estimated_february(kit)
    await kit.plan("2026-04-01")
    await kit.push_one("M0001", "2026-04-01", "259.00")  # 59 kWh over 59 days
    assert await kit.energies() == [
        ("2026-02-01", 1, "actual", 100_000),
        ("2026-03-01", 1, "estimated", 90_320),
        ("2026-03-01", 2, "estimated", 28_000),
        ("2026-04-01", 1, "actual", 31_000),
    ]
    superseding = next(u for u in await kit.usages() if u["version"] == 2)
    assert superseding["replaces_reason"] == "estimate_settled"


async def test_a_late_read_of_the_read_date_supersedes_the_estimate(kit: Kit) -> None:
    await _estimated_february(kit)
    await kit.push_one("M0001", "2026-03-01", "250.00")
    assert (await kit.energies())[1:] == [
        ("2026-03-01", 1, "estimated", 90_320),
        ("2026-03-01", 2, "actual", 50_000),
    ]
    assert (await kit.usages())[2]["replaces_reason"] == "late_read"


async def test_a_late_read_after_the_next_period_was_measured_changes_both_and_keeps_their_sum(kit: Kit) -> None:
    await _estimated_february(kit)
    await kit.plan("2026-04-01")
    await kit.push_one("M0001", "2026-04-01", "380.00")
    await kit.push_one("M0001", "2026-03-01", "250.00")
    assert (await kit.energies())[2:] == [
        ("2026-03-01", 2, "actual", 50_000),
        ("2026-04-01", 1, "actual", 89_680),
        ("2026-04-01", 2, "actual", 130_000),
    ]


async def test_a_corrected_read_gives_version_two_of_its_period_and_of_the_next(kit: Kit) -> None:
    await _january(kit)
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
    await _january(kit)
    await kit.plan("2026-03-01")
    await kit.push_one("M0001", "2026-03-01", "290.00")
    before = await kit.counts()
    answer = await kit.clerk.post(
        "/v1/reads/M0001~20260131T160000Z~remote/correction",
        json={"unit": "kWh", "registers": {"import": "300.00"}, "reason": "misread"},
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "reading.negative_usage")
    assert await kit.counts() == before


async def test_a_worse_read_never_replaces_a_better_one_and_a_better_one_supersedes(kit: Kit) -> None:
    await _january(kit)
    await kit.push_one("M0001", "2026-02-01", "199.00", "self")
    assert len(await kit.usages()) == 1
    await kit.push_one("M0001", "2026-02-01", "201.00", "site", reader="r-1")
    assert (await kit.energies())[1] == ("2026-02-01", 2, "actual", 101_000)
    assert (await kit.usages())[1]["replaces_reason"] == "better_read"
    await kit.push_one("M0001", "2026-02-01", "205.00", read_at="2026-02-01T10:00:00+08:00")
    assert len(await kit.usages()) == 2


async def test_estimates_in_a_row_have_a_limit(kit: Kit) -> None:
    await _january(kit)
    for month in range(3, 10):
        await kit.plan(f"2026-{month:02d}-01")
        await kit.close(f"2026-{month:02d}-02")
    qualities = [u["quality"] for u in await kit.usages()]
    assert qualities == ["actual"] + ["estimated"] * 6
    assert (await kit.published("reading.route_closed.v1"))[-1]["missed"] == 1


async def test_several_estimates_are_aligned_together_when_the_meter_is_read_again(kit: Kit) -> None:
    await _january(kit)
    for month in (3, 4):
        await kit.plan(f"2026-{month:02d}-01")
        await kit.close(f"2026-{month:02d}-02")
    await kit.plan("2026-05-01")
    await kit.push_one("M0001", "2026-05-01", "289.00")  # 89 kWh over 89 days
    latest = {u["period_to"]: u["energy_wh"]["import"] for u in await kit.usages()}
    assert latest == {"2026-02-01": 100_000, "2026-03-01": 28_000, "2026-04-01": 31_000, "2026-05-01": 30_000}


async def test_a_reader_says_why_a_point_was_not_read_and_the_estimate_carries_it(kit: Kit) -> None:
    await _january(kit, meters=3)
    await kit.plan("2026-03-01")
    await kit.push_one("M0003", "2026-03-01", "250.00")
    note = {"service_point_no": "S0001", "read_date": "2026-03-01", "reason": "no_access"}
    assert [o["status"] for o in await kit.put("unread-reasons", [note])] == ["done"]
    assert [o["status"] for o in await kit.put("unread-reasons", [note])] == ["already_done"]
    progress = (await kit.clerk.get("/v1/routes/R1/cycles/2026-02")).json()
    assert (progress["expected"], progress["actual"], progress["unexplained"]) == (3, 1, 1)
    await kit.close("2026-03-02")
    assert {e["service_point_no"]: e["reason"] for e in await kit.published("reading.estimate_made.v1")} == {
        "S0001": "no_access",
        "S0002": "no_read",
    }
    tasks = {t["service_point_no"]: t["unread_reason"] for t in await kit.items("tasks", cycle="2026-02")}
    assert tasks == {"S0001": "no_access", "S0002": None, "S0003": None}
    progress = (await kit.clerk.get("/v1/routes/R1/cycles/2026-02")).json()
    assert (progress["closed_on"], progress["estimated"], progress["unexplained"]) == ("2026-03-02", 2, 1)


async def test_a_reason_for_what_was_read_is_not_to_be_read_or_is_closed_is_refused(kit: Kit) -> None:
    await _january(kit)
    await kit.plan("2026-03-01")
    notes = [
        {"service_point_no": "S0001", "read_date": day, "reason": "no_access"} for day in ("2026-02-01", "2026-02-17")
    ]
    found = await kit.put("unread-reasons", [*notes, notes[0] | {"service_point_no": "S9999"}])
    assert [o["code"] for o in found] == ["reading.task_done", "reading.unknown_task", "reading.unknown_task"]
