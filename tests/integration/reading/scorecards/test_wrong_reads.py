"""Wrong reads: whose errors they were, when they were found and fixed, and which of them were serious."""

import pytest

from tests.integration.reading.readers.test_assigning import assigned, put
from tests.integration.reading.scorecards.test_scorecards import FEBRUARY, JANUARY, MADE_ON, NEXT_ON, february, january
from tests.kits.disputes import doubt, opened
from tests.kits.reading import Kit, read
from tests.kits.scorecards import (
    at,
    bill,
    cards,
    close,
    correct,
    corrected,
    figures,
    make,
    number,
    plan,
    seen,
)

LATE = "2026-01-31T23:59:30+08:00"


async def test_a_reader_sees_the_own_errors_alone(kit: Kit) -> None:
    await january(kit)
    await correct(kit, number(6, "2026-02-01"), "206.00", on="2026-01-25")
    await correct(kit, number(4, "2026-02-01"), "204.00", on="2026-01-25")
    await put(kit, assigned("bert", "2026-01-01", route_no="R1", kind="route_deputy", to="2026-03-01"))
    bert = kit.client("bert", "reading:field")
    for path in ("adherence/routes", "adherence/readers"):
        (row,) = (await bert.get(f"/v1/{path}", params={"cycle": JANUARY})).json()["items"]
        assert (row["reader"], row["wrong"]) == ("bert", 1)
    (whole,) = await kit.items("adherence/routes", cycle=JANUARY)
    assert whole["wrong"] == 2
    assert [row["wrong"] for row in await kit.items("adherence/routes", cycle=JANUARY, reader="bert")] == [1]


async def test_a_day_of_finding_before_the_midnight_that_a_read_counts_for_is_the_day_of_finding(kit: Kit) -> None:
    await kit.district()
    await plan(kit, "2026-02-01")
    at(kit, "2026-02-01")
    await kit.push(read("M0001", "2026-02-01", "260.00", source="site", reader="anna", read_at=LATE))
    read_id = "M0001~20260131T155930Z~site"
    assert (await correct(kit, read_id, "206.00", on="2026-02-10", found_on="2026-01-31")).status_code == 200
    (row,) = await cards(kit, FEBRUARY, "wrong-reads")
    assert (row["found_on"], row["fix_days"]) == ("2026-01-31", 7)
    # before the correction that is in force nobody can have found it wrong
    answer = await correct(kit, read_id, "205.00", on="2026-02-12", found_on="2026-02-09")
    assert (answer.status_code, answer.json()["code"]) == (422, "reading.wrong_found_on")


async def test_a_route_waits_for_the_calendar_of_a_year_in_which_something_was_fixed(kit: Kit) -> None:
    await kit.district()
    await plan(kit, "2026-12-01")
    at(kit, "2026-12-01")
    await kit.push(seen(1, "2026-12-01", "260.00"))
    await close(kit, "2026-12-02")
    await plan(kit, "2027-01-01")
    await close(kit, "2027-01-02")
    await plan(kit, "2027-02-01")
    await close(kit, "2027-02-02")
    await correct(kit, number(1, "2026-12-01"), "206.00", on="2027-01-05", found_on="2026-12-31")
    (row,) = await cards(kit, "2027-01", "wrong-reads")
    assert (row["fix_days"], row["fixed_on"]) == (None, "2027-01-05")
    assert await make(kit, "2027-02-15") == {"scorecards": 0, "rows": 0, "routes_without_calendar": 1}
    assert await cards(kit, "2027-01") == []


