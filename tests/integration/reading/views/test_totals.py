"""Control totals of a cycle."""

from tests.kits.reading import Kit, read


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
