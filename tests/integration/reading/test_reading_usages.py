"""Reads become usages: the line from registers to facts, over REST."""

from tests.reading_kit import Kit, read


async def test_the_read_of_a_task_s_date_closes_its_period_and_publishes_the_usage(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    outcome = await kit.push_one("M0001", "2026-02-01", "350.50")
    assert outcome == {"index": 0, "status": "accepted", "id": "M0001~20260131T160000Z~remote"}
    (fact,) = await kit.published("reading.usage_measured.v1")
    assert fact["service_point_no"] == "S0001"
    assert (fact["period_from"], fact["period_to"], fact["cycle"]) == ("2026-01-01", "2026-02-01", "2026-01")
    assert (fact["version"], fact["quality"], fact["energy_wh"]) == (1, "actual", {"import": 250_500})
    assert fact["read_ids"] == ["M0001~20260131T160000Z~remote"]
    assert fact["causation_id"] == "M0001~20260131T160000Z~remote"
    assert fact["actors"] == ["clerk"]


async def test_a_usage_names_its_reads_and_a_read_the_upload_that_brought_it(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    outcome = await kit.push_one("M0001", "2026-02-01", "350.50")
    (usage,) = await kit.usages()
    assert usage["derived_from"] == [{"service": "reading", "kind": "read", "id": outcome["id"]}]
    shown = (await kit.clerk.get(f"/v1/reads/{outcome['id']}")).json()
    assert shown["derived_from"] == [{"service": "reading", "kind": "upload", "id": shown["upload_id"]}]


async def test_a_read_without_a_task_on_its_date_is_stored_and_closes_nothing(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    assert (await kit.push_one("M0001", "2026-01-15", "200.00"))["status"] == "accepted"
    assert await kit.usages() == []


async def test_a_read_that_was_there_before_its_task_closes_it_when_the_cycle_is_planned(kit: Kit) -> None:
    await kit.district()
    await kit.push(read("M0001", "2026-02-01", "150.00"), read("M0001", "2026-02-01", "151.00", "site", reader="r-1"))
    await kit.plan("2026-02-01")
    assert await kit.energies() == [("2026-02-01", 1, "actual", 51_000)]
    (usage,) = await kit.usages()
    assert usage["actors"] == ["r-1", "clerk"]


async def test_months_telescope_over_an_exchange_in_mid_cycle(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    await kit.push_one("M0001", "2026-02-01", "200.00")
    await kit.put(
        "meters", [{"meter_no": "M2", "org_unit": "zj", "registers": [{"quantity": "import", "digits": 6, "scale": 1}]}]
    )
    old = {"service_point_no": "S0001", "meter_no": "M0001", "installed_on": "2026-01-01", "unit": "kWh"}
    new = {"service_point_no": "S0001", "meter_no": "M2", "installed_on": "2026-02-11", "unit": "kWh"}
    outcomes = await kit.put(
        "installations",
        [
            old | {"opening": {"import": "100.00"}, "removed_on": "2026-02-11", "closing": {"import": "230.25"}},
            new | {"opening": {"import": "5.0"}},
        ],
    )
    assert [outcome["status"] for outcome in outcomes] == ["done", "done"]
    await kit.plan("2026-03-01")
    assert (await kit.push_one("M0001", "2026-03-01", "240.00"))["code"] == "reading.not_installed"
    await kit.push_one("M2", "2026-03-01", "65.5")
    assert await kit.energies() == [("2026-02-01", 1, "actual", 100_000), ("2026-03-01", 1, "actual", 90_750)]
    assert (await kit.usages())[1]["meter_nos"] == ["M0001", "M2"]


async def test_a_register_that_rolled_over_and_a_ct_multiplier_are_counted(kit: Kit) -> None:
    await kit.district(
        registers=[{"quantity": "import", "digits": 6, "scale": 0}, {"quantity": "export", "digits": 6, "scale": 0}],
        opening="999900",
        multiplier=60,
    )
    await kit.plan("2026-02-01")
    await kit.push_one("M0001", "2026-02-01", {"import": "000050", "export": "999901"})
    assert (await kit.usages())[0]["energy_wh"] == {"import": 150 * 60_000, "export": 60_000}


async def test_a_drop_that_no_rollover_explains_is_a_finding_and_its_task_is_estimated_or_missed(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    outcome = await kit.push_one("M0001", "2026-02-01", "90.00")
    assert (outcome["status"], outcome["code"]) == ("accepted", "reading.negative_usage")
    assert await kit.usages() == []
    (finding,) = await kit.items("findings")
    assert (finding["code"], finding["entity_id"]) == ("reading.negative_usage", outcome["id"])
    await kit.close("2026-02-02")
    (closed,) = await kit.published("reading.route_closed.v1")
    assert (closed["expected"], closed["missed"], closed["usages"]) == (1, 1, 0)


async def test_high_and_low_usages_are_told_with_their_findings(kit: Kit) -> None:
    await kit.district(2)
    await kit.plan("2026-02-01")
    await kit.push(read("M0001", "2026-02-01", "410.00"), read("M0002", "2026-02-01", "410.00"))
    await kit.plan("2026-03-01")
    await kit.push(read("M0001", "2026-03-01", "830.00"), read("M0002", "2026-03-01", "550.00"))
    assert (await kit.usages("S0001"))[1]["findings"] == ["reading.high_usage"]
    assert (await kit.usages("S0002"))[1]["findings"] == ["reading.low_usage"]
    assert {f["code"] for f in await kit.items("findings")} == {"reading.high_usage", "reading.low_usage"}


async def test_a_missed_month_is_covered_by_the_usage_of_the_next_read(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    await kit.close("2026-02-02")
    await kit.plan("2026-03-01")
    await kit.push_one("M0001", "2026-03-01", "300.00")
    (usage,) = await kit.usages()
    assert (usage["period_from"], usage["period_to"]) == ("2026-01-01", "2026-03-01")
    late = await kit.push_one("M0001", "2026-02-01", "200.00")
    assert (late["status"], late["code"]) == ("accepted", "reading.late_read_unused")
