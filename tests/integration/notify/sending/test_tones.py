"""How an account pays, and whether a party is vulnerable, decides how it is spoken to, and never what it is told."""

import random
from dataclasses import replace
from datetime import date
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from services.notify.accounts import store
from services.notify.parties.domain import Party, Vulnerability
from shared.events.collection import AccountStandingChanged
from shared.testing.smtp import SmtpServer
from tests.kits.notify import Api, Contact, Notify, contact, started
from tests.kits.told_facts import ORG, issued, reminder

WORDS = {"plain": "If you have paid in the meantime", "gentle": "slipped your mind", "firm": "Please pay this one now"}
OWED = "account a0001 owes CNY 123.45, due on 2026-02-20, still open on 2026-03-05."

CARE = Vulnerability(reason="elderly", source="the community office", since=date(2026, 1, 1))


def standing(said: str, version: int = 1, number: int = 1, **more: Any) -> AccountStandingChanged:
    figures = {"due_count": 12, "late_count": 3, "owed_late_count": 1} | more
    account_no = f"a{number:04}"
    return AccountStandingChanged(
        account_no=account_no, version=version, org_unit=ORG, standing=said, since=date(2026, 2, 1), **figures
    )


class Vulnerable(Contact):
    """A contact whose party is said to be vulnerable."""

    def party(self) -> Party:
        return replace(super().party(), vulnerability=CARE)


async def mails(database_url: str, tmp_path: Path, *given: Any, to: Contact) -> tuple[list[str], list[Any]]:
    """Return what was mailed of facts to a contact, and the notices."""
    with SmtpServer() as server:
        smtp = {"WATTLINE_NOTICE_SENDERS": "1", "WATTLINE_SMTP_PORT": str(server.port)}
        async with started(database_url, tmp_path, **smtp) as api:
            await api.notify.put(to)
            for fact in given:
                await api.notify.handle(fact)
            await api.send_all()
            listed = (await api.call("GET", "/v1/notices")).json()["items"]
    return [mail.text for mail in server.mails], listed


@pytest.mark.parametrize(
    ("said", "is_vulnerable", "tone"),
    [
        (None, False, "plain"),
        ("prompt", False, "gentle"),
        ("sometimes_late", False, "plain"),
        ("often_late", False, "firm"),
        ("hardship", False, "gentle"),
        ("often_late", True, "gentle"),
    ],
)
async def test_the_tone_follows_from_the_standing_or_who_is_vulnerable_and_what_is_owed_is_told_the_same(
    database_url: str, tmp_path: Path, said: str | None, is_vulnerable: bool, tone: str
) -> None:
    base = contact(1)
    to = Vulnerable(**{name: getattr(base, name) for name in Contact.__dataclass_fields__}) if is_vulnerable else base
    facts = [*([standing(said)] if said else []), reminder(1), issued(1)]
    texts, listed = await mails(database_url, tmp_path, *facts, to=to)
    (text,) = [each for each in texts if OWED in each]
    assert WORDS[tone] in text
    assert {notice["template"]: notice["tone"] for notice in listed} == {"reminder": tone, "bill_issued": "plain"}


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
async def test_an_older_word_that_comes_later_changes_nothing(notify: Notify, order: tuple[int, ...]) -> None:
    said = {1: "prompt", 2: "often_late", 3: "sometimes_late"}
    for version in order:
        await notify.handle(standing(said[version], version))
    assert await known(notify) == {"a0001": "sometimes_late"}


@pytest.mark.parametrize("seed", range(3))
async def test_any_batches_of_standings_end_in_the_same_copy(notify: Notify, seed: int) -> None:
    chosen = random.Random(seed)
    said = ("prompt", "sometimes_late", "often_late", "hardship")
    facts = [standing(chosen.choice(said), version, number) for number in (1, 2, 3) for version in range(1, 6)]
    newest = {fact.account_no: fact.standing for fact in facts}
    chosen.shuffle(facts)
    while facts:
        size = chosen.randint(1, 6)
        await notify.handle(*facts[:size])
        facts = facts[size:]
    assert await known(notify) == newest


async def test_standings_are_kept_in_one_statement(notify: Notify) -> None:
    counts = []
    for count in (1, 50):
        with notify.statements() as seen:
            await notify.handle(*(standing("prompt", count, number) for number in range(count)))
        counts.append(len(seen))
    assert counts[0] == counts[1]


async def test_a_template_says_its_tones_and_is_previewed_in_each(api: Api) -> None:
    shown = {t["template"]: t["tones"] for t in (await api.call("GET", "/v1/templates")).json()}
    assert (shown["reminder"], shown["bill_issued"]) == (["plain", "gentle", "firm"], ["plain"])
    figures = {"account_no": "a", "outstanding_fen": 5, "due_on": "2026-02-20", "business_date": "2026-03-01"}
    body = {"language": "en", "on": "2026-03-01", "figures": figures}
    for tone, words in WORDS.items():
        answer = (await api.call("POST", "/v1/templates/reminder/preview", body | {"tone": tone})).json()
        assert (answer["tone"], words in answer["body"]) == (tone, True)


async def known(notify: Notify) -> dict[str, str]:
    async with notify.database.view() as view:
        return await store.standings(view, ["a0001", "a0002", "a0003"])
