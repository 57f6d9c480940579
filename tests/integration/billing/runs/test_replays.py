"""What another policy would have found on bills and runs as they are stored, by rule and class, with verdicts where known."""

import json
from dataclasses import replace
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


async def judged(desk: Desk, *verdicts: str, routes: int = 1) -> None:
    """Hold a home's bill for each verdict, the n-th of 1,100 + 100 n kWh, and decide on it; the last ones stay undecided."""
    numbers = range(1, len(verdicts) + 1)
    await desk.open(*(account(n) for n in numbers))
    await desk.measure(*(usage(n, 1, 1000 + 100 * n, route=f"R{n % routes + 1}") for n in numbers))
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


NUMBERS = range(12)
ODD = 3  # who uses as much as before while all others use half as much again


async def two_months(desk: Desk, numbers: range = NUMBERS, route: str = "R1", **of_second_closing: Any) -> None:
    """Bill a route for two months, and close it each time."""
    for number in (1, 2):
        usages = [usage(n, number, 200 + n if number == 1 or n == ODD else 300 + n, route=route) for n in numbers]
        await desk.measure(*usages)
        await desk.close(closed(usages, **(of_second_closing if number == 2 else {})), day_comes=False)


def run_rule(told: dict[str, Any], code: str) -> tuple[int, ...]:
    """Return of how many runs a rule found something then, and would now, and how many would go and come."""
    found = [each for each in told["run_rules"] if each["code"] == code]
    assert len(found) < 2
    return tuple(found[0][name] for name in ("then", "now", "go", "come")) if found else (0, 0, 0, 0)


def run_policy(**sections: Any) -> dict[str, Any]:
    document = policy()
    document["versions"][0]["run"] |= sections
    return document


async def test_neighbours_are_measured_by_the_policy_that_is_tried(desk: Desk) -> None:
    """By the policy of then they were not at all."""
    desk.review_by(unlike_neighbours="off", sudden_rise="off")
    await desk.open(*(account(n) for n in NUMBERS))
    await two_months(desk)
    code = "billing.unlike_neighbours"
    assert rule(await replay(desk, policy()), code) == {"then": 0, "now": 1, "go": said(), "come": said(unsaid=1)}
    more = policy()["versions"][0]["review"]["unlike_neighbours"] | {"points_min": len(NUMBERS) + 1}
    told = await replay(desk, policy(unlike_neighbours=more))
    assert code not in {each["code"] for each in told["rules"]}, "of so few neighbours it says nothing"


async def test_what_is_found_of_a_run_is_looked_for_again_by_the_policy_that_is_tried(desk: Desk) -> None:
    await desk.open(*(account(n) for n in NUMBERS))
    await two_months(desk, missed=6)
    told = await replay(desk, policy())
    assert (told["runs"], told["runs_unknown"], told["runs_held_then"], told["runs_held_now"]) == (2, 0, 1, 1)
    assert run_rule(told, "billing.run_unread") == (1, 1, 0, 0)
    lax = await replay(desk, run_policy(unread={"percent": 50, "over_points": 2}))
    assert run_rule(lax, "billing.run_unread") == (1, 0, 1, 0)
    assert (lax["runs_held_then"], lax["runs_held_now"]) == (1, 0)
    strict = await replay(desk, run_policy(sum_change_percent=10))
    assert run_rule(strict, "billing.run_sum_changed") == (0, 1, 0, 1)
    assert [each["runs"] for each in strict["as_they_stand"]] == [0, 0, 0]


async def test_the_first_run_after_a_change_is_that_of_the_policy_that_is_tried(desk: Desk) -> None:
    """Of the versions of the policy that is tried, not of those that held; a change of the software stays one."""
    desk.review_by(drawn_sample="off")
    await desk.open(*(account(n) for n in NUMBERS))
    await two_months(desk)
    changes = policy(drawn_sample={"severity": "hold", "permille": 1000}, sudden_rise="off")
    (first,) = changes["versions"]
    first["effective"] |= {"to": "2026-02-15"}
    changes["versions"].append(first | {"version": "2", "effective": {"from": "2026-02-15", "to": None}})
    told = await replay(desk, changes)
    assert run_rule(told, "billing.first_run_after_change") == (0, 1, 0, 1)
    assert rule(told, "billing.drawn_sample") == {"then": 0, "now": 12, "go": said(), "come": said(unsaid=12)}
    assert run_rule(await replay(desk, policy()), "billing.first_run_after_change") == (0, 0, 0, 0)


async def test_the_first_bills_of_an_estate_that_came_later_are_found_again(desk: Desk) -> None:
    """Its first run has none before it, and is no opening of the books."""
    (contract,) = account(2).contracts
    since = usage(2, 2).period_from
    await desk.open(account(1), account(2, contracts=(replace(contract, from_=since),)))
    for n, route in ((1, "R1"), (2, "R2")):
        await desk.measure(usage(n, n, route=route))
        await desk.close(closed([usage(n, n, route=route)]), day_comes=False)
    code = "billing.first_bill"
    assert rule(await replay(desk, policy()), code) == {"then": 1, "now": 1, "go": said(), "come": said()}
    off = await replay(desk, policy(first_bill="off"))
    assert rule(off, code)["go"] == said(unsaid=1)
    assert (off["held_then"], off["held_now"]) == (1, 0)


