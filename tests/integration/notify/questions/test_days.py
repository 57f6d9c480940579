"""Days pass over open questions: they are asked again as the policy says, and expire once, each for its reason."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from services.notify.settings import NotifySettings
from shared.testing.smtp import SmtpServer
from tests.kits.notify import Api, HandClock, contact, started
from tests.kits.told_facts import account, proposed, visit, withdrawn

END = date(2026, 2, 13)


@pytest.fixture
async def waiting(api: Api) -> Api:
    """A question to somebody, on a day after its last day."""
    await api.notify.put(contact(1))
    await api.notify.handle(account(1))
    await api.notify.handle(proposed(1))
    api.notify.clock.move(days=60)
    return api


async def job(api: Api, name: str, day: date | str) -> dict[str, Any]:
    found: dict[str, Any] = (await api.call("POST", f"/v1/jobs/{name}/runs", {"business_date": str(day)})).json()
    return found


async def expire(api: Api, day: date | str = END) -> dict[str, int]:
    counts: dict[str, int] = (await job(api, "expire-questions", day))["counts"]
    return counts


async def remind(api: Api, day: str) -> int:
    count: int = (await job(api, "remind-questions", day))["counts"].get("reminded", 0)
    return count


async def ends(api: Api) -> list[tuple[str, str, str | None, str]]:
    told = [fact for fact in await api.notify.published() if fact["type"] == "notify.question_expired.v1"]
    return [(fact["question_id"], fact["reason"], fact["account_no"], fact["expired_on"]) for fact in told]


async def test_a_question_expires_once_on_the_day_after_its_last_day(waiting: Api) -> None:
    assert (await job(waiting, "expire-questions", "2026-02-12"))["reason"] == "no open question is past its last day"
    assert await expire(waiting) == {"expired": 1}
    assert await expire(waiting) == {}
    assert await expire(waiting, "2026-02-14") == {}
    assert await ends(waiting) == [("q0001", "undeliverable", "a0001", "2026-02-13")]
    question = (await waiting.call("GET", "/v1/questions/q0001")).json()
    assert (question["state"], question["code"], question["closed_on"]) == ("expired", "undeliverable", "2026-02-13")
    refused = await waiting.refused(
        "POST",
        "/v1/questions/q0001/answer",
        {"answer": "yes", "way": "call", "answered_on": "2026-02-12", "explanation": "x"},
    )
    assert refused == (409, "question.closed")


async def test_days_that_were_missed_are_caught_up(waiting: Api) -> None:
    assert await expire(waiting, "2026-03-01") == {"expired": 1}
    assert await ends(waiting) == [("q0001", "undeliverable", "a0001", "2026-03-01")]


async def test_who_was_told_and_says_nothing_is_silent(database_url: str, tmp_path: Path) -> None:
    refused = "person0002@example.org"
    with SmtpServer(faults=lambda recipient, tried: "permanent" if recipient == refused else "accept") as server:
        given = {"WATTLINE_NOTICE_SENDERS": "1", "WATTLINE_SMTP_PORT": str(server.port)}
        async with started(database_url, tmp_path, **given) as api:
            await api.notify.put(contact(1), contact(2, account_no="a0001"), contact(3, address=refused))
            await api.notify.handle(account(1), account(3))
            await api.notify.handle(proposed(1), proposed(3))
            await api.send_all()
            api.notify.clock.move(days=20)
            await expire(api)
            assert await ends(api) == [
                ("q0001", "silent", "a0001", "2026-02-13"),
                ("q0003", "undeliverable", "a0003", "2026-02-13"),
            ]


async def test_where_nobody_is_supplied_or_can_be_told_there_is_nobody(api: Api) -> None:
    await api.notify.handle(account(2))
    await api.notify.handle(proposed(1), proposed(2))
    api.notify.clock.move(days=60)
    assert await expire(api) == {"expired": 2}
    assert await ends(api) == [("q0001", "nobody", None, "2026-02-13"), ("q0002", "nobody", "a0002", "2026-02-13")]
    assert await api.notify.unaddressed() == [("q0001", "closed"), ("q0002", "closed")]
    await api.notify.put(contact(1), contact(2))
    await api.notify.handle(account(1))
    assert await api.notify.notices() == []
    assert (await job(api, "give-up-waiting", "2026-04-01"))["reason"] == "nothing waits for a contact"


async def test_a_question_that_is_heard_after_its_last_day_expires_at_the_next_run(waiting: Api) -> None:
    await expire(waiting)
    await waiting.notify.handle(proposed(2))
    assert await expire(waiting, "2026-02-14") == {"expired": 1}
    assert (await ends(waiting))[1] == ("q0002", "nobody", None, "2026-02-14")


async def test_a_question_that_is_withdrawn_expires_never(waiting: Api) -> None:
    await waiting.notify.handle(withdrawn(1))
    assert await expire(waiting) == {}
    assert await ends(waiting) == []


async def test_a_question_is_asked_again_once_on_the_day_of_the_policy(waiting: Api) -> None:
    assert [await remind(waiting, f"2026-02-{day:02}") for day in range(3, 14)] == [0] * 6 + [1] + [0] * 4
    first, again = sorted(await waiting.notify.notices(), key=lambda n: n.day)
    assert (first.template, first.day) == ("read_day_change", date(2026, 2, 2))
    assert (again.template, again.day, again.question_id) == ("read_day_change", date(2026, 2, 9), "q0001")
    assert await remind(waiting, "2026-02-09") == 0
    assert (await waiting.call("GET", "/v1/questions/q0001")).json()["reminders"] == 1


async def test_a_reminder_says_so_and_has_the_words_of_the_question(database_url: str, tmp_path: Path) -> None:
    with SmtpServer() as server:
        given = {"WATTLINE_NOTICE_SENDERS": "1", "WATTLINE_SMTP_PORT": str(server.port)}
        async with started(database_url, tmp_path, **given) as api:
            await api.notify.put(contact(1))
            await api.notify.handle(account(1))
            await api.notify.handle(visit(1))
            api.notify.clock.move(days=8)
            assert await remind(api, "2026-02-10") == 1  # the 9th was missed
            await api.send_all()
    asked, again = sorted(
        server.mails, key=lambda mail: mail.text.count("Reminder") + len(str(mail.message["Subject"]))
    )
    assert "Reminder" in str(again.message["Subject"])
    assert "Reminder" not in str(asked.message["Subject"])
    assert asked.text == again.text


async def test_who_has_answered_was_never_told_or_is_late_is_not_asked_again(waiting: Api) -> None:
    await waiting.notify.handle(account(2), account(3))
    await waiting.notify.put(contact(3))
    await waiting.notify.handle(proposed(2), proposed(3, answer_by=date(2026, 2, 5)))
    body = {"answer": "yes", "way": "call", "answered_on": "2026-02-03", "explanation": "x"}
    await waiting.call("POST", "/v1/questions/q0001/answer", body)
    assert [await remind(waiting, day) for day in ("2026-02-09", "2026-02-10")] == [0, 0]
    await waiting.notify.put(contact(2))  # it is asked late, and not at once again
    assert await remind(waiting, "2026-02-11") == 0
    assert [n.day for n in await waiting.notify.notices()] == [date(2026, 2, 2)] * 3


async def test_of_several_reminders_that_were_missed_one_is_sent(database_url: str, tmp_path: Path) -> None:
    policy: dict[str, Any] = json.loads(NotifySettings.model_fields["notify_policy"].default.read_text("utf-8"))
    policy["versions"][0]["remind_days_before"] = [1, 5, 3, 30]
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(policy))
    async with started(database_url, tmp_path, WATTLINE_NOTIFY_POLICY=str(file)) as api:
        await api.notify.put(contact(1))
        await api.notify.handle(account(1))
        await api.notify.handle(proposed(1))
        api.notify.clock.move(days=20)
        assert [await remind(api, f"2026-02-{day:02}") for day in (6, 10, 11, 12)] == [0, 1, 1, 0]


async def test_the_gauges_show_open_questions_and_how_long_one_is_past_its_last_day(api: Api) -> None:
    async def shown() -> list[str]:
        metrics = (await api.call("GET", "/metrics")).text
        return [
            line.partition("wattline_questions_")[2] for line in metrics.splitlines() if line.startswith("wattline_q")
        ]

    assert await shown() == ["open 0.0", "overdue_oldest_seconds 0.0"]
    await api.notify.handle(proposed(1), proposed(2))
    assert await shown() == ["open 2.0", "overdue_oldest_seconds 0.0"]
    clock: HandClock = api.notify.clock
    clock.move(days=10, hours=16)  # an hour into the day after, in Shanghai
    assert await shown() == ["open 2.0", "overdue_oldest_seconds 3600.0"]
    await expire(api)
    assert await shown() == ["open 0.0", "overdue_oldest_seconds 0.0"]


async def test_many_questions_are_reminded_and_expire_in_as_many_statements_as_a_few(api: Api) -> None:
    async def counted(numbers: range) -> tuple[int, int]:
        await api.notify.put(*(contact(n) for n in numbers))
        await api.notify.handle(*(account(n) for n in numbers))
        asked = date(2026, 3 if len(numbers) > 10 else 2, 2)
        await api.notify.handle(*(proposed(n, asked_on=asked, answer_by=asked.replace(day=12)) for n in numbers))
        with api.notify.statements() as reminded:
            assert await remind(api, str(asked.replace(day=9))) == len(numbers)
        with api.notify.statements() as expired:
            assert await expire(api, asked.replace(day=13)) == {"expired": len(numbers)}
        return len(reminded), len(expired)

    api.notify.clock.move(days=60)
    assert await counted(range(1, 11)) == await counted(range(101, 1101))
