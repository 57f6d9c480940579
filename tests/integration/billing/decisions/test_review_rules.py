"""How right the review rules are by what reviewers said of their findings, beside the queue and in its order, over REST."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import httpx
import pytest

from services.billing.contracts.domain import AccountTerms
from services.billing.decisions.api import rules as rules_api
from services.billing.decisions.domain import catalogue
from services.billing.decisions.use_cases import queue
from services.billing.review import store as review_store
from services.billing.review import use_cases as review
from services.billing.review.domain.rules.registry import RULES as RULES_OF_BILLS
from tests.integration.billing.decisions.test_verdicts import said
from tests.kits.billing import Desk, account, usage

HOME, RISE = "billing.implausible_home", "billing.sudden_rise"
RULES = "/v1/review-rules"


async def items(desk: Desk, path: str, *, org_units: Sequence[str] = ("*",), **query: Any) -> list[dict[str, Any]]:
    async with desk.client(org_units=org_units) as client:
        answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def judged(desk: Desk, *verdicts: str, start: int = 1, org_unit: str = "zj/hangzhou") -> list[str]:
    """Hold a home's bill for each verdict, and release it with that verdict; return the bills."""
    numbers = range(start, start + len(verdicts))
    await desk.open(*(account(n, org_unit=org_unit) for n in numbers))
    await desk.measure(*(usage(n, 1, 1200, route=f"R{start}", org_unit=org_unit) for n in numbers))
    bills = []
    for n, verdict in zip(numbers, verdicts, strict=True):
        ((bill_id,),) = await desk.bills("bill_id", contract_no=f"C{n}")
        await desk.decide(bill_id, "approve", "2026-02-05", verdict)
        bills.append(bill_id)
    return bills


async def decided(desk: Desk) -> list[dict[str, Any]]:
    """Return the rules that found something on which somebody decided."""
    return [rule for rule in await items(desk, RULES, limit=500) if rule["found"]]


async def test_all_rules_are_listed_with_their_source_and_words_whether_or_not_anybody_decided(desk: Desk) -> None:
    desk.review_by(zero_usage="off")
    listed = {rule["code"]: rule for rule in await items(desk, RULES, limit=500)}
    assert set(listed) == set(catalogue.CODES)
    assert {rule.code for rule in RULES_OF_BILLS} < set(listed)
    assert all(rule["source"] and rule["title"]["zh"] and rule["words"]["en"] for rule in listed.values())
    severities = {code: listed[code]["severity"] for code in (HOME, RISE, "billing.zero_usage", "billing.corrected")}
    assert list(severities.values()) == ["hold", "hold", "off", "info"]
    assert listed["billing.run_unread"]["looks_at"] == "runs"
    assert (listed["reading.high_usage"]["looks_at"], listed["reading.high_usage"]["severity"]) == ("reads", "warn")
    assert (listed["rating.bill_differs"]["looks_at"], listed["rating.bill_differs"]["severity"]) == ("rating", "hold")
    assert listed[HOME]["words"]["en"] == "A home used {energy_wh:kwh}, above the plausible {limit_wh:kwh}."
    assert (counts(listed[HOME]), listed[HOME]["precision_permille"]) == ((0, 0, 0, 0), None)


def counts(rule: dict[str, Any]) -> tuple[int, int, int, int]:
    return rule["found"], rule["right"], rule["wrong"], rule["known"]


async def test_the_verdicts_on_a_rule_are_counted_with_their_precision_and_its_interval(desk: Desk) -> None:
    assert await decided(desk) == []
    await judged(desk, "right", "right", "right", "wrong", "known")
    (rule,) = await decided(desk)
    assert (rule["code"], counts(rule)) == (HOME, (5, 3, 1, 1))
    assert (rule["precision_permille"], rule["low_permille"], rule["high_permille"]) == (750, 301, 954)
    assert (rule["customer_class"], rule["org_unit"], rule["below_floor"], rule["evidence"]) == (None, None, False, [])


