"""What another policy would have found on bills as they are stored, by rule and class, with verdicts where known."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import update

from services.billing.bills.tables import BILL_DOCUMENT
from services.billing.settings import DEFAULT_POLICY
from services.command import remote, replay_rules
from services.command.replay_rules import lines
from tests.kits.billing import Desk, account, closed, usage

REPLAY = "/v1/review-rules/replay"
HOME = "billing.implausible_home"
FORGET = update(BILL_DOCUMENT).values(
    context='{"quantities": {}, "tax_fen": null, "months": 1, "class": "residential"}'
)


def policy(**sections: Any) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(DEFAULT_POLICY.read_bytes())
    document["versions"][0]["review"] |= sections
    return document


async def replay(
    desk: Desk, document: dict[str, Any], *, units: tuple[str, ...] = ("*",), **more: Any
) -> dict[str, Any]:
    body = {"policy": document, "cycle_from": "2026-01", "cycle_to": "2026-03", **more}
    async with desk.client(org_units=units) as client:
        answer = await client.post(REPLAY, json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def rule(told: dict[str, Any], code: str) -> dict[str, Any]:
    (found,) = (each for each in told["rules"] if each["code"] == code)
    return {name: found[name] for name in ("then", "now", "go", "come")}


def said(**verdicts: int) -> dict[str, int]:
    return {"right": 0, "wrong": 0, "known": 0, "unsaid": 0} | verdicts


async def judged(desk: Desk, *verdicts: str) -> None:
    """Hold a home's bill for each verdict, the n-th of 1,100 + 100 n kWh, and decide on it; the last ones stay undecided."""
    numbers = range(1, len(verdicts) + 1)
    await desk.open(*(account(n) for n in numbers))
    await desk.measure(*(usage(n, 1, 1000 + 100 * n) for n in numbers))
    for n, verdict in zip(numbers, verdicts, strict=True):
        if verdict:
            ((bill_id,),) = await desk.bills("bill_id", contract_no=f"C{n}")
            await desk.decide(bill_id, "approve", "2026-02-05", verdict)


async def test_the_same_policy_finds_what_was_found(desk: Desk) -> None:
    await judged(desk, "right", "wrong", "")
    await desk.measure(usage(1, 2, 400), usage(2, 2, 1190), usage(3, 2, 0))
    told = await replay(desk, policy())
    assert (told["bills"], told["unknown"], told["next_after"]) == (6, 0, None)
    assert told["held_then"] == told["held_now"] == 6
    assert all(each["then"] == each["now"] and each["go"] == each["come"] == said() for each in told["rules"])
    assert rule(told, HOME)["then"] == 4
    assert {"billing.sudden_fall", "billing.zero_usage"} < {each["code"] for each in told["rules"]}


async def test_another_limit_is_told_with_the_verdicts_on_what_would_go(desk: Desk) -> None:
    await judged(desk, "right", "wrong", "known", "")
    before = await desk.bills()
    raised = await replay(
        desk, policy(implausible_home={"severity": "hold", "classes": ["residential"], "over_kwh_a_month": 1300})
    )
    assert rule(raised, HOME) == {"then": 4, "now": 1, "go": said(right=1, wrong=1, known=1), "come": said()}
    off = await replay(desk, policy(implausible_home="off"))
    assert rule(off, HOME) == {"then": 4, "now": 0, "go": said(right=1, wrong=1, known=1, unsaid=1), "come": said()}
    assert (off["held_then"], off["held_now"]) == (4, 0)
    assert await desk.bills() == before, "nothing is stored by it"


async def test_what_would_come_is_told_with_what_was_said_of_the_bill(desk: Desk) -> None:
    await judged(desk, "right", "")
    strict = {"severity": "warn", "over_fen": {"residential": 1000}}
    told = await replay(desk, policy(abnormal_amount=strict))
    assert rule(told, "billing.abnormal_amount") == {"then": 0, "now": 2, "go": said(), "come": said(right=1, unsaid=1)}
    assert told["held_then"] == told["held_now"] == 2


