"""An objection to a closing is taken whenever and however it comes; any other second answer is refused in words."""

import itertools
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from shared.events.closings import ClosingAnnounced, ClosingWithdrawn
from shared.testing.smtp import SmtpServer
from tests.kits.links import LINKED, asked, asking, opened, path_in, question, told
from tests.kits.notify import Api, contact
from tests.kits.told_facts import ANSWER_BY, ASKED, ORG, account, proposed

NUMBER = "CL-1"
PATH = f"/v1/questions/{NUMBER}/answer"


def closing(**changes: Any) -> ClosingAnnounced:
    values: dict[str, Any] = {
        "question_id": NUMBER,
        "subject_kind": "closing",
        "subject_id": NUMBER,
        "closing_no": NUMBER,
        "account_no": "a0001",
        "service_point_no": "p0001",
        "org_unit": ORG,
        "asked_on": ASKED,
        "announced_on": ASKED,
        "answers": ("object", "agree"),
        "answer_by": ANSWER_BY,
        "objection_until": ANSWER_BY,
        "since": date(2025, 8, 1),
    }
    return ClosingAnnounced(**values | changes)


async def said(api: Api) -> list[tuple[str, str, str | None]]:
    """Return what was told: each answer with its way, and that there was none."""
    return [(fact.get("answer", "none"), fact.get("way", ""), fact.get("recorded_by")) for fact in await told(api)]


async def expire(api: Api) -> None:
    await api.call("POST", "/v1/jobs/expire-questions/runs", {"business_date": "2026-02-13"})


def heard(answer: str, on: str = "2026-02-02", way: str = "call") -> dict[str, str]:
    return {"answer": answer, "way": way, "answered_on": on, "explanation": "The customer called."}


async def test_who_agrees_by_the_link_may_object_by_it_and_an_objection_stays_one(
    database_url: str, tmp_path: Path
) -> None:
    with SmtpServer() as server:
        async with asking(database_url, tmp_path, server, **LINKED) as api:
            await asked(api, closing())
            path = path_in(server.mails[0])
            agreed = await opened(api, "POST", path, "answer=agree")
            assert agreed.status_code == 200
            assert "I agree that it is closed (received on 2026-02-02)" in agreed.text
            assert '<button name="answer" value="object">' in agreed.text
            assert 'value="agree"' not in agreed.text
            assert "您仍可改为下列答复" in (await opened(api, "GET", f"{path}?lang=zh")).text
            objected = await opened(api, "POST", path, "answer=object")
            assert (objected.status_code, "<button" in objected.text) == (200, False)
            back = await opened(api, "POST", path, "answer=agree")
            assert (back.status_code, "There is an answer already: I object" in back.text) == (409, True)
            assert (await opened(api, "POST", path, "answer=object")).status_code == 200
            assert await said(api) == [("agree", "link", None), ("object", "link", None)]
            shown = await question(api, NUMBER)
    assert (shown["state"], shown["answer"], shown["way"]) == ("answered", "object", "link")


async def test_after_the_last_day_the_link_takes_an_objection_alone_before_and_after_the_job(
    database_url: str, tmp_path: Path
) -> None:
    with SmtpServer() as server:
        async with asking(database_url, tmp_path, server, **LINKED) as api:
            await asked(api, closing())
            path = path_in(server.mails[0])
            api.notify.clock.move(days=12)
            for done in (False, True):
                if done:
                    await expire(api)
                late = await opened(api, "GET", path)
                assert (late.status_code, 'value="object"' in late.text, 'value="agree"' in late.text) == (
                    200,
                    True,
                    False,
                )
                assert "somebody will look at it" in late.text
                assert (await opened(api, "POST", path, "answer=agree")).status_code == 410
            assert await said(api) == [("none", "", None)]
            assert (await opened(api, "POST", path, "answer=object")).status_code == 200
            assert await said(api) == [("none", "", None), ("object", "link", None)]
            (*_, fact) = await told(api)
    assert fact["answered_on"] > str(ANSWER_BY)


@pytest.mark.parametrize("ways", list(itertools.product(("call", "reply", "counter"), repeat=2))[:5])
async def test_what_employees_write_down_overrules_alike_and_is_audited(api: Api, ways: tuple[str, str]) -> None:
    await _asked(api)
    first, second = ways
    await api.call("POST", PATH, heard("agree", way=first))
    await api.call("POST", PATH, heard("object", way=second))
    await api.call("POST", PATH, heard("object", way=second))
    assert await said(api) == [("agree", first, "clerk-1"), ("object", second, "clerk-1")]
    assert await api.refused("POST", PATH, heard("agree")) == (409, "question.already_answered")
    entries = (await api.call("GET", f"/v1/audit-entries?entity_kind=question&entity_id={NUMBER}")).json()["items"]
    assert [entry["action"] for entry in entries] == [f"question.answer.{way}" for way in ways]


async def test_an_objection_of_the_period_may_be_written_down_after_it_has_expired(api: Api) -> None:
    await _asked(api)
    api.notify.clock.move(days=20)
    await expire(api)
    assert await api.refused("POST", PATH, heard("agree", "2026-02-12")) == (409, "question.closed")
    await api.call("POST", PATH, heard("object", "2026-02-12"))
    assert [each[0] for each in await said(api)] == ["none", "object"]


async def test_none_is_taken_once_the_closing_is_withdrawn(api: Api) -> None:
    await _asked(api)
    gone = {"closing_no": NUMBER, "account_no": "a0001", "service_point_no": "p0001", "org_unit": ORG}
    await api.notify.handle(ClosingWithdrawn(**gone, withdrawn_on=ASKED, code="used", announced_on=ASKED))
    assert await api.refused("POST", PATH, heard("object")) == (409, "question.closed")


async def test_no_answer_to_another_kind_overrules(api: Api) -> None:
    await _asked(api)
    await api.notify.handle(proposed(1))
    path = "/v1/questions/q0001/answer"
    await api.call("POST", path, heard("yes"))
    assert await api.refused("POST", path, heard("no")) == (409, "question.already_answered")


async def _asked(api: Api) -> None:
    await api.notify.put(contact(1))
    await api.notify.handle(account(1))
    await api.notify.handle(closing())