async def test_they_are_split_by_class_and_by_org_unit(desk: Desk) -> None:
    await judged(desk, "right", "wrong")
    await judged(desk, "wrong", start=11, org_unit="zj/ningbo")
    (by_class,) = await items(desk, RULES, by="class")
    assert (by_class["customer_class"], by_class["org_unit"], counts(by_class)) == ("residential", None, (3, 1, 2, 0))
    by_unit = await items(desk, RULES, by="org_unit")
    assert [(rule["org_unit"], counts(rule)) for rule in by_unit] == [
        ("zj/hangzhou", (2, 1, 1, 0)),
        ("zj/ningbo", (1, 0, 1, 0)),
    ]


async def test_everybody_sees_the_verdicts_of_their_org_units_alone(desk: Desk) -> None:
    await judged(desk, "right", "right")
    await judged(desk, "wrong", start=11, org_unit="zj/ningbo")
    (rule,) = await items(desk, RULES, org_units=["zj/ningbo"], by="class")
    assert counts(rule) == (1, 0, 1, 0)
    await desk.open(account(21, org_unit="zj/ningbo"))
    await desk.measure(usage(21, 1, 1200, org_unit="zj/ningbo"))
    shown = [
        (await items(desk, "/v1/review-queue", org_units=[unit]))[0]["findings"][0] for unit in ("zj/ningbo", "zj", "*")
    ]
    assert [(found["precision_permille"], found["verdicts"]) for found in shown] == [(0, 1), (667, 3), (667, 3)]


async def test_the_queue_shows_beside_each_finding_how_right_its_rule_was(desk: Desk) -> None:
    await judged(desk, "right", "wrong", "wrong", "known")
    await desk.open(account(9))
    await desk.measure(usage(9, 1, 950), usage(9, 2, 1150))
    (item,) = await items(desk, "/v1/review-queue")
    shown = {found["code"]: found for found in item["findings"]}
    names = ("verdicts", "precision_permille", "low_permille", "high_permille")
    assert [shown[HOME][name] for name in names] == [3, 333, 61, 792]
    assert [shown[RISE][name] for name in names] == [0, None, None, None]
    # a verdict and four of the prior: (1 + 2) of (3 + 4)
    ((january,),) = await desk.bills("total_fen", account_no="A9", cycle="2026-01")
    assert item["at_risk_fen"] == (item["total_fen"] - january) * 428 // 1000


async def test_the_last_verdict_on_a_finding_counts_and_silence_takes_none_back(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1, 1, 950), usage(1, 2, 1150))
    _, (bill_id,) = await desk.bills("bill_id")
    assert (await said(desk, bill_id, "hold", implausible_home="wrong", sudden_rise="wrong")).status_code == 200
    assert {rule["code"]: counts(rule) for rule in await decided(desk)} == {HOME: (1, 0, 1, 0), RISE: (1, 0, 1, 0)}
    assert (await said(desk, bill_id, implausible_home="right")).status_code == 200
    assert {rule["code"]: counts(rule) for rule in await decided(desk)} == {HOME: (1, 1, 0, 0), RISE: (1, 0, 1, 0)}


async def test_a_finding_of_which_nothing_is_said_counts_as_found(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1, 1, 950), usage(1, 2, 1150))
    _, (bill_id,) = await desk.bills("bill_id")
    assert (await said(desk, bill_id, implausible_home="right")).status_code == 200
    rules = {rule["code"]: rule for rule in await decided(desk)}
    assert counts(rules[RISE]) == (1, 0, 0, 0)
    assert (rules[RISE]["precision_permille"], rules[RISE]["below_floor"]) == (None, False)


