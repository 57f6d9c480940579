"""Meters that stand at points though they may not: failed in the laboratory, or past their verification."""

import csv
import io
from itertools import permutations

from tests.kits.reading import UNIT, Kit
from tests.kits.stock import install, lab, moved, put_on, receive, send

OBSERVED = "reading.observation_recorded.v1"


async def unfit(kit: Kit, on: str, **more: str) -> list[tuple[str, str, str | None]]:
    rows = await kit.items("unfit-meters", on=on, **more)
    return [(each["meter_no"], each["why"], each["verified_until"]) for each in rows]


async def told(kit: Kit) -> list[tuple[str, str, str]]:
    return [(each["service_point_no"], each["kind"], each["evidence"]) for each in await kit.published(OBSERVED)]


async def test_a_failed_test_of_a_meter_at_a_point_is_listed_counted_and_told_of_the_point(kit: Kit) -> None:
    await kit.district(2)
    failed = lab("failed", "2026-03-10", number="L-1")
    assert await send(kit, "meter-tests", failed, lab("passed", "2026-03-10", "M0002")) == ["done", "done"]
    assert await send(kit, "meter-tests", failed) == ["already_done"]
    assert await unfit(kit, "2026-03-09") == []
    assert await unfit(kit, "2026-03-10") == [("M0001", "failed_test", None)]
    assert await told(kit) == [("S0001", "meter_failed", "L-1")]
    (fact,) = await kit.published(OBSERVED)
    assert (fact["org_unit"], fact["seen_at"][:10], fact["observed_by"]) == (UNIT, "2026-03-10", "clerk")
    assert "wattline_meters_failed_in_use 1.0" in (await kit.bare().get("/metrics")).text
    await send(kit, "meter-tests", lab("passed", "2026-03-20", number="L-2"))
    assert await unfit(kit, "2026-03-20") == []
    assert "wattline_meters_failed_in_use 0.0" in (await kit.bare().get("/metrics")).text
    assert len(await told(kit)) == 1


async def test_a_meter_that_failed_after_it_left_its_point_is_told_of_that_point_until_it_is_taken_back(
    kit: Kit,
) -> None:
    await kit.district(2)
    await install(kit, *(put_on(f"M000{n}", f"S000{n}", "2026-01-01", "2026-02-10") for n in (1, 2)))
    await send(kit, "meter-movements", moved("take_back", "2026-02-12", "M0002"))
    await send(kit, "meter-tests", lab("failed", "2026-02-15", number="L-1"), lab("failed", "2026-02-15", "M0002"))
    assert await told(kit) == [("S0001", "meter_failed", "L-1")]
    assert await unfit(kit, "2026-02-15") == []


async def test_the_test_and_the_installation_are_told_in_any_order(kit: Kit) -> None:
    await kit.district(3)
    free = [put_on(f"M000{n}", f"S000{n}", "2026-01-01", "2026-01-02") for n in (1, 2)]
    assert await install(kit, *free) == ["done"] * 2
    for n, order in enumerate(permutations(("installed", "failed")), start=1):
        await receive(kit, range_no=f"PH-{n}", from_no=f"M090{n}", to_no=f"M090{n}")
        for what in order:
            if what == "installed":
                assert await install(kit, put_on(f"M090{n}", f"S000{n}", "2026-02-01")) == ["done"]
            else:
                await send(kit, "meter-tests", lab("failed", "2026-02-05", f"M090{n}", number=f"L-{n}"))
    assert sorted(await told(kit)) == [("S0001", "meter_failed", "L-1"), ("S0002", "meter_failed", "L-2")]


async def test_meters_whose_verification_has_expired_in_use_are_listed_and_counted(kit: Kit) -> None:
    await kit.district(3)
    free = [put_on(f"M000{n}", f"S000{n}", "2026-01-01", "2026-01-10") for n in (2, 3)]
    await install(kit, *free)
    await receive(kit, verified_until="2026-06-30", to_no="M0902")
    await install(kit, put_on("M0901", "S0002", "2026-01-10"), put_on("M0902", "S0003", "2026-01-10"))
    await send(kit, "meter-tests", lab("passed", "2026-01-20", next_due_on="2026-05-31"))
    await send(kit, "meter-tests", lab("passed", "2026-02-20", "M0902", next_due_on="2034-02-19"))
    assert await unfit(kit, "2026-05-31") == []
    assert await unfit(kit, "2026-07-01") == [("M0001", "expired", "2026-05-31"), ("M0901", "expired", "2026-06-30")]
    assert await unfit(kit, "2026-07-01", why="failed_test") == []
    assert await unfit(kit, "2026-07-01", org_unit="js") == []
    elsewhere = kit.client("keeper-9", "reading:read", org_units=["zj/ningbo"])
    assert (await elsewhere.get("/v1/unfit-meters?on=2026-07-01")).json()["items"] == []
    answer = await kit.clerk.get("/v1/unfit-meters?on=2026-07-01&format=csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["meter_no"], row["why"], row["verified_until"]) for row in rows] == await unfit(kit, "2026-07-01")
    assert "wattline_meters_expired_in_use 2.0" in (await kit.bare().get("/metrics")).text
