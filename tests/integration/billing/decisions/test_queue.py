"""The review queue by filters, in both orders, as pages, as a file and as counts, over REST."""

import csv
import io
import json
from collections import Counter, defaultdict
from datetime import timedelta
from typing import Any

import pytest

from services.billing.bills.tables import BILL
from services.billing.contracts.domain import AccountTerms
from services.billing.decisions.api import queue as queue_api
from services.billing.review import store as review_store
from tests.kits.billing import Desk, account, month, usage

QUEUE, COUNTS = "/v1/review-queue", "/v1/review-queue/counts"
HOME, RISE = "billing.implausible_home", "billing.sudden_rise"
SHOP = (AccountTerms(month(1, 2020), "commercial", 3, 1),)


async def town(desk: Desk) -> None:
    """Seven bills in review: of two org units, three routes, two cycles and two classes, one of them assigned to somebody."""
    near, far = {"org_unit": "zj/hangzhou/east"}, {"org_unit": "zj/ningbo"}
    await desk.open(*(account(n, **near) for n in (1, 2, 3)), *(account(n, **far) for n in (4, 5)))
    (opened,) = await desk.open(account(6, facts=SHOP, **far))
    assert opened.status == "done"
    await desk.measure(*(usage(n, 1, 1000 + 100 * n, route=f"R{1 + n % 2}", **near) for n in (1, 2, 3)))
    await desk.measure(*(usage(n, 1, 100, route="R3", **far) for n in (4, 5)), usage(6, 1, 1000, route="R3", **far))
    await desk.measure(*(usage(n, 2, 1000 + 300 * n, route="R3", **far) for n in (4, 5)))
    await desk.measure(usage(6, 2, 9000, route="R3", **far), usage(1, 2, 2500, route="R2", **near))
    async with desk.db.begin() as tx:
        ((mine,),) = await desk.bills("bill_id", account_no="A2")
        await review_store.assign(tx, {mine: "reviewer-7"}, "lead-1")
        days = {"A1": 9, "A2": 4, "A3": 2}
        for account_no, ago in days.items():
            where = (BILL.c.account_no == account_no, BILL.c.cycle == "2026-01")
            await tx.execute(BILL.update().where(*where).values(held_at=tx.now - timedelta(days=ago, minutes=1)))