async def test_a_rule_under_its_floor_is_listed_with_its_false_alarms_and_goes_on(desk: Desk) -> None:
    desk.expect_of_rules(floor_permille=600, verdicts_min=3)
    bills = await judged(desk, "right", "wrong", "wrong")
    assert await items(desk, RULES, below_floor=True) == [], "right at times: up to 792 ‰"
    bills += await judged(desk, *["wrong"] * 6, start=11)
    (rule,) = await items(desk, RULES, below_floor=True)
    assert (rule["code"], counts(rule), rule["high_permille"], rule["below_floor"]) == (HOME, (9, 1, 8, 0), 435, True)
    assert [each["bill_id"] for each in rule["evidence"]] == bills[:0:-1], "the newest first"
    assert rule["evidence"][0] | {"bill_id": "", "total_fen": 0} == {
        "bill_id": "",
        "severity": "hold",
        "customer_class": "residential",
        "org_unit": "zj/hangzhou",
        "route_no": "R11",
        "cycle": "2026-01",
        "total_fen": 0,
        "decided_by": "reviewer-1",
        "business_date": "2026-02-05",
    }
    assert await items(desk, RULES, below_floor=True, by="class") == [rule | {"customer_class": "residential"}]
    await desk.open(account(30))
    await desk.measure(usage(30, 1, 1200))
    assert await desk.bills("status", contract_no="C30") == [("held",)], "never switched off by itself"


async def test_of_the_false_alarms_the_last_twenty_are_shown(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rules_api.EVIDENCE_MAX == 20
    monkeypatch.setattr(rules_api, "EVIDENCE_MAX", 2)
    desk.expect_of_rules(floor_permille=600, verdicts_min=3)
    bills = await judged(desk, *["wrong"] * 4)
    (rule,) = await decided(desk)
    assert [each["bill_id"] for each in rule["evidence"]] == [bills[3], bills[2]]


async def test_rules_come_page_by_page(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1, 1, 950), usage(1, 2, 1150))
    _, (bill_id,) = await desk.bills("bill_id")
    assert (await said(desk, bill_id, implausible_home="right")).status_code == 200
    async with desk.client() as client:
        first = (await client.get(RULES, params={"limit": 1, "by": "class"})).json()
        second = (await client.get(RULES, params={"limit": 1, "by": "class", "cursor": first["next_cursor"]})).json()
    assert [rule["code"] for rule in (*first["items"], *second["items"])] == [HOME, RISE]
    assert second["next_cursor"] is None


async def waiting(desk: Desk, *kwh: int, start: int = 51) -> None:
    numbers = range(start, start + len(kwh))
    await desk.open(*(account(n) for n in numbers))
    await desk.measure(*(usage(n, 1, each, route=f"R{n}") for n, each in zip(numbers, kwh, strict=True)))


async def by_risk(client: httpx.AsyncClient, **query: Any) -> tuple[list[str], str | None]:
    answer = await client.get("/v1/review-queue", params={"order": "risk", **query})
    assert answer.status_code == 200, answer.text
    return [item["account_no"] for item in answer.json()["items"]], answer.json()["next_cursor"]


async def test_the_queue_is_ordered_by_money_at_risk_times_precision_where_asked(desk: Desk) -> None:
    await waiting(desk, 1200, 3000, 2000)
    async with desk.client() as client:
        assert (await by_risk(client))[0] == ["A52", "A53", "A51"]
        # a bill that a person holds is no false alarm: all of its amount, of the others half
        await waiting(desk, 900, start=61)
        ((bill_id,),) = await desk.bills("bill_id", account_no="A61")
        await desk.decide(bill_id, "hold", "2026-02-05")
        assert (await by_risk(client))[0] == ["A52", "A53", "A61", "A51"]
        await judged(desk, *["wrong"] * 3)
        assert (await by_risk(client))[0] == ["A61", "A52", "A53", "A51"]
        assert (await by_risk(client, route_no="R53"))[0] == ["A53"]


async def test_what_is_missing_is_at_risk_as_what_is_too_much(desk: Desk) -> None:
    await desk.open(*(account(n) for n in (1, 2, 3)))
    await desk.released(*(usage(n, 1, 900) for n in (1, 2, 3)))
    await desk.measure(usage(1, 2, 0), usage(2, 2, 1001), usage(3, 2, 1200))
    async with desk.client() as client:
        order = (await by_risk(client))[0]
        at_risk = {i["account_no"]: i["at_risk_fen"] for i in (await client.get("/v1/review-queue")).json()["items"]}
        assert (await client.post("/v1/review-queue/next?order=risk")).json()["items"][0]["account_no"] == "A1"
    assert order == ["A1", "A3", "A2"]
    assert at_risk["A1"] > at_risk["A3"] > at_risk["A2"] > 0


