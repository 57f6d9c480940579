"""From a mail to an answer: the link in it, its page, and what a mail scanner, a stranger and a second answer find."""

import base64
import hashlib
import re
from datetime import date
from email.header import decode_header, make_header
from pathlib import Path

import orjson
import pytest

from services.notify.settings import NotifySettings
from shared.testing.smtp import SmtpServer
from tests.kits.links import LINKED, asked, asking, opened, path_in, question, told
from tests.kits.notify import contact, started
from tests.kits.told_facts import account, proposed, visit, withdrawn


async def test_a_customer_answers_by_the_link_in_the_mail(database_url: str, tmp_path: Path) -> None:
    with SmtpServer() as server:
        async with asking(database_url, tmp_path, server, **LINKED) as api:
            await asked(api, proposed(1))
            (mail,) = server.mails
            assert "May we read your meter on another day?" in str(make_header(decode_header(mail.message["Subject"])))
            assert "each month on day 15, from 2026-04 on" in mail.text
            assert "read on 2026-04-01; on the new day it is first read on 2026-04-15" in mail.text
            path = path_in(mail)
            page = await opened(api, "GET", path)
            assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
            assert "each month on day 15, from 2026-04 on" in page.text
            assert '<button name="answer" value="yes">I agree to the new day</button>' in page.text
            assert "http" not in page.text  # neither the link nor anything else that is fetched
            assert ((await question(api))["state"], await told(api)) == ("open", [])
            thanks = await opened(api, "POST", path, "answer=yes")
            assert (thanks.status_code, "I agree to the new day (received on 2026-02-02)" in thanks.text) == (200, True)
            again = await opened(api, "GET", path)
            assert "Your answer: I agree to the new day" in again.text
            assert "<button" not in again.text
            (fact,) = await told(api)
            shown = await question(api)
            (notice,) = await api.notify.notices()
    assert {name: fact[name] for name in ("type", "question_id", "account_no", "answer", "answered_on", "way")} == {
        "type": "notify.customer_answered.v1",
        "question_id": "q0001",
        "account_no": "a0001",
        "answer": "yes",
        "answered_on": "2026-02-02",
        "way": "link",
    }
    assert (fact["subject_kind"], fact["subject_id"], fact["recorded_by"]) == ("read_day_change", "change-0001", None)
    assert (shown["state"], shown["answer"], shown["way"], shown["closed_on"]) == (
        "answered",
        "yes",
        "link",
        "2026-02-02",
    )
    assert shown["notice_id"] == notice.notice_id


async def test_looking_at_a_link_answers_nothing_however_often(database_url: str, tmp_path: Path) -> None:
    with SmtpServer() as server:
        async with asking(database_url, tmp_path, server, **LINKED) as api:
            await asked(api, proposed(1))
            path = path_in(server.mails[0])
            for look in (path, f"{path}?lang=zh", f"{path}?lang=en"):
                assert (await opened(api, "GET", look)).status_code == 200
            assert (await opened(api, "GET", f"{path}?answer=yes")).status_code == 400
            assert (await opened(api, "HEAD", path)).status_code == 405
            assert ((await question(api))["state"], await told(api)) == ("open", [])


async def test_the_page_is_in_the_language_of_the_contact_and_in_the_other_one_at_a_click(
    database_url: str, tmp_path: Path
) -> None:
    with SmtpServer() as server:
        async with asking(database_url, tmp_path, server, **LINKED) as api:
            await asked(api, proposed(2))
            path = path_in(server.mails[0])
            chinese = (await opened(api, "GET", path)).text
            english = (await opened(api, "GET", f"{path}?lang=en")).text
            answered = (await opened(api, "POST", f"{path}?lang=en", "answer=no")).text
    assert '<html lang="zh">' in chinese
    assert "同意变更" in chinese
    assert '<a href="?lang=en">English</a>' in chinese
    assert "每月 15 日" in chinese
    assert "抄表例日变更征询 户号 a0002" in chinese
    assert '<html lang="en">' in english
    assert '<form method="post" action="?lang=en">' in english
    assert "Your answer: I do not agree, the day shall stay" in answered


async def test_the_same_answer_again_changes_nothing_and_another_one_is_refused(
    database_url: str, tmp_path: Path
) -> None:
    with SmtpServer() as server:
        async with asking(database_url, tmp_path, server, **LINKED) as api:
            await asked(api, proposed(1))
            path = path_in(server.mails[0])
            first = await opened(api, "POST", path, "answer=no")
            assert [(await opened(api, "POST", path, "answer=no")).text for _ in range(2)] == [first.text] * 2
            other = await opened(api, "POST", path, "answer=yes")
            assert (other.status_code, "There is an answer already: I do not agree" in other.text) == (409, True)
            assert (await opened(api, "POST", path, "answer=maybe")).status_code == 409
            assert [fact["answer"] for fact in await told(api)] == ["no"]


