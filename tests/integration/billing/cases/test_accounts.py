"""Whose a case is follows from the contracts and its first signal, in whatever order these are told, and when they change."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date
from typing import Any

from services.billing.contracts.domain import Account
from shared.events.billing import AdjustmentIssued, ChargeIssued, SiteOrderRequested
from shared.events.reading import MeterAlarmRaised, ServicePointChanged
from tests.integration.billing.cases.test_calculations import theft
from tests.kits.billing import Desk, account
from tests.kits.cases import alarm, ask, evidence, got, listed, opened, point
from tests.kits.effort import walks

MOVED_IN = date(2026, 2, 1)
JANUARY, MARCH = date(2026, 1, 5), date(2026, 3, 5)
SAID = {"calculation": 1, "explanation": "the seal is broken", "business_date": "2026-03-20"}


def tenant(name: str, from_: date, to: date | None, **more: Any) -> Account:
    """Return who is supplied at the first point on some days."""
    whole = account(name)
    (contract,) = whole.contracts
    opening = contract.opening if from_.year < 2026 else None
    own = replace(contract, service_point_no="SP1", from_=from_, to=to, opening=opening, **more)
    return replace(whole, contracts=(own,))


BEFORE, AFTER = tenant("A", date(2020, 1, 1), MOVED_IN), tenant("B", MOVED_IN, None)


async def opens(desk: Desk, *accounts: Account) -> None:
    assert [outcome.status for outcome in await desk.open(*accounts)] == ["done"] * len(accounts)


async def whose(desk: Desk) -> Any:
    (case,) = await listed(desk)
    whole = await got(desk, f"cases/{case['case_no']}")
    assert (whole["account_no"], whole["contract_no"]) == (case["account_no"], case["contract_no"])
    if case["account_no"] is not None:
        assert await listed(desk, account_no=case["account_no"]) == [case]
    return case["first_signal_on"], case["account_no"], case["contract_no"]


async def test_a_contract_that_is_told_after_the_signal_is_charged_and_visited(desk: Desk) -> None:
    number = await opened(desk)
    path = f"cases/{number}"
    assert await whose(desk) == ("2026-02-08", None, None)
    assert await ask(desk, f"{path}/site-orders", {"kind": "use_check"}) == (409, "case.account_unknown")
    assert (await ask(desk, f"{path}/calculations", theft(), seen=1))[0] == 200
    assert await ask(desk, f"{path}/proposal", SAID, seen=2) == (409, "case.account_unknown")
    await opens(desk, account(1))
    assert await whose(desk) == ("2026-02-08", "A1", "C1")
    assert (await ask(desk, f"{path}/site-orders", {"kind": "use_check"}))[0] == 200
    (order,) = await desk.published(SiteOrderRequested)
    assert order.service_point_no == "SP1"
    await evidence(desk, number)
    seen = (await got(desk, path))["row_version"]
    assert (await ask(desk, f"{path}/proposal", SAID, seen=seen))[0] == 202
    (asked,) = await listed(desk, "approvals", state="pending", kind="case.charge")
    assert asked["content"]["account_no"] == "A1"


async def test_a_contract_that_is_told_after_the_signal_can_be_classed_anew(desk: Desk) -> None:
    number = await opened(desk, "breach")
    wanted = {"from": "2026-02-01", "customer_class": "commercial", "explanation": "a shop"}
    wanted["business_date"] = "2026-03-10"
    assert await ask(desk, f"cases/{number}/reclassing", wanted, seen=1) == (409, "case.account_unknown")
    await opens(desk, account(1))
    status, told = await ask(desk, f"cases/{number}/reclassing", wanted, seen=1)
    assert (status, told["status"]) == (200, "done")
    assert (await got(desk, "accounts/A1"))["facts"][-1]["customer_class"] == "commercial"


async def test_a_case_that_begins_earlier_is_of_who_was_supplied_then(desk: Desk) -> None:
    await opens(desk, BEFORE, AFTER)
    await desk.tell(point(1))
    await desk.hear(MeterAlarmRaised, alarm(1, day=MARCH))
    assert await whose(desk) == ("2026-03-05", "AB", "CB")
    await desk.hear(MeterAlarmRaised, alarm(2, day=JANUARY))
    assert await whose(desk) == ("2026-01-05", "AA", "CA")
    assert await listed(desk, account_no="AB") == []


async def test_what_was_proposed_for_another_account_is_stale_and_proposed_anew(desk: Desk) -> None:
    number = await opened(desk, day=MARCH)
    await opens(desk, BEFORE, AFTER)
    path = f"cases/{number}"
    await evidence(desk, number)
    assert (await ask(desk, f"{path}/calculations", theft(), seen=1))[0] == 200
    assert (await ask(desk, f"{path}/proposal", SAID, seen=2))[0] == 202
    (first,) = await listed(desk, "approvals", state="pending", kind="case.charge")
    assert first["content"]["account_no"] == "AB"
    await opens(desk, tenant("B", MOVED_IN, None, annulled=True, reason="never moved in"))
    await opens(desk, tenant("N", MOVED_IN, None))
    assert await whose(desk) == ("2026-03-05", "AN", "CN")
    assert await desk.second(first, subject="second-1") == ("refused", "case.changed_meanwhile")
    assert await desk.published(ChargeIssued) == []
    assert await desk.second(first, subject="second-1", decision="reject") == ("done", None)
    seen = (await got(desk, path))["row_version"]
    _, again = await ask(desk, f"{path}/proposal", SAID, seen=seen)
    assert await desk.second(again, subject="second-1") == ("done", None)
    (last,) = await listed(desk, "approvals", state="pending", kind="case.charge.second")
    assert await desk.second(last, subject="third-1") == ("done", None)
    assert {fact.account_no for fact in await desk.published(ChargeIssued)} == {"AN"}
    assert {charge["account_no"] for charge in (await got(desk, path))["charges"]} == {"AN"}


async def test_a_contract_that_never_was_is_not_charged(desk: Desk) -> None:
    await opens(desk, account(1))
    number = await opened(desk)
    assert (await ask(desk, f"cases/{number}/calculations", theft(), seen=1))[0] == 200
    (contract,) = account(1).contracts
    await opens(desk, replace(account(1), contracts=(replace(contract, annulled=True, reason="a typing error"),)))
    assert await whose(desk) == ("2026-02-08", None, None)
    assert await ask(desk, f"cases/{number}/proposal", SAID, seen=2) == (409, "case.account_unknown")


@walks(*range(6))
async def test_any_order_of_signals_and_contracts_ends_in_the_same_account(desk: Desk, seed: int) -> None:
    drawn = random.Random(seed)
    told: list[Callable[[], Awaitable[None]]] = [
        lambda: desk.hear(ServicePointChanged, point(1)),
        lambda: opens(desk, BEFORE),
        lambda: opens(desk, AFTER),
        lambda: desk.hear(MeterAlarmRaised, alarm(1, day=JANUARY)),
        lambda: desk.hear(MeterAlarmRaised, alarm(2, day=MARCH)),
    ]
    drawn.shuffle(told)
    for each in told:
        await each()
    assert await whose(desk) == ("2026-01-05", "AA", "CA")
    assert await listed(desk, account_no="AB") == []


async def test_a_list_of_a_hundred_cases_takes_as_many_statements_as_one_of_ten(desk: Desk) -> None:
    counts = []
    for start, count in ((0, 10), (10, 90)):
        await desk.open(*(account(n) for n in range(start, start + count)))
        await desk.tell(*(point(n) for n in range(start, start + count)))
        await desk.hear(MeterAlarmRaised, *(alarm(n, n) for n in range(start, start + count)))
        seen = desk.watch()
        cases = await listed(desk, limit=100)
        counts.append(len(seen))
        assert {case["account_no"] for case in cases} == {f"A{n}" for n in range(start + count)}
    assert counts[0] == counts[1]


async def test_what_was_adjusted_for_another_account_is_taken_back_from_that_one(desk: Desk) -> None:
    await opens(desk, BEFORE, AFTER)
    number = await opened(desk, "wrong_multiplier", day=MARCH)
    path = f"cases/{number}"
    given = {"kwh": "3000", "used": "30", "true": "40", "price": "1"}
    body = {"calculation": "wrong_multiplier", "breach_on": "2010-06-01", "input": given}
    assert (await ask(desk, f"{path}/calculations", body, seen=1))[0] == 200
    assert await desk.second((await ask(desk, f"{path}/proposal", SAID, seen=2))[1]) == ("done", None)
    await opens(desk, tenant("B", MOVED_IN, None, annulled=True, reason="never moved in"))
    await opens(desk, tenant("N", MOVED_IN, None))
    seen = (await got(desk, path))["row_version"]
    reopening = {"reason": "another was supplied", "business_date": "2026-03-21"}
    assert (await ask(desk, f"{path}/reopening", reopening, seen=seen))[0] == 200
    again = SAID | {"business_date": "2026-03-21"}
    assert await desk.second((await ask(desk, f"{path}/proposal", again, seen=seen + 1))[1]) == ("done", None)
    told = [(fact.account_no, fact.total_fen) for fact in await desk.published(AdjustmentIssued)]
    assert told == [("AB", 100_000), ("AB", -100_000), ("AN", 100_000)]
