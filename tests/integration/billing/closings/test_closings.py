"""A closing step by step: proposed, checked by another, announced, told, approved by a third, read, ended, billed, settled."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.billing.closings.tables import CLOSING
from shared.events.billing import AccountChanged, BillIssued, SiteOrderRequested, SiteOrderWithdrawalRequested
from shared.events.closings import AccountClosed, ClosingAnnounced, ClosingWithdrawn, FinalBillIssued
from tests.kits.billing import Desk, account, usage
from tests.kits.closings import (
    AFTER,
    ANNOUNCED,
    APPROVER,
    INSPECTOR,
    PROPOSED,
    READ_ON,
    READER,
    UNTIL,
    advance,
    announced,
    answered,
    approved,
    ask_approval,
    begun,
    closings,
    delivered,
    done,
    failed,
    final_usage,
    find,
    get,
    hear,
    months,
    not_done,
    post,
    propose,
    settled,
    shown,
    taken_back,
    unused,
)


async def test_from_the_proposal_to_the_closed_account(desk: Desk) -> None:
    closing = await approved(desk)
    assert (closing["state"], closing["approved_by"], closing["checked_by"]) == ("final_read", APPROVER, INSPECTOR)
    orders = await desk.published(SiteOrderRequested)
    assert [(each.kind, each.reference) for each in orders] == [
        ("closing_check", closing["closing_no"]),
        ("final_read", closing["closing_no"]),
    ]
    await hear(desk, done(closing, "read", on=READ_ON))
    assert await advance(desk, READ_ON) == {"ended": 1}
    (account_now,) = (await desk.published(AccountChanged))[-1].contracts
    assert account_now.to == READ_ON

    await desk.measure(final_usage())
    next_day = READ_ON + timedelta(days=1)
    assert await advance(desk, next_day) == {"billed": 1}
    bill = (await desk.published(BillIssued))[-1].bill
    assert (bill.period_to, bill.issued_on, bill.total_fen) == (READ_ON, next_day, 0)
    (final,) = await desk.published(FinalBillIssued)
    assert (final.bill_id, final.total_fen, final.ends_account, final.ended_on) == (bill.bill_id, 0, True, READ_ON)
    assert {final.requested_by, final.approved_by} == {"reviewer-1", APPROVER}

    closing = await shown(desk, closing)
    assert await advance(desk, next_day + timedelta(days=1)) == {}
    await hear(desk, settled(closing, READ_ON + timedelta(days=3), 4_623))
    assert await advance(desk, READ_ON + timedelta(days=4)) == {"settled": 1}
    (told,) = await desk.published(AccountClosed)
    assert (told.account_no, told.paid_out_fen, told.closed_on) == ("A1", 4_623, READ_ON + timedelta(days=3))
    assert (await desk.published(AccountChanged))[-1].closed_on == READ_ON + timedelta(days=3)
    assert await advance(desk, READ_ON + timedelta(days=5)) == {}, "its meter hangs there still"
    back = READ_ON + timedelta(days=6)
    await hear(desk, taken_back(closing, PROPOSED, movement_no="MV-before"), taken_back(closing, back, 2))
    await hear(desk, taken_back(closing, READ_ON, 1, withdrawn=True))
    assert await advance(desk, back) == {"closed": 1}
    closing = await shown(desk, closing)
    assert (closing["state"], closing["closed_on"], closing["due_on"]) == ("closed", back.isoformat(), None)


async def test_use_after_the_end_is_a_new_supply(desk: Desk) -> None:
    closing = await approved(desk)
    await hear(desk, done(closing, "read", on=READ_ON))
    await advance(desk, READ_ON)
    later = {"period_from": READ_ON, "period_to": date(2026, 9, 1), "usage_id": "LATER"}
    await desk.measure(final_usage(), usage(1, 8, 40, route="R1", **later))
    waiting = (await get(desk, "waiting-usages"))["items"]
    assert [each["usage_id"] for each in waiting] == ["LATER"]
    assert await advance(desk, READ_ON + timedelta(days=1)) == {"billed": 1}, "it is no sign against what has ended"


async def test_the_owner_who_objects_on_day_29_keeps_his_supply(desk: Desk) -> None:
    closing = await announced(desk)
    day_29 = ANNOUNCED + timedelta(days=29)
    await hear(desk, answered(closing, on=day_29))
    asked = await ask_approval(desk, closing)
    assert (asked.status_code, asked.json()["code"]) == (409, "closing.signs_of_use")
    assert await advance(desk, day_29) == {"withdrawn": 1}
    (told,) = await desk.published(ClosingWithdrawn)
    assert (told.code, told.withdrawn_on, told.announced_on) == ("objected", day_29, ANNOUNCED)
    await find(desk, day_29)
    (row,) = await unused(desk)
    assert (row["state"], row["why"], row["explained_until"]) == ("explained", "objected", "2027-02-07")
    assert (await get(desk, "closings/announced"))["items"] == []
    assert (await desk.published(AccountChanged))[-1].contracts[0].to is None


async def test_any_use_that_a_meter_shows_withdraws_it_and_an_estimate_does_not(desk: Desk) -> None:
    closing = await announced(desk)
    guessed = usage(1, 7, 90, route="R1", quality="estimated", estimate_reason="no_access", estimate_method="m@1")
    await desk.measure(guessed)
    assert await advance(desk, date(2026, 8, 2)) == {}
    await desk.measure(usage(1, 7, 3, route="R1", version=2, replaces_reason="read"))
    assert await advance(desk, date(2026, 8, 3)) == {"withdrawn": 1}
    assert (await shown(desk, closing))["code"] == "used"


async def test_an_objection_by_staff_withdraws_it_at_once_with_what_waits_for_it(desk: Desk) -> None:
    closing = await announced(desk)
    await advance(desk, AFTER)
    asked = (await ask_approval(desk, closing)).json()
    path, body = f"closings/{closing['closing_no']}/objection", {"explanation": "a tenant moves in"}
    answer = await post(desk, path, {**body, "business_date": AFTER.isoformat()})
    assert (answer.status_code, answer.json()["state"]) == (200, "withdrawn")
    assert await desk.second(asked, subject=APPROVER) == ("refused", "approval.not_pending")
    assert {each.request_id for each in await desk.published(SiteOrderWithdrawalRequested)} == {
        closing["check_order_no"]
    }
    again = await post(desk, path, {**body, "business_date": AFTER.isoformat()})
    assert (again.status_code, again.json()["code"]) == (409, "closing.ended_already")


async def test_who_proposes_does_not_check_and_who_did_either_does_not_approve(desk: Desk) -> None:
    (closing,) = await begun(desk)
    await hear(desk, done(closing, "unused", by=READER))
    assert await advance(desk, ANNOUNCED) == {}
    (row,) = await closings(desk, waiting="true")
    assert row["waits_for"] == "checked_by_proposer"
    path = f"closings/{closing['closing_no']}/site-orders"
    body = {"business_date": ANNOUNCED.isoformat(), "explanation": "another one goes"}
    again = (await post(desk, path, body)).json()
    assert again["check_order_no"] != closing["check_order_no"]
    await hear(desk, done(again, "gone"))
    assert await advance(desk, ANNOUNCED + timedelta(days=1)) == {"announced": 1}
    await hear(desk, delivered(closing))
    await advance(desk, AFTER + timedelta(days=1))
    asked = (await ask_approval(desk, closing)).json()
    for who in (READER, INSPECTOR):
        code = "closing.approved_by_who_took_part"
        assert await desk.second(asked, subject=who) == ("refused", code)
    assert await desk.second(asked, subject="reviewer-1") == ("refused", "approval.own_request")
    assert await desk.second(asked, subject=APPROVER) == ("done", None)


async def test_who_says_that_the_customer_was_told_does_not_approve_nor_explain(desk: Desk) -> None:
    closing = await announced(desk, told=False)
    body = {"way": "visited", "told_on": "2026-07-20", "explanation": "he opened"}
    answer = await post(desk, f"closings/{closing['closing_no']}/told", body, who=APPROVER)
    assert answer.json()["told_by"] == APPROVER
    await advance(desk, AFTER)
    asked = (await ask_approval(desk, closing)).json()
    assert await desk.second(asked, subject=APPROVER) == ("refused", "closing.approved_by_who_took_part")
    assert (await shown(desk, closing))["state"] == "announced"
    assert await desk.second(asked, subject="second-2") == ("done", None)
    closing = await shown(desk, closing)
    await hear(desk, done(closing, "read", on=READ_ON))
    await advance(desk, READ_ON)
    await hear(desk, answered(closing, on=UNTIL))
    await advance(desk, READ_ON + timedelta(days=1))
    path = f"closings/{closing['closing_no']}/findings/objected/explanation"
    said = {"what": UNTIL.isoformat(), "explanation": "I told him"}
    refused = await post(desk, path, said, who=APPROVER)
    assert (refused.status_code, refused.json()["code"]) == (403, "closing_finding.explained_by_who_took_part")


async def test_a_final_read_by_who_proposed_it_ends_nothing(desk: Desk) -> None:
    closing = await approved(desk)
    await hear(desk, done(closing, "read", on=READ_ON, by=READER))
    assert await advance(desk, READ_ON) == {}
    assert [row["waits_for"] for row in await closings(desk, waiting="true")] == ["read_by_proposer"]
    assert (await desk.published(AccountChanged))[-1].contracts[0].to is None
    body = {"business_date": READ_ON.isoformat(), "explanation": "another one goes"}
    again = (await post(desk, f"closings/{closing['closing_no']}/site-orders", body)).json()
    assert again["read_order_no"] != closing["read_order_no"]
    next_day = READ_ON + timedelta(days=1)
    await hear(desk, done(again, "read", on=next_day))
    assert await advance(desk, next_day) == {"ended": 1}


async def test_a_check_that_finds_use_withdraws_and_one_that_was_not_done_waits(desk: Desk) -> None:
    used, shut = await begun(desk, 1, 2)
    await hear(desk, done(used, "in_use"), not_done(shut))
    assert await advance(desk, ANNOUNCED) == {"withdrawn": 1}
    assert (await shown(desk, used))["code"] == "in_use"
    assert [row["waits_for"] for row in await closings(desk, waiting="true")] == ["site_order_not_done"]
    assert await desk.published(ClosingAnnounced) == []


async def test_it_is_announced_for_a_month_to_everybody_and_names_no_person(desk: Desk) -> None:
    closing = await announced(desk)
    (fact,) = await desk.published(ClosingAnnounced)
    assert (fact.question_id, fact.answers, fact.answer_by) == (closing["closing_no"], ("object", "agree"), UNTIL)
    async with desk.client() as client:
        client.headers.pop("Authorization")
        listed = (await client.get("/v1/closings/announced")).json()["items"]
    assert listed == [
        {
            "closing_no": closing["closing_no"],
            "service_point_no": "SP1",
            "org_unit": "zj/hangzhou",
            "announced_on": ANNOUNCED.isoformat(),
            "objection_until": UNTIL.isoformat(),
        }
    ]


@pytest.mark.parametrize("told", ["late", "early", "never", "by_hand"])
async def test_it_is_approved_only_after_the_time_for_objections_and_when_the_customer_was_told(
    desk: Desk, told: str
) -> None:
    closing = await announced(desk, told=False)
    if told == "early":
        await hear(desk, delivered(closing))
    if told == "late":
        await hear(desk, failed(closing))
    if told in ("never", "by_hand"):
        await hear(desk, failed(closing), failed(closing, "N2"))
    if told == "by_hand":
        body = {"way": "posted", "told_on": "2026-07-20", "explanation": "at the door, photographed"}
        assert (await post(desk, f"closings/{closing['closing_no']}/told", body)).status_code == 200
    await advance(desk, UNTIL)
    if told == "late":
        await hear(desk, delivered(closing, UNTIL), delivered(closing, UNTIL + timedelta(days=3), "N2"))
    assert (await ask_approval(desk, closing)).json()["code"] == "closing.not_to_be_approved_yet"
    await advance(desk, AFTER)
    first = await ask_approval(desk, closing)
    assert first.status_code == (202 if told in ("early", "by_hand") else 409)
    assert (await shown(desk, closing))["waits_for"] == ("not_told" if told == "never" else "")
    if told == "late":  # delivered on the last day: the customer has seven days
        await advance(desk, UNTIL + timedelta(days=6))
        assert (await ask_approval(desk, closing)).status_code == 409
        await advance(desk, UNTIL + timedelta(days=7))
        assert (await ask_approval(desk, closing)).status_code == 202


async def test_never_two_closings_of_a_contract_under_way(desk: Desk) -> None:
    (first,) = await begun(desk)
    body = {"contract_no": "C1", "business_date": PROPOSED.isoformat(), "explanation": "again"}
    again = await post(desk, "closings", body)
    assert (again.status_code, again.json()["code"]) == (409, "closing.under_way")
    path = f"closings/{first['closing_no']}/withdrawal"
    taken = await post(desk, path, {"business_date": PROPOSED.isoformat(), "explanation": "wrong flat"})
    assert taken.json()["code"] == "taken_back"
    await find(desk, date(2026, 7, 4))
    await propose(desk, day=date(2026, 7, 4))
    assert await desk.count(CLOSING) == 2


async def test_the_final_bill_is_none_of_an_estimate_and_waits_for_its_review(desk: Desk) -> None:
    closing = await approved(desk)
    await hear(desk, not_done(closing, on=READ_ON, number="read_order_no"))
    assert await advance(desk, READ_ON) == {}
    assert [row["waits_for"] for row in await closings(desk, waiting="true")] == ["site_order_not_done"]
    body = {"business_date": READ_ON.isoformat(), "explanation": "with the caretaker"}
    again = (await post(desk, f"closings/{closing['closing_no']}/site-orders", body)).json()
    await hear(desk, done(again, "read", on=date(2026, 8, 20)))
    assert await advance(desk, date(2026, 8, 20)) == {"ended": 1}
    guess = {"quality": "estimated", "estimate_reason": "no_access", "estimate_method": "m@1"}
    await desk.measure(final_usage(on=date(2026, 8, 20), **guess))
    assert await advance(desk, date(2026, 8, 21)) == {}
    late = await closings(desk, overdue="true")
    assert late == []
    await advance(desk, date(2026, 9, 20))
    assert [row["waits_for"] for row in await closings(desk, overdue="true")] == ["bill_waits"]
    async with desk.client() as client:
        told = (await client.get("/metrics")).text
    assert "wattline_closings_overdue 1.0" in told
    assert "wattline_closings_waiting 1.0" in told


async def test_an_account_with_another_contract_goes_on_and_keeps_its_money(desk: Desk) -> None:
    one, other = account(1), account(7)
    both = replace(one, contracts=(one.contracts[0], replace(other.contracts[0], contract_no="C7")))
    await desk.open(both)
    for each in months(1):
        await desk.released(each)
    await find(desk)
    closing = await propose(desk)
    await hear(desk, done(closing, "unused"), delivered(closing))
    await advance(desk, ANNOUNCED)
    await advance(desk, AFTER)
    asked = (await ask_approval(desk, closing)).json()
    assert await desk.second(asked, subject=APPROVER) == ("done", None)
    await hear(desk, done(await shown(desk, closing), "read", on=READ_ON))
    await advance(desk, READ_ON)
    await desk.measure(final_usage())
    assert await advance(desk, READ_ON + timedelta(days=1)) == {"billed": 1}
    (final,) = await desk.published(FinalBillIssued)
    assert not final.ends_account
    assert await advance(desk, READ_ON + timedelta(days=2)) == {"settled": 1}
    assert await desk.published(AccountClosed) == []
    assert (await desk.published(AccountChanged))[-1].closed_on is None
