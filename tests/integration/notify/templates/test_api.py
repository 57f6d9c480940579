"""Templates over HTTP."""

import json
from pathlib import Path

from shared.testing.smtp import SmtpServer
from tests.kits.notify import KINDS, Api, contact, started
from tests.kits.told_facts import issued, reminder


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


async def test_all_templates_are_listed_with_who_is_told_and_whether_a_right_depends_on_it(api: Api) -> None:
    shown = {t["template"]: t for t in (await api.call("GET", "/v1/templates")).json()}
    assert set(shown) == set(KINDS)
    assert {"bill_issued", "bill_corrected", "estimate_made", "reminder", "payment_reversed"} <= set(shown)
    assert [(shown[t]["roles"], shown[t]["legal_effect"]) for t in ("bill_issued", "reminder")] == [
        (["delegate", "holder", "tenant"], False),
        (["delegate", "holder"], True),
    ]


async def test_a_kind_with_texts_of_ones_own_is_told_in_these_and_the_others_as_they_ship(
    database_url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    texts = {language: {"subject": "{account_no}", "body": ["Pay {outstanding_yuan}."]} for language in ("zh", "en")}
    own = {"template": "reminder", "version": 7, "effective_from": "2026-01-01", "texts": texts}
    (folder / "reminder.v7.json").write_text(json.dumps(own))
    with SmtpServer() as server:
        given = {
            "WATTLINE_NOTICE_SENDERS": "1",
            "WATTLINE_SMTP_PORT": str(server.port),
            "WATTLINE_NOTIFY_TEMPLATES": str(folder),
        }
        async with started(database_url, tmp_path, **given) as api:
            await api.notify.put(contact(1))
            await api.notify.handle(reminder(1))
            await api.notify.handle(issued(1))
            await api.send_all()
            versions = {(n.template, n.template_version) for n in await api.notify.notices()}
    assert versions == {("reminder", 7), ("bill_issued", 2)}
    assert "Pay 123.45." in [mail.text.strip() for mail in server.mails]