async def test_what_is_asked_for_tomorrow_may_be_answered_today(database_url: str, tmp_path: Path) -> None:
    with SmtpServer() as server:
        async with asking(database_url, tmp_path, server, **LINKED) as api:
            await asked(api, proposed(1, asked_on=date(2026, 2, 3)))
            assert (await opened(api, "POST", path_in(server.mails[0]), "answer=yes")).status_code == 200
            assert [fact["answered_on"] for fact in await told(api)] == ["2026-02-03"]


LONG = "answer=yes&" + "a&" * 500_000  # which takes long to be read as fields


@pytest.mark.parametrize(
    "form",
    [
        "",
        "answer=",
        "answer=maybe",
        "answer=yes&answer=no",
        "other=yes",
        "%ff=%00",
        "{}",
        pytest.param(LONG, id="long"),
    ],
)
async def test_a_form_without_one_of_the_answers_shows_them_again(database_url: str, tmp_path: Path, form: str) -> None:
    with SmtpServer() as server:
        async with asking(database_url, tmp_path, server, **LINKED) as api:
            await asked(api, proposed(1))
            page = await opened(api, "POST", path_in(server.mails[0]), form)
            assert (page.status_code, page.text.count("<button")) == (422, 2)
            assert (await question(api))["state"] == "open"


async def test_a_link_ends_with_the_last_day_for_an_answer_in_the_time_zone_of_the_utility(
    database_url: str, tmp_path: Path
) -> None:
    with SmtpServer() as server:
        async with asking(database_url, tmp_path, server, **LINKED) as api:
            await asked(api, proposed(1), proposed(2))
            first, second = map(path_in, sorted(server.mails, key=lambda mail: mail.recipient))
            api.notify.clock.move(days=10, hours=14, minutes=59)  # 23:59 in Shanghai
            assert (await opened(api, "POST", first, "answer=yes")).status_code == 200
            api.notify.clock.move(minutes=1)
            for method, form in (("GET", None), ("POST", "answer=yes")):
                page = await opened(api, method, second, form)
                assert (page.status_code, "2026-02-12" in page.text, "<button" in page.text) == (410, True, False)
            assert [fact["question_id"] for fact in await told(api)] == ["q0001"]


async def test_a_withdrawn_question_and_a_link_that_nobody_knows_have_their_pages(
    database_url: str, tmp_path: Path
) -> None:
    with SmtpServer() as server:
        async with asking(database_url, tmp_path, server, **LINKED) as api:
            await asked(api, proposed(1))
            path = path_in(server.mails[0])
            await api.notify.handle(withdrawn(1))
            for method, form in (("GET", None), ("POST", "answer=yes")):
                gone = await opened(api, method, path, form)
                assert (gone.status_code, "No answer is needed" in gone.text) == (410, True)
            unknown = [
                await opened(api, method, path[:-1] + end, form)
                for method, form in (("GET", None), ("POST", "answer=yes"))
                for end in ("", "!", "AA")
            ]
            assert await told(api) == []
    assert {page.status_code for page in unknown} == {404}
    assert len({page.text for page in unknown}) == 1
    assert "链接无效" in unknown[0].text
    assert "This link is not valid" in unknown[0].text


async def test_every_page_may_be_neither_framed_nor_kept_nor_tell_its_address(
    database_url: str, tmp_path: Path
) -> None:
    with SmtpServer() as server:
        async with asking(database_url, tmp_path, server, **LINKED) as api:
            await asked(api, proposed(1))
            path = path_in(server.mails[0])
            pages = [
                await opened(api, "GET", path),
                await opened(api, "POST", path, "answer=yes"),
                await opened(api, "GET", "/v1/links/unknown"),
            ]
    for page in pages:
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "frame-ancestors 'none'" in policy
        style = re.search("<style>(.*)</style>", page.text)
        assert style is not None
        hashed = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
        assert f"style-src 'sha256-{hashed}'" in policy
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        assert "set-cookie" not in page.headers
        assert "<script" not in page.text


async def test_what_a_question_says_is_escaped(database_url: str, tmp_path: Path) -> None:
    sly = '"><script>alert(1)</script>'
    with SmtpServer() as server:
        async with asking(database_url, tmp_path, server, **LINKED) as api:
            await api.notify.handle(account(1, version=2, point=sly))
            await asked(api, visit(1, service_point_no=sly, answers=("yes", '"><b>')))
            page = await opened(api, "GET", path_in(server.mails[0]))
    assert "<script" not in page.text
    assert "<b>" not in page.text
    assert 'value="&quot;&gt;&lt;b&gt;"' in page.text


