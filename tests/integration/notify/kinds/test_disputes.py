"""Each step of a dispute, what the test of the meter showed, and what is adjusted for it is told in both languages."""

from datetime import date
from pathlib import Path
from typing import Any

from shared.events.billing import AdjustmentIssued, Component
from shared.events.disputes import DisputeChanged, MeterTested
from shared.testing.smtp import SmtpServer
from tests.kits.notify import contact, started
from tests.kits.told_facts import ORG, account

STEPS: tuple[dict[str, Any], ...] = (
    {"state": "opened", "due_on": date(2026, 2, 12)},
    {"state": "opened", "due_on": date(2026, 2, 12), "held_until": date(2026, 4, 1)},
    {"state": "history", "due_on": date(2026, 2, 25)},
    {"state": "joint_reread", "due_on": date(2026, 3, 9), "visit_on": date(2026, 2, 27)},
    {"state": "verification", "due_on": date(2026, 3, 6), "visit_on": date(2026, 2, 27)},
    {"state": "ended", "ended_at": "verification", "outcome": "meter_beyond_limits"},
)


def dispute(version: int, **more: Any) -> DisputeChanged:
    said: dict[str, Any] = {"dispute_no": "D1", "service_point_no": "sp0001", "org_unit": ORG, "cycles": ("2026-01",)}
    said |= {"opened_on": date(2026, 2, 10), "changed_on": date(2026, 2, 10 + version)}
    return DisputeChanged(version=version, **said | more)


def shown(**more: Any) -> MeterTested:
    said: dict[str, Any] = {"dispute_no": "D1", "service_point_no": "sp0001", "org_unit": ORG, "meter_no": "M1"}
    said |= {
        "error_percent": "3.0",
        "accuracy_class": "2",
        "within_limits": False,
        "entered_by": "a",
        "decided_by": "b",
    }
    said |= {"from_": date(2026, 1, 1), "to": date(2026, 3, 2), "tested_on": date(2026, 3, 2)}
    return MeterTested(version=1, decided_on=date(2026, 3, 3), **said | more)


def adjustment(number: str, fen: int, **more: Any) -> AdjustmentIssued:
    said: dict[str, Any] = {"account_no": "a0001", "dispute_no": "D1", "service_point_no": "sp0001", "org_unit": ORG}
    said |= {"cycle": "2026-03", "issued_on": date(2026, 3, 10), "due_on": date(2026, 3, 30), "energy_wh": fen * 20}
    parts = (Component(component="energy", amount_fen=fen),)
    return AdjustmentIssued(adjustment_id=number, total_fen=fen, components=parts, **said | more)


async def mails(database_url: str, tmp_path: Path, *facts: Any) -> list[tuple[str, str]]:
    """Return (language, text) of what was sent to the two contacts of an account, in order."""
    with SmtpServer() as server:
        given = {"WATTLINE_NOTICE_SENDERS": "1", "WATTLINE_SMTP_PORT": str(server.port)}
        async with started(database_url, tmp_path, **given) as api:
            await api.notify.handle(account(1, point="sp0001"))
            await api.notify.put(contact(1, account_no="a0001"), contact(2, account_no="a0001", language="zh"))
            for fact in facts:
                await api.notify.handle(fact)
            await api.send_all()
    names = {"person0001@example.org": "en", "person0002@example.org": "zh"}
    return [(names[mail.recipient], mail.text) for mail in server.mails]


async def test_each_step_of_a_dispute_is_told_once(database_url: str, tmp_path: Path) -> None:
    facts = [dispute(version, **more) for version, more in enumerate(STEPS, 1)]
    said = await mails(database_url, tmp_path, *facts, facts[0])
    for language, words in (
        ("en", ["By 2026-02-12", "were shown", "on 2026-02-27", "by 2026-03-06", "erred more than it may"]),
        ("zh", ["2026-02-12 前", "已向您说明", "2026-02-27", "2026-03-06 前", "超出允许范围"]),
    ):
        texts = [text for to, text in said if to == language]
        assert len(texts) == 5, "that the hold was renewed tells nothing"
        assert all(any(word in text for text in texts) for word in words), texts
    assert sum("free of charge" in text for _, text in said) == 1
    assert sum("校表免费" in text for _, text in said) == 1


async def test_a_fee_is_told_with_the_verification(database_url: str, tmp_path: Path) -> None:
    said = await mails(database_url, tmp_path, dispute(1, **STEPS[4], fee_fen=5_000))
    assert any("The test costs CNY 50.00" in text for _, text in said)
    assert any("校表费用：50.00 元" in text for _, text in said)


async def test_the_result_and_what_follows_is_told(database_url: str, tmp_path: Path) -> None:
    facts = (
        *(shown(), shown(dispute_no="D2", error_percent="1.5", within_limits=True)),
        *(adjustment("J1", -161), adjustment("J2", 161, reverses="J1"), adjustment("J3", -242)),
    )
    said = "\n".join(text for _, text in await mails(database_url, tmp_path, *facts))
    for words in (
        *("its error is 3.0 %", "the difference is settled by a document of its own", "your bills stay", "账单不变"),
        *("CNY 1.61 is credited", "an earlier adjustment for your meter is taken back", "CNY 1.61 is charged"),
        *("退还 2.42 元", "冲回此前的计量误差退补"),
    ):
        assert words in said, words
