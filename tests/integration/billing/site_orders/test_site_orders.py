"""A bill that is looked at on site waits for the result, whichever comes first, and closes with an explanation."""

from collections.abc import Sequence
from datetime import date
from itertools import permutations
from typing import Any

import httpx
import pytest

from services.billing.site_orders import consumers
from services.billing.site_orders.domain import Ask, Result, number_of
from services.billing.site_orders.use_cases import asking
from shared.db.engine import Tx
from shared.events.billing import BillIssued, RereadRequested, SiteOrderRequested, SiteOrderWithdrawalRequested
from shared.events.fact import Fact
from tests.kits import site_orders, verdicts
from tests.kits.billing import Desk, account, month, usage

NUMBER = number_of("C1", month(1), month(2), "use_check")


async def queue(desk: Desk, **query: str) -> list[dict[str, Any]]:
    async with desk.client() as client:
        items: list[dict[str, Any]] = (await client.get("/v1/review-queue", params=query)).json()["items"]
    return items


async def at_site(desk: Desk) -> dict[str, list[str]]:
    """The points of the queue by where they stand, as its filter finds them."""
    return {
        site: [item["service_point_no"] for item in await queue(desk, site=site)] for site in ("waiting", "came_back")
    }


async def decide(desk: Desk, decision: str, explanation: str = "looked at on site") -> httpx.Response:
    (item,) = await queue(desk)
    said = verdicts.on(item) if decision in verdicts.ENDING else {}
    body = {"decision": decision, "explanation": explanation, "verdicts": said}
    async with desk.client() as client:
        return await client.post(
            f"/v1/bills/{item['bill_id']}/decisions", json=body, headers={"If-Match": f'"{item["row_version"]}"'}
        )


async def shown(desk: Desk) -> list[dict[str, Any]]:
    """The site orders of the bill in review."""
    (item,) = await queue(desk)
    async with desk.client() as client:
        found: list[dict[str, Any]] = (await client.get(f"/v1/bills/{item['bill_id']}")).json()["site_orders"]
    return found


async def sent(desk: Desk, kind: str = "use_check") -> SiteOrderRequested | RereadRequested:
    """An implausible home that a reviewer wants looked at."""
    await desk.open(account(1))
    await desk.released(usage(1, 1, 1200))
    answer = await decide(desk, f"request_{kind}", "have a look")
    assert answer.status_code == 200, answer.text
    (asked,) = await desk.published(RereadRequested if kind == "reread" else SiteOrderRequested)
    assert isinstance(asked, SiteOrderRequested | RereadRequested)
    return asked


@pytest.mark.parametrize("kind", ["reread", "inspection", "use_check"])
async def test_a_bill_waits_while_an_order_is_out_and_its_result_stands_at_it(desk: Desk, kind: str) -> None:
    asked = await sent(desk, kind)
    assert [item["site"] for item in await queue(desk)] == ["waiting"]
    assert await at_site(desk) == {"waiting": ["SP1"], "came_back": []}
    for decision in verdicts.ENDING:
        answer = await decide(desk, decision)
        assert (answer.status_code, answer.json()["code"]) == (409, "bill.site_order_open"), decision

    await desk.give(
        site_orders.done(
            asked.request_id,
            kind=kind,
            reference=asked.bill_id,
            meter_no="M1",
            read_id="READ-9",
            registers={"import": "12.5"},
        )
    )
    assert [item["site"] for item in await queue(desk)] == ["came_back"]
    assert await at_site(desk) == {"waiting": [], "came_back": ["SP1"]}
    (order,) = await shown(desk)
    assert (order["kind"], order["state"], order["result"], order["ended_on"]) == (
        kind,
        "done",
        "as_agreed",
        "2026-02-05",
    )
    assert (order["visited_by"], order["read_id"], order["registers"]) == ("inspector-1", "READ-9", {"import": "12.5"})
    for decision, code in (("cancel", "bill.site_order_unexplained"), ("correct", "bill.site_order_unexplained")):
        answer = await decide(desk, decision, " ")
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await decide(desk, "approve", "a kiln")).status_code == 200
    await desk.work()
    assert len(await desk.published(BillIssued)) == 1


async def test_the_next_version_of_a_bill_waits_too_and_nothing_goes_out_by_itself(desk: Desk) -> None:
    asked = await sent(desk, "reread")
    await desk.measure(usage(1, 1, 120, version=2, replaces_reason="reread"))
    await desk.work()
    assert await desk.published(BillIssued) == []
    assert (await decide(desk, "approve")).json()["code"] == "bill.site_order_open"
    assert [order["order_no"] for order in await shown(desk)] == [asked.request_id]


async def test_what_could_not_be_done_lets_the_bill_be_decided_or_sent_again(desk: Desk) -> None:
    asked = await sent(desk)
    await desk.give(site_orders.not_done(asked.request_id, reference=asked.bill_id))
    assert [(order["state"], order["result"]) for order in await shown(desk)] == [("not_done", "no_access")]
    assert (await decide(desk, "request_inspection", "once more")).status_code == 200
    assert [item["site"] for item in await queue(desk)] == ["waiting"]
    assert {order["kind"]: order["state"] for order in await shown(desk)} == {
        "use_check": "not_done",
        "inspection": "out",
    }


