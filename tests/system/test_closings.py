"""Two flats that nobody has used for six months, on four services: one owner objects on day 29, the other account is closed.

What was prepaid goes back, and its meter is used at another place.
"""

from pathlib import Path
from typing import Any

from tests.kits import calls, street
from tests.kits.calls import Line
from tests.kits.street import UNIT, Place, job, month, report
from tests.unit.billing.rating.documents import PLAIN

KEPT, EMPTY, OTHER = "kept", "empty", "other"
MONTHS = ("2025-08-01", "2025-09-01", "2025-10-01", "2025-11-01", "2025-12-01", "2026-01-01")
READER, INSPECTOR = "reader-7", "inspector-1"
PREPAID_FEN = 5_000


async def set_up(line: Line) -> None:
    street.lets_in(line, READER, INSPECTOR)
    await street.settle(line, [Place(home, "t/plain") for home in (KEPT, EMPTY, OTHER)], "2025-07-01", PLAIN)


async def closing_of(line: Line, home: str) -> dict[str, Any]:
    (found,) = await line.items("billing", f"/v1/closings?account_no={home}")
    return found


async def templates(line: Line, home: str) -> list[str]:
    """Return the kinds of notices that were delivered to a home, but for bills."""
    told = await line.items("notify", f"/v1/notices?account_no={home}&state=delivered")
    return sorted(each["template"] for each in told if each["template"] != "bill_issued")


async def proposed_and_announced(line: Line) -> None:
    assert await job(line, "billing", "find-unused-supplies", "2026-01-02") == {"open": 2}
    for home in (KEPT, EMPTY):
        body = {"contract_no": f"C-{home}", "business_date": "2026-01-05", "explanation": "The letter box is full."}
        await line.call("POST", "billing", "/v1/closings", body, who=READER)
    await line.quiet()
    for home in (KEPT, EMPTY):
        number = (await closing_of(line, home))["check_order_no"]
        assert await report(line, number, READER, "2026-01-07", result="unused") != "done", "he has proposed it"
        assert await report(line, number, INSPECTOR, "2026-01-08", result="unused") == "done"
    assert await job(line, "billing", "advance-closings", "2026-01-09") == {"announced": 2}
    assert await templates(line, EMPTY) == ["closing_announced"]
    listed = await line.items("billing", "/v1/closings/announced")
    assert [(each["service_point_no"], each["objection_until"]) for each in listed] == [
        (EMPTY, "2026-02-09"),
        (KEPT, "2026-02-09"),
    ]


async def objected_on_day_29(line: Line) -> None:
    number = (await closing_of(line, KEPT))["closing_no"]
    said = {"answer": "object", "way": "call", "answered_on": "2026-02-07", "explanation": "My son moves in."}
    agreed = {"answer": "agree", "way": "counter", "answered_on": "2026-02-03", "explanation": "Nobody lives there."}
    await line.call("POST", "notify", f"/v1/questions/{number}/answer", said | agreed)
    await line.quiet()
    await line.call("POST", "notify", f"/v1/questions/{number}/answer", said)
    await line.quiet()
    assert await job(line, "billing", "advance-closings", "2026-02-07") == {"withdrawn": 1}
    assert (await closing_of(line, KEPT))["code"] == "objected"
    assert await templates(line, KEPT) == ["closing_announced", "closing_withdrawn"]


async def read_and_ended(line: Line) -> None:
    await job(line, "billing", "advance-closings", "2026-02-10")
    closing = await closing_of(line, EMPTY)
    body = {"explanation": "A month has passed, nobody has objected."}
    path = f"/v1/closings/{closing['closing_no']}/approval"
    await line.approve(await line.call("POST", "billing", path, body, seen=closing["version"]))
    await line.quiet()
    order = (await closing_of(line, EMPTY))["read_order_no"]
    registers = {"meter_no": f"M-{EMPTY}", "unit": "kWh", "registers": {"import": "100.00"}}
    said = await report(line, order, INSPECTOR, "2026-02-16", result="read", **registers)
    assert said == "awaiting_approval", "what he has seen is a read once another person says so"
    assert await job(line, "billing", "advance-closings", "2026-02-15") == {}
    await line.call("POST", "reading", "/v1/site-orders/decisions", {"items": [{"order_no": order, "version": 2}]})
    await line.quiet()
    assert await job(line, "billing", "advance-closings", "2026-02-16") == {"ended": 1}


