"""A home at several thousand kWh that is a joinery, on four services: from its reads to a difference that its customer pays.

Each figure is calculated here by other means than by the product: the ladder of homes by what each tier holds.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from services.billing.tariffs.documents import packaged
from shared.business_calendar.folder import DOCUMENTS
from shared.business_calendar.folder import load as load_calendar
from shared.testing.smtp import SmtpServer
from tests.kits import calls, street
from tests.kits.calls import NO_RULES, Line
from tests.kits.street import Place, job, month, report
from tests.unit.billing.rating.documents import PLAIN

LADDER = "CN-ZJ/residential"
TRADE: dict[str, Any] = PLAIN | {
    "id": "t/trade",
    "charges": [{"name": "energy", "kind": "energy", "price": "0.8125"}],
}
SHOP, HOME = "joinery", "home"
OF_CONTRACT = {"curve_minutes": 60, "opening_usage": [{"ladder": "year", "year": 2025, "used_wh": [0, 0, 0]}]}
PLACES = [Place(name, LADDER, of_contract=OF_CONTRACT) for name in (SHOP, HOME)]
SINCE = date(2025, 12, 1)
"""Both move in; one of them has set up machines by New Year."""
DAYS = [date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1)]
CYCLES = ("2025-12", "2026-01", "2026-02", "2026-03")
INSPECTOR, VISITOR = "inspector-1", "inspector-2"
RULES = {name: value for name, value in NO_RULES.items() if name != "implausible_home"}
CALENDAR = load_calendar(DOCUMENTS)


def hours(name: str, day: date) -> list[int]:
    """What is used in each hour of a day, in Wh: a home's, and machines from eight to five on business days."""
    at_home = [120] * 6 + [300] * 3 + [150] * 8 + [600] * 6 + [240]
    if name == HOME or day < date(2026, 1, 1):
        return at_home
    runs = CALENDAR.is_business_day(day)
    return [wh + (14_010 if runs and 8 <= hour < 17 else 0) for hour, wh in enumerate(at_home)]


def used(name: str) -> dict[str, int]:
    """Return the Wh of each cycle."""
    return {
        cycle: sum(sum(hours(name, day)) for day in _days(first, last))
        for cycle, (first, last) in zip(CYCLES, pairwise(DAYS), strict=True)
    }


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days)]


def fen(yuan: Decimal) -> int:
    return int((yuan * 100).quantize(Decimal(1), ROUND_HALF_UP))


def by_ladder(wh: Mapping[str, int]) -> dict[str, int]:
    """What the bills of a home come to that is supplied since December: a tier holds so much of a year, of December a twelfth.

    All kWh at the first price, and what a tier costs more for the kWh in it; each is rounded for itself.
    """
    found, so_far = {}, dict[str, Decimal]()
    for cycle, energy in wh.items():
        kwh, year = Decimal(energy) / 1000, cycle[:4]
        months = Decimal(1 if year == "2025" else 12)
        before = so_far.get(year, Decimal(0))
        above = [max(before + kwh - limit * months / 12, Decimal(0)) for limit in (2760, 4800)]
        of_before = [max(before - limit * months / 12, Decimal(0)) for limit in (2760, 4800)]
        second = (above[0] - above[1]) - (of_before[0] - of_before[1])
        third = above[1] - of_before[1]
        so_far[year] = before + kwh
        found[cycle] = fen(kwh * Decimal("0.538")) + fen(second * Decimal("0.05")) + fen(third * Decimal("0.30"))
    return found


def by_trade(wh: Mapping[str, int]) -> dict[str, int]:
    return {cycle: fen(Decimal(energy) / 1000 * Decimal("0.8125")) for cycle, energy in wh.items()}


async def lived(line: Line, n: int) -> None:
    """Push the curves of a month and what the meters show at its end, and bill it."""
    first, last = DAYS[n : n + 2]
    curves = [
        {"meter_no": place.meter_no, "day": str(day), "unit": "Wh", "interval_minutes": 60}
        | {"values": hours(place.name, day)}
        for place in PLACES
        for day in _days(first, last)
    ]
    await line.call("POST", "reading", "/v1/curves", {"items": curves})
    shown = {
        place.meter_no: 100 + sum(list(used(place.name).values())[: n + 1]) / 1000  # Wh: all are multiples of ten
        for place in PLACES
    }
    await month(line, str(last), shown)


async def reviewed(line: Line, day: str) -> None:
    """Let out what is held: the reads were looked at, and so much was used."""
    for bill in await line.items("billing", "/v1/bills?status=held"):
        assert bill["account_no"] == SHOP, "nothing is found of the home"
        body = {"decision": "approve", "explanation": "So much was used; what for is a case.", "business_date": day}
        await line.decide(bill, body)
    await line.quiet()


async def bills(line: Line, name: str = SHOP) -> dict[str, int]:
    """Return what stands of each cycle, in fen."""
    listed = await line.items("billing", f"/v1/bills?account_no={name}")
    return {each["cycle"]: each["total_fen"] for each in listed if each["status"] == "issued"}


async def case_of(line: Line, kind: str) -> dict[str, Any]:
    (head,) = await line.items("billing", f"/v1/cases?service_point_no={SHOP}&kind={kind}")
    whole: dict[str, Any] = await line.call("GET", "billing", f"/v1/cases/{head['case_no']}")
    return whole


async def act(line: Line, case: Mapping[str, Any], what: str, **body: Any) -> Any:
    path = f"/v1/cases/{case['case_no']}"
    seen = (await line.call("GET", "billing", path))["row_version"]
    found = await line.call("POST", "billing", f"{path}/{what}", body, who=INSPECTOR, seen=seen)
    await line.quiet()
    return found


