"""Requests to read again."""

from shared.events.billing import RereadRequested
from tests.kits.reading import Kit


async def test_a_reread_that_differs_supersedes_and_answers_the_request(kit: Kit) -> None:
    await kit.district()
    await kit.plan("2026-02-01")
    await kit.push_one("M0001", "2026-02-01", "950.00", "site", reader="r-1")
    request = RereadRequested(
        account_no="A1",
        request_id="Q1",
        service_point_no="S0001",
        org_unit="zj/hangzhou",
        bill_id="B1",
        cycle="2026-01",
        reason="implausible",
        requested_by="reviewer-1",
    )
    await kit.give(request, request)
    (open_one,) = await kit.items("rereads", status="open")
    assert (open_one["request_id"], open_one["reason"]) == ("Q1", "implausible")
    await kit.push_one("M0001", "2026-02-01", "150.00", "site", read_at="2026-02-01T18:00:00+08:00", reader="r-2")
    assert await kit.energies() == [("2026-02-01", 1, "actual", 850_000), ("2026-02-01", 2, "actual", 50_000)]
    (answered,) = await kit.items("rereads")
    assert (answered["status"], answered["answered_by"]) == ("answered", "M0001~20260201T100000Z~site")
    await kit.push_one("M0001", "2026-02-01", "160.00", "site", read_at="2026-02-01T19:00:00+08:00")
    assert len(await kit.usages()) == 2