async def test_what_a_run_says_of_its_bills_is_replayed_too(desk: Desk) -> None:
    desk.review_by(sudden_rise="off", drawn_sample="off")
    numbers = range(12)
    await desk.open(*(account(n) for n in numbers))
    months = {
        1: [usage(n, 1, 200 + n) for n in numbers],
        2: [usage(n, 2, 200 if n == 3 else 300 + n) for n in numbers],
    }
    for usages in months.values():
        await desk.measure(*usages)
        await desk.close(closed(usages), day_comes=False)
    lax = orjson.loads(DEFAULT_POLICY.read_bytes())["versions"][0]["review"]["unlike_neighbours"] | {"over_kwh": 1000}
    code = "billing.unlike_neighbours"
    assert rule(await replay(desk, policy()), code)["now"] == 1
    assert rule(await replay(desk, policy(unlike_neighbours=lax)), code)["go"] == said(unsaid=1)


async def test_pages_sum_to_the_whole_and_nobody_sees_the_bills_of_another_bureau(desk: Desk) -> None:
    await judged(desk, "right", "", "wrong", "")
    whole = await replay(desk, policy(implausible_home="off"))
    after, bills, then = None, 0, 0
    for _ in range(4):
        async with desk.client() as client:
            body = {
                "policy": policy(implausible_home="off"),
                "cycle_from": "2026-01",
                "cycle_to": "2026-03",
                "after": after,
            }
            page = (await client.post(f"{REPLAY}?limit=1", json=body)).json()
        bills, then, after = bills + page["bills"], then + rule(page, HOME)["then"], page["next_after"]
    assert (bills, then) == (whole["bills"], rule(whole, HOME)["then"]) == (4, 4)
    elsewhere = await replay(desk, policy(), units=("zj/ningbo",))
    assert (elsewhere["bills"], elsewhere["rules"]) == (0, [])


async def test_bills_of_which_nothing_was_kept_are_counted_apart(desk: Desk) -> None:
    await judged(desk, "", "")
    async with desk.db.begin() as tx:
        await tx.execute(FORGET)
    told = await replay(desk, policy())
    assert (told["bills"], told["unknown"], told["rules"]) == (0, 2, [])


async def test_a_policy_that_is_none_is_refused_with_its_fault(desk: Desk) -> None:
    wrong = policy(zero_usage="perhaps")
    body = {"policy": wrong, "cycle_from": "2026-01", "cycle_to": "2026-03"}
    async with desk.client() as client:
        answer = await client.post(REPLAY, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "review_replay.policy_wrong")
    assert "/versions/0/review/zero_usage" in answer.json()["detail"]


async def test_a_page_takes_as_many_statements_for_100_contracts_as_for_10(desk: Desk) -> None:
    await desk.open(*(account(n) for n in range(110)))
    await desk.measure(*(usage(n, 1, 200) for n in range(10)))
    counts = []
    for _ in range(2):
        seen = desk.watch()
        await replay(desk, policy())
        counts.append(len(seen))
        await desk.measure(*(usage(n, 1, 200) for n in range(10, 110)))
    assert counts[0] == counts[1]


async def test_the_command_prints_the_sum_of_all_pages(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    await judged(desk, "right", "wrong", "")
    file = tmp_path / "other.json"
    file.write_text(json.dumps(policy(implausible_home="off")))
    monkeypatch.setattr(remote, "client", lambda _service: desk.client())
    total = await replay_rules.replayed(policy(implausible_home="off"), "2025-02", "2026-01")
    assert (total["bills"], total["held_then"], total["held_now"]) == (3, 3, 0)
    (line,) = lines(total["rules"], by_class=False)
    assert line.split() == [HOME, "3", "0", "1/1/0/1", "0/0/0/0"]
    assert [each.split()[0] for each in lines(total["rules"], by_class=True)] == [HOME, "residential"]
    assert replay_rules._months_before("2026-01", 11) == "2025-02"
