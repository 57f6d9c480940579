"""The self-check finds supply that nobody has used for six months, by usages in force and never on an estimate."""

from dataclasses import replace
from datetime import date

import pytest

from services.billing.contracts.domain import AccountTerms
from tests.kits.billing import Desk, account, usage
from tests.kits.closings import FOUND, find, months, post, propose, unused


async def test_six_months_without_use_are_on_the_work_list_and_five_are_not(desk: Desk) -> None:
    await desk.open(account(1), account(2))
    await desk.measure(*months(1), *months(2, 5))
    assert await find(desk) == {"open": 1, "explained": 0, "taken_up": 0, "withdrawn": 0}
    (row,) = await unused(desk)
    assert (row["contract_no"], row["months"], row["since"], row["until"]) == ("C1", 6, "2026-01-01", "2026-07-01")
    assert (row["found_on"], row["state"], row["take_up_by"]) == ("2026-07-02", "open", "2026-07-16")
    assert row["org_unit"] == "zj/hangzhou"


@pytest.mark.parametrize("broken", ["estimated", "used", "exported", "gap", "missed"])
async def test_an_estimate_energy_or_a_gap_ends_the_row(desk: Desk, broken: str) -> None:
    await desk.open(account(1))
    facts = months(1)
    third = facts[2]
    if broken == "estimated":
        facts[2] = third.model_copy(update={"quality": "estimated", "estimate_reason": "no_access"})
    if broken == "used":
        facts[2] = usage(1, 3, 1, route="R1")
    if broken == "exported":
        facts[2] = third.model_copy(update={"energy_wh": {"import": 0, "export": 4000}})
    if broken in ("gap", "missed"):
        del facts[2]
    if broken == "missed":  # the read of April is for two months: the register did not move in both
        facts[2] = facts[2].model_copy(update={"period_from": date(2026, 3, 1), "months": 2})
    await desk.measure(*facts)
    await find(desk)
    assert len(await unused(desk)) == (1 if broken == "missed" else 0)


async def test_a_correction_withdraws_what_was_found_and_the_next_one_brings_it_back(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(*months(1))
    await find(desk)
    await desk.measure(usage(1, 4, 30, route="R1", version=2, replaces_reason="reread"))
    assert (await find(desk, date(2026, 7, 3)))["withdrawn"] == 1
    (row,) = await unused(desk)
    assert (row["state"], row["withdrawn_on"], row["take_up_by"]) == ("withdrawn", "2026-07-03", None)
    await desk.measure(usage(1, 4, 0, route="R1", version=3, replaces_reason="reread"))
    assert (await find(desk, date(2026, 7, 6)))["open"] == 1
    (row,) = await unused(desk)
    assert (row["state"], row["found_on"], row["withdrawn_on"]) == ("open", "2026-07-06", None)
    assert await find(desk, date(2026, 7, 7)) == {"open": 1, "explained": 0, "taken_up": 0, "withdrawn": 0}


async def test_seasonal_supply_is_listed_with_why(desk: Desk) -> None:
    await desk.open(account(3, facts=(AccountTerms(date(2020, 1, 1), "seasonal", 0, 1),)))
    await desk.measure(*months(3))
    await find(desk)
    assert [(row["state"], row["why"]) for row in await unused(desk)] == [("explained", "seasonal")]
    async with desk.client() as client:
        assert "wattline_unused_supplies 0.0" in (await client.get("/metrics")).text


async def test_what_a_person_explains_holds_until_its_day(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(*months(1))
    await find(desk)
    body = {"why": "cut", "until": "2026-07-10", "explanation": "cut off for repairs"}
    answer = await post(desk, "unused-supplies/C1/explanation", body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "explained"
    await find(desk, date(2026, 7, 9))
    assert [row["why"] for row in await unused(desk, state="explained")] == ["cut"]
    await find(desk, date(2026, 7, 10))
    (row,) = await unused(desk)
    assert (row["state"], row["why"], row["found_on"]) == ("open", "", "2026-07-10")
    late = await post(desk, "unused-supplies/C1/explanation", {**body, "until": "2026-07-10"})
    assert (late.status_code, late.json()["code"]) == (422, "unused_supply.explained_until_past")


async def test_what_a_person_explains_holds_for_no_longer_than_the_policy_says_and_is_then_explained_anew(
    desk: Desk,
) -> None:
    await desk.open(account(1))
    await desk.measure(*months(1))
    await find(desk, date(2026, 7, 6))
    body = {"why": "cut", "until": "2027-07-07", "explanation": "cut off for repairs"}
    for until in ("2027-07-07", "2199-12-31"):
        refused = await post(desk, "unused-supplies/C1/explanation", {**body, "until": until})
        assert (refused.status_code, refused.json()["code"]) == (422, "unused_supply.explained_too_long")
        assert "12 months: until 2027-07-06 at most" in refused.text
    assert [row["state"] for row in await unused(desk)] == ["open"]
    told = await post(desk, "unused-supplies/C1/explanation", {**body, "until": "2027-07-06"})
    assert (told.status_code, told.json()["state"]) == (200, "explained")
    await find(desk, date(2026, 7, 10))
    anew = await post(desk, "unused-supplies/C1/explanation", {**body, "until": "2027-07-10"})
    assert (anew.status_code, anew.json()["explained_until"]) == (200, "2027-07-10")


async def test_nobody_took_it_up_in_time(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(*months(1))
    await find(desk)
    assert await unused(desk, overdue="true") == []
    await find(desk, date(2026, 7, 17))
    assert [row["contract_no"] for row in await unused(desk, overdue="true")] == ["C1"]
    async with desk.client() as client:
        told = (await client.get("/metrics")).text
    assert "wattline_unused_supplies_overdue 1.0" in told
    await propose(desk, day=date(2026, 7, 17))
    await find(desk, date(2026, 7, 18))
    assert [row["state"] for row in await unused(desk)] == ["taken_up"]
    assert await unused(desk, overdue="true") == []


async def test_what_is_another_bureaus_is_not_shown(desk: Desk) -> None:
    await desk.open(account(1), replace(account(2), org_unit="zj/ningbo"))
    await desk.measure(*months(1), *months(2))
    await find(desk)
    async with desk.client(org_units=("zj/ningbo",)) as client:
        rows = (await client.get("/v1/unused-supplies")).json()["items"]
        body = {"contract_no": "C1", "business_date": FOUND.isoformat(), "explanation": "empty"}
        refused = await client.post("/v1/closings", json=body)
    assert [row["contract_no"] for row in rows] == ["C2"]
    assert (refused.status_code, refused.json()["code"]) == (404, "unused_supply.unknown")


async def test_the_self_check_takes_the_same_statements_for_any_number(desk: Desk) -> None:
    taken = []
    for day, numbers in ((FOUND, range(10)), (date(2026, 7, 3), range(10, 400))):
        await desk.open(*(account(n) for n in numbers))
        await desk.measure(*(each for n in numbers for each in months(n)))
        seen = desk.watch()
        await find(desk, day)
        taken.append(len(seen))
    assert [len(await unused(desk, limit="500")), taken[0]] == [400, taken[1]]
