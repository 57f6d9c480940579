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
    (open_one,) = await kit.items("site-orders", state="open")
    assert (open_one["order_no"], open_one["reason"], open_one["reference"]) == ("Q1", "implausible", "B1")
    await kit.push_one("M0001", "2026-02-01", "150.00", "site", read_at="2026-02-01T18:00:00+08:00", reader="r-2")
    assert await kit.energies() == [("2026-02-01", 1, "actual", 850_000), ("2026-02-01", 2, "actual", 50_000)]
    (answered,) = await kit.items("site-orders")
    assert (answered["state"], answered["outcome"]) == ("done", "read_came")
    assert answered["read_id"] == "M0001~20260201T100000Z~site"
    (told,) = await kit.published("reading.site_order_done.v1")
    assert (told["order_no"], told["reference"], told["done_on"]) == ("Q1", "B1", "2026-02-01")
    assert (told["result"], told["read_id"]) == ("read_came", answered["read_id"])
    await kit.push_one("M0001", "2026-02-01", "160.00", "site", read_at="2026-02-01T19:00:00+08:00")
    assert len(await kit.usages()) == 2