@pytest.mark.parametrize(
    ("evidence", "found_on", "fix_days"),
    [
        ("nothing", "2026-03-11", 0),
        ("said", "2026-03-06", 3),
        ("reread", "2026-03-09", 2),
        ("dispute", "2026-03-10", 1),
        ("said and reread", "2026-03-06", 3),
    ],
)
async def test_the_time_to_a_fix_is_counted_in_business_days_from_the_first_that_is_known(
    kit: Kit, evidence: str, found_on: str, fix_days: int
) -> None:
    """The sixth of March 2026 is a Friday, the eleventh a Wednesday."""
    await kit.district()
    await plan(kit, "2026-02-01")
    at(kit, "2026-02-01")
    await kit.push(seen(1, "2026-02-01", "260.00"))
    await close(kit, "2026-02-02")
    if "reread" in evidence:
        at(kit, "2026-03-09")
        order = {"order_no": "O1", "kind": "reread", "service_point_no": "S0001", "reason": "doubted"}
        answer = await kit.clerk.post("/v1/site-orders", json={"items": [order | {"asked_on": "2026-03-09"}]})
        assert answer.json()["outcomes"][0]["status"] == "done", answer.text
    if evidence == "dispute":
        at(kit, "2026-03-10")
        assert await opened(kit.clerk, doubt(opened_on="2026-03-10")) == ["done"]
    said = {"found_on": "2026-03-06"} if "said" in evidence else {}
    answer = await correct(kit, number(1, "2026-02-01"), "206.00", on="2026-03-11", **said)
    assert answer.status_code == 200, answer.text
    (row,) = await cards(kit, "2026-03", "wrong-reads")
    assert (row["found_on"], row["fixed_on"], row["fix_days"]) == (found_on, "2026-03-11", fix_days)
    assert (row["reader"], row["fault"], row["fixed_by"]) == ("anna", "reader", "clerk")


async def test_a_day_of_finding_that_cannot_be_is_refused(kit: Kit) -> None:
    await january(kit)
    read_id = number(6, "2026-02-01")
    for day in ("2026-02-21", "2026-01-30"):
        answer = await correct(kit, read_id, "206.00", on="2026-02-20", found_on=day)
        assert (answer.status_code, answer.json()["code"]) == (422, "reading.wrong_found_on")
        body = {"reason": "wrong_meter", "found_on": day}
        answer = await kit.clerk.post(f"/v1/reads/{read_id}/annulment", json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "reading.wrong_found_on")
    assert await cards(kit, FEBRUARY, "wrong-reads") == []


@pytest.mark.parametrize(("value", "serious"), [("10260.00", 1), ("10259.99", 0)])
async def test_an_error_of_ten_thousand_kwh_is_serious(kit: Kit, value: str, serious: int) -> None:
    await january(kit)
    assert (await correct(kit, number(6, "2026-02-01"), value, on="2026-02-20")).status_code == 200
    (row,) = await cards(kit, FEBRUARY, "wrong-reads")
    assert row["serious"] == bool(serious)
    await february(kit)
    await make(kit, MADE_ON)
    await make(kit, NEXT_ON)
    (card,) = await cards(kit, FEBRUARY)
    assert (card["wrong"], card["serious"]) == (1, serious)


@pytest.mark.parametrize(
    ("total_fen", "reason", "serious"), [(500_000, "misread", 1), (499_999, "misread", 0), (900_000, "tariff", 0)]
)
async def test_an_error_of_five_thousand_yuan_on_a_bill_is_serious_in_the_month_in_which_it_is_known(
    kit: Kit, total_fen: int, reason: str, serious: int
) -> None:
    await january(kit)
    await make(kit, MADE_ON)
    await correct(kit, number(6, "2026-02-01"), "206.00", on="2026-02-20")
    await february(kit)
    await make(kit, NEXT_ON)
    old, new = bill("S0006", "2026-01-01", "2026-02-01", 600_000), bill("S0006", "2026-01-01", "2026-02-01", 100_000, 2)
    change = corrected("K1", "2026-03-20", (old.model_copy(update={"total_fen": 100_000 + total_fen}),), (new,), reason)
    await kit.give(change)
    await kit.give(change)
    await kit.give(change.model_copy(update={"correction_id": "K2"}))  # the bill was corrected once more for it
    await plan(kit, "2026-04-01")
    await close(kit, "2026-04-02")
    await make(kit, "2026-04-15")
    assert (await figures(kit, FEBRUARY))["R1", "anna"].get("serious", 0) == 0
    assert (await figures(kit, "2026-03"))["R1", "anna"].get("serious", 0) == serious
    rows = await cards(kit, "2026-03", "scorecards/rows", figure="serious")
    assert [(row["kind"], row["reader"], row["details"]["amount_fen"]) for row in rows] == [
        ("bill", "anna", -total_fen)
    ] * serious
