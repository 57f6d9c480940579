"""A cut for arrears, from the proposal to supply that is there again: over REST, facts, the job and the clock of the day."""

import asyncio
import random
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from services.collection.supply.tables import CUT
from shared.events.notify import PersonTold
from shared.events.supply import SupplySwitched, SupplySwitchFailed
from tests.kits import cuts
from tests.kits.approvals import decided
from tests.kits.collection import Kit, account, bill, corrected, counted, issued
from tests.kits.effort import examples


async def test_a_household_is_cut_after_it_was_told_and_restored_once_it_has_paid(kit: Kit) -> None:
    approval = await cuts.proposed(kit, await cuts.in_arrears(kit))
    assert await decided(kit.clerk, [approval]) == ["approval.own_request"]
    assert await cuts.state(kit) == ("proposed", "")
    assert await decided(kit.second, [approval]) == ["done"]

    (told,) = await kit.facts("collection.cut_announced.v1")
    assert (told["outstanding_fen"], told["announced_on"], told["earliest_on"]) == (
        100_000,
        "2026-04-15",
        "2026-04-22",
    )
    assert await cuts.run(kit, "plan-cuts", "2026-04-15") == {"waiting": 1}
    assert await cuts.state(kit) == ("announced", "not_told")
    await cuts.delivered(kit)
    cuts.at(kit, "2026-04-21", "08:00")
    assert await cuts.run(kit, "plan-cuts", "2026-04-21") == {"waiting": 1}
    assert await cuts.state(kit) == ("announced", "too_early")

    cuts.at(kit, "2026-04-22", "07:00")
    assert await cuts.run(kit, "plan-cuts", "2026-04-22") == {"planned": 1}
    assert await cuts.turn(kit) == 0
    cuts.at(kit, "2026-04-22", "08:30")
    assert await cuts.turn(kit) == 1
    (again,) = await kit.facts("collection.cut_imminent.v1")
    assert again["not_before"] == "2026-04-22T01:00:00Z"
    assert (await cuts.turn(kit), await cuts.orders(kit)) == (0, [])
    cuts.at(kit, "2026-04-22", "09:00")
    assert await cuts.turn(kit) == 1
    (order,) = await kit.facts("collection.supply_order_requested.v1")
    assert (order["action"], order["expires_at"]) == ("cut", "2026-04-22T07:00:00Z")
    await cuts.switched(kit)
    assert await cuts.state(kit) == ("cut", "")

    cuts.at(kit, "2026-04-22", "18:00")
    await kit.pay(100_000, on="2026-04-22")
    assert await cuts.state(kit) == ("restoring", "settled")
    (_, cut), (action, restore) = await cuts.orders(kit)
    assert action == "restore"
    assert restore > cut
    assert (await cuts.the_cut(kit))["restore_by"] == "2026-04-23T10:00:00Z"
    await cuts.switched(kit, "restore")
    assert await cuts.state(kit) == ("ended", "restored")


@pytest.mark.parametrize(
    ("moment", "reached"),
    [
        ("proposed", "ended"),
        ("announced", "ended"),
        ("planned", "ended"),
        ("imminent", "ended"),
        ("ordered", "withdrawing"),
        ("cut", "restoring"),
    ],
)
async def test_a_payment_withdraws_at_every_point_in_its_own_unit_of_work(kit: Kit, moment: str, reached: str) -> None:
    if moment == "proposed":
        approval = await cuts.proposed(kit, await cuts.in_arrears(kit))
    elif moment == "announced":
        await cuts.announced(kit)
    elif moment in ("planned", "imminent"):
        await cuts.planned(kit)
        assert await cuts.turn(kit) == 1 if moment == "imminent" else True
    else:
        await cuts.ordered(kit)
    if moment == "cut":
        await cuts.switched(kit)
    assert (await cuts.state(kit))[0] == moment

    await kit.pay(100_000, on="2026-04-14")
    assert await cuts.state(kit) == (reached, "settled")
    withdrawn = await kit.facts("collection.cut_withdrawn.v1")
    assert len(withdrawn) == (moment not in ("proposed", "cut"))
    called_back = await kit.facts("collection.supply_order_withdrawn.v1")
    assert len(called_back) == (moment == "ordered")
    assert await cuts.turn(kit) == 0
    if moment == "proposed":
        assert await decided(kit.second, [approval]) == ["approval.not_pending"]


