"""Cases of dunning, opened and closed by the books, and one step per account and stage: on both databases."""

from datetime import date
from typing import Any

import pytest

from services.collection.dunning import tables
from tests.kits.collection import Kit, account, bill, corrected, issued

STEP = "collection.dunning_step_due.v1"


async def run(kit: Kit, *days: str) -> dict[str, Any]:
    """Judge cases as of days, and return the answer of the last run."""
    for day in days:
        answer = await kit.admin.post("/v1/jobs/remind/runs", json={"business_date": day})
        assert answer.status_code in (200, 201), answer.text
    return dict(answer.json())


async def told(kit: Kit) -> list[tuple[str, int, str, int]]:
    """Return each step that was told: day, stage, action and what is owed."""
    facts = await kit.facts(STEP)
    return [(one["business_date"], one["stage"], one["action"], one["outstanding_fen"]) for one in facts]


async def cases(kit: Kit, **query: str) -> list[dict[str, Any]]:
    answer = await kit.clerk.get("/v1/dunning-cases", params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def bounce(kit: Kit, payment: dict[str, Any]) -> None:
    path = f"/v1/payments/{payment['payment_id']}/reversal"
    answer = await kit.clerk.post(path, json={"reason": "bounced"}, headers={"Idempotency-Key": f"v{path}"})
    assert answer.status_code == 200, answer.text


async def test_three_overdue_bills_are_one_step_of_one_case_over_all_of_them(kit: Kit) -> None:
    dues = [date(2026, 2, 20), date(2026, 2, 21), date(2026, 2, 22)]
    await kit.give(*(issued(bill(f"B{n}", 1_000, due_on=due)) for n, due in enumerate(dues)))

    nothing = await run(kit, "2026-02-20")
    assert nothing["reason"] == "nothing is overdue that is not held, and no case is open"
    await run(kit, "2026-02-22", "2026-02-23", "2026-02-23", "2026-02-24", "2026-02-25", "2026-02-26")

    (fact,) = await kit.facts(STEP)
    assert (fact["business_date"], fact["stage"], fact["action"]) == ("2026-02-23", 1, "notice")
    assert [(debt["document_id"], debt["outstanding_fen"]) for debt in fact["debts"]] == [
        ("B0", 1_000),
        ("B1", 1_000),
        ("B2", 1_000),
    ]
    assert (fact["outstanding_fen"], fact["due_on"], fact["track"]) == (3_000, "2026-02-20", "resident")
    (case,) = await cases(kit)
    assert (case["state"], case["stage"], case["opened_on"], case["debts"]) == ("open", 1, "2026-02-22", 3)


async def test_a_case_goes_through_its_stages_and_waits_for_people_where_they_act(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000)))
    await run(
        kit, *(f"2026-{month}-{day:02}" for month, last in (("02", 28), ("03", 31)) for day in range(1, last + 1))
    )

    assert await told(kit) == [
        ("2026-02-25", 1, "notice", 1_000),
        ("2026-03-09", 2, "notice", 1_000),
        ("2026-03-19", 3, "call", 1_000),
        ("2026-03-25", 4, "approval", 1_000),
    ]
    (case,) = await cases(kit, state="waiting", action="approval")
    assert (case["stage"], case["stage_on"], await cases(kit, action="cut")) == (4, "2026-03-25", [])
    whole = (await kit.clerk.get(f"/v1/dunning-cases/{case['case_no']}")).json()
    assert [step["stage"] for step in whole["steps"]] == [1, 2, 3, 4]
    assert whole["steps"][0]["debts"][0]["outstanding_fen"] == 1_000


async def test_days_that_were_missed_shorten_nobodys_time_and_late_days_change_nothing(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000)))
    await run(kit, "2026-03-20", "2026-03-21", "2026-03-31")
    late = await run(kit, "2026-03-25")
    assert late["reason"] == "cases are judged as of 2026-03-31: what is earlier changes none"
    await run(kit, "2026-04-01")
    assert await told(kit) == [("2026-03-20", 1, "notice", 1_000), ("2026-04-01", 2, "notice", 1_000)]


