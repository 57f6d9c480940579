"""A notice takes one way after the other, and what its gateways say of it counts in whatever order it comes."""

import itertools
from dataclasses import replace
from typing import Any

import pytest

from services.notify.notices.domain.receipts import Receipt
from services.notify.notices.store import ways
from services.notify.notices.use_cases import receipts
from services.notify.sending import use_cases as sending
from services.notify.sending.domain.port import Attempt
from shared.testing.smtp import SmtpServer
from tests.integration.notify.sending.test_sending import queue, running, until_final
from tests.kits.notify import BODY, CATALOGUE, LINKS, VAULT, Api, Notify, contact
from tests.kits.told_facts import issued, reminder

SECOND = "second0001@example.org"


@pytest.fixture
def proved(notify: Notify) -> Notify:
    """A notify service where a mail counts as delivered only by its receipt, within two days."""
    email = replace(notify.policy.channels["email"], proof="receipt", receipt_hours=48)
    notify.policy = replace(notify.policy, channels={**notify.policy.channels, "email": email})
    return notify


async def sent(notify: Notify, *attempts: Attempt) -> None:
    """Take what is due and let its gateway answer so, each in turn."""
    async with notify.database.begin() as tx:
        taken = await sending.claim(
            tx,
            CATALOGUE,
            LINKS,
            VAULT,
            policies=notify.policies,
            channel="email",
            count=len(attempts),
            lease_seconds=60,
        )
    async with notify.database.begin() as tx:
        assert await sending.finish(tx, list(zip(taken, attempts, strict=True)), notify.rules()) == 0


async def told(notify: Notify, *given: Receipt) -> None:
    async with notify.database.begin() as tx:
        await receipts.take(tx, given, notify.policies)


async def chain(notify: Notify) -> list[tuple[str, str, str]]:
    (notice,) = await notify.notices()
    async with notify.database.view() as view:
        found = await ways.of_notices(view, [notice.notice_id])
    return [(row.point_no, row.outcome, row.code) for row in found.get(notice.notice_id, ())]


async def where(notify: Notify) -> tuple[str, str, str]:
    (notice,) = await notify.notices()
    return notice.state, notice.point_no, notice.code


def by_reference(result: Any, reference: str = "ref-1", code: str = "") -> Receipt:
    return Receipt(gateway="smtp", reference=reference, result=result, code=code)


async def test_a_way_that_is_refused_is_followed_by_the_next_and_the_chain_shows_it(notify: Notify) -> None:
    await queue(notify, also=(("email", SECOND),))
    refused = {"person0001@example.org": "permanent"}
    with SmtpServer(faults=lambda recipient, tried: refused.get(recipient, "accept")) as server:
        async with running(notify.sender(server.port)):
            assert await until_final(notify) == [("delivered", "")]
    assert await where(notify) == ("delivered", "2", "")
    assert await chain(notify) == [("1", "failed", "smtp.550")]
    (notice,) = await notify.notices()
    assert server.message_ids() == {f"<{notice.notice_id}.1@wattline.example>": 1}
    assert [fact["type"] for fact in await notify.published()] == ["notify.notice_delivered.v1"]


async def test_a_notice_fails_once_its_last_way_has_and_says_so_once(notify: Notify) -> None:
    await queue(notify, also=(("email", SECOND), ("letter", "Hangzhou, West Lake Road 1")))
    with SmtpServer(faults=lambda recipient, tried: "permanent") as server:
        async with running(notify.sender(server.port)):
            assert await until_final(notify) == [("failed", "no_gateway")]
    assert await chain(notify) == [
        ("1", "failed", "smtp.550"),
        ("2", "failed", "smtp.550"),
        ("3", "failed", "no_gateway"),
    ]
    assert [fact["reason"] for fact in await notify.published()] == ["no_gateway"]


async def test_a_message_that_bounces_after_it_was_accepted_goes_the_next_way(notify: Notify) -> None:
    await queue(notify, also=(("email", SECOND),))
    await sent(notify, Attempt("accepted"))
    (notice,) = await notify.notices()
    assert notice.state == "delivered"
    await told(notify, Receipt(gateway="smtp", message_id=notice.notice_id, result="failed", code="smtp.5.1.1"))
    assert await where(notify) == ("queued", "2", "smtp.5.1.1")
    await sent(notify, Attempt("accepted"))
    assert await where(notify) == ("delivered", "2", "")
    assert await chain(notify) == [("1", "failed", "smtp.5.1.1")]