async def test_pages_of_the_queue_by_risk_hold_together_while_reviewers_decide(desk: Desk) -> None:
    await waiting(desk, 1300, 1200, 1100, 1001)
    await waiting(desk, 900, start=61)
    ((own,),) = await desk.bills("bill_id", account_no="A61")
    await desk.decide(own, "hold", "2026-02-05")
    ((gone,),) = await desk.bills("bill_id", account_no="A53")
    assert (await said(desk, gone, "hold", implausible_home="wrong")).status_code == 200
    async with desk.client() as client:
        first, cursor = await by_risk(client, limit=2)
        assert first == ["A61", "A51"]
        await desk.decide(gone, "approve", "2026-02-05", "right")
        await judged(desk, *["right"] * 12)  # by which the others would be worth more than what a person holds
        second, end = await by_risk(client, limit=2, cursor=cursor)
        assert (second, end) == (["A52", "A54"], None)
        answer = await client.get("/v1/review-queue", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (400, "request.malformed_cursor")


async def test_more_bills_than_can_be_ordered_are_refused_with_what_to_ask_instead(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert queue.ORDERED_MAX == 10_000
    monkeypatch.setattr(queue, "ORDERED_MAX", 2)
    await waiting(desk, 1200, 1300, 1400)
    async with desk.client() as client:
        answer = await client.get("/v1/review-queue", params={"order": "risk"})
        assert (answer.status_code, answer.json()["code"]) == (422, "review_queue.too_many_to_order")
        assert (await by_risk(client, route_no="R52"))[0] == ["A52"]
        assert len((await client.get("/v1/review-queue")).json()["items"]) == 3


async def test_the_number_of_statements_is_the_same_for_10_and_1000_bills(desk: Desk) -> None:
    desk.expect_of_rules(floor_permille=1000, verdicts_min=1)
    await judged(desk, "wrong")
    counted = []
    for start, many in ((1001, 10), (2001, 990)):
        await waiting(desk, *[1200] * many, start=start)
        await _said_of_all(desk)
        seen = desk.watch()
        for path in ("/v1/review-queue", "/v1/review-queue?order=risk", RULES, f"{RULES}?by=class&below_floor=true"):
            before = len(seen)
            assert (await items(desk, path, limit=500)) != []
            counted.append(len(seen) - before)
    assert counted[:4] == counted[4:]


async def _said_of_all(desk: Desk) -> None:
    """Put a verdict on every bill, and let it wait on."""
    rows = await desk.bills()
    async with desk.db.begin() as tx:
        await review_store.add_reviewer(tx, [row.bill_id for row in rows], "reviewer-9")
        made = {f"D-{len(rows)}-{n}": row for n, row in enumerate(rows)}
        same = {"decided_by": "reviewer-9", "row_version": 1, "decision": "hold", "explanation": ""}
        decisions = [
            {"decision_id": id_, "bill_id": row.bill_id, "business_date": row.period_to, **same}
            for id_, row in made.items()
        ]
        await review_store.add_decisions(tx, decisions)
        classes = dict.fromkeys((row.bill_id for row in rows), "residential")
        days = {row.bill_id: row.period_to for row in rows}
        await review.record(tx, made, {HOME: "wrong"}, classes=classes, decided_by="reviewer-9", days=days)


async def test_a_decision_on_many_bills_takes_as_many_statements_as_on_two(desk: Desk) -> None:
    counted = []
    for n, months in ((1, 2), (2, 10)):
        await desk.open(account(n))
        for month in range(1, months + 1):
            await desk.released(usage(n, month, 400, route=f"R{n}"))
        await desk.measure(*(usage(n, month, 5000, version=2, route=f"R{n}") for month in range(1, months + 1)))
        proposed = await desk.bills(status="proposed", contract_no=f"C{n}")
        assert len(proposed) == months
        body = {"decision": "cancel", "explanation": "no", "verdicts": await desk.verdicts(proposed[0].bill_id)}
        async with desk.client() as client:
            path, seen = f"/v1/bills/{proposed[0].bill_id}", {"If-Match": f'"{proposed[0].row_version}"'}
            statements = desk.watch()
            answer = await client.post(f"{path}/decisions", json=body, headers=seen)
        assert answer.status_code == 200, answer.text
        counted.append(len(statements))
    assert counted[0] == counted[1]


async def rise(desk: Desk, n: int, customer_class: str, org_unit: str, kwh: int, verdict: str = "") -> None:
    """Hold a bill of a customer for how much more it is than the one before, and release it with a verdict where one is given."""
    facts = (AccountTerms(date(2020, 1, 1), customer_class, 3, 1),)
    await desk.open(account(n, facts=facts, org_unit=org_unit))
    await desk.measure(*(usage(n, m, used, route=f"R{n}", org_unit=org_unit) for m, used in ((1, 300), (2, kwh))))
    if verdict:
        ((bill_id,),) = await desk.bills("bill_id", contract_no=f"C{n}", status="held")
        await desk.decide(bill_id, "approve", "2026-03-05", verdict)


async def test_a_rule_is_reckoned_with_by_class_and_org_unit_as_narrow_as_verdicts_reach(desk: Desk) -> None:
    home, shop, farm = "residential", "commercial", "agricultural"
    near, far, other = "zj/hangzhou", "zj/ningbo", "zj/jinhua"
    of = {
        51: (home, near, 900, (home, near), (2, 1000)),
        52: (home, far, 910, (home, None), (3, 667)),
        53: (farm, near, 920, (None, near), (3, 667)),
        54: (farm, other, 930, (None, None), (5, 400)),
        55: (shop, near, 990, (shop, None), (2, 0)),
        56: (shop, other, 980, (shop, None), (2, 0)),
    }
    for n, (class_, unit, kwh, *_) in of.items():
        await rise(desk, n, class_, unit, kwh)
    before = [item["account_no"] for item in await items(desk, "/v1/review-queue", order="risk")]
    assert before == ["A55", "A56", "A54", "A53", "A52", "A51"], "by money alone: nobody has judged the rule"
    said_of = ((home, near, "right"), (home, near, "right"), (home, far, "wrong"), (shop, near, "wrong"))
    for n, (class_, unit, verdict) in enumerate((*said_of, (shop, far, "wrong")), start=1):
        await rise(desk, n, class_, unit, 800, verdict)

    async def shown() -> list[tuple[str, tuple[str | None, str | None], tuple[int, int]]]:
        queue_ = await items(desk, "/v1/review-queue", order="risk")
        rises = [(i["account_no"], next(f for f in i["findings"] if f["code"] == RISE)) for i in queue_]
        return [
            (no, (f["of"]["customer_class"], f["of"]["org_unit"]), (f["verdicts"], f["precision_permille"]))
            for no, f in rises
        ]

    # as shipped twenty verdicts make it narrow: all are judged by the rule as a whole
    assert await shown() == [(no, (None, None), (5, 400)) for no in before]
    desk.expect_of_rules(narrow_verdicts_min=2)
    # precision to reckon with: 666, 571 (3 verdicts), 571, 444, and 333 of the shops, whose bills are the largest
    order = (51, 53, 52, 54, 55, 56)
    assert await shown() == [(f"A{n}", *of[n][3:]) for n in order]
    ((item,), (narrow,)) = (
        await items(desk, "/v1/review-queue", order="risk", limit=1),
        await items(desk, "/v1/review-queue", customer_class=home, org_unit=near),
    )
    (found,) = [f for f in narrow["findings"] if f["code"] == RISE]
    assert item == narrow | {"age_seconds": item["age_seconds"]}
    assert (found["low_permille"], found["high_permille"]) == (342, 1000)
    async with desk.client() as client:  # who takes the next bill gets what comes first in the list
        (mine,) = (await client.post("/v1/review-queue/next?order=risk")).json()["items"]
    assert (mine["account_no"], mine["at_risk_fen"]) == ("A51", item["at_risk_fen"])
