"""When a notice goes out: quiet hours, preferred hours, the budget of a week, and what a party has declined."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.notify.notices.store import attempts
from services.notify.notices.use_cases import settling
from services.notify.policies.domain.pace import Manner
from services.notify.settings import NotifySettings
from shared.events.collection import DunningStepDue, PaymentReversed
from tests.kits.notify import BODY, Api, Notify, body, contact, started
from tests.kits.told_facts import account, bill, corrected, issued, payment_reversed, proposed, reminder

MONDAY_EVENING = datetime(2026, 2, 2, 14, 0, tzinfo=UTC)
"""22:00 in Shanghai."""
POINTS = {
    "email": "li@example.org",
    "mobile": "13800000000",
    "landline": "0571-88880000",
    "postal": "西湖区 1 号",
    "app": "u-1",
}


def party(*kinds: str, **changes: Any) -> dict[str, Any]:
    """Return a party with verified contact points of these kinds."""
    (verified,) = BODY["points"][0]["verified"]
    points = [
        {"point_no": str(n), "kind": kind, "address": POINTS[kind], "valid_from": "2026-01-01", "verified": [verified]}
        for n, kind in enumerate(kinds, 1)
    ]
    return body(**changes) | {"points": points}


async def told(api: Api) -> list[tuple[str, str, str, str | None, str]]:
    items = (await api.call("GET", "/v1/notices")).json()["items"]
    return sorted((i["cause_id"], i["channel"], i["state"], i["due_at"], i["paced"] or i["code"]) for i in items)


async def put(api: Api, given: dict[str, Any], party_no: str = "c0001") -> None:
    answer = await api.call("PUT", f"/v1/parties/{party_no}", given)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("kinds", "at", "expected"),
    [
        (("mobile",), MONDAY_EVENING, ("sms", "2026-02-03T00:00:00Z", "quiet_hours")),
        (("mobile",), MONDAY_EVENING + timedelta(hours=9), ("sms", "2026-02-03T00:00:00Z", "quiet_hours")),
        (("mobile",), MONDAY_EVENING + timedelta(hours=10), ("sms", "2026-02-03T00:00:00Z", "")),
        (("mobile",), MONDAY_EVENING + timedelta(days=4), ("sms", "2026-02-07T01:00:00Z", "quiet_hours")),  # a Saturday
        (("email",), MONDAY_EVENING, ("email", "2026-02-02T14:00:00Z", "")),
    ],
    ids=["evening", "morning", "open again", "rest day", "what disturbs nobody"],
)
async def test_what_disturbs_waits_for_the_end_of_quiet_hours(
    api: Api, kinds: tuple[str, ...], at: datetime, expected: tuple[str, ...]
) -> None:
    await put(api, party(*kinds))
    api.notify.clock.at = at
    await api.notify.handle(reminder(1))
    ((_, channel, state, due_at, paced),) = await told(api)
    assert (channel, due_at, paced) == expected
    assert state == "queued"


async def test_the_hours_that_a_party_prefers_are_those_of_its_own_zone(api: Api) -> None:
    hours = {"opens": "18:00", "closes": "20:00", "zone": "Europe/Berlin"}
    await put(api, party("mobile", preferences={"hours": hours}))
    await api.notify.handle(reminder(1))
    assert [row[3:] for row in await told(api)] == [("2026-02-02T17:00:00Z", "quiet_hours")]
    shown = (await api.call("GET", "/v1/parties/c0001")).json()
    assert shown["preferences"] == {"hours": hours, "wishes": []}


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        (("mobile", "email"), ("email", "2026-02-02T14:00:00Z", "deadline")),
        (("mobile", "postal"), ("sms", "2026-02-02T14:00:00Z", "deadline")),  # a letter would come too late
        (("mobile",), ("sms", "2026-02-02T14:00:00Z", "deadline")),
    ],
)
async def test_what_quiet_hours_would_make_miss_its_day_goes_another_way_or_at_once(
    api: Api, kinds: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    await put(api, party(*kinds, preferences={"wishes": [{"about": "service", "first": ["sms"]}]}))
    api.notify.clock.at = MONDAY_EVENING
    await api.notify.handle(issued(1, due_on=date(2026, 2, 2)), issued(1, bill_id="later", due_on=date(2026, 2, 3)))
    on_its_day, later = await told(api)
    assert (on_its_day[1], on_its_day[3], on_its_day[4]) == expected
    assert (later[1], later[3], later[4]) == ("sms", "2026-02-03T00:00:00Z", "quiet_hours")
    listed = (await api.call("GET", "/v1/notices?paced=deadline")).json()["items"]
    assert [item["cause_id"] for item in listed] == ["bill-0001"]


@pytest.fixture
async def narrow(database_url: str, tmp_path: Any) -> AsyncIterator[Api]:
    """A utility whose parties take two notices a week, one of them legal before it says so."""
    document = json.loads(NotifySettings.model_fields["notify_policy"].default.read_text())
    document["versions"][0]["pace"] |= {"budget": {"legal": 1, "service": 2, "tip": 1}, "give_up_weeks": 1}
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(document))
    async with started(database_url, tmp_path, WATTLINE_NOTIFY_POLICY=str(file)) as api:
        yield api


SECOND, THIRD = "2026-02-08T16:00:00Z", "2026-02-15T16:00:00Z"
"""Mondays, 0:00 in Shanghai."""


async def test_what_is_over_the_budget_of_a_week_waits_for_one_with_room_and_a_legal_notice_waits_for_nobody(
    narrow: Api,
) -> None:
    api, now = narrow, "2026-02-02T01:00:00Z"
    await put(api, party("email"))
    await api.notify.handle(account(1))
    for fact in (issued(1, bill_id="late", issued_on=date(2026, 3, 6)), payment_reversed(1), corrected(1), issued(1)):
        await api.notify.handle(fact)
    assert [(row[0], row[3], row[4]) for row in await told(api)] == [
        ("bill-0001", now, ""),
        ("correction-0001", now, ""),
        ("late", SECOND, "budget"),
        ("payment-0001", SECOND, "budget"),
    ]
    await api.notify.handle(proposed(1), proposed(2, service_point_no="p0001"))
    assert [(row[0], row[3], row[4]) for row in await told(api)] == [
        ("bill-0001", SECOND, "budget"),
        ("correction-0001", SECOND, "budget"),
        ("late", THIRD, "budget"),
        ("payment-0001", THIRD, "budget"),
        ("q0001", now, ""),
        ("q0002", now, "over_budget"),
    ]
    listed = (await api.call("GET", "/v1/notices?paced=budget")).json()["items"]
    assert len(listed) == 4


async def test_a_firm_with_many_doors_has_no_budget(narrow: Api) -> None:
    await put(narrow, party("email", kind="firm"))
    await narrow.notify.handle(*(issued(1, bill_id=f"b{number}") for number in range(5)))
    assert {row[4] for row in await told(narrow)} == {""}


async def test_what_would_miss_its_day_by_the_budget_goes_in_its_own_week_and_says_so(narrow: Api) -> None:
    await put(narrow, party("email"))
    await narrow.notify.handle(*(issued(1, bill_id=f"b{number}", due_on=date(2026, 2, 5)) for number in range(3)))
    assert [(row[3], row[4]) for row in await told(narrow)] == [
        ("2026-02-02T01:00:00Z", ""),
        ("2026-02-02T01:00:00Z", ""),
        ("2026-02-02T01:00:00Z", "deadline"),
    ]


async def test_what_went_out_keeps_the_place_that_it_took(narrow: Api) -> None:
    notify = narrow.notify
    await put(narrow, party("email"))
    await notify.handle(reminder(1), second_reminder(1))
    async with notify.database.begin() as tx:
        taken = await attempts.claim(tx, channel="email", count=2, lease_until=tx.now + timedelta(minutes=2))
    assert len(taken) == 2
    await notify.handle(issued(1))  # of an earlier day: it would have come first
    assert next((row[0], row[3], row[4]) for row in await told(narrow)) == ("bill-0001", SECOND, "budget")


def second_reminder(number: int) -> DunningStepDue:
    return reminder(number, step_id="reminder-x")


async def test_a_tip_for_which_there_is_no_room_in_time_is_given_up_and_listed(narrow: Api) -> None:
    notify = narrow.notify
    await put(narrow, party("email"))
    manners = {**notify.policies.on(date(2026, 2, 2)).manners, "payment_reversed": Manner(budget="tip")}
    notify.dated, notify.policy = None, replace(notify.policies.on(date(2026, 2, 2)), manners=manners)
    await notify.handle(payment_reversed(1))
    assert [row[2:] for row in await told(narrow)] == [("queued", "2026-02-02T01:00:00Z", "")]
    await notify.handle(*(issued(1, bill_id=f"b{number}") for number in range(4)))  # two weeks are full
    items = {row[0]: row[2:] for row in await told(narrow)}
    assert items.pop("payment-0001") == ("failed", None, "budget")
    assert sorted(row[1] for row in items.values()) == ["2026-02-02T01:00:00Z"] * 2 + [SECOND] * 2
    ((fact),) = await notify.published()
    assert (fact["type"], fact["cause_id"], fact["reason"]) == ("notify.notice_failed.v1", "payment-0001", "budget")


def many() -> list[Any]:
    """Facts of one party: two legal ones, tips, and what belongs to the supply, of several days."""
    start = date(2026, 1, 20)
    reversals: list[PaymentReversed] = [
        payment_reversed(1).model_copy(
            update={"payment_id": f"tip-{n}", "reversed_on": start + timedelta(days=5 * n % 7)}
        )
        for n in range(5)
    ]
    bills = [
        issued(1, bill_id=f"bill-{n}", issued_on=start + timedelta(days=3 * n % 8), due_on=date(2026, 2, 12))
        for n in range(6)
    ]
    corrections = [
        corrected(1).model_copy(
            update={"correction_id": f"correction-{n}", "corrected_on": start + timedelta(days=2 * n % 5)}
        )
        for n in range(5)
    ]
    legal = [reminder(1), second_reminder(1), proposed(1), proposed(2, service_point_no="p0001")]
    return [*reversals, *bills, *corrections, *legal]


SHARED_OUT = [
    ("bill-0", "02-09 00:00", "budget"),
    ("bill-1", "02-03 00:00", "deadline"),
    ("bill-2", "02-03 00:00", "deadline"),
    ("bill-3", "02-09 00:00", "budget"),
    ("bill-4", "02-03 00:00", "deadline"),
    ("bill-5", "02-03 00:00", "deadline"),
    ("correction-0", "02-09 00:00", "budget"),
    ("correction-1", "02-16 00:00", "budget"),
    ("correction-2", "02-03 00:00", "deadline"),
    ("correction-3", "02-16 00:00", "budget"),
    ("correction-4", "02-03 00:00", "deadline"),
    ("q0001", "02-03 00:00", "quiet_hours"),
    ("q0002", "02-03 00:00", "quiet_hours"),
    ("reminder-0001", "02-03 00:00", "quiet_hours"),
    ("reminder-x", "02-03 00:00", "quiet_hours"),
    ("tip-0", "02-16 00:00", "budget"),
    ("tip-1", None, "budget"),
    ("tip-2", "02-23 00:00", "budget"),
    ("tip-3", "02-23 00:00", "budget"),
    ("tip-4", None, "budget"),
]
"""Where each goes, whatever came first. Four legal notices fill the first week, so that of the others only those stay in it that
would miss their day; tips go where at most one is before them."""


@pytest.mark.parametrize("seed", range(8))
async def test_order_and_size_of_batches_decide_nothing(notify: Notify, seed: int) -> None:
    drawn = random.Random(seed)
    pace = replace(notify.policy.pace, budget={"legal": 1, "service": 3, "tip": 2}, give_up_weeks=3)
    manners = {**notify.policy.manners, "payment_reversed": Manner(budget="tip")}
    notify.policy = replace(notify.policy, pace=pace, manners=manners)
    notify.clock.at = MONDAY_EVENING
    await notify.put(contact(1, channel="sms", address="13800000000"), contact(2))
    await notify.handle(account(1))
    await notify.handle(account(2))
    facts: Sequence[Any] = drawn.sample(many(), len(many()))
    while facts:
        size = drawn.randint(1, len(facts))
        batch, facts = facts[:size], facts[size:]
        for kind in drawn.sample(sorted({type(fact) for fact in batch}, key=str), len({type(f) for f in batch})):
            await notify.handle(*(fact for fact in batch if type(fact) is kind))
        if drawn.random() < 0.3:
            await notify.handle(batch[0])  # again
    found = [
        (n.cause_id, n.due_at and f"{n.due_at.astimezone(UTC):%m-%d %H:%M}", n.paced or n.code)
        for n in await notify.notices()
        if n.party_no == "c0001"
    ]
    assert found == SHARED_OUT


@pytest.mark.postgres
async def test_two_batches_at_once_do_not_both_take_the_last_place(notify_on_postgres: Notify) -> None:
    notify = notify_on_postgres
    notify.policy = replace(
        notify.policy, pace=replace(notify.policy.pace, budget={"legal": 1, "service": 1, "tip": 1})
    )
    for number in range(1, 31):
        await notify.put(contact(number))
        await asyncio.gather(
            notify.handle(issued(number)), notify.handle(payment_reversed(number)), notify.handle(corrected(number))
        )
        due = sorted(n.due_at for n in await notify.notices() if n.account_no == f"a{number:04}")
        assert len(set(due)) == 3, due


@pytest.mark.parametrize("about", ["legal", "closing_announced"])
async def test_what_a_right_depends_on_cannot_be_declined(api: Api, about: str) -> None:
    given = party("email", preferences={"wishes": [{"about": about, "not_wanted": True}]})
    answer = await api.call("PUT", "/v1/parties/c0001", given)
    assert (answer.status_code, answer.json()["code"]) == (422, "party.opt_out_of_legal")
    assert "A right depends on this notice" in answer.text


@pytest.mark.parametrize(
    ("preferences", "code"),
    [
        ({"hours": {"opens": "20:00", "closes": "08:00"}}, "party.reversed_hours"),
        ({"hours": {"opens": "08:00", "closes": "20:00", "zone": "Moon/Base"}}, "party.unknown_zone"),
        ({"hours": {"opens": "08:00", "closes": "20:00", "zone": "../etc"}}, "party.unknown_zone"),
        ({"wishes": [{"about": "greetings"}]}, "party.unknown_notice"),
        ({"wishes": [{"about": "tip", "first": ["pigeon"]}]}, "party.unknown_channel"),
        ({"wishes": [{"about": "tip"}, {"about": "tip"}]}, "party.preference_repeated"),
    ],
)
async def test_preferences_with_a_fault_are_refused(api: Api, preferences: dict[str, Any], code: str) -> None:
    assert await api.refused("PUT", "/v1/parties/c0001", party("email", preferences=preferences)) == (422, code)


@pytest.mark.parametrize(
    "wish",
    [
        {"about": "bill_issued", "not_wanted": True},
        {"about": "service", "not_wanted": True},
        {"about": "service", "never": ["email"]},
    ],
)
async def test_what_a_party_has_declined_is_kept_listed_and_published_and_not_sent(
    api: Api, wish: dict[str, Any]
) -> None:
    await put(api, party("email", preferences={"wishes": [wish]}))
    await api.notify.handle(account(1))
    for _ in range(2):
        await api.notify.handle(issued(1))
    await api.notify.handle(proposed(1))
    assert [(row[0], row[2], row[4]) for row in await told(api)] == [
        ("bill-0001", "failed", "not_wanted"),
        ("q0001", "queued", ""),  # a right depends on it: it comes over the one way that there is
    ]
    ((fact),) = await api.notify.published()
    assert (fact["type"], fact["cause_id"], fact["reason"]) == ("notify.notice_failed.v1", "bill-0001", "not_wanted")
    (item,) = (await api.call("GET", "/v1/notices?state=failed")).json()["items"]
    resend = f"/v1/notices/{item['notice_id']}/resend"
    assert await api.refused("POST", resend, {"reason": "Asked."}) == (409, "notice.not_wanted")


async def test_channels_that_a_party_wants_first_come_first(api: Api) -> None:
    wishes = [{"about": "service", "first": ["letter"], "never": ["email"]}, {"about": "reminder", "first": ["sms"]}]
    await put(api, party("email", "mobile", "postal", preferences={"wishes": wishes}))
    await api.notify.handle(issued(1))
    await api.notify.handle(reminder(1))
    assert [row[:2] for row in await told(api)] == [("bill-0001", "letter"), ("reminder-0001", "sms")]


async def test_the_kinds_say_what_they_take_of_a_week(api: Api) -> None:
    items = (await api.call("GET", "/v1/templates")).json()
    shown = {item["template"]: (item["budget"], item["tell_by"]) for item in items}
    assert shown["closing_announced"] == ("legal", "answer_by")
    assert shown["bill_issued"] == ("service", "due_on")
    assert shown["payment_reversed"] == ("service", None)


async def test_statements_are_as_many_for_ten_crowded_parties_as_for_five_hundred(notify: Notify) -> None:
    pace = replace(notify.policy.pace, budget={"legal": 1, "service": 1, "tip": 1})
    notify.policy = replace(notify.policy, pace=pace)
    await notify.put(*(contact(n) for n in range(1, 600)))
    await notify.handle(*(issued(n) for n in range(1, 600)))
    counts = []
    for numbers in (range(1, 11), range(11, 511)):
        with notify.statements() as seen:
            await notify.handle(*(issued(n, bill_id=f"second-{n}", issued_on=bill(n).issued_on) for n in numbers))
        counts.append(len(seen))
    assert counts[0] == counts[1] == 6


@pytest.mark.parametrize(
    ("fact", "kinds", "expected"),
    [
        (reminder(1), ("mobile", "app"), ("sms", datetime(2026, 2, 3, tzinfo=UTC), "quiet_hours")),
        (issued(1, due_on=date(2026, 2, 2)), ("mobile", "app"), ("app", MONDAY_EVENING, "deadline")),
        (issued(1, due_on=date(2026, 2, 2)), ("mobile", "postal"), ("sms", MONDAY_EVENING, "deadline")),
        (
            issued(1, due_on=date(2026, 2, 3)),
            ("mobile", "app"),
            ("sms", datetime(2026, 2, 3, tzinfo=UTC), "quiet_hours"),
        ),
    ],
    ids=["waits", "goes another way", "no other way: at once", "in time"],
)
async def test_a_next_way_that_disturbs_keeps_to_quiet_hours_unless_the_notice_would_miss_its_day(
    notify: Notify, fact: Any, kinds: tuple[str, ...], expected: tuple[str, datetime, str]
) -> None:
    channels = {name: replace(each, gateway=None) for name, each in notify.policy.channels.items()}
    notify.policy = replace(notify.policy, channels=channels)
    by_mail = contact(1).party()
    (mail,), (verified,) = by_mail.points, by_mail.verified
    more = [replace(mail, point_no=str(n), kind=kind, address=POINTS[kind]) for n, kind in enumerate(kinds, 2)]
    proved = [replace(verified, point_no=point.point_no) for point in more]
    await notify.put(Given(replace(by_mail, points=(mail, *more), verified=(verified, *proved))))  # type: ignore[arg-type]
    notify.clock.at = MONDAY_EVENING
    await notify.handle(fact)
    async with notify.database.begin() as tx:
        ((row,),) = await attempts.claim(tx, channel="email", count=1, lease_until=tx.now + timedelta(minutes=2))
        (taken,) = (await attempts.locked(tx, [row.notice_id])).values()
        ended = settling.Ended(notice=taken, event="refused", code="smtp.550")
        await settling.store(tx, await settling.end(tx, [ended], notify.policies))
    assert [(n.channel, n.due_at, n.paced) for n in await notify.notices()] == [expected]


class Given:
    def __init__(self, party: Any) -> None:
        self._party = party

    def party(self) -> Any:
        return self._party