async def test_a_payment_that_overtakes_the_order_by_a_second_has_supply_restored_if_it_was_cut(kit: Kit) -> None:
    await cuts.ordered(kit)
    await kit.pay(100_000, on="2026-04-15")
    await cuts.switched(kit, although="withdrawn")
    assert await cuts.state(kit) == ("restoring", "settled")
    assert [action for action, _ in await cuts.orders(kit)] == ["cut", "restore"]
    await cuts.switched(kit, "restore")
    assert await cuts.state(kit) == ("ended", "restored")


async def test_an_order_that_was_called_back_in_time_has_ended_and_what_is_told_otherwise_later_is_mended(
    kit: Kit,
) -> None:
    await cuts.ordered(kit)
    await kit.pay(100_000, on="2026-04-15")
    await cuts.failed(kit, "withdrawn")
    assert await cuts.state(kit) == ("ended", "settled")
    await cuts.switched(kit, although="withdrawn", order=0)
    assert await cuts.state(kit) == ("restoring", "settled")


async def test_a_part_of_what_is_owed_withdraws_nothing(kit: Kit) -> None:
    await cuts.announced(kit)
    await kit.pay(60_000, on="2026-04-15")
    assert (await cuts.state(kit))[0] == "announced"


async def test_a_bill_that_is_corrected_away_withdraws_its_cut(kit: Kit) -> None:
    await cuts.announced(kit)
    await kit.give(corrected("K1", [bill("B1", 100_000)], []))
    assert await cuts.state(kit) == ("ended", "settled")


async def test_who_was_not_told_in_time_is_told_again_and_is_not_cut_meanwhile(kit: Kit) -> None:
    await cuts.announced(kit)
    first = (await cuts.the_cut(kit))["announcement_id"]
    await cuts.delivered(kit, "2026-04-15")
    cuts.at(kit, "2026-04-30", "08:00")
    assert await cuts.run(kit, "plan-cuts", "2026-04-30") == {"announced": 1}
    cut = await cuts.the_cut(kit)
    assert (cut["state"], cut["code"], cut["announcement"], cut["told_on"]) == ("announced", "not_told", 2, None)
    await cuts.delivered(kit, "2026-04-30", cause_id=first)
    assert (await cuts.the_cut(kit))["told_on"] is None, "that is the notice of before"
    assert len(await kit.facts("collection.cut_announced.v1")) == 2


@pytest.mark.parametrize(
    ("day", "code"),
    [
        ("2026-04-26", "rest_day"),
        ("2026-04-24", "before_rest_day"),
        ("2026-04-30", "before_rest_day"),
        ("2026-05-01", "rest_day"),
    ],
)
async def test_nobody_is_cut_on_rest_days_nor_on_the_day_before(kit: Kit, day: str, code: str) -> None:
    await cuts.announced(kit)
    await cuts.delivered(kit, "2026-04-17")
    cuts.at(kit, day, "08:00")
    assert await cuts.run(kit, "plan-cuts", day) == {"waiting": 1}
    assert await cuts.state(kit) == ("announced", code)


async def test_a_year_without_a_calendar_is_refused_and_never_guessed(kit: Kit) -> None:
    await cuts.announced(kit)
    cuts.at(kit, "2031-04-22", "08:00")
    answer = await kit.admin.post("/v1/jobs/plan-cuts/runs", json={"business_date": "2031-04-22"})
    assert (answer.status_code, answer.json()["code"]) == (422, "calendar.year_unknown")


async def test_a_home_with_life_support_is_never_cut_and_an_important_one_has_a_copy_for_the_authority(
    kit: Kit,
) -> None:
    case_no = await cuts.in_arrears(kit)
    mark = {"org_unit": "zj/hangzhou", "from": "2026-01-01"}
    path = f"/v1/service-points/{cuts.POINT}/marks"
    assert (await kit.clerk.put(path, json=mark | {"kind": "life_support"})).status_code == 200
    assert await cuts.refused(kit, case_no) == (409, "cut.protected")
    assert (await kit.clerk.put(path, json=mark | {"kind": "life_support", "to": "2026-04-01"})).status_code == 200
    assert (await kit.clerk.put(path, json=mark | {"kind": "important"})).status_code == 200
    assert await decided(kit.second, [await cuts.proposed(kit, case_no)]) == ["done"]
    (told,) = await kit.facts("collection.cut_announced.v1")
    assert told["copy_to_authority"] is True
    await cuts.delivered(kit)
    assert (await kit.clerk.put(path, json=mark | {"kind": "life_support"})).status_code == 200
    cuts.at(kit, "2026-04-22", "08:00")
    assert await cuts.run(kit, "plan-cuts", "2026-04-22") == {"withdrawn": 1}
    assert await cuts.state(kit) == ("ended", "protected")