async def listed(desk: Desk, **query: Any) -> list[dict[str, Any]]:
    async with desk.client(org_units=query.pop("org_units", ("*",))) as client:
        answer = await client.get(QUEUE, params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def grouped(counts: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the groups of counts by what they are counted by."""
    found = defaultdict(list)
    for group in counts["items"]:
        found[group["by"]].append(group)
    return found


FILTERS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["A1 1", "A1 2", "A2 1", "A3 1", "A4 2", "A5 2", "A6 2"]),
    ({"code": HOME}, ["A1 1", "A1 2", "A2 1", "A3 1", "A4 2", "A5 2"]),
    ({"code": RISE}, ["A1 2", "A4 2", "A5 2", "A6 2"]),
    ({"code": "billing.none"}, []),
    ({"cycle": "2026-02"}, ["A1 2", "A4 2", "A5 2", "A6 2"]),
    ({"route_no": "R1"}, ["A2 1"]),
    ({"customer_class": "commercial"}, ["A6 2"]),
    ({"org_unit": "zj/ningbo"}, ["A4 2", "A5 2", "A6 2"]),
    ({"org_unit": "zj/hangzhou"}, ["A1 1", "A1 2", "A2 1", "A3 1"]),
    ({"age_from_hours": 24}, ["A1 1", "A2 1", "A3 1"]),
    ({"age_from_hours": 72, "age_to_hours": 168}, ["A2 1"]),
    ({"assignee": "reviewer-7"}, ["A2 1"]),
    ({"unassigned": True, "cycle": "2026-01"}, ["A1 1", "A3 1"]),
    ({"code": RISE, "customer_class": "residential", "org_unit": "zj/ningbo"}, ["A4 2", "A5 2"]),
]


async def test_every_filter_holds_in_both_orders(desk: Desk) -> None:
    await town(desk)
    for query, expected in FILTERS:
        for order in ("age", "risk"):
            found = await listed(desk, order=order, **query)
            assert sorted(f"{i['account_no']} {i['cycle'][-1]}" for i in found) == expected, (query, order)
            at_risk = [item["at_risk_fen"] for item in found]
            ages = [item["held_at"] for item in found]
            assert (at_risk == sorted(at_risk, reverse=True)) if order == "risk" else (ages == sorted(ages))
    amounts = sorted(item["total_fen"] for item in await listed(desk))
    for order in ("age", "risk"):
        found = await listed(desk, order=order, amount_from_fen=amounts[1], amount_to_fen=amounts[4])
        assert sorted(item["total_fen"] for item in found) == amounts[1:5]


async def test_pages_by_filters_have_no_gap_and_nothing_twice(desk: Desk) -> None:
    await town(desk)
    for order in ("age", "risk"):
        query: dict[str, Any] = {"order": order, "code": HOME, "age_to_hours": 240}
        whole = await listed(desk, **query)
        assert len(whole) == 6
        for limit in (1, 2, 4, 5, 6):
            pages, cursor = list[Any](), dict[str, str]()
            async with desk.client() as client:
                while True:
                    answer = (await client.get(QUEUE, params={**query, "limit": limit, **cursor})).json()
                    pages += answer["items"]
                    if answer["next_cursor"] is None:
                        break
                    assert len(answer["items"]) == limit
                    cursor = {"cursor": answer["next_cursor"]}
            assert [item["bill_id"] for item in pages] == [item["bill_id"] for item in whole]


async def test_everybody_lists_and_counts_the_bills_of_their_org_units_alone(desk: Desk) -> None:
    await town(desk)
    for order in ("age", "risk"):
        found = await listed(desk, order=order, org_units=["zj/ningbo"])
        assert {item["org_unit"] for item in found} == {"zj/ningbo"}
        assert len(found) == 3
    async with desk.client(org_units=["zj/ningbo"]) as client:
        counts = (await client.get(COUNTS)).json()
        rows = list(csv.DictReader(io.StringIO((await client.get(QUEUE, params={"format": "csv"})).text)))
    units = [group["name"] for group in grouped(counts)["org_unit"]]
    assert (counts["bills"], units) == (3, ["zj/ningbo"])
    assert {row["org_unit"] for row in rows} == {"zj/ningbo"}


async def test_counts_agree_with_the_list(desk: Desk) -> None:
    await town(desk)
    for query, _ in FILTERS:
        items = await listed(desk, **query)
        async with desk.client() as client:
            counts = (await client.get(COUNTS, params=query)).json()
        by = grouped(counts)
        assert (counts["bills"], counts["total_fen"]) == (len(items), sum(item["total_fen"] for item in items))
        for name in ("route_no", "customer_class", "org_unit", "assignee"):
            assert {g["name"]: g["bills"] for g in by[name]} == Counter(item[name] for item in items)
            assert sum(g["total_fen"] for g in by[name]) == counts["total_fen"]
        codes = Counter(code for item in items for code in {found["code"] for found in item["findings"]})
        assert {g["name"]: g["bills"] for g in by["code"]} == codes
        assert sum(band["bills"] for band in by["age"]) == len(items)


async def test_each_group_is_listed_by_its_filter(desk: Desk) -> None:
    await town(desk)
    async with desk.client() as client:
        counts = (await client.get(COUNTS)).json()
    for group in counts["items"]:
        by, name = group["by"], group["name"]
        query = {by: name} if name is not None else {"unassigned": True}
        if by == "age":
            ends = zip(("age_from_hours", "age_to_hours"), name.split("-"), strict=True)
            query = {end: hours for end, hours in ends if hours}
        assert group["bills"] == len(await listed(desk, **query)), group
    ages = {"0-24": 4, "24-72": 1, "72-168": 1, "168-": 1}
    assert {band["name"]: band["bills"] for band in grouped(counts)["age"]} == ages


async def test_the_file_is_what_is_listed(desk: Desk) -> None:
    await town(desk)
    for query in ({}, {"order": "risk"}, {"order": "risk", "code": RISE, "limit": 1}):
        items = await listed(desk, **{**query, "limit": 100})
        async with desk.client() as client:
            answer = await client.get(QUEUE, params={**query, "format": "csv"})
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert [row["bill_id"] for row in rows] == [item["bill_id"] for item in items]
        for row, item in zip(rows, items, strict=True):
            assert list(row) == list(item), "every field of the list, in its order"
            plain = {name: value for name, value in item.items() if not isinstance(value, (dict, list))}
            del plain["age_seconds"]
            assert {name: row[name] for name in plain} == {n: "" if v is None else str(v) for n, v in plain.items()}
            assert {n: json.loads(row[n]) for n in ("findings", "read_by")} == {
                n: item[n] for n in ("findings", "read_by")
            }


async def test_a_file_of_too_many_rows_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert queue_api.CSV_MAX == 10_000
    await town(desk)
    monkeypatch.setattr(queue_api, "CSV_MAX", 6)
    async with desk.client() as client:
        for order in ("age", "risk"):
            answer = await client.get(QUEUE, params={"format": "csv", "order": order})
            assert (answer.status_code, answer.json()["code"]) == (422, "review_queue.too_many_rows")
            assert (await client.get(QUEUE, params={"format": "csv", "order": order, "code": HOME})).status_code == 200


async def test_a_name_that_looks_like_a_formula_is_text_in_the_file(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1, 1, 1200, route="=cmd|'/C calc'!A1"))
    async with desk.client() as client:
        text = (await client.get(QUEUE, params={"format": "csv"})).text
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["route_no"] == "'=cmd|'/C calc'!A1"


async def test_lists_and_counts_take_as_many_statements_for_10_bills_as_for_1000(desk: Desk) -> None:
    counted = []
    for start, many in ((1001, 10), (2001, 990)):
        numbers = range(start, start + many)
        await desk.open(*(account(n) for n in numbers))
        await desk.measure(*(usage(n, 1, 1200, route=f"R{n}") for n in numbers))
        seen = desk.watch()
        for path in (
            f"{QUEUE}?",
            f"{QUEUE}?order=risk",
            f"{QUEUE}?format=csv",
            f"{QUEUE}?format=csv&order=risk",
            f"{COUNTS}?",
        ):
            before = len(seen)
            async with desk.client() as client:
                assert (await client.get(f"{path}&code={HOME}&unassigned=true")).status_code == 200
            counted.append(len(seen) - before)
    assert counted[:5] == counted[5:]
