"""From a device's message to the usages that rest on it, by the same edges as back."""

from tests.kits.reading import Kit, Statements, estimated_february, january, read
from tests.kits.walks import both_ways, derived, kinds


async def test_from_a_device_message_to_the_usage_and_the_estimate_after_it(kit: Kit) -> None:
    await kit.district()
    await kit.device("headend-1")
    await kit.plan("2026-02-01")
    await kit.push_as_device("headend-1", read("M0001", "2026-02-01", "150.00"), nonce="n" * 20)
    await kit.close("2026-02-02")
    await kit.plan("2026-03-01")
    await kit.close("2026-03-02")
    await kit.plan("2026-04-01")
    await kit.push(read("M0001", "2026-04-01", "250.00"))
    (usage, estimated, settling) = await kit.usages()
    edges = await both_ways(kit.admin, "reading", ("reading", "usage", usage["usage_id"]))
    assert kinds(edges) >= {
        *(("usage", "read"), ("read", "upload"), ("upload", "device_message")),
        *(("estimate", "read"), ("usage", "estimate")),
    }
    settled = ("reading", "usage", settling["usage_id"]), ("reading", "usage", estimated["usage_id"])
    assert settled in edges, "a usage that settles an estimate rests on it"
    shown = (await kit.admin.get(f"/v1/trace/estimate/{estimated['usage_id']}")).json()["document"]
    assert (shown["import_wh"], shown["estimates_in_a_row"]) == (estimated["energy_wh"]["import"], 1)
    assert (await kit.admin.get(f"/v1/trace/estimate/{usage['usage_id']}")).status_code == 404


async def test_the_reads_of_an_upload_come_in_pages_of_the_callers_org_units(kit: Kit) -> None:
    await january(kit, 5)
    (usage,) = await kit.usages()
    (read_id,) = usage["read_ids"]
    upload_id = (await kit.clerk.get(f"/v1/reads/{read_id}")).json()["upload_id"]
    upload = ("reading", "upload", upload_id)
    whole = await derived(kit.admin, upload)
    assert [one[2].partition("~")[0] for one in whole] == [f"M000{n}" for n in range(1, 6)]
    assert await derived(kit.admin, upload, limit=2) == whole
    assert await derived(kit.client("auditor", "trace:read", org_units=("zj/ningbo",)), upload) == []
    assert (await kit.admin.get(f"/v1/derived/reading/upload/{upload_id}?cursor=WyJyZWFkIiwieCJd")).json()[
        "items"
    ] == []


async def test_a_dispute_leads_to_what_customers_are_told_of_it_and_comes_from_the_usage_in_doubt(kit: Kit) -> None:
    await estimated_february(kit)
    doubt = {"dispute_no": "D1", "service_point_no": "S0001", "cycles": ["2026-01", "2026-02"], "channel": "counter"}
    doubt |= {"raised_by": "customer", "reason": "high_usage", "words": "Frau Li doubts it.", "opened_on": "2026-03-03"}
    await kit.clerk.post("/v1/disputes", json={"items": [doubt]})
    edges = await both_ways(kit.admin, "reading", ("reading", "dispute", "D1"))
    usages = {("reading", "usage", one["usage_id"]) for one in await kit.usages()}
    assert {origin for of, origin in edges if of == ("reading", "dispute", "D1")} == usages
    assert ("dispute", "dispute") in kinds(edges)


async def test_a_read_takes_as_many_statements_for_many_usages_as_for_one(kit: Kit) -> None:
    await january(kit)
    (usage,) = await kit.usages()
    of = ("reading", "read", usage["read_ids"][-1])
    counts = []
    for _ in range(2):
        with Statements(kit) as seen:
            await derived(kit.admin, of)
        counts.append(len(seen.texts))
        await kit.plan("2026-03-01")
        await kit.close("2026-03-02")
    assert counts[0] == counts[1]