async def test_what_a_bureau_marks_no_other_one_takes_away(kit: Kit) -> None:
    path = f"/v1/service-points/{cuts.POINT}/marks"
    mark = {"kind": "life_support", "org_unit": "zj/hangzhou", "from": "2026-01-01"}
    assert (await kit.clerk.put(path, json=mark)).status_code == 200
    far = kit.client("far", "collection:write", org_units=("zj/ningbo",))
    answer = await far.put(path, json=mark | {"org_unit": "zj/ningbo", "to": "2026-01-02"})
    assert (answer.status_code, answer.json()["code"]) == (403, "auth.other_org_unit")
    (kept,) = (await kit.clerk.get("/v1/point-marks")).json()["items"]
    assert (kept["org_unit"], kept["valid_to"]) == ("zj/hangzhou", None)


async def test_dangerous_weather_puts_off_what_is_planned_and_a_ban_that_ends_lets_it_go_on(kit: Kit) -> None:
    await cuts.planned(kit)
    ban = {"org_unit": "zj", "from": "2026-04-22T00:00:00+08:00", "until": "2026-04-24T00:00:00+08:00"}
    ban |= {"reason": "dangerous_weather", "explanation": "Storm warning."}
    made = (await kit.clerk.post("/v1/cut-bans", json=ban)).json()
    assert await cuts.turn(kit) == 1
    assert await cuts.state(kit) == ("announced", "banned")
    assert await cuts.run(kit, "plan-cuts", "2026-04-23") == {"waiting": 1}
    assert (await kit.clerk.post(f"/v1/cut-bans/{made['ban_no']}/end")).status_code == 200
    cuts.at(kit, "2026-04-27", "08:00")
    assert await cuts.run(kit, "plan-cuts", "2026-04-27") == {"planned": 1}


async def test_a_hold_stops_a_cut_at_every_point(kit: Kit) -> None:
    await cuts.ordered(kit)
    hold = {"reason": "claim", "until": "2026-05-10"}
    answer = await kit.clerk.post("/v1/accounts/A1/dunning-holds", json=hold)
    assert answer.status_code in (200, 201), answer.text
    assert await cuts.turn(kit) == 1
    assert await cuts.state(kit) == ("withdrawing", "held")
    assert len(await kit.facts("collection.supply_order_withdrawn.v1")) == 1


async def test_an_order_that_came_to_nothing_waits_for_another_day_and_one_that_was_late_cuts_all_the_same(
    kit: Kit,
) -> None:
    await cuts.ordered(kit)
    await cuts.failed(kit, "expired")
    assert await cuts.state(kit) == ("announced", "supply.expired")
    cuts.at(kit, "2026-04-23", "08:30")
    assert await cuts.run(kit, "plan-cuts", "2026-04-23") == {"planned": 1}
    await cuts.switched(kit, although="expired", order=0)
    assert await cuts.state(kit) == ("cut", "")
    assert await cuts.turn(kit) == 0


async def test_a_restore_that_fails_is_asked_for_again_and_is_overdue_after_a_day(kit: Kit) -> None:
    await cuts.ordered(kit)
    await cuts.switched(kit)
    await kit.pay(100_000, on="2026-04-15")
    await cuts.failed(kit, "head_end_failed")
    assert await cuts.state(kit) == ("restoring", "supply.head_end_failed")
    assert [action for action, _ in await cuts.orders(kit)] == ["cut", "restore", "restore"]
    kit.clock.at += timedelta(hours=25)
    metrics = (await kit.admin.get("/metrics")).text
    assert "wattline_restores_overdue 1.0" in metrics