async def test_a_case_is_closed_by_the_payment_and_one_that_bounces_opens_the_next_from_its_first_stage(
    kit: Kit,
) -> None:
    await kit.give(issued(bill("B1", 1_000)))
    await run(kit, "2026-02-25", "2026-03-09")
    payment = await kit.pay(1_000)
    await run(kit, "2026-03-10")
    (closed,) = await cases(kit)
    assert (closed["state"], closed["closed_on"], closed["outstanding_fen"]) == ("closed", "2026-03-10", 0)
    await bounce(kit, payment)
    await run(kit, "2026-03-10", "2026-03-11", "2026-03-12", "2026-03-23")

    assert [(day, stage) for day, stage, *_ in await told(kit)] == [
        ("2026-02-25", 1),
        ("2026-03-09", 2),
        ("2026-03-11", 1),
        ("2026-03-23", 2),
    ]
    assert [(one["opened_on"], one["state"]) for one in await cases(kit)] == [
        ("2026-02-25", "closed"),
        ("2026-03-11", "open"),
    ]


async def test_a_case_falls_back_when_its_oldest_debt_is_paid_and_a_debt_that_comes_later_is_told_of(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000, due_on=date(2026, 2, 22))))
    await run(kit, "2026-02-25", "2026-03-09", "2026-03-19")
    await kit.give(issued(bill("B2", 700, due_on=date(2026, 3, 20), cycle="2026-02")))
    await run(kit, "2026-03-22")
    assert [one["stage"] for one in await cases(kit)] == [3]
    await run(kit, "2026-03-23")
    assert (await told(kit))[-1] == ("2026-03-23", 1, "notice", 1_700)
    payment = await kit.pay(1_000, on="2026-03-24")
    await run(kit, "2026-03-25")
    (case,) = await cases(kit)
    assert (case["stage"], case["stage_on"], case["outstanding_fen"]) == (1, "2026-03-23", 700)
    await run(kit, "2026-04-04")
    assert (await told(kit))[-1] == ("2026-04-04", 2, "notice", 700)
    await bounce(kit, payment)
    await run(kit, "2026-04-05")
    assert (await told(kit))[-1] == ("2026-04-05", 1, "notice", 1_700), "what is owed again is told of anew"


async def test_a_correction_takes_a_debt_out_of_its_case(kit: Kit) -> None:
    first = bill("B1", 1_000)
    await kit.give(issued(first))
    await run(kit, "2026-02-25")
    await kit.give(corrected("K1", [first], [bill("B2", 900, due_on=date(2026, 4, 1))]))
    await run(kit, "2026-03-10")
    assert [one["state"] for one in await cases(kit)] == ["closed"]
    assert await kit.rows(tables.DEBT) == []


TRACKS = [
    ("A1", {}, "resident"),
    ("A2", {"customer_class": "commercial"}, "business"),
    ("A3", {"closed_on": date(2026, 2, 20)}, "former_debtor"),
    ("A4", {"customer_class": "commercial"}, "vulnerable"),
]


async def test_each_account_is_on_the_track_of_its_class_its_hardship_or_its_end(kit: Kit) -> None:
    await kit.give(*(account(no, version=2).model_copy(update=changes) for no, changes, _ in TRACKS))
    await kit.give(*(issued(bill(f"B{no}", 10, account_no=no)) for no, *_ in TRACKS))
    await kit.clerk.post("/v1/accounts/A4/hardship", json={"from": "2026-02-01", "reason": "illness"})
    await run(kit, "2026-02-25")
    facts = await kit.facts(STEP)
    assert [(one["account_no"], one["track"]) for one in facts] == [(no, track) for no, _, track in TRACKS]
    assert [one["tone"] for one in facts] == [None, None, None, "gentle"]
    assert [one["account_no"] for one in await cases(kit, track="vulnerable")] == ["A4"]
    await kit.clerk.post("/v1/accounts/A4/hardship/end", json={"on": "2026-03-01", "reason": "better"})
    await run(kit, "2026-03-02")
    assert await cases(kit, track="vulnerable") == []