async def withdraw(desk: Desk, order_no: str, explanation: str = "a picture came", **more: Any) -> httpx.Response:
    async with desk.client(**more) as client:
        body = {"explanation": explanation, "business_date": "2026-02-04"}
        return await client.post(f"/v1/site-orders/{order_no}/withdrawal", json=body)


async def test_a_reviewer_takes_an_order_back_and_the_bill_goes_on_without_it(desk: Desk) -> None:
    asked = await sent(desk)
    assert (await withdraw(desk, "none")).json()["code"] == "site_order.unknown"
    assert (await withdraw(desk, asked.request_id, org_units=("zj/ningbo",))).json()["code"] == "site_order.unknown"
    assert (await withdraw(desk, asked.request_id, " ")).status_code == 422
    assert await desk.published(SiteOrderWithdrawalRequested) == []

    answer = await withdraw(desk, asked.request_id)
    assert (answer.status_code, answer.json()["let_go_by"]) == (200, "reviewer-1")
    assert (await withdraw(desk, asked.request_id)).json()["code"] == "site_order.not_out"
    (told,) = await desk.published(SiteOrderWithdrawalRequested)
    assert (told.request_id, told.service_point_no, told.reason) == (asked.request_id, "SP1", "not_needed")
    assert told.asked_on >= date(2026, 2, 4)
    assert "picture" not in told.model_dump_json(), "words stay here"
    assert [item["site"] for item in await queue(desk)] == ["came_back"]
    async with desk.client() as client:
        audit = await client.get(
            "/v1/audit-entries", params={"entity_kind": "site_order", "entity_id": asked.request_id}
        )
    assert [(e["action"], e["reason"]) for e in audit.json()["items"]] == [("site_order.withdrawn", "a picture came")]

    await desk.give(site_orders.done(asked.request_id, reference=asked.bill_id))  # a visitor had reported already
    assert [(order["state"], order["explanation"]) for order in await shown(desk)] == [("done", "a picture came")]
    assert (await decide(desk, "approve")).status_code == 200


async def test_a_rule_sends_a_bill_to_site_once_however_often_it_is_calculated(desk: Desk) -> None:
    desk.send_to_site(
        billing__implausible_home="use_check", billing__sudden_rise="use_check", billing__abnormal_amount="inspection"
    )
    await desk.open(account(1), account(2))
    await desk.released(usage(1, 1, 1200), usage(2, 1, 200))
    (asked,) = await desk.published(SiteOrderRequested)
    assert (asked.request_id, asked.kind, asked.reason) == (NUMBER, "use_check", "billing.implausible_home")
    assert (asked.requested_by, asked.asked_on) == ("system:billing", date(2026, 2, 1))
    assert [item["site"] for item in await queue(desk)] == ["waiting"]

    await desk.measure(usage(1, 1, 1300, version=2, replaces_reason="corrected"))
    await desk.measure(usage(1, 1, 1400, version=3, replaces_reason="corrected"))
    assert len(await desk.published(SiteOrderRequested)) == 1
    await desk.give(site_orders.done(NUMBER, reference=asked.bill_id))
    assert (await decide(desk, "approve", "a workshop")).status_code == 200
    await desk.measure(usage(1, 2, 1500))
    assert [one.cycle for one in await desk.published(SiteOrderRequested)] == ["2026-01", "2026-02"]


async def test_as_shipped_no_rule_sends_anybody(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 1200))
    assert [item["site"] for item in await queue(desk)] == [None]
    assert await at_site(desk) == {"waiting": [], "came_back": []}
    assert await desk.published(SiteOrderRequested) == []


ENDS = {"done": site_orders.done, "not_done": site_orders.not_done, "withdrawn": site_orders.withdrawn}


@pytest.mark.parametrize("end", ENDS)
async def test_in_whichever_order_and_however_often_facts_come_the_order_is_the_same(desk: Desk, end: str) -> None:
    desk.send_to_site(billing__implausible_home="use_check")
    found = []
    orders = list(permutations(("ask", "end", "overdue")))
    await desk.open(*(account(n) for n in range(len(orders))))
    for n, order in enumerate(orders):
        number = number_of(f"C{n}", month(1), month(2), "use_check")
        about = {"service_point_no": f"SP{n}", "reference": f"bill-{n}"}
        about |= {"requested_by": "system:billing", "cycle": "2026-01"}
        facts: dict[str, Fact] = {"end": ENDS[end](number, **about), "overdue": site_orders.overdue(number, **about)}
        for step in (*order, *reversed(order)):
            if step == "ask":
                await desk.measure(usage(n, 1, 1200))
            else:
                await desk.give(facts[step], facts[step])
        (row,) = await listed(desk, service_point_no=f"SP{n}")
        assert row["order_no"] == number
        found.append(
            {name: value for name, value in row.items() if name not in ("order_no", "service_point_no", "reference")}
        )
    assert found == [found[0]] * len(orders)
    assert (found[0]["state"], found[0]["overdue_on"], found[0]["asked_on"]) == (end, "2026-02-17", "2026-02-01")
    assert len(await desk.published(SiteOrderRequested)) == len(orders)