async def test_what_speaks_against_a_cut_has_a_code_and_nothing_is_asked_for(kit: Kit) -> None:
    case_no = await cuts.in_arrears(kit, days=("2026-02-26",))
    assert await cuts.refused(kit, "nobody") == (404, "dunning_case.unknown")
    assert await cuts.refused(kit, case_no) == (409, "cut.not_due")
    for day in cuts.STEPS[1:]:
        await cuts.run(kit, "remind", day)
    assert await cuts.refused(kit, case_no, service_point_no="S-other") == (409, "cut.not_allowed")
    far = kit.client("far", "collection:write", org_units=("zj/ningbo",))
    answer = await far.post(f"/v1/dunning-cases/{case_no}/cuts", json=cuts.WISH)
    assert (answer.status_code, answer.json()["code"]) == (404, "dunning_case.unknown")
    await cuts.proposed(kit, case_no)
    assert await cuts.refused(kit, case_no) == (409, "cut.under_way")


async def test_a_proposal_that_is_rejected_has_ended(kit: Kit) -> None:
    approval = await cuts.proposed(kit, await cuts.in_arrears(kit))
    assert await decided(kit.second, [approval], decision="reject") == ["done"]
    assert await cuts.state(kit) == ("ended", "rejected")
    assert await kit.facts("collection.cut_announced.v1") == []


async def test_the_database_lets_nobody_approve_what_he_proposed(kit: Kit) -> None:
    await cuts.proposed(kit, await cuts.in_arrears(kit))
    with pytest.raises(DBAPIError):
        async with kit.database.begin() as tx:
            await tx.execute(update(CUT).values(approved_by="clerk"))
    with pytest.raises(DBAPIError):
        async with kit.database.begin() as tx:
            await tx.execute(update(CUT).values(state="announced"))


async def test_a_fact_about_an_order_that_nobody_asked_for_is_a_finding(kit: Kit) -> None:
    await cuts.ordered(kit)
    fact = (await kit.facts("collection.supply_order_requested.v1"))[0]
    names = ("account_no", "service_point_no", "org_unit", "action", "sequence")
    other = {name: fact[name] for name in names} | {"order_no": "of somebody else"}
    await kit.give(SupplySwitched(**other, switched_at=kit.clock.at, by="person"))
    assert "supply.order_unknown" in await kit.findings()
    assert await cuts.state(kit) == ("ordered", "")


@pytest.mark.postgres
async def test_a_payment_and_the_order_at_the_same_moment_never_leave_a_payer_cut(kit: Kit) -> None:
    await cuts.planned(kit)
    assert await cuts.turn(kit) == 1
    cuts.at(kit, "2026-04-22", "09:00")
    await asyncio.gather(cuts.turn(kit), kit.pay(100_000, on="2026-04-15"))
    now, asked = (await cuts.state(kit))[0], await cuts.orders(kit)
    withdrawn = await kit.facts("collection.supply_order_withdrawn.v1")
    assert (now, len(asked), len(withdrawn)) in (("ended", 0, 0), ("withdrawing", 1, 1))


async def test_any_order_of_payment_hold_and_answers_ends_with_supply_for_who_has_paid(kit: Kit) -> None:
    """Drawn: whatever comes when, who has paid is not cut at the end, and of a point no order follows one that is higher."""
    for seed in range(examples(10)):
        draw = random.Random(seed)
        no = f"D{seed}"
        await kit.give(account(no))
        await kit.give(issued(bill(f"B-{no}", 100_000, account_no=no)))
    for day in cuts.STEPS:
        await cuts.run(kit, "remind", day)
    cases = {row["account_no"]: row["case_no"] for row in (await kit.clerk.get("/v1/dunning-cases")).json()["items"]}
    made = {}
    for no, case_no in cases.items():
        made[no] = await cuts.proposed(kit, case_no, service_point_no=f"S-{no}")
    assert set(await decided(kit.second, list(made.values()))) == {"done"}
    for row in (await kit.clerk.get("/v1/cuts")).json()["items"]:
        await _told(kit, row)
    cuts.at(kit, "2026-04-22", "08:30")
    assert await cuts.run(kit, "plan-cuts", "2026-04-22") == {"planned": len(cases)}
    paid: set[str] = set()
    for minute in range(0, 120, 10):
        kit.clock.at += timedelta(minutes=10)
        for seed, no in enumerate(sorted(cases)):
            draw = random.Random(f"{seed} {minute}")
            if draw.random() < 0.15 and no not in paid:
                await kit.pay(100_000, no, on="2026-04-15")
                paid.add(no)
            if draw.random() < 0.3:
                await _answer(kit, no, draw)
        await cuts.turn(kit)
    for _ in range(3):
        for no in cases:
            await _answer(kit, no, None)
    rows = {row["account_no"]: row for row in (await kit.clerk.get("/v1/cuts")).json()["items"]}
    for no in paid:
        assert rows[no]["state"] == "ended", rows[no]
        sequences = [
            f["sequence"] for f in await kit.facts("collection.supply_order_requested.v1") if f["account_no"] == no
        ]
        assert sequences == sorted(set(sequences))
    assert {rows[no]["state"] for no in cases if no not in paid} <= {"cut", "announced"}