async def test_business_days_count_by_the_calendar_and_a_year_that_is_not_there_is_refused(kit: Kit) -> None:
    await kit.give(account(version=2).model_copy(update={"customer_class": "commercial"}))
    await kit.give(issued(bill("B1", 1_000, due_on=date(2026, 4, 1))))
    await run(kit, "2026-04-04", *(f"2026-04-{day}" for day in range(10, 17)))
    # 2 and 3 April, then 6 April is a day off (清明): 7 to 10 April, 13 to 16 April make ten
    assert [(day, stage) for day, stage, *_ in await told(kit)] == [("2026-04-04", 1), ("2026-04-16", 2)]
    answer = await kit.admin.post("/v1/jobs/remind/runs", json={"business_date": "2019-06-01"})
    assert answer.status_code in (200, 201), "a later day is judged: nothing is counted"


async def test_a_first_run_in_a_year_without_a_calendar_is_refused_before_anything_is_changed(kit: Kit) -> None:
    await kit.give(issued(bill("B1", 1_000, issued_on=date(2019, 1, 2), due_on=date(2019, 1, 22))))
    answer = await kit.admin.post("/v1/jobs/remind/runs", json={"business_date": "2019-06-01"})
    assert (answer.status_code, answer.json()["code"]) == (422, "calendar.year_unknown")
    assert (await cases(kit), await kit.facts(STEP)) == ([], [])


async def test_a_payment_or_a_reversal_stops_a_step_and_a_part_lowers_it(kit: Kit) -> None:
    for number in ("A2", "A3"):
        await kit.give(account(number))
    bills = [bill("B1", 1_000), bill("B2", 1_000, account_no="A2"), bill("B3", 1_000, account_no="A3")]
    await kit.give(*(issued(one) for one in bills))
    await kit.pay(1_000)
    await kit.pay(400, "A2")
    await kit.give(corrected("K1", [bills[2]], [bill("B4", 900, account_no="A3", due_on=date(2026, 4, 1))]))
    await run(kit, "2026-03-10")
    assert [(f["account_no"], f["outstanding_fen"]) for f in await kit.facts(STEP)] == [("A2", 600)]


async def test_cases_of_many_accounts_come_in_chunks_and_are_seen_by_their_own_bureau(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.collection.dunning.use_cases.judging.ACCOUNTS_PER_CHUNK", 4)
    numbers = [f"N{i:02}" for i in range(10)]
    await kit.give(*(account(number) for number in numbers))
    await kit.give(*(issued(bill(f"B{number}", 10, account_no=number)) for number in numbers))
    done = await run(kit, "2026-03-01")
    assert (done["chunks_done"], done["counts"]) == (3, {"opened": 10, "steps": 10, "closed": 0})
    assert (await run(kit, "2026-03-01"))["chunks_already_done"] == 3
    assert len(await kit.facts(STEP)) == 10
    page = (await kit.clerk.get("/v1/dunning-cases?limit=3&stage=1")).json()
    assert (len(page["items"]), page["next_cursor"] is not None) == (3, True)
    elsewhere = kit.client("clerk", "collection:read", org_units=["zj/ningbo"])
    for path in ("/v1/dunning-cases", "/v1/dunning-steps", "/v1/dunning-holds"):
        assert (await elsewhere.get(path)).json()["items"] == []
    one = page["items"][0]["case_no"]
    for who, number in ((elsewhere, one), (kit.clerk, "none")):
        gone = await who.get(f"/v1/dunning-cases/{number}")
        assert (gone.status_code, gone.json()["code"]) == (404, "dunning_case.unknown")
