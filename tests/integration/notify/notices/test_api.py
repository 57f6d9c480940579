"""Notices over HTTP: lists, receipts, resending, totals and traces."""

from sqlalchemy import update

from services.notify.notices.tables import NOTICE
from services.notify.notices.use_cases.resend_by_hand import RESENDS_MAX
from tests.kits.notify import Api, contact
from tests.kits.told_facts import estimate, issued, payment_reversed


async def test_notices_are_listed_page_by_page_and_filtered(api: Api) -> None:
    await api.notify.put(*(contact(number) for number in range(1, 6)))
    await api.notify.handle(*(issued(number) for number in range(1, 6)))
    seen, path = [], "/v1/notices?limit=2&state=queued&cycle=2026-01"
    cursor: str | None = ""
    while cursor is not None:
        page = (await api.call("GET", f"{path}&cursor={cursor}" if cursor else path)).json()
        seen += [item["notice_id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == sorted(n.notice_id for n in await api.notify.notices())
    only = (await api.call("GET", "/v1/notices?account_no=a0003")).json()["items"]
    assert [item["cause_id"] for item in only] == ["bill-0003"]
    assert (await api.call("GET", "/v1/notices?state=failed")).json()["items"] == []
    assert await api.refused("GET", "/v1/notices?state=lost") == (422, "request.invalid")


async def test_a_notice_is_resent_only_when_it_is_final_and_the_reason_is_kept(api: Api) -> None:
    await api.notify.put(contact(1, channel="letter", address="Hangzhou, West Lake Road 1"))
    await api.notify.handle(issued(1))
    (notice,) = await api.notify.notices()
    path = f"/v1/notices/{notice.notice_id}/resend"
    assert await api.refused("POST", path, {"reason": "please"}) == (409, "notice.still_on_its_way")
    async with api.notify.database.begin() as tx:
        await tx.execute(
            update(NOTICE).values(
                state="failed", code="no_gateway", due_at=None, done_at=api.notify.clock.now(), attempts=1
            )
        )
    assert await api.refused("POST", path, {}) == (422, "request.invalid")
    again = (await api.call("POST", path, {"reason": "please"})).json()
    assert (again["state"], again["resends"], again["attempts"], again["code"]) == ("queued", 1, 0, "")
    audit = await api.call("GET", f"/v1/audit-entries?entity_kind=notice&entity_id={notice.notice_id}")
    assert [(e["action"], e["reason"]) for e in audit.json()["items"]] == [("notice.resend", "please")]
    assert await api.refused("POST", "/v1/notices/none/resend", {"reason": "x"}) == (404, "notice.unknown")


async def test_a_notice_is_resent_by_hand_as_often_as_it_may_be(api: Api) -> None:
    await api.notify.put(contact(1))
    await api.notify.handle(issued(1))
    (notice,) = await api.notify.notices()
    path = f"/v1/notices/{notice.notice_id}/resend"
    for _ in range(RESENDS_MAX):
        async with api.notify.database.begin() as tx:
            await tx.execute(
                update(NOTICE).values(state="failed", code="smtp.550", due_at=None, done_at=api.notify.clock.now())
            )
        assert (await api.call("POST", path, {"reason": "please"})).status_code == 200
    async with api.notify.database.begin() as tx:
        await tx.execute(
            update(NOTICE).values(state="failed", code="smtp.550", due_at=None, done_at=api.notify.clock.now())
        )
    assert await api.refused("POST", path, {"reason": "please"}) == (409, "notice.resent_too_often")
    assert [(n.state, n.resends) for n in await api.notify.notices()] == [("failed", RESENDS_MAX)]


async def test_what_waits_is_listed_and_counted_with_the_notices(api: Api) -> None:
    await api.notify.put(contact(1))
    await api.notify.handle(issued(1), issued(2))
    await api.notify.handle(estimate(3))
    waiting = (await api.call("GET", "/v1/unaddressed?state=waits_for_account")).json()["items"]
    assert [(item["cause_id"], item["service_point_no"]) for item in waiting] == [("u0003", "p0003")]
    totals = (await api.call("GET", "/v1/control-totals?cycle=2026-01")).json()
    assert {name: count for name, count in totals.items() if count} == {
        "notices_queued": 1,
        "unaddressed_waits_for_contact": 1,
        "unaddressed_waits_for_account": 1,
        "causes_bill_issued": 2,
        "causes_estimate_made": 1,
    }
    metrics = (await api.call("GET", "/metrics")).text
    assert "wattline_notices_queued 1.0" in metrics
    assert "wattline_waiting_oldest_age_seconds 0.0" in metrics


async def test_a_notice_is_traced_to_its_bill(api: Api) -> None:
    await api.notify.put(contact(1))
    await api.notify.handle(issued(1))
    (notice,) = await api.notify.notices()
    answer = await api.call("GET", f"/v1/trace/notice/{notice.notice_id}")
    assert answer.json()["derived_from"] == [{"service": "billing", "kind": "bill", "id": "bill-0001"}]
    assert answer.json()["document"]["figures"]["total_fen"] == 10_001
    assert "example.org" not in answer.text
    assert await api.refused("GET", "/v1/trace/notice/none") == (404, "document.unknown")


async def test_a_notice_of_a_reversed_payment_is_traced_to_the_payment(api: Api) -> None:
    await api.notify.put(contact(1))
    await api.notify.handle(payment_reversed(1))
    (notice,) = await api.notify.notices()
    answer = await api.call("GET", f"/v1/trace/notice/{notice.notice_id}")
    assert answer.json()["derived_from"] == [{"service": "collection", "kind": "payment", "id": "payment-0001"}]