async def test_one_owner_objects_and_the_other_account_is_closed_to_the_fen(tmp_path: Path) -> None:
    async with calls.line(tmp_path / "line", review={"zeros_in_a_row": "off"}) as line:
        await set_up(line)
        for n, day in enumerate(MONTHS, 1):
            await month(line, day, {f"M-{KEPT}": 100, f"M-{EMPTY}": 100, f"M-{OTHER}": 100 + 40 * n})
        paid = {"account_no": EMPTY, "amount_fen": PREPAID_FEN, "received_on": "2026-01-03"}
        await line.call("POST", "collection", "/v1/payments", paid, key="prepaid")
        await proposed_and_announced(line)
        await month(line, "2026-02-01", {f"M-{KEPT}": 100, f"M-{EMPTY}": 100, f"M-{OTHER}": 380})
        await objected_on_day_29(line)
        await read_and_ended(line)

        # the last bill waits for no run
        assert await job(line, "billing", "advance-closings", "2026-02-17") == {"billed": 1}
        assert (await closing_of(line, EMPTY))["final_fen"] == 0
        assert await job(line, "collection", "settle-accounts", "2026-02-18") == {"settled": 1}
        assert await job(line, "billing", "advance-closings", "2026-02-19") == {"settled": 1}
        closing = await closing_of(line, EMPTY)
        assert (closing["paid_out_fen"], closing["kept_fen"]) == (PREPAID_FEN, 0)
        assert (await line.call("GET", "billing", f"/v1/accounts/{EMPTY}"))["closed_on"] == "2026-02-18"
        assert await templates(line, EMPTY) == ["account_closed", "closing_announced"]
        books = await line.call("GET", "collection", f"/v1/accounts/{EMPTY}")
        assert (books["outstanding_fen"], books["prepaid_fen"]) == (0, 0)

        await _paid_once_more(line)

        # its meter is taken down, and hangs at another place from then on
        await _used_again(line)
        await month(line, "2026-03-01", {f"M-{KEPT}": 100, f"M-{EMPTY}": 100 + 50})
        of_other = await line.items("billing", f"/v1/bills?account_no={OTHER}&cycle=2026-02")
        assert sum(each["energy_wh"] for each in of_other) == 70_000
        of_empty = await line.items("billing", f"/v1/bills?account_no={EMPTY}&cycle=2026-02")
        assert [(each["energy_wh"], each["total_fen"]) for each in of_empty] == [(0, 0)]
        await line.agrees(f"2025-{number:02}" for number in range(7, 13))
        await line.agrees(["2026-01", "2026-02"])


async def _paid_once_more(line: Line) -> None:
    """The bank of the closed account pays again: it is listed, and goes back by two people."""
    await line.quiet()
    paid = {"account_no": EMPTY, "amount_fen": 900, "received_on": "2026-02-19"}
    await line.call("POST", "collection", "/v1/payments", paid, key="once-more")
    (left,) = await line.items("collection", "/v1/closed-accounts")
    assert (left["account_no"], left["code"], left["prepaid_fen"]) == (EMPTY, "money", 900)
    body = {"explanation": "back to the bank that has paid it"}
    await line.approve(await line.call("POST", "collection", f"/v1/closed-accounts/{EMPTY}/payout", body), "collection")
    assert await line.items("collection", "/v1/closed-accounts") == []
    assert await line.items("billing", "/v1/closing-findings") == []


async def _used_again(line: Line) -> None:
    """The meter of the flat came down with its final read, is tested, and takes the place of another one."""
    empty = {"service_point_no": EMPTY, "meter_no": f"M-{EMPTY}", "installed_on": "2025-07-01", "unit": "kWh"}
    other = {"service_point_no": OTHER, "meter_no": f"M-{OTHER}", "installed_on": "2025-07-01", "unit": "kWh"}
    opened = {"opening": {"import": "100.00"}}
    down = empty | opened | {"removed_on": "2026-02-16", "closing": {"import": "100.00"}}
    await line.call("PUT", "reading", "/v1/installations", {"items": [down]})
    movement = {"movement_no": "MV-1", "meter_no": f"M-{EMPTY}", "kind": "take_back", "moved_on": "2026-02-17"}
    await line.call("POST", "reading", "/v1/meter-movements", {"items": [movement | {"org_unit": UNIT}]})
    await line.quiet()
    assert await job(line, "billing", "advance-closings", "2026-02-20") == {"closed": 1}
    assert (await closing_of(line, EMPTY))["closed_on"] == "2026-02-17"

    passed = {"lab_no": "JD-1", "meter_no": f"M-{EMPTY}", "tested_on": "2026-02-19", "result": "passed"}
    load = {"load_percent": 100, "power_factor": "1.0", "error_permille": "-1.2"}
    tests = [passed | {"errors": [load], "next_due_on": "2034-02-18"}]
    await line.call("POST", "reading", "/v1/meter-tests", {"items": tests})
    again = {"installed_on": "2026-02-20", "opening": {"import": "100.00"}}
    for item in (
        other | opened | {"removed_on": "2026-02-20", "closing": {"import": "400.00"}},
        empty | again | {"service_point_no": OTHER},
    ):
        await line.call("PUT", "reading", "/v1/installations", {"items": [item]})
    await line.quiet()
