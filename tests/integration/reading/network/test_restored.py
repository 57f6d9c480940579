"""After a restore from a dump the versions of service points are above all that was told before."""

from services.reading.main import VERSIONS
from shared.db.restore import raise_versions
from shared.events.reading import ServicePointChanged
from tests.kits.disputes import doubt, january, opened, step, told
from tests.kits.reading import Kit


async def test_what_is_put_after_a_restore_counts_for_those_who_know_a_later_version(kit: Kit) -> None:
    await kit.district()
    async with kit.database.begin() as tx:
        await raise_versions(tx, VERSIONS)
    same = {"service_point_no": "S0001", "route_no": "R1"}
    assert [outcome["status"] for outcome in await kit.put("service-points", [same])] == ["already_done"]
    await kit.put("service-points", [same | {"connection_kw": 12}])
    first, second = [fact["version"] for fact in await kit.published(ServicePointChanged.type)]
    assert (first, second > 100_000_000) == (1, True)


async def test_a_dispute_goes_on_after_a_restore_for_those_who_know_a_later_version(kit: Kit) -> None:
    await january(kit)
    assert await opened(kit.clerk, doubt()) == ["done"]
    async with kit.database.begin() as tx:
        await raise_versions(tx, VERSIONS)
    assert await step(kit.clerk, "history", "2026-02-11") == "done"
    first, second = [version for version, _, _ in await told(kit)]
    assert (first, second > 100_000_000) == (1, True)
