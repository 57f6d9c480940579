"""Reads become usages: the line from registers to facts, over REST."""

from tests.kits.reading import Kit


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
    assert (await kit.push_one("M0001", "2026-03-01", "240.00"))["status"] == "waiting"
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


async def test_a_missed_month_is_covered_by_the_usage_of_the_next_read(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    await kit.close("2026-02-02")
    await kit.plan("2026-03-01")
    await kit.push_one("M0001", "2026-03-01", "300.00")
    (usage,) = await kit.usages()
    assert (usage["period_from"], usage["period_to"], usage["months"]) == ("2026-01-01", "2026-03-01", 2)


async def test_a_late_read_for_a_missed_month_gives_it_a_period_of_its_own(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    await kit.close("2026-02-02")
    await kit.plan("2026-03-01")
    await kit.push_one("M0001", "2026-03-01", "300.00")
    await kit.push_one("M0001", "2026-02-01", "200.00")
    usages = sorted(await kit.usages(), key=lambda usage: (usage["version"], usage["period_to"]))
    whole, gone, january, february = usages
    assert (gone["period_to"], gone["withdrawn"], gone["version"], gone["energy_wh"]) == (
        *(whole["period_to"], True, 2, {"import": 0}),
    )
    assert [(u["period_to"], u["version"], u["energy_wh"]["import"], u["months"]) for u in (january, february)] == [
        ("2026-02-01", 3, 100_000, 1),
        ("2026-03-01", 3, 100_000, 1),
    ]
    assert (january["late"], february["late"]) == (True, False)