async def pay(line: Line, amount_fen: int, day: str) -> None:
    body = {"account_no": SHOP, "amount_fen": amount_fen, "received_on": day}
    await line.call("POST", "collection", "/v1/payments", body, key=f"paid-{day}")
    await line.quiet()


async def suspected(line: Line) -> None:
    """Level, curve and calendar give the workshop away; the level alone was a case before."""
    assert await job(line, "billing", "find-changed-uses", "2026-03-25") == {"looked_at": 2, "found": 1}
    (found,) = await line.items("billing", "/v1/use-findings")
    assert (found["code"], found["service_point_no"]) == ("billing.use_like_workshop", SHOP)
    evidence = {each["what"]: each for each in found["evidence"]}
    assert {"work_hours", "days_off", "level_of_class"} <= set(evidence)
    high, changed = await case_of(line, "high_usage"), await case_of(line, "change_of_use")
    assert [each["first_signal_on"] for each in (high, changed)] == ["2026-02-01", "2026-03-25"]
    assert {each["account_no"] for each in (high, changed)} == {SHOP}
    assert await line.items("billing", f"/v1/cases?service_point_no={HOME}") == []
    await act(line, high, "dismissal", explanation="So much was used: see the change of use.")


async def looked_at(line: Line) -> None:
    """An inspector asks for a check of the use, another one sees the machines, and the case says so."""
    case = await case_of(line, "change_of_use")
    await act(line, case, "assignment", assignee=INSPECTOR)
    order = (await line.call("POST", "billing", f"/v1/cases/{case['case_no']}/site-orders", {"kind": "use_check"}))[
        "order_no"
    ]
    await line.quiet()
    (asked,) = await line.items("reading", f"/v1/site-orders?service_point_no={SHOP}")
    assert (asked["order_no"], asked["kind"]) == (order, "use_check")
    assert await report(line, order, VISITOR, "2026-03-27", result="other_use") == "done"
    case = await case_of(line, "change_of_use")
    assert [(each["kind"], each["reference"]) for each in case["evidence"]] == [("site_order", order)]
    assert {each["step"]: each["done_on"] for each in case["steps"]}["site_check"] == "2026-03-27"


async def classed_anew(line: Line) -> None:
    """Two people class the account anew from New Year, and a reviewer carries out what that corrects."""
    case = await case_of(line, "change_of_use")
    wanted = {"from": "2026-01-01", "customer_class": "commercial", "tariff": "t/trade"}
    said = {"explanation": "A joinery: machines seen on site.", "business_date": "2026-03-30"}
    asked = await act(line, case, "reclassing", **wanted, **said)
    assert asked["status"] == "awaiting_approval"
    assert (await case_of(line, "change_of_use"))["state"] == "awaiting_approval"
    assert await line.items("billing", "/v1/bills?status=proposed") == []
    await line.approve({"outcomes": [asked]})
    await line.quiet()
    case = await case_of(line, "change_of_use")
    assert (case["state"], case["reclassings"][0]["proposed_bills"]) == ("reclassed", 2)
    (first, *_) = await line.items("billing", "/v1/bills?status=proposed")
    await line.decide(first, {"decision": "approve", "explanation": "A joinery.", "business_date": "2026-03-31"})
    await line.quiet()


async def test_a_home_that_is_a_workshop_ends_as_a_difference_that_its_customer_is_told_of_and_pays(
    tmp_path: Path,
) -> None:
    (ladder,) = (each for each in packaged.documents("sample") if each.get("id") == LADDER)
    with SmtpServer() as mail:
        given = {"WATTLINE_SMTP_PORT": str(mail.port)}
        two = ("account.billed_days",)
        async with calls.line(tmp_path / "line", given, by_two=two, review=RULES) as line:
            street.lets_in(line, INSPECTOR, VISITOR)
            await street.settle(line, PLACES, str(SINCE), ladder, TRADE)
            for n in range(3):
                await lived(line, n)
                await reviewed(line, f"{DAYS[n + 1]:%Y-%m}-03")
            wh = used(SHOP)
            first_three = dict(list(wh.items())[:3])
            as_home = by_ladder(first_three)
            assert await bills(line) == as_home
            assert wh["2026-01"] > 2_500_000
            await pay(line, sum(as_home.values()), "2026-03-10")

            await suspected(line)
            await looked_at(line)
            await classed_anew(line)

            as_trade = as_home | {cycle: by_trade(wh)[cycle] for cycle in ("2026-01", "2026-02")}
            difference = sum(as_trade.values()) - sum(as_home.values())
            (reclass,) = (await case_of(line, "change_of_use"))["reclassings"]
            assert (reclass["difference_fen"], reclass["proposed_bills"]) == (difference, 0)
            assert await bills(line) == as_trade
            books = await line.call("GET", "collection", f"/v1/accounts/{SHOP}")
            assert (books["outstanding_fen"], books["prepaid_fen"]) == (difference, 0)
            (told,) = [each.text for each in mail.mails if each.recipient == PLACES[0].address and "更正" in each.text]
            assert f"比原金额多 {Decimal(difference) / 100} 元" in told
            await pay(line, difference, "2026-04-05")
            books = await line.call("GET", "collection", f"/v1/accounts/{SHOP}")
            assert (books["outstanding_fen"], books["prepaid_fen"]) == (0, 0)

            # it is billed as what it is from then on, and suspected no more
            await lived(line, 3)
            await reviewed(line, "2026-04-03")
            assert await bills(line) == as_trade | {"2026-03": by_trade(wh)["2026-03"]}
            assert await bills(line, HOME) == by_ladder(used(HOME))
            assert await job(line, "billing", "find-changed-uses", "2026-04-25") == {"looked_at": 1, "withdrawn": 1}
            await line.agrees(CYCLES)
