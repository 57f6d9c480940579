"""A new kind of notice is a file: nothing else is told of it, and all that is done with notices is done with it."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.notify import kinds
from services.notify.causes.consumers import handlers
from services.notify.settings import NotifySettings
from shared.events.collection import PaymentReceived
from shared.testing.smtp import SmtpServer
from tests.kits import guide
from tests.kits.notify import Api, contact, started
from tests.kits.told_facts import ORG, account, estimate, issued

GUIDE = guide.ROOT / "docs" / "how-to" / "add-a-notice.md"
FILE = "services/notify/kinds/payment_received.py"
(RECEIVED,) = (step.text for step in guide.steps(GUIDE) if step.path == FILE)
"""The kind that the guide adds."""
MONEY = PaymentReceived(
    account_no="a0001",
    payment_id="payment-0001",
    org_unit=ORG,
    channel="app",
    amount_fen=12_345,
    received_on=date(2026, 2, 2),
)


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Add the file of a kind to those that ship, for one test."""
    folder = tmp_path / "kinds"
    folder.mkdir()
    monkeypatch.setattr(kinds, "__path__", [*kinds.__path__, str(folder)])
    added = []

    def write(name: str, text: str) -> None:
        (folder / f"{name}.py").write_text(text)
        importlib.invalidate_caches()
        added.append(name)

    yield write
    for name in added:
        sys.modules.pop(f"{kinds.__name__}.{name}", None)
        vars(kinds).pop(name, None)


async def whom(api: Api) -> list[tuple[str, str]]:
    items = (await api.call("GET", "/v1/notices")).json()["items"]
    return sorted((item["template"], item["party_no"]) for item in items)


async def test_a_fact_of_a_new_kind_is_told_in_both_languages(
    database_url: str, tmp_path: Path, add: Callable[[str, str], None]
) -> None:
    add("payment_received", RECEIVED)
    with SmtpServer() as server:
        given = {"WATTLINE_NOTICE_SENDERS": "1", "WATTLINE_SMTP_PORT": str(server.port)}
        async with started(database_url, tmp_path, **given) as api:
            assert PaymentReceived in handlers(api.service.app.state.context)
            tenant = contact(3, account_no="a0001", role="tenant")
            await api.notify.put(contact(1), contact(2, account_no="a0001", language="zh"), tenant)
            await api.notify.handle(MONEY)
            await api.notify.handle(MONEY)
            await api.send_all()
            assert await api.notify.states() == [("delivered", "")] * 2
    said = {mail.recipient: mail.text for mail in server.mails}
    assert sorted(said) == ["person0001@example.org", "person0002@example.org"]
    assert "CNY 123.45 arrived on 2026-02-02." in said["person0001@example.org"]
    assert "于 2026-02-02 收到您的缴费 123.45 元" in said["person0002@example.org"]


async def test_a_new_kind_is_listed_previewed_counted_and_traced(
    database_url: str, tmp_path: Path, add: Callable[[str, str], None]
) -> None:
    add("payment_received", RECEIVED)
    async with started(database_url, tmp_path) as api:
        await api.notify.put(contact(1))
        await api.notify.handle(MONEY)
        (shown,) = (t for t in (await api.call("GET", "/v1/templates")).json() if t["template"] == "payment_received")
        assert shown["figures"] == ["account_no", "amount_fen", "channel", "received_on"]
        assert (shown["roles"], shown["legal_effect"]) == (["holder"], False)
        figures = {"account_no": "a", "amount_fen": 5, "channel": "app", "received_on": "2026-02-02"}
        body = {"language": "en", "on": "2026-02-02", "figures": figures}
        preview = (await api.call("POST", "/v1/templates/payment_received/preview", body)).json()
        assert "CNY 0.05 arrived" in preview["body"]
        totals = (await api.call("GET", "/v1/control-totals?cycle=2026-02")).json()
        assert totals["causes_payment_received"] == 1
        (notice,) = await api.notify.notices()
        origin = (await api.call("GET", f"/v1/trace/notice/{notice.notice_id}")).json()["derived_from"]
        assert origin == [{"service": "collection", "kind": "payment", "id": "payment-0001"}]


async def test_a_policy_may_name_other_roles_for_a_new_kind_and_need_not(
    database_url: str, tmp_path: Path, add: Callable[[str, str], None]
) -> None:
    add("payment_received", RECEIVED)
    policy: dict[str, Any] = json.loads(NotifySettings.model_fields["notify_policy"].default.read_text("utf-8"))
    policy["versions"][0]["roles"] = {"payment_received": ["tenant"]}
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(policy))
    async with started(database_url, tmp_path, WATTLINE_NOTIFY_POLICY=str(file)) as api:
        await api.notify.put(contact(1), contact(2, account_no="a0001", role="tenant"))
        await api.notify.handle(MONEY)
        await api.notify.handle(issued(1))
        assert await whom(api) == [("bill_issued", "c0001"), ("bill_issued", "c0002"), ("payment_received", "c0002")]


async def test_a_fact_may_be_the_cause_of_two_kinds(
    database_url: str, tmp_path: Path, add: Callable[[str, str], None]
) -> None:
    text = (Path(kinds.__file__).parent / "estimate_made.py").read_text("utf-8")
    add("estimate_told", text.replace('NAME = "estimate_made"', 'NAME = "estimate_told"').replace("control=", "#"))
    async with started(database_url, tmp_path) as api:
        await api.notify.handle(estimate(1))
        waiting = (await api.call("GET", "/v1/unaddressed?state=waits_for_account")).json()["items"]
        assert [item["template"] for item in waiting] == ["estimate_made", "estimate_told"]
        await api.notify.put(contact(1))
        await api.notify.handle(account(1))
        assert await whom(api) == [("estimate_made", "c0001"), ("estimate_told", "c0001")]
