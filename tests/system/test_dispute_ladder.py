"""Three doubts on four services: one ends at the history, one at the joint re-read, one comes from the laboratory as money."""

import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from tests.kits.installation import TOWN, WAIT_SECONDS_MAX, Home, Installation

EXPLAINED, READ_TOGETHER, TESTED = TOWN[4], TOWN[6], TOWN[8]
KWH = {"2026-01": 100, "2026-02": 80, "2026-03": 93}
"""What every home uses of a cycle, in January and 5 for its number."""
PRICE = Fraction(538, 1000)


def kwh(home: Home, cycle: str) -> int:
    return KWH[cycle] + (5 * home.number if cycle == "2026-01" else 0)


def eventually(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS_MAX
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def bill_cycle(town: Installation, cycle: str, read_date: str, closed_on: str) -> None:
    """Plan, read and close a cycle for all homes."""
    read_at = f"{read_date}T00:00:00+08:00"
    cycles = [known for known in KWH if known <= cycle]
    reads = [
        {"meter_no": home.meter_no, "read_at": read_at, "source": "remote", "unit": "kWh"}
        | {"registers": {"import": f"{1000 + sum(kwh(home, known) for known in cycles)}.00"}}
        for home in TOWN
    ]
    town.job("reading", "plan-cycles", read_date)
    town.call("POST", "reading", "/v1/reads", {"items": reads}, who="uploader-1")
    town.job("reading", "close-routes", closed_on)
    town.job("billing", "release-runs", closed_on)
    for home in (EXPLAINED, READ_TOGETHER, TESTED):
        town.until("the bill", "collection", f"/v1/receivables?account_no={home.account_no}&cycle={cycle}", 1)


def doubt(town: Installation, home: Home) -> str:
    number = f"doubt-{home.number}"
    said = {"dispute_no": number, "service_point_no": home.service_point_no, "cycles": ["2026-02"]}
    said |= {"channel": "counter", "raised_by": "customer", "reason": "high_usage", "opened_on": "2026-03-03"}
    town.call("POST", "reading", "/v1/disputes", {"items": [said]}, who="clerk-1")
    return number


def step(town: Installation, number: str, name: str, on: str, **body: Any) -> Any:
    return town.call("POST", "reading", f"/v1/disputes/{number}/{name}", {"on": on} | body)


def report(town: Installation, order_no: str, at: str, **what: Any) -> Any:
    said = {"order_no": order_no, "visited_at": f"{at}T09:00:00+08:00"} | what
    url = town.urls["reading"] + "/v1/site-orders/reports"
    answer = town.client.post(url, json={"items": [said]}, headers=town.token("reader-1")).json()
    return answer["outcomes"][0]["status"]


def ends_at_the_history(town: Installation) -> None:
    number = doubt(town, EXPLAINED)
    history = town.call("GET", "reading", f"/v1/disputes/{number}/history")
    shown = [(used["cycle"], used["energy_wh"]["import"], used["disputed"]) for used in history["usages"]]
    assert shown == [("2026-01", kwh(EXPLAINED, "2026-01") * 1000, False), ("2026-02", 80_000, True)]
    assert [read["source"] for read in history["reads"]] == ["remote", "remote"]
    step(town, number, "history", "2026-03-04")
    step(town, number, "end", "2026-03-05", outcome="explained", explanation="The heating ran.")


def ends_at_the_joint_reread(town: Installation) -> None:
    number = doubt(town, READ_TOGETHER)
    step(town, number, "joint-reread", "2026-03-04", order_no="together-1", visit_on="2026-03-10", from_time="09:00")
    path = f"/v1/questions?account_no={READ_TOGETHER.account_no}"
    eventually(lambda: any(each["subject_id"] == number for each in town.items("notify", path)))
    (question,) = [each for each in town.items("notify", path) if each["subject_id"] == number]
    said = {"answer": "yes", "way": "call", "answered_on": "2026-03-05", "explanation": "Called back."}
    town.call("POST", "notify", f"/v1/questions/{question['question_id']}/answer", said)
    confirmed = f"/v1/disputes?service_point_no={READ_TOGETHER.service_point_no}"
    eventually(lambda: town.items("reading", confirmed)[0]["presence"] == "confirmed")
    value = 1000 + sum(kwh(READ_TOGETHER, cycle) for cycle in ("2026-01", "2026-02")) + 30
    registers = {"meter_no": READ_TOGETHER.meter_no, "unit": "kWh", "registers": {"import": f"{value}.00"}}
    assert report(town, "together-1", "2026-03-10", result="as_read", **registers) == "awaiting_approval"
    decided = {"items": [{"order_no": "together-1", "version": 2}]}
    town.call("POST", "reading", "/v1/site-orders/decisions", decided)
    step(town, number, "end", "2026-03-11", outcome="confirmed", explanation="Read together.")


def goes_to_the_laboratory(town: Installation) -> str:
    number = doubt(town, TESTED)
    step(town, number, "joint-reread", "2026-03-04", order_no="together-2", visit_on="2026-03-09")
    assert report(town, "together-2", "2026-03-09", not_done="nobody_home") == "done"
    shown = step(town, number, "verification", "2026-03-09", order_no="laboratory-1")
    assert (shown["due_on"], shown["fee_fen"]) == ("2026-03-16", 0)
    assert report(town, "laboratory-1", "2026-03-11", result="beyond_limits") == "done"
    result = {"meter_no": TESTED.meter_no, "accuracy_class": "2", "error_percent": "3.0", "tested_on": "2026-03-11"}
    town.approve("reading", step(town, number, "test-result", "2026-03-12", **result))
    return number


def test_three_doubts_end_where_they_are_settled_and_an_erring_meter_comes_back_as_money(town: Installation) -> None:
    bill_cycle(town, "2026-02", "2026-03-01", "2026-03-02")
    ends_at_the_history(town)
    ends_at_the_joint_reread(town)
    number = goes_to_the_laboratory(town)

    # nobody is reminded of what is held; of what has ended somebody is
    town.until(
        "the hold", "collection", f"/v1/dispute-holds?service_point_no={TESTED.service_point_no}&held_on=2026-03-26", 1
    )
    for home in (EXPLAINED, READ_TOGETHER):
        town.until("the end", "collection", f"/v1/dispute-holds?service_point_no={home.service_point_no}", 1)
    town.job("collection", "remind", "2026-03-26")
    of_february = {
        home: [
            each["receivable_id"]
            for each in town.items("collection", f"/v1/receivables?account_no={home.account_no}&cycle=2026-02")
        ]
        for home in (EXPLAINED, TESTED)
    }
    reminded = {
        debt["receivable_id"] for each in town.items("collection", "/v1/dunning-steps") for debt in each["debts"]
    }
    assert set(of_february[EXPLAINED]) <= reminded
    assert not set(of_february[TESTED]) & reminded

    # the span is from the installation to the test: it waits for the bill of March
    town.until("the tested meter", "billing", "/v1/meter-tests", 1)
    town.job("billing", "adjust-meters", "2026-03-13")
    (waiting,) = town.items("billing", "/v1/meter-tests?state=waiting")
    assert waiting["waits_for"] == "2026-03-01"
    bill_cycle(town, "2026-03", "2026-04-01", "2026-04-02")
    town.job("billing", "adjust-meters", "2026-04-03")
    (adjusted,) = town.items("billing", f"/v1/adjustments?dispute_no={number}")

    # half of what ran through it, by other means: true = recorded ÷ 1.03
    recorded = kwh(TESTED, "2026-01") + kwh(TESTED, "2026-02") + Fraction(KWH["2026-03"] * 10, 31)
    recorded = Fraction(round(recorded * 1000), 1000)
    refunded = (recorded - recorded / Fraction(103, 100)) / 2
    assert abs(adjusted["energy_wh"] + refunded * 1000) < 1
    assert abs(adjusted["total_fen"] + refunded * PRICE * 100) < 1

    path = f"/v1/receivables?account_no={TESTED.account_no}&document_id={adjusted['adjustment_id']}"
    (posted,) = town.until("the credit", "collection", path, 1)
    assert (posted["amount_fen"], posted["document_kind"]) == (adjusted["total_fen"], "adjustment")
    trace = town.call("GET", "collection", f"/v1/trace/receivable/{posted['receivable_id']}")
    assert [(each["kind"], each["id"]) for each in trace["derived_from"]] == [("adjustment", adjusted["adjustment_id"])]
    town.until_agreed("2026-02", "2026-03", "2026-04")
    told = f"/v1/notices?account_no={TESTED.account_no}&cycle=2026-04&state=delivered"
    assert {each["template"] for each in town.until("the notice", "notify", told, 1)} == {"adjustment_issued"}

    step(town, number, "end", "2026-04-03", outcome="meter_beyond_limits", explanation="3 % fast; credited.")
    march = {
        each["org_unit"]: each for each in town.call("GET", "reading", "/v1/dispute-report?month=2026-03")["items"]
    }[TESTED.org_unit]
    assert (march["opened"], march["ended_at"], march["verifications_saved"]) == (
        3,
        {"history": 1, "joint_reread": 1},
        2,
    )
    eventually(lambda: of_april(town)["adjusted_documents"] == 1)
    april = of_april(town)
    assert (april["adjusted_fen"], april["ended_at"]) == (adjusted["total_fen"], {"verification": 1})


def of_april(town: Installation) -> Any:
    found = town.call("GET", "reading", "/v1/dispute-report?month=2026-04")["items"]
    return next(each for each in found if each["org_unit"] == TESTED.org_unit)
