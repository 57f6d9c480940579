"""The notify service over HTTP: what is answered, what is refused, and who sees what."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import update

from services.notify.adapters.store import NOTICE
from services.notify.entrypoints.consumers import handlers
from services.notify.main import build
from services.notify.settings import NotifySettings
from shared.bus.embedded import EmbeddedEventLog
from shared.service import Service
from shared.web import auth
from tests import databases
from tests.integration.notify.notify_support import HandClock, Notify, contact, estimate, issued, payment_reversed

KEY = "k" * 40
BODY = {
    "account_no": "a0001",
    "org_unit": "zj/hangzhou/xihu",
    "role": "holder",
    "channel": "email",
    "address": "person0001@example.org",
    "language": "zh",
    "valid_from": "2026-01-01",
}


class Api:
    def __init__(self, service: Service, notify: Notify) -> None:
        self.service = service
        self.notify = notify

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        scopes: tuple[str, ...] = ("notify:read", "notify:write", "admin"),
        org_units: tuple[str, ...] = ("zj",),
    ) -> httpx.Response:
        token = auth.mint(key=KEY, audience="wattline", subject="clerk-1", scopes=scopes, org_units=org_units)
        transport = httpx.ASGITransport(self.service.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://notify") as client:
            headers = {"Authorization": f"Bearer {token}"}
            return await client.request(method, path, json=body, headers=headers)

    async def refused(self, method: str, path: str, body: Any = None, **who: Any) -> tuple[int, str]:
        answer = await self.call(method, path, body, **who)
        assert answer.headers["content-type"] == "application/problem+json"
        assert "example.org" not in answer.text
        return answer.status_code, answer.json()["code"]


@pytest.fixture
async def api(database_url: str, tmp_path: Any) -> AsyncIterator[Api]:
    async with started(database_url, tmp_path) as api:
        yield api


@asynccontextmanager
async def started(database_url: str, tmp_path: Any) -> AsyncIterator[Api]:
    await databases.migrate(database_url, "notify")
    settings = NotifySettings.load(
        {
            "WATTLINE_TOKEN_KEY": KEY,
            "WATTLINE_DEVICE_MASTER_KEY": KEY,
            "WATTLINE_DATABASE_URL": database_url,
            "WATTLINE_NOTICE_SENDERS": "0",
        }
    )
    clock = HandClock()
    service = build(settings, event_log=EmbeddedEventLog(str(tmp_path / "events.db")), clock=clock)
    yield Api(service, Notify(service.database, clock))
    await service.database.close()


async def test_a_contact_is_put_read_and_listed(api: Api) -> None:
    first = await api.call("PUT", "/v1/contacts/c1", BODY)
    assert (first.status_code, first.json()["status"]) == (200, "done")
    assert (await api.call("PUT", "/v1/contacts/c1", BODY)).json()["status"] == "already_done"
    got = (await api.call("GET", "/v1/contacts/c1")).json()
    assert got["version"] == 1
    assert got.items() >= BODY.items()
    assert (await api.call("GET", "/v1/contacts?account_no=a0001")).json()["items"] == [got]
    audit = await api.call("GET", "/v1/audit-entries?entity_kind=contact&entity_id=c1")
    assert [(e["action"], e["actor"], e["after_version"]) for e in audit.json()["items"]] == [
        ("contact.put", "clerk-1", 1)
    ]
    assert "example.org" not in audit.text


async def test_a_batch_of_contacts_is_answered_item_by_item(api: Api) -> None:
    items = [BODY | {"contact_no": "c1"}, BODY | {"contact_no": "c2", "address": "nobody"}]
    answer = await api.call("PUT", "/v1/contacts", {"items": items})
    assert [(o["status"], o["code"], o["id"]) for o in answer.json()["outcomes"]] == [
        ("done", "", "c1"),
        ("refused", "contact.bad_address", "c2"),
    ]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"role": "neighbour"}, (422, "contact.unknown_role")),
        ({"channel": "pigeon"}, (422, "contact.unknown_channel")),
        ({"language": "fr"}, (422, "contact.unknown_language")),
        ({"address": "person0001.example.org"}, (422, "contact.bad_address")),
        ({"valid_to": "2025-01-01"}, (422, "contact.reversed_dates")),
        ({"org_unit": "bj/haidian"}, (403, "contact.other_org_unit")),
        ({"account_no": "a0002"}, (409, "contact.other_account")),
        ({"valid_from": "soon"}, (422, "request.invalid")),
        ({"address": "x" * 300 + "@example.org" + "x" * 300}, (422, "request.invalid")),
        ({"colour": "person0001@example.org"}, (422, "request.invalid")),
    ],
)
async def test_a_wrong_contact_is_refused_with_its_code_and_changes_nothing(
    api: Api, change: dict[str, str], refusal: tuple[int, str]
) -> None:
    await api.call("PUT", "/v1/contacts/c1", BODY)
    assert await api.refused("PUT", "/v1/contacts/c1", BODY | change) == refusal
    assert (await api.call("GET", "/v1/contacts/c1")).json()["version"] == 1


async def test_a_batch_of_more_than_a_thousand_contacts_is_refused(api: Api) -> None:
    items = [BODY | {"contact_no": f"c{number}"} for number in range(1001)]
    assert await api.refused("PUT", "/v1/contacts", {"items": items}) == (422, "request.invalid")


async def test_who_lacks_the_scope_is_refused(api: Api) -> None:
    reader = {"scopes": ("notify:read",)}
    assert await api.refused("PUT", "/v1/contacts/c1", BODY, **reader) == (403, "auth.missing_scope")
    assert await api.refused("POST", "/v1/notices/n1/resend", {"reason": "x"}, **reader) == (403, "auth.missing_scope")
    assert await api.refused("GET", "/v1/notices", scopes=("billing:read",)) == (403, "auth.missing_scope")


async def test_another_org_unit_sees_no_contact_no_notice_and_nothing_that_waits(api: Api) -> None:
    await api.notify.put(contact(1))
    await api.notify.handle(issued(1), issued(2))
    (notice,) = await api.notify.notices()
    other = {"org_units": ("zj/ningbo", "zj/hang")}
    assert await api.refused("GET", "/v1/contacts/c0001", **other) == (404, "contact.unknown")
    assert await api.refused("GET", f"/v1/notices/{notice.notice_id}", **other) == (404, "notice.unknown")
    resend = f"/v1/notices/{notice.notice_id}/resend"
    assert await api.refused("POST", resend, {"reason": "x"}, **other) == (404, "notice.unknown")
    for path in ("/v1/contacts?account_no=a0001", "/v1/notices", "/v1/unaddressed"):
        assert (await api.call("GET", path, **other)).json()["items"] == []  # type: ignore[arg-type]
        assert len((await api.call("GET", path)).json()["items"]) == 1


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
        await tx.execute(update(NOTICE).values(state="failed", code="no_gateway", due_at=None, attempts=1))
    assert await api.refused("POST", path, {}) == (422, "request.invalid")
    again = (await api.call("POST", path, {"reason": "please"})).json()
    assert (again["state"], again["resends"], again["attempts"], again["code"]) == ("queued", 1, 0, "")
    audit = await api.call("GET", f"/v1/audit-entries?entity_kind=notice&entity_id={notice.notice_id}")
    assert [(e["action"], e["reason"]) for e in audit.json()["items"]] == [("notice.resend", "please")]
    assert await api.refused("POST", "/v1/notices/none/resend", {"reason": "x"}) == (404, "notice.unknown")


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
    assert "notices_queued 1.0" in metrics
    assert "waiting_oldest_age_seconds 0.0" in metrics


async def test_a_notice_is_traced_to_its_bill(api: Api) -> None:
    await api.notify.put(contact(1))
    await api.notify.handle(issued(1))
    (notice,) = await api.notify.notices()
    answer = await api.call("GET", f"/v1/trace/notice/{notice.notice_id}")
    assert answer.json()["derived_from"] == [{"service": "billing", "kind": "bill", "id": "bill-0001"}]
    assert answer.json()["document"]["figures"]["total_fen"] == 10_001
    assert "example.org" not in answer.text


async def test_a_notice_of_a_reversed_payment_is_traced_to_the_payment(api: Api) -> None:
    await api.notify.put(contact(1))
    await api.notify.handle(payment_reversed(1))
    (notice,) = await api.notify.notices()
    answer = await api.call("GET", f"/v1/trace/notice/{notice.notice_id}")
    assert answer.json()["derived_from"] == [{"service": "collection", "kind": "payment", "id": "payment-0001"}]


async def test_a_template_is_previewed_with_given_figures(api: Api) -> None:
    figures = {"account_no": "a", "outstanding_fen": 5, "due_on": "2026-02-20", "business_date": "2026-03-01"}
    body = {"language": "en", "on": "2026-03-01", "figures": figures}
    shown = (await api.call("POST", "/v1/templates/reminder/preview", body)).json()
    assert "CNY 0.05" in shown["body"]
    wrong = (422, "template.wrong_figures")
    assert await api.refused("POST", "/v1/templates/reminder/preview", body | {"figures": {}}) == wrong
    bad = figures | {"outstanding_fen": "5"}
    assert await api.refused("POST", "/v1/templates/reminder/preview", body | {"figures": bad}) == wrong
    assert await api.refused("POST", "/v1/templates/none/preview", body) == (404, "template.unknown")
    names = {t["template"] for t in (await api.call("GET", "/v1/templates")).json()}
    assert names == {"bill_issued", "bill_corrected", "estimate_made", "reminder", "payment_reversed"}


async def test_the_consumer_handles_accounts_before_what_needs_them(api: Api) -> None:
    names = [kind.__name__ for kind in handlers(api.service.app.state.context)]
    assert names == ["AccountChanged", "BillIssued", "BillCorrected", "EstimateMade", "ReminderDue", "PaymentReversed"]
