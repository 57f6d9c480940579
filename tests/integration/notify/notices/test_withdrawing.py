"""What is withdrawn is told no more, wherever it lies and in whatever order it comes; what is out stays out."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import time
from typing import Any

import pytest

from services.notify.notices.domain.receipts import Receipt
from services.notify.notices.use_cases import receipts
from services.notify.sending.gateways.held import Held
from shared.testing.smtp import SmtpServer
from tests.integration.notify.kinds.test_cuts import MOBILE, claim, finish
from tests.integration.notify.letters import test_letters as letters
from tests.integration.notify.sending.test_sending import running, until
from tests.kits.notify import Api, Notify, contact
from tests.kits.told_cuts import announced, cut_withdrawn, imminent, late_fee, late_fee_withdrawn, step_withdrawn
from tests.kits.told_facts import account, issued, reminder

GONE = ("failed", "withdrawn")


async def held(api: Api, gateway: str) -> None:
    """Let what is queued lie with the people of a gateway."""
    with SmtpServer() as server:
        async with running(api.notify.sender(server.port, gateways={gateway: Held})):
            await until(api.notify, lambda states: {each for each, _ in states} == {"sent"})


async def failures(notify: Notify) -> list[tuple[str, str]]:
    facts = await notify.published()
    return sorted((f["cause_id"], f["reason"]) for f in facts if f["type"] == "notify.notice_failed.v1")


async def test_in_any_order_nobody_is_told_of_a_cut_that_was_withdrawn_and_each_notice_says_why(notify: Notify) -> None:
    steps: Sequence[Callable[[str], Any]] = (
        lambda cut: notify.handle(announced(1, cut_no=cut, announcement_id=f"{cut}-a")),
        lambda cut: notify.handle(imminent(1, cut_no=cut, imminent_id=f"{cut}-i")),
        lambda cut: notify.handle(cut_withdrawn(cut_no=cut)),
        lambda cut: notify.handle(cut_withdrawn(cut_no=cut)),
    )
    await notify.put(contact(1))
    orders = sorted(set(itertools.permutations((0, 1, 2, 3))))
    for number, order in enumerate(orders):
        for step in order:
            await steps[step](f"cut-{number:02}")
    assert {(n.state, n.code, n.withdrawn, n.due_at) for n in await notify.notices()} == {(*GONE, "settled", None)}
    told = [(cause_id, reason) for cause_id, reason in await failures(notify)]
    assert told == sorted((f"cut-{n:02}-{x}", "withdrawn") for n in range(len(orders)) for x in "ai"), "each once"
    assert await claim(notify, "email") == []


async def test_what_waits_for_a_contact_is_told_no_more_in_any_order(notify: Notify) -> None:
    notify.policy = replace(notify.policy, ways={**notify.policy.ways, "cut_notice": ("email",)})
    for number, order in enumerate(((0, 1), (1, 0))):
        for step in order:
            cut = f"cut-{number}"
            fact = announced(number, cut_no=cut) if step == 0 else cut_withdrawn(cut_no=cut)
            await notify.handle(fact)
    assert await notify.unaddressed() == [("announcement-0", "closed"), ("announcement-1", "closed")]
    await notify.put(contact(1))
    assert await notify.notices() == []
    await notify.handle(announced(3, cut_no="cut-3"))
    assert await notify.states() == [("queued", "")], "another cut is another matter"


async def test_a_call_that_nobody_made_is_not_made(api: Api) -> None:
    await api.notify.put(contact(1, channel="landline", address="0571-88880000"))
    await api.notify.handle(announced())
    await held(api, "calls")
    (task,) = (await api.call("GET", "/v1/call-tasks")).json()["items"]
    path = f"/v1/call-tasks/{task['notice_id']}"
    assert (await api.call("POST", f"{path}/taking")).status_code == 200
    await api.notify.handle(cut_withdrawn(reason="held"))
    assert (await api.call("GET", "/v1/call-tasks")).json()["items"] == []
    assert await api.refused("POST", f"{path}/outcomes", {"outcome": "told"}) == (409, "call.not_open")
    shown = (await api.call("GET", f"/v1/notices/{task['notice_id']}")).json()
    assert (shown["state"], shown["code"], shown["withdrawn"]) == (*GONE, "held")
    assert [(way["outcome"], way["code"]) for way in shown["ways"]] == [GONE]
    refused = await api.refused("POST", f"/v1/notices/{task['notice_id']}/resend", {"reason": "again"})
    assert refused == (409, "notice.withdrawn")


async def test_a_letter_that_the_post_has_is_out_and_one_that_it_has_not_is_not_posted(api: Api) -> None:
    await api.notify.put(letters.by_letter(1))
    for number in (1, 2, 3):
        await api.notify.handle(announced(number, cut_no=f"cut-{number}"))
        await held(api, "letters")
        if number < 3:
            await letters.made(api, f"B{number}")
        if number == 1:
            await letters.posted(api, "B1")
    for number in (1, 2, 3):
        await api.notify.handle(cut_withdrawn(cut_no=f"cut-{number}"))
    states = {n.cause_id[-1]: (n.state, n.code, n.withdrawn) for n in await api.notify.notices()}
    assert states == {"1": ("sent", "", "settled"), "2": (*GONE, "settled"), "3": (*GONE, "settled")}
    assert (await api.call("GET", "/v1/letters")).json()["items"] == []
    batch = (await api.call("GET", f"{letters.BATCHES}/B2")).json()
    body = {"posted_on": "2026-02-02", "register_hash": batch["register_hash"]}
    assert await api.refused("POST", f"{letters.BATCHES}/B2/posting", body) == (409, "letters.changed")
    assert (await letters.tell(api, letters.RETURNED, batch_no="B1")) == [("done", None)]
    states = {n.cause_id[-1]: (n.state, n.code) for n in await api.notify.notices()}
    assert states["1"] == ("failed", "letter.moved"), "it went no other way, though a door is there"


async def test_an_sms_that_is_out_may_still_be_proved_and_takes_no_other_way(notify: Notify) -> None:
    await notify.put(contact(1, channel="sms", address=MOBILE, also=(("email", "one@example.org"),)))
    for number in (1, 2):
        await notify.handle(announced(number))
    await finish(notify, (taken := await claim(notify, "sms")), "accepted")
    await notify.handle(cut_withdrawn())
    assert await notify.states() == [("sent", ""), ("sent", "")]
    said = ("delivered", "failed")
    async with notify.database.begin() as tx:
        for each, result in zip(taken, said, strict=True):
            receipt = Receipt(gateway="sms", message_id=each.notice_id, result=result, code="sms.9")
            await receipts.take(tx, [receipt], notify.policies)
    assert sorted(await notify.states()) == [("delivered", ""), ("failed", "sms.9")]


@pytest.mark.parametrize(
    ("result", "then"),
    [
        ("accepted", ("delivered", "")),
        ("temporary", GONE),
        ("permanent", ("failed", "smtp.1")),
        ("in_doubt", ("unknown", "withdrawn")),
    ],
)
async def test_what_is_in_flight_lands_and_is_not_sent_once_more(
    notify: Notify, result: str, then: tuple[str, str]
) -> None:
    await notify.put(contact(1, also=(("email", "two@example.org"),)))
    await notify.handle(announced())
    taken = await claim(notify, "email")
    await notify.handle(cut_withdrawn())
    assert await notify.states() == [("sending", "")]
    await finish(notify, taken, result, **({} if result == "accepted" else {"code": "smtp.1"}))
    assert await notify.states() == [then]
    notify.clock.move(days=1)
    assert await claim(notify, "email") == []


async def test_what_is_in_doubt_stays_so_and_is_not_sent_once_more(notify: Notify) -> None:
    await notify.put(contact(1))
    await notify.handle(announced())
    await finish(notify, await claim(notify, "email"), "in_doubt", code="smtp.silent")
    await notify.handle(cut_withdrawn())
    assert await notify.states() == [("unknown", "withdrawn")]
    assert await failures(notify) == [("announcement-1", "delivery_unknown")]


async def test_a_late_fee_is_told_to_who_is_told_of_bills_with_other_notices_and_not_once_it_is_withdrawn(
    notify: Notify,
) -> None:
    pace = replace(notify.policy.pace, join_at=(time(10), time(18)))
    notify.policy = replace(notify.policy, pace=pace)
    roles = {1: "holder", 2: "tenant", 3: "delegate", 4: "landlord", 5: "payer"}
    await notify.put(*(contact(n, account_no="a0001", role=role) for n, role in roles.items()))
    await notify.handle(account(1))
    await notify.handle(issued(1))
    await notify.handle(late_fee(1), late_fee(2))
    told = {(n.template, n.party_no) for n in await notify.notices()}
    assert told == set(itertools.product(("bill_issued", "late_fee_charged"), ("c0001", "c0002", "c0003")))
    await notify.handle(late_fee_withdrawn(2))
    await notify.handle(late_fee_withdrawn(3))
    await notify.handle(late_fee(3))
    notify.clock.move(hours=2)
    messages = await claim(notify, "email")
    assert {tuple(sorted(e.cause_id for e in (m, *m.others))) for m in messages} == {("bill-0001", "late-fee-1")}
    assert all(m.text and "CNY 3.21" in m.text.body for m in messages)
    gone = {(n.cause_id, n.state, n.code, n.withdrawn) for n in await notify.notices() if n.withdrawn}
    assert gone == {(f"late-fee-{n}", *GONE, "late_fee_withdrawn") for n in (2, 3)}


async def test_what_rode_in_a_message_that_is_tried_again_rides_no_more_once_it_is_withdrawn(notify: Notify) -> None:
    notify.policy = replace(notify.policy, pace=replace(notify.policy.pace, join_at=()))
    notify.retry_at_once()
    await notify.put(contact(1))
    await notify.handle(account(1))
    await notify.handle(issued(1))
    await notify.handle(late_fee(1))
    (message,) = await claim(notify, "email")
    assert len(message.others) == 1
    await finish(notify, [message], "in_doubt", code="smtp.silent")
    await notify.handle(late_fee_withdrawn(1))
    notify.clock.move(hours=1)
    taken = await claim(notify, "email")
    assert [(each.cause_id, each.others) for each in taken] == [("bill-0001", ())]
    states = {n.cause_id: (n.state, n.code) for n in await notify.notices()}
    assert states["late-fee-1"] == ("unknown", "withdrawn")


async def test_the_statements_of_a_batch_are_as_many_for_ten_withdrawals_as_for_three_hundred(notify: Notify) -> None:
    await notify.put(*(contact(n) for n in range(1, 311)))
    for told in (announced, cut_withdrawn):
        counts = []
        for numbers in (range(1, 11), range(11, 311)):
            each = [{"account_no": f"a{n:04}", "cut_no": f"cut-{n}", "service_point_no": f"p{n:04}"} for n in numbers]
            ids = [{"announcement_id": f"announcement-{n}"} if told is announced else {} for n in numbers]
            with notify.statements() as seen:
                await notify.handle(*(told(**of, **more) for of, more in zip(each, ids, strict=True)))
            counts.append(len(seen))
        assert counts[0] == counts[1], (told, counts)
    assert set(await notify.states()) == {GONE}


async def test_in_any_order_nobody_is_told_to_pay_what_was_settled_and_other_steps_are_told(notify: Notify) -> None:
    await notify.put(contact(1))
    orders = sorted(set(itertools.permutations((0, 1, 2, 2))))
    for number, order in enumerate(orders):
        for step in order:
            one = f"step-{number:02}"
            told = [reminder(1, step_id=one), reminder(1, step_id=f"{one}-firm", tone="firm"), step_withdrawn(one)]
            await notify.handle(told[step])
    said = {(n.cause_id.endswith("firm"), n.state, n.code, n.withdrawn) for n in await notify.notices()}
    assert said == {(False, *GONE, "settled"), (True, "queued", "", "")}, "each step by itself"


async def test_a_dunning_call_that_nobody_made_is_not_made_once_it_is_paid(api: Api) -> None:
    await api.notify.put(contact(1, channel="landline", address="0571-88880000"))
    await api.notify.handle(reminder(1, action="call", step_id="call"))
    await held(api, "calls")
    assert len((await api.call("GET", "/v1/call-tasks")).json()["items"]) == 1
    await api.notify.handle(step_withdrawn("call", action="call"))
    assert (await api.call("GET", "/v1/call-tasks")).json()["items"] == []
    assert [(n.state, n.code, n.withdrawn) for n in await api.notify.notices()] == [(*GONE, "settled")]
