"""Nothing used for three cycles in a row: the bill is sent to site, waits, and closes with an explanation, as shipped."""

from dataclasses import replace
from datetime import date
from itertools import permutations
from typing import Any

import orjson
import pytest

from services.billing.contracts.domain import AccountTerms
from services.billing.rating.rating_types import Equipment
from shared.events.billing import BillIssued, SiteOrderRequested
from shared.events.reading import UsageMeasured
from tests.kits import site_orders, verdicts
from tests.kits.billing import Desk, account, closed, usage

RULE = "billing.zeros_in_a_row"


async def found(desk: Desk) -> dict[str, tuple[str, bool]]:
    """Return by cycle the status of the bill in force, and whether it is sent to site for the rule."""
    rows = await desk.bills("cycle", "status", "findings")
    return {
        cycle: (status, any(each["code"] == RULE for each in orjson.loads(text)))
        for cycle, status, text in rows
        if status in ("ready", "held", "issued")
    }


async def test_the_third_cycle_without_use_waits_for_a_visit_and_goes_out_with_an_explanation(desk: Desk) -> None:
    await desk.open(account(1))
    for month in (1, 2):
        await desk.released(usage(1, month, 0))
    await desk.measure(usage(1, 3, 0))
    await desk.close(closed([usage(1, 3, 0)]))
    await desk.work()
    assert len(await desk.published(BillIssued)) == 2
    (asked,) = await desk.published(SiteOrderRequested)
    assert (asked.kind, asked.reason, asked.service_point_no, asked.cycle) == ("inspection", RULE, "SP1", "2026-03")
    async with desk.client() as client:
        (item,) = (await client.get("/v1/review-queue")).json()["items"]
        assert {each["code"] for each in item["findings"]} >= {RULE, "billing.sent_to_site"}
        said = verdicts.on(item, verdict="known")
        url, seen = f"/v1/bills/{item['bill_id']}/decisions", {"If-Match": f'"{item["row_version"]}"'}
        body = {"decision": "approve", "explanation": "the family is abroad", "verdicts": said}
        answer = await client.post(url, json=body, headers=seen)
        assert (answer.status_code, answer.json()["code"]) == (409, "bill.site_order_open")
        await desk.give(site_orders.done(asked.request_id, kind="inspection", reference=asked.bill_id))
        answer = await client.post(url, json=body | {"explanation": " "}, headers=seen)
        assert answer.status_code == 422
        answer = await client.post(url, json=body, headers=seen)
        assert answer.status_code == 200, answer.text
    await desk.work()
    for month in (4, 5):
        await desk.released(usage(1, month, 0))
    assert [fact.bill.cycle for fact in await desk.published(BillIssued)] == [f"2026-0{n}" for n in range(1, 6)]
    assert len(await desk.published(SiteOrderRequested)) == 1, "these cycles are looked at once"


@pytest.mark.parametrize("order", permutations((1, 2, 3)))
async def test_in_whatever_order_cycles_come_the_third_is_the_one(desk: Desk, order: tuple[int, ...]) -> None:
    await desk.open(account(1))
    for month in order:
        await desk.measure(usage(1, month, 0))
    assert await found(desk) == {
        "2026-01": ("ready", False),
        "2026-02": ("ready", False),
        "2026-03": ("held", True),
    }
    assert [asked.cycle for asked in await desk.published(SiteOrderRequested)] == ["2026-03"]


def usages(kwh: tuple[int, ...], **of_second: Any) -> list[UsageMeasured]:
    return [usage(1, n, each, **(of_second if n == 2 else {})) for n, each in enumerate(kwh, 1)]


SUSPENDED = (Equipment("T1", 315_000, "suspended"),)
EXPLAINED: dict[str, tuple[dict[str, Any], list[UsageMeasured]]] = {
    "suspension": ({"equipment": SUSPENDED, "customer_class": "commercial"}, usages((0, 0, 0))),
    "seasonal supply": ({"customer_class": "seasonal"}, usages((0, 0, 0))),
    "energy between": ({}, usages((0, 7, 0))),
    "an estimate proves nothing": (
        {},
        usages((0, 0, 0), quality="estimated", estimate_reason="no_access", estimates_in_a_row=1),
    ),
}


@pytest.mark.parametrize("why", EXPLAINED)
async def test_what_explains_that_nothing_is_used_sends_nobody(desk: Desk, why: str) -> None:
    terms, told = EXPLAINED[why]
    facts = replace(AccountTerms(date(2020, 1, 1), "residential", 3, 1), **terms)
    await desk.open(account(1, facts=(facts,)))
    await desk.measure(*told)
    assert not any(is_found for _, is_found in (await found(desk)).values())
    assert await desk.published(SiteOrderRequested) == []


async def test_cycles_are_counted_not_months(desk: Desk) -> None:
    (contract,) = account(1).contracts
    await desk.open(account(1, contracts=(replace(contract, cycle_months=2),)))
    ends = [date(2025, 11, 1), date(2026, 1, 1), date(2026, 3, 1), date(2026, 5, 1)]
    for n, cycle in enumerate(("2025-12", "2026-02", "2026-04")):
        days = {"period_from": ends[n], "period_to": ends[n + 1], "read_date": ends[n + 1]}
        told = usage(1, 1, 0).model_copy(update=days | {"usage_id": f"U{n}", "cycle": cycle, "months": 2})
        await desk.measure(told)
        assert len(await desk.published(SiteOrderRequested)) == (n == 2)


async def test_reading_the_cycles_before_takes_as_many_statements_for_100_points_as_for_10(desk: Desk) -> None:
    counts = []
    for size, start in ((10, 0), (100, 1000)):
        numbers = range(start, start + size)
        await desk.open(*(account(n) for n in numbers))
        for month in (1, 2):
            await desk.measure(*(usage(n, month, 0, route=f"N{size}") for n in numbers))
        seen = desk.watch()
        await desk.measure(*(usage(n, 3, 0, route=f"N{size}") for n in numbers))
        counts.append(len(seen))
    assert counts[0] == counts[1]