async def test_where_acceptance_is_no_proof_the_receipt_is(proved: Notify) -> None:
    await queue(proved)
    await sent(proved, Attempt("accepted", reference="ref-1"))
    assert await where(proved) == ("sent", "1", "")
    assert await proved.published() == []
    await told(proved, by_reference("delivered"))
    await told(proved, by_reference("delivered"))  # twice
    assert await where(proved) == ("delivered", "1", "")
    assert await chain(proved) == [("1", "delivered", "")]
    assert len(await proved.published()) == 1


async def test_a_receipt_may_come_before_the_reference_that_it_names_is_stored(proved: Notify) -> None:
    await queue(proved)
    async with proved.database.begin() as tx:
        taken = await sending.claim(
            tx, CATALOGUE, LINKS, VAULT, policies=proved.policies, channel="email", count=1, lease_seconds=60
        )
    await told(proved, by_reference("delivered"))
    assert (await where(proved))[0] == "sending"  # it waits
    async with proved.database.begin() as tx:
        await sending.finish(tx, [(taken[0], Attempt("accepted", reference="ref-1"))], proved.rules())
    async with proved.database.begin() as tx:
        assert await receipts.match(tx, proved.policies) == 1
    assert await where(proved) == ("delivered", "1", "")


async def test_a_receipt_settles_the_doubt_that_a_dead_sender_left_and_nothing_is_sent_twice(proved: Notify) -> None:
    await queue(proved)
    async with proved.database.begin() as tx:
        assert await sending.claim(
            tx, CATALOGUE, LINKS, VAULT, policies=proved.policies, channel="email", count=1, lease_seconds=60
        )
    (notice,) = await proved.notices()
    await told(proved, Receipt(gateway="smtp", message_id=notice.notice_id, result="delivered"))
    proved.clock.move(seconds=61)
    async with proved.database.begin() as tx:
        assert await sending.expire(tx, proved.rules()) == 1
        assert await receipts.match(tx, proved.policies) == 1
    assert await where(proved) == ("delivered", "1", "")
    proved.clock.move(days=3)
    async with proved.database.begin() as tx:
        assert not await sending.claim(
            tx, CATALOGUE, LINKS, VAULT, policies=proved.policies, channel="email", count=1, lease_seconds=60
        )


async def test_without_a_receipt_in_time_a_notice_goes_the_next_way_and_then_nobody_knows(proved: Notify) -> None:
    await queue(proved, also=(("email", SECOND),))
    await sent(proved, Attempt("accepted"))
    proved.clock.move(hours=47)
    async with proved.database.begin() as tx:
        await sending.expire(tx, proved.rules())
    assert await where(proved) == ("sent", "1", "")
    for point_no in ("2", "2"):
        proved.clock.move(hours=49)
        async with proved.database.begin() as tx:
            await sending.expire(tx, proved.rules())
        assert (await where(proved))[1:] == (point_no, "no_receipt")
        if (await where(proved))[0] == "queued":
            await sent(proved, Attempt("accepted"))
    assert await where(proved) == ("unknown", "2", "no_receipt")
    assert await chain(proved) == [("1", "unknown", "no_receipt"), ("2", "unknown", "no_receipt")]
    assert [fact["reason"] for fact in await proved.published()] == ["delivery_unknown"]


async def test_what_came_late_by_the_first_way_has_arrived_and_the_second_is_not_taken(proved: Notify) -> None:
    await queue(proved, also=(("email", SECOND),))
    await sent(proved, Attempt("accepted", reference="ref-1"))
    proved.clock.move(hours=49)
    async with proved.database.begin() as tx:
        await sending.expire(tx, proved.rules())
    await told(proved, by_reference("delivered"))
    assert await where(proved) == ("delivered", "1", "")
    assert await chain(proved) == [("1", "delivered", "")]


