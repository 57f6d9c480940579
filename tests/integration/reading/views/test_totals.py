"""Control totals of a cycle."""

from tests.kits.reading import Kit, estimated_february, read


async def test_the_control_totals_of_a_cycle_count_every_read_and_usage(kit: Kit) -> None:
    await kit.district(2)
    await kit.plan("2026-02-01")
    good = read("M0001", "2026-02-01", "150.00")
    await kit.push(good, good, read("M0001", "2026-02-01", "151.00"), read("M9", "2026-02-01", "1.00"))
    await kit.push_one("M0002", "2026-02-01", "160.00")
    await kit.push_one("M0002", "2026-02-01", "161.00", "site")
    totals = (await kit.admin.get("/v1/control-totals", params={"cycle": "2026-01"})).json()
    totals = totals.get("totals", totals)
    assert totals["reads_received"] == totals["reads_accepted"] + totals["reads_duplicate"] + totals["reads_refused"]
    assert (totals["reads_received"], totals["reads_accepted"], totals["reads_refused"]) == (6, 3, 1)
    assert (totals["usages_published"], totals["usages_first"]) == (3, 2)
    assert (totals["usage_wh"], totals["usage_first_wh"]) == (50_000 + 60_000 + 61_000, 110_000)
    assert totals["usage_in_force_wh"] == 50_000 + 61_000


async def test_the_energy_in_force_is_what_ran_and_an_estimate_counts_once_however_often_it_is_told(kit: Kit) -> None:
    await estimated_february(kit)
    await kit.plan("2026-04-01")
    await kit.close("2026-04-02")
    await kit.push_one("M0001", "2026-02-01", "210.00", "site")  # both estimates are told again, on another average
    await kit.push_one("M0001", "2026-04-01", "400.00")
    totals = {}
    for cycle in ("2026-01", "2026-02", "2026-03"):
        totals[cycle] = (await kit.admin.get("/v1/control-totals", params={"cycle": cycle})).json()
    assert sum(each["usage_in_force_wh"] for each in totals.values()) == 300_000
    assert sum(each["usage_wh"] for each in totals.values()) > 300_000
    told = await kit.published("reading.estimate_made.v1")
    assert [each["cycle"] for each in told] == ["2026-02", "2026-03"]
    assert [each["estimates_made"] for each in totals.values()] == [0, 1, 1]


async def test_a_period_that_is_no_more_has_no_energy_in_force(kit: Kit) -> None:
    await estimated_february(kit)
    await kit.put("asked-ends", [{"service_point_no": "S0001", "day": "2026-02-11", "kind": "move"}])
    await kit.push_one("M0001", "2026-02-11", "240.00")
    totals = (await kit.admin.get("/v1/control-totals", params={"cycle": "2026-02"})).json()
    in_force = {(u["period_from"], u["period_to"]): u for u in await kit.usages() if u["cycle"] == "2026-02"}
    assert [key for key, u in sorted(in_force.items()) if u["withdrawn"]] == [("2026-02-01", "2026-03-01")]
    assert totals["usage_in_force_wh"] == sum(u["energy_wh"]["import"] for u in in_force.values() if not u["withdrawn"])
    assert totals["usages_first"] == 1  # what was told after the route was closed is late
