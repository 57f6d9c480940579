"""Who is prepaid is told once a level that little is left, with legal effect that nothing is; no more once there is enough."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.events.prepaid import PrepaidBalanceLow, PrepaidBalanceOverdrawn, PrepaidBalanceRecovered
from shared.testing.smtp import SmtpServer
from tests.kits.notify import Notify, contact, started
from tests.kits.told_facts import ORG

OF: dict[str, Any] = {
    "account_no": "a0001",
    "service_point_no": "p0001",
    "org_unit": ORG,
    "prepaid_fen": 20_000,
    "owed_fen": 0,
    "through": date(2026, 2, 1),
    "told_on": date(2026, 2, 2),
}


def low(**more: Any) -> PrepaidBalanceLow:
    said = OF | {"announcement_id": "low-1", "available_fen": 4_120, "estimate_fen": 15_880, "episode": 1}
    return PrepaidBalanceLow(**(said | {"level": 1, "level_fen": 5_000} | more))


def overdrawn(**more: Any) -> PrepaidBalanceOverdrawn:
    said = OF | {"announcement_id": "none-1", "available_fen": -312, "estimate_fen": 20_312, "episode": 1}
    return PrepaidBalanceOverdrawn(**(said | {"cut_after_minutes": 10_080} | more))


def recovered(episode: int = 1) -> PrepaidBalanceRecovered:
    at = datetime(2026, 2, 2, 1, 30, tzinfo=UTC)
    return PrepaidBalanceRecovered(
        account_no="a0001", org_unit=ORG, available_fen=9_688, episode=episode, recovered_at=at
    )


@pytest.mark.parametrize(
    ("wait", "en", "zh"),
    [
        (10_080, "within 7 days of this notice", "送达 7 天后"),
        (30, "within 30 minutes", "送达 30 分钟后"),
        (None, "Please pay in", "请及时充值"),
    ],
)
async def test_both_are_told_in_both_languages_and_that_nothing_is_left_is_proved(
    database_url: str, tmp_path: Path, wait: int | None, en: str, zh: str
) -> None:
    with SmtpServer() as server:
        given = {"WATTLINE_NOTICE_SENDERS": "1", "WATTLINE_SMTP_PORT": str(server.port)}
        async with started(database_url, tmp_path, **given) as api:
            people = [contact(1, account_no="a0001"), contact(2, account_no="a0001", role="payer")]
            await api.notify.put(replace(people[0], language="zh"), people[1])
            for fact in (low(), low(), overdrawn(cut_after_minutes=wait)):
                await api.notify.handle(fact)
            await api.send_all()
            facts = await api.notify.published()
    said = {(mail.recipient, "CNY 3.12" in mail.text or "3.12 元" in mail.text): mail.text for mail in server.mails}
    assert len(server.mails) == 4, "each once for each"
    assert en in " ".join(said["person0002@example.org", True].split())
    assert zh in said["person0001@example.org", True]
    assert "CNY 41.20" in said["person0002@example.org", False]
    assert "低于 50.00 元" in said["person0001@example.org", False]
    proof = {(fact["cause_kind"], fact["cause_id"]) for fact in facts if fact["type"] == "notify.notice_delivered.v1"}
    assert proof == {("prepaid_low", "low-1"), ("nothing_prepaid", "none-1")}


@pytest.mark.parametrize("first", ["notices", "recovered"])
async def test_what_has_recovered_is_told_no_more_in_any_order(notify: Notify, first: str) -> None:
    await notify.put(contact(1, account_no="a0001"))
    facts = [low(), overdrawn(), recovered()]
    for fact in facts if first == "notices" else reversed(facts):
        await notify.handle(fact)
    assert {n.state for n in await notify.notices()} <= {"failed"}, "withdrawn"
    await notify.handle(low(announcement_id="low-2", episode=2))
    assert [n.state for n in await notify.notices() if n.cause_id == "low-2"] == ["queued"]
