"""Who may do what."""

from shared.web import auth
from tests.kits.reading import KEY, Kit, read

GOOD = read("M0001", "2026-02-01", "150.00")


async def test_reads_of_another_org_unit_are_refused_and_its_objects_are_not_shown(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    other = kit.client("other", "reading:upload", "reading:read", "reading:write", org_units=["zj/ningbo"])
    before = await kit.counts()
    answer = await other.post("/v1/reads", json={"items": [GOOD]})
    assert answer.json()["outcomes"][0]["code"] == "auth.other_org_unit"
    assert await kit.counts() == before
    await kit.push(GOOD)
    for path in ("routes", "tasks", "usages", "findings", "service-points"):
        assert (await other.get(f"/v1/{path}")).json()["items"] == []
    read_id = "M0001~20260131T160000Z~remote"
    assert (await other.get(f"/v1/reads/{read_id}")).status_code == 404
    correction = {"unit": "kWh", "registers": {"import": "140.00"}, "reason": "misread"}
    assert (await other.post(f"/v1/reads/{read_id}/correction", json=correction)).status_code == 404
    route = await other.put("/v1/routes/R1", json={"org_unit": "zj/ningbo", "read_day": 2})
    assert (route.status_code, route.json()["code"]) == (403, "auth.other_org_unit")


async def test_a_missing_scope_an_expired_and_a_forged_token_are_refused(kit: Kit) -> None:
    await kit.district()
    before = await kit.counts()
    reader = kit.client("reader", "reading:read")
    assert (await reader.post("/v1/reads", json={"items": [GOOD]})).status_code == 403
    minted = {"audience": "wattline", "subject": "x", "scopes": ["reading:upload"]}
    expired = auth.mint(key=KEY, now=1.0, **minted)  # type: ignore[arg-type]
    forged = auth.mint(key="f" * 40, **minted)  # type: ignore[arg-type]
    for token, code in ((expired, "auth.expired_token"), (forged, "auth.invalid_token")):
        answer = await kit.bare({"Authorization": f"Bearer {token}"}).post("/v1/reads", json={"items": [GOOD]})
        assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert await kit.counts() == before