async def _told(kit: Kit, row: dict[str, Any]) -> None:
    names = {"account_no": row["account_no"], "cause_kind": "cut", "cause_id": row["announcement_id"]}
    said = {"notice_id": f"n-{row['cut_no']}", "template": "cut_notice", "outcome": "told", "told_by": "reader-1"}
    await kit.give(PersonTold(**names, **said, told_at=kit.clock.at))


async def _answer(kit: Kit, no: str, draw: random.Random | None) -> None:
    """Let reading say of the last order of an account that it was carried out, or (drawn) came to nothing."""
    asked = [fact for fact in await kit.facts("collection.supply_order_requested.v1") if fact["account_no"] == no]
    (row,) = (await kit.clerk.get(f"/v1/cuts?account_no={no}")).json()["items"]
    if not asked or row["state"] not in ("ordered", "withdrawing", "restoring"):
        return
    names = ("order_no", "account_no", "service_point_no", "org_unit", "action", "sequence")
    of = {name: asked[-1][name] for name in names}
    if draw is not None and draw.random() < 0.4:
        await kit.give(SupplySwitchFailed(**of, failed_at=kit.clock.at, code="head_end_failed"))
    else:
        await kit.give(SupplySwitched(**of, switched_at=kit.clock.at, by="head_end"))


async def test_statements_are_as_many_for_many_cuts(kit: Kit) -> None:
    numbers = [f"M{n:03}" for n in range(60)]
    await kit.give(*(account(no) for no in numbers))
    await kit.give(*(issued(bill(f"B-{no}", 100_000, account_no=no)) for no in numbers))
    for day in cuts.STEPS:
        await cuts.run(kit, "remind", day)
    listed = (await kit.clerk.get("/v1/dunning-cases?limit=100")).json()["items"]
    counts = []
    for part in (listed[:5], listed[5:]):
        asked = [await cuts.proposed(kit, row["case_no"], service_point_no=f"S-{row['account_no']}") for row in part]
        assert set(await decided(kit.second, asked)) == {"done"}
        day = "2026-04-15" if not counts else "2026-04-16"
        with counted(kit) as seen:
            await cuts.run(kit, "plan-cuts", day)
        counts.append(len(seen))
    assert counts[0] == counts[1]


async def test_a_hold_is_seen_however_many_cuts_are_under_way_and_what_is_banned_takes_no_turn(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    await cuts.ordered(kit)
    monkeypatch.setattr("services.collection.cuts.use_cases.clock.AT_ONCE", 1)
    ban = {"org_unit": "zj", "from": "2026-04-22T00:00:00+08:00", "until": "2026-04-24T00:00:00+08:00"}
    ban |= {"reason": "dangerous_weather", "explanation": "Storm warning."}
    assert (await kit.clerk.post("/v1/cut-bans", json=ban)).status_code == 201
    with counted(kit) as seen:
        assert await cuts.turn(kit) == 0
    assert [text for text in seen if text.startswith(("INSERT", "UPDATE", "DELETE"))] == []
    assert await cuts.state(kit) == ("ordered", ""), "an order that is out is not put off"
    hold = {"reason": "claim", "until": "2026-05-10"}
    assert (await kit.clerk.post("/v1/accounts/A1/dunning-holds", json=hold)).status_code == 201
    assert await cuts.turn(kit) == 1
    assert await cuts.state(kit) == ("withdrawing", "held")