async def test_what_is_sent_to_site_is_what_the_policy_that_is_tried_sends(desk: Desk) -> None:
    desk.send_to_site(billing__zero_usage="inspection")
    await desk.open(account(1), account(2))
    await desk.measure(usage(1, 1, 0), usage(2, 1, 200))
    none = await replay(desk, policy(site_orders={}))
    assert (none["held_then"], none["held_now"]) == (1, 0)
    assert rule(none, "billing.sent_to_site") == {"then": 1, "now": 0, "go": said(unsaid=1), "come": said()}
    same = await replay(desk, policy(site_orders={"billing.zero_usage": "inspection"}))
    assert (same["held_then"], same["held_now"]) == (1, 1)
    strict = {"severity": "warn", "over_fen": {"residential": 1}}
    more = await replay(desk, policy(site_orders={"billing.abnormal_amount": "reread"}, abnormal_amount=strict))
    assert rule(more, "billing.sent_to_site")["come"] == said(unsaid=1)
    assert (more["held_then"], more["held_now"]) == (1, 1), "another one"


async def test_what_cannot_be_replayed_of_runs_is_told(desk: Desk) -> None:
    """Findings that are not kept once they are no more stand as they are, and a run that is open is not looked at as a whole."""
    await desk.open(*(account(n) for n in NUMBERS))
    await two_months(desk, unexplained=2, sum_wh=1)
    usages = [usage(n, 1, 200 + n, route="R2") for n in range(20, 24)]
    await desk.open(*(account(n) for n in range(20, 24)))
    await desk.measure(*usages)
    await desk.close(closed(usages, unexplained=2), day_comes=False)
    told = await replay(desk, run_policy(unexplained="off"))
    assert (told["bills"], told["runs"], told["runs_unknown"]) == (28, 2, 1)
    assert {each["code"]: each["runs"] for each in told["as_they_stand"]} == {
        "billing.calendar_year_unknown": 0,
        "billing.run_totals_differ": 1,
        "billing.run_unexplained": 1,
    }
    assert (told["runs_held_then"], told["runs_held_now"]) == (1, 1)
    assert not {"billing.run_unexplained", "billing.run_totals_differ"} & {each["code"] for each in told["run_rules"]}


async def test_pages_sum_to_the_whole_and_nobody_sees_the_bills_of_another_bureau(desk: Desk) -> None:
    await judged(desk, "right", "", "wrong", "", routes=4)
    whole = await replay(desk, policy(implausible_home="off"))
    after, bills, then = None, 0, 0
    for _ in range(5):
        async with desk.client() as client:
            body = {
                "policy": policy(implausible_home="off"),
                "cycle_from": "2026-01",
                "cycle_to": "2026-03",
                "after": after,
            }
            page = (await client.post(f"{REPLAY}?limit=1", json=body)).json()
        counted = page["rules"] and rule(page, HOME)["then"]
        bills, then, after = bills + page["bills"], then + (counted or 0), page["next_after"]
    assert after is None
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


async def test_a_policy_that_has_no_version_for_the_days_is_refused(desk: Desk) -> None:
    await judged(desk, "")
    late = policy()
    late["versions"][0]["effective"]["from"] = "2026-06-01"
    async with desk.client() as client:
        answer = await client.post(REPLAY, json={"policy": late, "cycle_from": "2026-01", "cycle_to": "2026-03"})
    assert (answer.status_code, answer.json()["code"]) == (422, "review_replay.policy_wrong")
    assert "no version holds on 2026" in answer.json()["detail"]


async def test_a_place_that_no_page_gave_is_refused(desk: Desk) -> None:
    async with desk.client() as client:
        body = {"cycle_from": "2026-01", "cycle_to": "2026-03", "after": "C1"}
        answer = await client.post(REPLAY, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "request.malformed_cursor")


async def test_a_page_takes_as_many_statements_for_20_runs_of_100_bills_as_for_one_of_10(desk: Desk) -> None:
    await desk.open(*(account(n) for n in range(200)))
    await two_months(desk, range(10))
    counts = []
    for _ in range(2):
        seen = desk.watch()
        told = await replay(desk, policy())
        counts.append(len(seen))
        for place in range(9):
            await two_months(desk, range(10 * place + 10, 10 * place + 20), route=f"R{place + 2}")
    assert (told["runs"], told["bills"]) == (20, 200)
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
    assert replay_rules.lines_of_runs(total)[:2] == [
        "0 runs, 1 more were not looked at as a whole",
        "runs held then 0, now 0",
    ]
    usages = [usage(n, 1, 1000 + 100 * n) for n in (1, 2, 3)]
    await desk.close(closed(usages, missed=7), day_comes=False)
    total = await replay_rules.replayed(run_policy(unread={"percent": 100, "over_points": 2}), "2025-02", "2026-01")
    assert [each.split() for each in replay_rules.lines_of_runs(total)[1:4]] == [
        ["runs", "held", "then", "1,", "now", "0"],
        ["finding", "of", "runs", "then", "now", "go", "come"],
        ["billing.run_unread", "1", "0", "1", "0"],
    ]
    assert (
        "not replayed, counted as they stand: billing.calendar_year_unknown (0 runs)"
        in (replay_rules.lines_of_runs(total)[-1])
    )
    assert replay_rules._months_before("2026-01", 11) == "2025-02"


async def test_no_more_than_a_year_is_replayed_at_a_time(desk: Desk) -> None:
    for first, last in (("2025-01", "2026-01"), ("2026-02", "2026-01")):
        async with desk.client() as client:
            answer = await client.post(REPLAY, json={"cycle_from": first, "cycle_to": last})
        assert (answer.status_code, answer.json()["code"]) == (422, "review_replay.cycles_wrong")
