"""A review rule that is mostly wrong, on four services: it loses its rank, is listed for change, and is changed.

Twenty homes are heated by electricity: in every second month they rise by 75 %, and nothing is wrong. One meter sticks.
"""

import json
from copy import deepcopy
from math import sqrt
from pathlib import Path
from typing import Any

from tests.kits import calls, street
from tests.kits.calls import POLICY, Line
from tests.kits.street import Place, job, month
from tests.unit.billing.rating.documents import PLAIN

RISE, FALL = "billing.sudden_rise", "billing.sudden_fall"
HEATED, STUCK = [f"heated-{n}" for n in range(20)], "stuck"
PLACES = [Place(name, PLAIN["id"]) for name in (*HEATED, STUCK)]
MONTHS = [f"2025-{month:02}-01" for month in range(7, 13)]
"""The read days. In every second month it is cold, and the meter sticks."""
CHANGED_FROM = MONTHS[-1]
KWH_OF = {"heated": (400, 700), "stuck": (600, 250)}
RULES = "/v1/review-rules"


def used(name: str, n: int) -> int:
    return KWH_OF[name.split("-")[0]][n % 2]


def shown(n: int) -> dict[str, float]:
    return {each.meter_no: 100 + sum(used(each.name, i) for i in range(n + 1)) for each in PLACES}


def wilson(right: int, judged: int) -> tuple[int, int]:
    """The interval of a share of so many, in permille, as textbooks have it."""
    z, share = 1.959963984540054, right / judged
    centre, spread = share + z * z / (2 * judged), z * sqrt((share * (1 - share) + z * z / (4 * judged)) / judged)
    low, high = ((centre + sign * spread) / (1 + z * z / judged) for sign in (-1, 1))
    return round(1000 * low), round(1000 * high)


async def rule(line: Line, code: str) -> dict[str, Any]:
    (found,) = [each for each in await line.items("billing", RULES) if each["code"] == code]
    return found


async def queue(line: Line) -> list[str]:
    """Return whose bills wait, what is worth looking at first."""
    return [each["account_no"] for each in await line.items("billing", "/v1/review-queue?order=risk")]


async def judged(line: Line, n: int) -> None:
    """Decide on what is held of a month: the homes are heated, the meter has stuck, and runs again."""
    held = await line.items("billing", "/v1/bills?status=held")
    for code, homes, verdict in ((RISE, HEATED, "wrong"), (RISE, [STUCK], "right"), (FALL, [STUCK], "right")):
        mine = [each for each in held if each["account_no"] in homes and code in _codes(each)]
        body = {"code": code, "verdict": verdict, "decision": "approve", "explanation": "Asked the customer."}
        items = [{name: each[name] for name in ("bill_id", "row_version")} for each in mine]
        if items:
            body |= {"items": items, "business_date": f"{MONTHS[n][:8]}05"}
            await line.call("POST", "billing", "/v1/review-decisions", body, who="reviewer")
    await line.quiet()
    assert await line.items("billing", "/v1/bills?status=held") == []


def _codes(bill: dict[str, Any]) -> list[str]:
    return [each["code"] for each in bill["findings"] if each["severity"] == "hold"]


def with_limit(policy: dict[str, Any], percent: int) -> dict[str, Any]:
    """Return rules by which a rise up to this limit is no finding."""
    for version in policy["versions"]:
        version["review"]["sudden_rise"] = {name: {"percent": percent, "kwh": 50} for name in ("warn", "hold")}
    return policy


def changed(policy: dict[str, Any], percent: int) -> dict[str, Any]:
    """Return the rules of an installation with another limit of rises from a day on."""
    (first,) = policy["versions"]
    later = with_limit({"versions": [deepcopy(first)]}, percent)["versions"]
    first["effective"]["to"] = CHANGED_FROM
    return policy | {
        "versions": [
            first,
            *(each | {"version": "2", "effective": {"from": CHANGED_FROM, "to": None}} for each in later),
        ]
    }


async def replayed(line: Line, policy: dict[str, Any], percent: int) -> dict[str, Any]:
    """Return what another limit would have found in all months so far."""
    policy = with_limit(policy, percent)
    body = {"policy": policy, "cycle_from": "2025-06", "cycle_to": "2025-10"}
    told = await line.call("POST", "billing", f"{RULES}/replay", body)
    (found,) = (each for each in told["rules"] if each["code"] == RISE)
    assert found["come"] == {"right": 0, "wrong": 0, "known": 0, "unsaid": 0}
    return {"go": {name: count for name, count in found["go"].items() if count}} | {
        name: told[name] for name in ("held_then", "held_now")
    }


async def test_a_rule_that_raises_false_alarms_falls_behind_is_for_change_and_is_changed(tmp_path: Path) -> None:
    work = tmp_path / "line"
    async with calls.line(work) as line:
        await street.settle(line, PLACES, "2025-06-01", PLAIN)
        wrong = right = 0
        for n in range(5):
            await month(line, MONTHS[n], shown(n))
            waiting = await queue(line)
            if n == 1:
                assert STUCK in waiting, "nobody has judged any rule yet"
            if n > 1:
                assert waiting[:1] == [STUCK], "what is mostly right comes first"
            await judged(line, n)
            wrong, right = wrong + 20 * (n % 2), right + (n > 0 and n % 2 == 0)
            if n:
                told = await rule(line, RISE)
                assert (told["wrong"], told["right"]) == (wrong, right)
                assert (told["low_permille"], told["high_permille"]) == wilson(right, right + wrong)
                assert told["precision_permille"] == round(1000 * right / (right + wrong))
        assert (wrong, right) == (40, 2)
        (failing,) = await line.items("billing", f"{RULES}?below_floor=true")
        assert (failing["code"], failing["high_permille"] < 200, len(failing["evidence"])) == (RISE, True, 20)
        assert {each["total_fen"] for each in failing["evidence"]} == {35_000}, (
            "700 kWh each: the homes that are heated"
        )

        # at 100 % it would have raised none of the false alarms, and found the meter each time
        would = await replayed(line, json.loads((work / POLICY).read_text()), 100)
        assert would == {"go": {"wrong": 40}, "held_then": 44, "held_now": 4}
        rules = changed(json.loads((work / POLICY).read_text()), 100)
        (work / POLICY).write_text(json.dumps(rules))
        await restart(line)
        await month(line, MONTHS[5], shown(5))
        held = await line.items("billing", "/v1/bills?status=held")
        assert [(each["account_no"], _codes(each)) for each in held] == [(STUCK, [FALL])]
        await judged(line, 5)
        assert ((await rule(line, RISE))["wrong"], (await rule(line, RISE))["right"]) == (40, 2)
        issued = await line.items("collection", "/v1/receivables?cycle=2025-11")
        assert sum(each["amount_fen"] for each in issued) == 50 * sum(used(each.name, 5) for each in PLACES)
        assert await job(line, "billing", "release-runs", "2025-12-06") == {}
        await line.agrees(f"{day:.7}" for day in ("2025-06-01", *MONTHS[:5]))


async def restart(line: Line) -> None:
    """End billing and begin it anew, as who changes its rules does."""
    house = line.town.houses["billing"]
    await house.end()
    house.build()
