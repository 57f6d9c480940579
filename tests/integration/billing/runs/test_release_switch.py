"""The switch that stops all releases, over REST."""

from tests.kits.billing import Desk


async def test_the_switch_is_thrown_over_the_api_with_its_audit_row(desk: Desk) -> None:
    async with desk.client() as client:
        before = await client.get("/v1/release-switch")
        headers = {"If-Match": before.headers["ETag"]}
        thrown = await client.put("/v1/release-switch", json={"stopped": True, "reason": "price"}, headers=headers)
        stale = await client.put("/v1/release-switch", json={"stopped": False, "reason": "ok"}, headers=headers)
        audit = await client.get("/v1/audit-entries", params={"entity_kind": "release_switch", "entity_id": "all"})
        metrics = (await client.get("/metrics")).text
    assert thrown.json() == {"stopped": True, "reason": "price", "version": 1}
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition.stale")
    (entry,) = audit.json()["items"]
    stopped = {"name": "all", "stopped": True, "reason": "price", "version": 1}
    assert (entry["action"], entry["before"]) == ("release.stopped", None)
    assert stopped.items() <= entry["after"]["release_switch"][0].items()
    assert "wattline_release_stopped 1.0" in metrics
