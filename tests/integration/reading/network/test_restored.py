"""After a restore from a dump the versions of service points are above all that was told before."""

from services.reading.network.use_cases.reference import RAISE_VERSIONS
from shared.events.fact import RESTORED_RAISE
from shared.events.reading import ServicePointChanged
from tests.kits.reading import Kit


async def test_what_is_put_after_a_restore_counts_for_those_who_know_a_later_version(kit: Kit) -> None:
    await kit.district()
    async with kit.database.begin() as tx:
        for raise_versions in RAISE_VERSIONS:
            await raise_versions(tx)
    same = {"service_point_no": "S0001", "route_no": "R1"}
    assert [outcome["status"] for outcome in await kit.put("service-points", [same])] == ["already_done"]
    await kit.put("service-points", [same | {"connection_kw": 12}])
    versions = [fact["version"] for fact in await kit.published(ServicePointChanged.type)]
    assert versions == [1, RESTORED_RAISE + 2]