async def test_an_id_that_no_message_can_have_is_nobodys_and_the_reference_counts(proved: Notify) -> None:
    await queue(proved)
    await sent(proved, Attempt("accepted", reference="ref-1"))
    strange = Receipt(gateway="smtp", message_id="n" * 80, result="delivered")
    await told(proved, strange, replace(strange, reference="ref-1"))
    assert await where(proved) == ("delivered", "1", "")


RECEIPTS = (
    by_reference("delivered", "ref-1"),
    by_reference("failed", "ref-1", "came_back"),
    by_reference("failed", "ref-9", "nobody_knows"),
)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("together", [True, False])
async def test_in_whatever_order_receipts_come_what_has_once_arrived_has_arrived(
    proved: Notify, order: tuple[int, ...], together: bool
) -> None:
    await queue(proved, also=(("email", SECOND),))
    await sent(proved, Attempt("accepted", reference="ref-1"))
    given = [RECEIPTS[place] for place in order]
    for batch in [given] if together else [[each] for each in given]:
        await told(proved, *batch)
    assert await where(proved) == ("delivered", "1", "")
    assert await chain(proved) == [("1", "delivered", "")]
    assert {fact["type"] for fact in await proved.published()} == {"notify.notice_delivered.v1"}


async def test_of_a_kind_with_legal_effect_the_policy_may_ask_for_more(notify: Notify) -> None:
    email = replace(notify.policy.channels["email"], proof_legal="receipt")
    notify.policy = replace(notify.policy, channels={**notify.policy.channels, "email": email})
    await notify.put(contact(1))
    await notify.handle(issued(1))
    await notify.handle(reminder(1))
    await sent(notify, Attempt("accepted"), Attempt("accepted"))
    assert {notice.template: notice.state for notice in await notify.notices()} == {
        "bill_issued": "delivered",
        "reminder": "sent",
    }


@pytest.mark.parametrize("count", [1, 40])
async def test_receipts_take_as_many_statements_for_one_notice_as_for_forty(proved: Notify, count: int) -> None:
    await queue(proved, 40, also=(("email", SECOND),))
    await sent(proved, *(Attempt("accepted", reference=f"ref-{number}") for number in range(40)))
    given = [by_reference("failed" if number % 2 else "delivered", f"ref-{number}", "x") for number in range(40)]
    await told(proved, by_reference("delivered", "ref-0"), by_reference("failed", "ref-1", "x"))
    with proved.statements() as seen:
        await told(proved, *given[2 : 2 + 2 * count])
    assert len(seen) <= 18


async def test_a_notice_shows_its_ways_and_receipts_are_listed(api: Api) -> None:
    (first,) = BODY["points"]
    party = BODY | {"points": [first, first | {"point_no": "2", "address": SECOND}]}
    assert (await api.call("PUT", "/v1/parties/c1", party)).status_code == 200
    await api.notify.handle(issued(1))
    await sent(api.notify, Attempt("accepted"))
    (notice,) = await api.notify.notices()
    bounce = Receipt(gateway="smtp", message_id=notice.notice_id, result="failed", code="smtp.5.1.1")
    await told(api.notify, bounce, by_reference("delivered", "ref-9"))
    shown = (await api.call("GET", f"/v1/notices/{notice.notice_id}")).json()
    assert [(way["point_no"], way["outcome"], way["code"]) for way in shown["ways"]] == [("1", "failed", "smtp.5.1.1")]
    assert (shown["state"], shown["point_no"], shown["way"]) == ("queued", "2", 1)
    everywhere = {"org_units": ("*",)}
    listed = (await api.call("GET", "/v1/receipts?limit=1", **everywhere)).json()
    more = (await api.call("GET", f"/v1/receipts?limit=1&cursor={listed['next_cursor']}", **everywhere)).json()
    states = {each["reference"]: each["state"] for each in listed["items"] + more["items"]}
    assert states == {"": "used", "ref-9": "waiting"}
    waiting = (await api.call("GET", "/v1/receipts?state=waiting", **everywhere)).json()["items"]
    assert [each["reference"] for each in waiting] == ["ref-9"]
    assert (await api.call("GET", "/v1/receipts")).status_code == 403
    gauges = (await api.call("GET", "/metrics")).text
    assert "wattline_receipts_waiting 1.0" in gauges
