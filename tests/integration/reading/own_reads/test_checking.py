"""A customer's own read is checked by the next read of somebody else: confirmed, doubted or contradicted. On both databases."""

from itertools import permutations

import pytest

from tests.kits.reading import Kit, Statements, read

DOUBTED = "reading.own_read_doubted"
CONTRADICTED = "reading.own_read_contradicted"


async def own_january(kit: Kit, meters: int = 1, shows: str = "200.00") -> None:
    """The customers say 100 kWh of January, 31 days; February is planned."""
    await kit.district(meters)
    await kit.plan("2026-02-01")
    await kit.push(*(read(f"M{n:04}", "2026-02-01", shows, "self") for n in range(1, meters + 1)))
    await kit.close("2026-02-02")
    await kit.plan("2026-03-01")


async def states(kit: Kit, **query: str) -> list[tuple[str, str | None]]:
    return [(each["state"], each["checked_by"]) for each in await kit.items("own-reads", **query)]


async def codes(kit: Kit, code: str) -> list[str]:
    return [each["entity_id"] for each in await kit.items("findings", code=code)]


# 28 days at the average of January are 90.32 kWh: doubted from 30 % and 30 kWh above or below, both
@pytest.mark.parametrize(
    ("shows", "found"), [("320.33", [DOUBTED]), ("320.32", []), ("260.33", []), ("260.32", [DOUBTED])]
)
@pytest.mark.parametrize("source", ["site", "remote"])
async def test_a_usage_since_an_own_read_that_differs_by_the_limit_doubts_it_and_one_just_under_does_not(
    kit: Kit, shows: str, found: list[str], source: str
) -> None:
    await own_january(kit)
    assert await states(kit) == [("reported", None)]
    await kit.push_one("M0001", "2026-03-01", shows, source)
    (usage,) = [each for each in await kit.usages() if each["period_to"] == "2026-03-01"]
    assert usage["findings"] == found
    assert await codes(kit, DOUBTED) == ([usage["usage_id"]] if found else [])
    by = f"M0001~20260228T160000Z~{source}"
    assert await states(kit) == [("contradicted" if found else "confirmed", by)]
    assert [each[3] for each in await kit.energies()] == [100_000, round(float(shows) * 1000) - 200_000]


async def test_what_is_doubted_does_not_depend_on_what_came_first(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    await kit.close("2026-02-02")
    await kit.plan("2026-03-01")
    await kit.push_one("M0001", "2026-03-01", "320.33", "site")
    await kit.push_one("M0001", "2026-02-01", "200.00", "self")
    assert await states(kit) == [("contradicted", "M0001~20260228T160000Z~site")]
    assert len(await codes(kit, DOUBTED)) == 1


async def test_an_own_read_checks_none_and_one_of_somebody_else_after_it_does(kit: Kit) -> None:
    await own_january(kit)
    await kit.push_one("M0001", "2026-03-01", "320.33", "self")
    assert await codes(kit, DOUBTED) == []
    assert await states(kit) == [("reported", None)] * 2
    await kit.plan("2026-04-01")
    await kit.push_one("M0001", "2026-04-01", "455.00", "remote")
    by = "M0001~20260331T160000Z~remote"
    assert await states(kit) == [("confirmed", by)] * 2
    assert await states(kit, meter_no="M0001", to="2026-02-01") == [("confirmed", by)]
    assert await states(kit, **{"from": "2026-02-02"}) == [("confirmed", by)]
    assert await states(kit, meter_no="M0002") == []


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
@pytest.mark.parametrize("source", ["site", "remote"])
async def test_one_read_of_somebody_else_below_them_takes_the_place_of_any_own_reads(
    kit: Kit, order: tuple[int, ...], source: str
) -> None:
    await kit.district()
    for day in ("2026-02-01", "2026-03-01", "2026-04-01"):
        await kit.plan(day)
    reads = [
        read("M0001", "2026-02-01", "390.00", "self"),
        read("M0001", "2026-03-01", "400.00", "self"),
        read("M0001", "2026-04-01", "380.00", source),
    ]
    for at in order:
        await kit.push(reads[at])
    for day in ("2026-02-02", "2026-03-02", "2026-04-02"):
        await kit.close(day)
    used = {(usage["period_from"], usage["period_to"]): usage for usage in await kit.usages()}
    standing = [usage for usage in used.values() if not usage["withdrawn"]]
    assert [(usage["quality"], usage["period_to"]) for usage in standing] == [("actual", "2026-04-01")]
    assert standing[0]["energy_wh"]["import"] == 280_000
    assert await states(kit) == [("contradicted", None)] * 2
    assert sorted(await codes(kit, CONTRADICTED)) == ["M0001~20260131T160000Z~self", "M0001~20260228T160000Z~self"]


async def test_a_better_read_of_the_same_day_leaves_an_own_one_unused(kit: Kit) -> None:
    await own_january(kit)
    await kit.push_one("M0001", "2026-02-01", "201.00", "site")
    assert await states(kit) == [("unused", None)]
    elsewhere = kit.client("clerk-2", "reading:read", org_units=["zj/ningbo"])
    assert (await elsewhere.get("/v1/own-reads")).json()["items"] == []


async def test_own_reads_are_listed_in_pages_and_the_number_of_statements_is_the_same_for_2_and_200(kit: Kit) -> None:
    await own_january(kit, 200)
    counts = []
    for limit in ("2", "200"):
        with Statements(kit) as listing:
            found = await kit.items("own-reads", limit=limit)
        counts.append((len(listing.texts), len(found) == int(limit)))
    assert counts[0] == counts[1]
    first = (await kit.clerk.get("/v1/own-reads", params={"limit": "150"})).json()
    second = (await kit.clerk.get("/v1/own-reads", params={"limit": "150", "cursor": first["next_cursor"]})).json()
    assert len({each["read_id"] for each in first["items"] + second["items"]}) == 200
