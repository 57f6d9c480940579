"""How a case ends says of the findings that were its signals whether they were right, where no person has said it."""

from typing import Any

import pytest

from tests.integration.billing.uses.test_use_findings import WORKSHOP, look, say
from tests.kits import uses
from tests.kits.billing import Desk, account, usage
from tests.kits.cases import ask, got, listed, point

HOME, WORKSHOP_CODE = "billing.implausible_home", "billing.use_like_workshop"


async def suspected(desk: Desk, *numbers: int) -> list[str]:
    """Return the cases of homes with a bill that is implausibly high, and on which nobody has decided."""
    await desk.open(*(account(n) for n in numbers))
    await desk.tell(*(point(n) for n in numbers))
    await desk.measure(*(usage(n, 1, 1200) for n in numbers))
    cases = {case["service_point_no"]: case["case_no"] for case in await listed(desk, limit=100)}
    return [cases[f"SP{n}"] for n in numbers]


async def to(desk: Desk, number: str, what: str, **more: Any) -> None:
    words = {"reason": "another look"} if what == "reopening" else {"explanation": "a large family"}
    seen = (await got(desk, f"cases/{number}"))["row_version"]
    status, told = await ask(desk, f"cases/{number}/{what}", words | {"business_date": "2026-03-02"} | more, seen=seen)
    assert status == 200, told


async def counts(desk: Desk, code: str = HOME, **query: Any) -> tuple[int, ...]:
    """Return how often a rule found something on which it was judged, and was right, wrong and known."""
    (rule,) = [each for each in await listed(desk, "review-rules", limit=200, **query) if each["code"] == code]
    return tuple(rule[name] for name in ("found", "right", "wrong", "known"))


async def test_the_false_alarm_lowers_its_rule_though_nobody_said_so_of_the_bill(desk: Desk) -> None:
    desk.expect_of_rules(floor_permille=600, verdicts_min=3)
    cases = await suspected(desk, *range(1, 7))
    assert await counts(desk) == (0, 0, 0, 0)
    for number in cases:
        await to(desk, number, "dismissal")
    assert await counts(desk) == (6, 0, 6, 0)
    assert await counts(desk, by="class") == (6, 0, 6, 0)
    (rule,) = await listed(desk, "review-rules", below_floor=True)
    bills = {row[0] for row in await desk.bills("bill_id")}
    assert (rule["code"], {each["bill_id"] for each in rule["evidence"]}) == (HOME, bills)
    assert rule["evidence"][0] | {"bill_id": "", "total_fen": 0} == {
        "bill_id": "",
        "severity": "hold",
        "customer_class": "residential",
        "org_unit": "zj/hangzhou",
        "route_no": "R1",
        "cycle": "2026-01",
        "total_fen": 0,
        "decided_by": "inspector-1",
        "business_date": "2026-03-02",
    }
    elsewhere = {"org_units": ["zj/ningbo"]}
    assert {each["found"] for each in await listed(desk, "review-rules", elsewhere, limit=200)} == {0}
    # in the queue its bills come with that precision
    queue = await listed(desk, "review-queue", limit=10)
    assert {(f["code"], f["precision_permille"]) for each in queue for f in each["findings"] if f["code"] == HOME} == {
        (HOME, 0)
    }


async def test_a_case_that_is_reopened_and_ends_otherwise_says_otherwise_and_counts_once(desk: Desk) -> None:
    (number,) = await suspected(desk, 1)
    await to(desk, number, "dismissal")
    assert await counts(desk) == (1, 0, 1, 0)
    await to(desk, number, "reopening")
    assert await counts(desk) == (0, 0, 0, 0)
    await to(desk, number, "dismissal", verdict="known")
    assert await counts(desk) == (1, 0, 0, 1)
    await to(desk, number, "reopening")
    more = {"from": "2026-01-01", "customer_class": "commercial", "tariff": None}
    await to(desk, number, "reclassing", **more)
    assert await counts(desk) == (1, 1, 0, 0)


@pytest.mark.parametrize("order", ["case-person", "person-case"])
async def test_what_a_person_said_of_any_version_of_the_bill_stands_over_it(desk: Desk, order: str) -> None:
    (number,) = await suspected(desk, 1)
    for who in order.split("-"):
        if who == "case":
            await to(desk, number, "dismissal")
        else:
            await desk.measure(usage(1, 1, 1300, version=2, late=True, told_on="2026-03-01"))
            ((bill_id,),) = await desk.bills("bill_id", status="held")
            await desk.decide(bill_id, "approve", "2026-03-02", verdict="right")
    assert await counts(desk) == (1, 1, 0, 0)


async def detector(desk: Desk) -> tuple[int, ...]:
    found = {each["code"]: each for each in await listed(desk, "use-detectors")}
    one = found.get(WORKSHOP_CODE, dict.fromkeys(("judged", "right", "wrong", "known"), 0))
    return tuple(one[name] for name in ("judged", "right", "wrong", "known"))


async def test_a_detector_is_judged_by_the_end_of_the_case_until_a_person_says_otherwise(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.tell(point(1))
    await desk.measure(*uses.facts(WORKSHOP))
    await look(desk)
    (case,) = [each for each in await listed(desk) if each["kind"] == "change_of_use"]
    assert await open_findings(desk) == 1
    day = {"business_date": "2026-07-28"}
    await to(desk, case["case_no"], "dismissal", **day)
    assert await detector(desk) == (1, 0, 1, 0)
    (found,) = await listed(desk, "use-findings", code=WORKSHOP_CODE)
    assert (found["state"], found["verdict"], found["case_verdict"]) == ("open", None, "wrong")
    assert await open_findings(desk) == 0
    assert (await say(desk, found, "right")).status_code == 200
    assert await detector(desk) == (1, 1, 0, 0)
    await to(desk, case["case_no"], "reopening", **day)
    await to(desk, case["case_no"], "dismissal", **day)
    assert await detector(desk) == (1, 1, 0, 0), "a person has said it"


async def open_findings(desk: Desk) -> int:
    async with desk.client() as client:
        text = (await client.get("/metrics")).text
    (line,) = [line for line in text.splitlines() if line.startswith("wattline_use_findings_open ")]
    return int(float(line.split()[1]))
