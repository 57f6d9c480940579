"""A question that asks for figures: typed on the page of its link or recorded by an employee, and told with the answer."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.testing.smtp import SmtpServer
from tests.kits.links import LINKED, asked, asking, opened, path_in, question, told
from tests.kits.notify import Api, contact
from tests.kits.told_facts import account, own_read, proposed

FORM = "answer=reported&figure.import=00200.50&figure.import.peak=80"
CALL: dict[str, Any] = {
    "answer": "reported",
    "way": "call",
    "answered_on": "2026-02-02",
    "explanation": "Called in.",
    "figures": {"import": "200.50", "import.peak": "80"},
    "seen_at": "2026-02-01T20:00:00+08:00",
}


async def test_a_customer_types_what_the_meter_shows(database_url: str, tmp_path: Path) -> None:
    with SmtpServer() as server:
        async with asking(database_url, tmp_path, server, **LINKED) as api:
            await asked(api, own_read(1))
            (mail,) = server.mails
            assert "Number of the meter: m0001" in mail.text
            path = path_in(mail)
            page = await opened(api, "GET", path)
            assert [await opened(api, "GET", path) for _ in range(2)][1].text == page.text
            assert ((await question(api, "o0001"))["state"], await told(api)) == ("open", [])
            thanks = await opened(api, "POST", path, FORM)
            assert (thanks.status_code, (await opened(api, "POST", path, FORM)).text) == (200, thanks.text)
            other = await opened(api, "POST", path, FORM.replace("80", "81"))
            (fact,) = await told(api)
            shown = await question(api, "o0001")
    assert re.findall(r'<label for="figure\d">([^<]+)<', page.text) == ["Used, total (kWh)", "Used, peak (kWh)"]
    assert page.text.count("up to 6 digits before the point, up to 2 after it") == 2
    assert re.findall(r'name="(figure[^"]+)" value="([^"]*)"', page.text) == [
        ("figure.import", ""),
        ("figure.import.peak", ""),
    ]
    assert "<script" not in page.text
    assert "Used, total (kWh): 200.50" in thanks.text
    assert "<input" not in thanks.text
    assert (other.status_code, "There is an answer already" in other.text) == (409, True)
    assert (fact["answer"], fact["way"], fact["figures"]) == (
        "reported",
        "link",
        {"import": "200.50", "import.peak": "80"},
    )
    assert fact["seen_at"] == "2026-02-02T01:00:00Z"
    assert (shown["given_figures"], shown["seen_at"]) == (fact["figures"], fact["seen_at"])


@pytest.mark.parametrize(
    ("form", "language", "words"),
    [
        ("answer=reported", "en", ["Please enter this one."] * 2),
        (
            "answer=reported&figure.import=twelve&figure.import.peak=1234567",
            "en",
            [
                "This is not a number: digits and one point only, please.",
                "These are more digits before the point than your meter can show.",
            ],
        ),
        (
            "answer=reported&figure.import=1.234&figure.import.peak=-1",
            "zh",
            ["小数点后的位数多于表计所能显示的位数。", "这不是数字：请只填写数字和一个小数点。"],
        ),
    ],
)
async def test_what_is_wrong_is_said_beside_the_figure_and_nothing_is_told(
    database_url: str, tmp_path: Path, form: str, language: str, words: list[str]
) -> None:
    with SmtpServer() as server:
        async with asking(database_url, tmp_path, server, **LINKED) as api:
            await asked(api, own_read(1))
            path = path_in(server.mails[0])
            page = await opened(api, "POST", f"{path}?lang={language}", form)
            assert (await question(api, "o0001"))["state"] == "open"
            assert (await opened(api, "POST", path, FORM)).status_code == 200
            assert [fact["figures"]["import"] for fact in await told(api)] == ["200.50"]
    assert page.status_code == 422
    assert re.findall(r'<p class="fault" id="fault\d">([^<]+)<', page.text) == words
    typed = dict(httpx.QueryParams(form))
    for name in ("figure.import", "figure.import.peak"):
        assert f'name="{name}" value="{typed.get(name, "")}"' in page.text, "what was typed is there to be put right"


async def test_what_is_typed_is_escaped_and_cut(database_url: str, tmp_path: Path) -> None:
    sly = "%22%3E%3Cscript%3E" + "9" * 100
    with SmtpServer() as server:
        async with asking(database_url, tmp_path, server, **LINKED) as api:
            await asked(api, own_read(1))
            page = await opened(api, "POST", path_in(server.mails[0]), f"answer=reported&figure.import={sly}")
    assert page.status_code == 422
    assert "<script" not in page.text
    assert "9" * 25 not in page.text


@pytest.fixture
async def called(api: Api) -> Api:
    await api.notify.put(contact(1))
    await api.notify.handle(account(1))
    await api.notify.handle(own_read(1))
    return api


async def refused(api: Api, **changes: Any) -> tuple[int, str]:
    path = "/v1/questions/o0001/answer"
    return await api.refused("POST", path, CALL | changes, scopes=("notify:answers",))


async def test_an_employee_records_what_the_customer_said_the_meter_shows(called: Api) -> None:
    assert await refused(called, figures={}) == (422, "request.invalid")
    assert await refused(called, seen_at=None) == (422, "request.invalid")
    assert await refused(called, figures={"import": "200.50"}) == (422, "question.bad_figures")
    assert await refused(called, figures=CALL["figures"] | {"export": "1"}) == (422, "question.bad_figures")
    assert await refused(called, figures=CALL["figures"] | {"import": "1234567"}) == (422, "question.bad_figures")
    assert await refused(called, seen_at="2026-02-02T10:00:00+08:00") == (422, "question.seen_in_the_future")
    assert await refused(called, seen_at=None, figures={}, answer="yes") == (422, "question.unknown_answer")
    path = "/v1/questions/o0001/answer"
    first = await called.call("POST", path, CALL)
    assert (first.status_code, (await called.call("POST", path, CALL)).json()) == (200, first.json())
    assert await refused(called, figures=CALL["figures"] | {"import": "200.51"}) == (409, "question.already_answered")
    (fact,) = await told(called)
    assert (fact["figures"], fact["seen_at"]) == (CALL["figures"], "2026-02-01T12:00:00Z")
    assert (fact["way"], fact["recorded_by"]) == ("call", "clerk-1")


async def test_a_question_that_asks_for_no_figures_takes_none(called: Api) -> None:
    await called.notify.handle(proposed(1))
    said = CALL | {"answer": "yes"}
    assert await called.refused("POST", "/v1/questions/q0001/answer", said) == (422, "question.bad_figures")
