"""What the mails of questions say, and how they are answered where there are no links."""

from datetime import date
from pathlib import Path

from shared.events.reading import VisitProposed
from shared.testing.smtp import SmtpServer
from tests.kits.links import asked, asking
from tests.kits.notify import Api
from tests.kits.told_facts import proposed, visit


async def test_without_a_public_address_a_question_asks_for_a_call_or_a_reply(
    database_url: str, tmp_path: Path
) -> None:
    with SmtpServer() as server:
        async with asking(database_url, tmp_path, server) as api:
            await asked(api, proposed(1), proposed(2))
    said = {mail.recipient: mail.text for mail in server.mails}
    assert "tell us by 2026-02-12, that day included: answer this message, or call us" in said["person0001@example.org"]
    assert "请于 2026-02-12 当日或之前回复本邮件，或来电" in said["person0002@example.org"]
    assert not any("http" in text for text in said.values())


VISITS = [
    ({"purpose": "one_off_read"}, "this once; your usual read day does not change", "When: 2026-02-20\n"),
    ({"purpose": "appointment", "from_time": "09:00"}, "could not be read", "When: 2026-02-20, from 09:00 on\n"),
    ({"purpose": "joint_reread", "from_time": "09:00", "to_time": "11:30"}, "together", "2026-02-20, 09:00 to 11:30\n"),
    ({"purpose": "appointment", "to_time": "12:00"}, "could not be read", "When: 2026-02-20, before 12:00\n"),
]


async def test_a_visit_says_its_purpose_and_its_times(database_url: str, tmp_path: Path) -> None:
    facts: list[VisitProposed] = [visit(1, question_id=f"v{n}", **given) for n, (given, _, _) in enumerate(VISITS)]
    with SmtpServer() as server:
        async with asking(database_url, tmp_path, server) as api:
            await asked(api, *facts)
    for purpose, when in [(purpose, when) for _, purpose, when in VISITS]:
        assert any(purpose in mail.text and when in mail.text.replace("\r", "") for mail in server.mails), (
            purpose,
            when,
        )


async def test_the_figures_of_a_question_are_its_own_and_how_it_is_answered(api: Api) -> None:
    templates = {t["template"]: t for t in (await api.call("GET", "/v1/templates")).json()}
    assert templates["read_day_change"]["roles"] == ["holder"]
    assert templates["read_day_change"]["legal_effect"] is True
    figures = dict.fromkeys(templates["visit"]["figures"], "x") | {"answering": "link", "link": "https://x"}
    body = {"language": "en", "on": str(date(2026, 2, 2)), "figures": figures}
    preview = (await api.call("POST", "/v1/templates/visit/preview", body)).json()
    assert "at the address below" in preview["body"]
    assert "https://x" in preview["body"]