async def listed(desk: Desk, *, org_units: Sequence[str] = ("*",), **query: str) -> list[dict[str, Any]]:
    async with desk.client(org_units=org_units) as client:
        answer = await client.get("/v1/site-orders", params=query)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_orders_are_listed_and_overdue_ones_counted_while_something_waits_for_them(desk: Desk) -> None:
    asked = await sent(desk)
    await desk.give(
        site_orders.overdue(asked.request_id, reference=asked.bill_id),
        site_orders.done("of-a-person", kind="inspection", reference="C-7"),
        site_orders.done("of-reading", reference=None),
        site_orders.done("of-a-dispute", kind="verification", reference="D-1"),
    )
    assert {row["order_no"] for row in await listed(desk)} == {asked.request_id, "of-a-person"}
    assert await listed(desk, org_units=("zj/ningbo",)) == []
    for query in ({"overdue": "true"}, {"state": "out"}, {"kind": "use_check"}, {"reference": asked.bill_id or ""}):
        assert [row["order_no"] for row in await listed(desk, **query)] == [asked.request_id], query
    async with desk.client() as client:
        gauges = (await client.get("/metrics")).text
    assert "wattline_bills_sent_to_site 1.0" in gauges
    assert "wattline_bills_sent_to_site_overdue 1.0" in gauges

    await desk.give(site_orders.done(asked.request_id, reference=asked.bill_id))
    assert await listed(desk, overdue="true") == []
    assert [row["due_on"] for row in await listed(desk, kind="use_check")] == ["2026-02-16"], "late all the same"


async def test_an_order_that_reading_asked_for_about_a_bill_is_shown_and_holds_nothing(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 1200))
    ((bill_id,),) = await desk.bills("bill_id")
    await desk.give(site_orders.overdue("W-1", reference=bill_id))
    assert [item["site"] for item in await queue(desk)] == ["came_back"]
    assert [order["subject_kind"] for order in await shown(desk)] == [None]
    assert (await decide(desk, "approve")).status_code == 200


def asks(numbers: range, kind: str = "closing_check") -> list[Ask]:
    return [
        Ask(
            order_no=f"Q{n}",
            kind=kind,
            subject_kind="closing",
            subject_id=f"closing-{n}",
            account_no=f"A{n}",
            service_point_no=f"SP{n}",
            org_unit="zj/hangzhou",
            reason="closing",
            requested_by="reader-1",
            asked_on=date(2026, 2, 1),
        )
        for n in numbers
    ]


async def test_results_are_handed_once_to_whoever_asked(desk: Desk) -> None:
    taken: list[Result] = []

    async def take(_tx: Tx, results: Sequence[Result]) -> None:
        taken.extend(results)

    handlers = consumers.handlers({"closing": take})
    await desk.open(account(1), account(2))
    async with desk.db.begin() as tx:
        assert await asking.ask(tx, asks(range(1, 3), "final_read")) == {"Q1", "Q2"}
        assert await asking.ask(tx, asks(range(1, 3), "final_read")) == set()
    asked = await desk.published(SiteOrderRequested)
    assert [(one.kind, one.bill_id, one.reference) for one in asked] == [
        ("final_read", None, "closing-1"),
        ("final_read", None, "closing-2"),
    ]
    fact = site_orders.done(
        "Q1", kind="final_read", reference="closing-1", result="read", read_id="R", registers={"import": "7"}
    )
    for _ in range(2):
        async with desk.db.begin() as tx:
            await handlers[type(fact)](tx, [fact, fact])
    (result,) = taken
    assert (result.subject_id, result.state, result.result) == ("closing-1", "done", "read")
    assert (result.read_id, result.registers) == ("R", {"import": "7"})


async def test_asking_and_hearing_take_as_many_statements_for_1000_as_for_10(desk: Desk) -> None:
    counts = []
    seen = desk.watch()
    for first, count in ((0, 10), (1000, 1000), (3000, 10)):
        numbers = range(first, first + count)
        facts = [
            site_orders.done(
                f"Q{n}", kind="closing_check", reference=f"closing-{n}", service_point_no=f"SP{n}", result="unused"
            )
            for n in numbers
        ]
        late = [site_orders.overdue(fact.order_no, kind="closing_check", reference=fact.reference) for fact in facts]
        seen.clear()
        async with desk.db.begin() as tx:
            await asking.ask(tx, asks(numbers))
        await desk.give(*facts, *late)
        counts.append(len(seen))
    assert counts[0] == counts[1] == counts[2]