async def test_a_link_may_not_be_opened_too_often_and_who_guesses_is_a_stranger(
    database_url: str, tmp_path: Path
) -> None:
    with SmtpServer() as server:
        given = LINKED | {"WATTLINE_STRANGER_REQUESTS_PER_SECOND": "2"}
        async with asking(database_url, tmp_path, server, **given) as api:
            await asked(api, proposed(1), proposed(2))
            one, other = map(path_in, server.mails)
            statuses = [(await opened(api, "GET", one)).status_code for _ in range(15)]
            assert (statuses[0], statuses[-1]) == (200, 429)
            assert (await opened(api, "GET", other)).status_code == 200
            guesses = [(await opened(api, "GET", f"/v1/links/guess-{n}")).status_code for n in range(30)]
            assert (guesses[0], guesses[-1]) == (404, 429)


async def test_a_resent_question_holds_the_same_link_and_so_does_one_that_was_in_doubt(
    database_url: str, tmp_path: Path
) -> None:
    with SmtpServer(faults=lambda recipient, tried: "drop_after_data" if tried == 0 else "accept") as server:
        policy = tmp_path / "policy.json"
        document = orjson.loads(NotifySettings.model_fields["notify_policy"].default.read_bytes())
        document["versions"][0]["retry"] = {"temporary_seconds": [], "in_doubt_seconds": [0, 0]}
        policy.write_bytes(orjson.dumps(document))
        given = LINKED | {"WATTLINE_NOTIFY_POLICY": str(policy)}
        async with asking(database_url, tmp_path, server, **given) as api:
            await asked(api, proposed(1))
            (notice,) = await api.notify.notices()
            await api.call("POST", f"/v1/notices/{notice.notice_id}/resend", {"reason": "Another copy."})
            await api.send_all()
            assert len(server.mails) == 3
            assert len({path_in(mail) for mail in server.mails}) == 1
            assert (await opened(api, "POST", path_in(server.mails[0]), "answer=yes")).status_code == 200


async def test_a_link_that_went_to_a_wrong_address_answers_nothing_once_that_is_corrected(
    database_url: str, tmp_path: Path
) -> None:
    with SmtpServer() as server:
        async with asking(database_url, tmp_path, server, **LINKED) as api:
            await asked(api, proposed(1))
            (notice,) = await api.notify.notices()
            wrong = path_in(server.mails[0])
            await api.notify.put(contact(1, language="zh"))  # which changes no address
            assert (await opened(api, "GET", wrong)).status_code == 200
            await api.notify.put(contact(1, language="zh", address="right@example.org"))
            for method, form in (("GET", None), ("POST", "answer=yes")):
                page = await opened(api, method, wrong, form)
                assert (page.status_code, "a0001" in page.text) == (404, False)
            await api.call("POST", f"/v1/notices/{notice.notice_id}/resend", {"reason": "To the right address."})
            await api.send_all()
            right = path_in(server.mails[1])
            assert server.mails[1].recipient == "right@example.org"
            assert (await opened(api, "POST", right, "answer=no")).status_code == 200
            assert [fact["answer"] for fact in await told(api)] == ["no"]
            await api.notify.put(contact(1, language="zh"))  # the wrong one again opens nothing either
            assert (await opened(api, "GET", wrong)).status_code == 404


async def test_a_link_goes_on_with_the_key_replaced_until_its_question_is_closed(
    database_url: str, tmp_path: Path
) -> None:
    with SmtpServer() as server:
        async with asking(database_url, tmp_path, server, **LINKED) as api:
            await asked(api, proposed(1))
        async with started(database_url, tmp_path, **LINKED | {"WATTLINE_LINK_KEY": "n" * 40}) as api:
            assert (await opened(api, "GET", path_in(server.mails[0]))).status_code == 200


async def test_a_question_that_is_closed_before_its_notice_goes_out_is_not_sent(
    database_url: str, tmp_path: Path
) -> None:
    with SmtpServer() as server:
        async with asking(database_url, tmp_path, server, **LINKED) as api:
            await api.notify.handle(proposed(1))
            await api.notify.handle(withdrawn(1))
            await api.send_all()
            assert await api.notify.states() == [("failed", "question_closed")]
            assert [f["reason"] for f in await api.notify.published()] == ["question_closed"]
            metrics = (await api.call("GET", "/metrics")).text
            assert 'wattline_notices_total{channel="email",result="closed"} 1.0' in metrics
    assert server.mails == []
