"""What people are asked and answer in the district: a read day moved, one not, a doubt, a guess; and how the reader did."""

from datetime import date
from typing import Any, Final

from services.demo.district import MANUAL_SLOT
from services.demo.setup import READER
from services.demo.stage import DemoFailed, Stage
from services.demo.stories import MONTHS

READ_DAY, FROM_CYCLE = 20, "2026-03"
REQUEST_NO, DISPUTE_NO = "RD-DEMO-1", "DSP-DEMO-1"
ASKED_ON, ANSWERED_ON = "2026-02-09", "2026-02-11"
GUESS, LOOKED_ON = "conduct.guess_estimate", date(2026, 3, 12)
SCORED_ON = date(2026, 3, 15)
ANSWERS: Final = {"read_day_moved": ("yes", "call"), "read_day_kept": ("no", "counter")}
"""By story what the customer says, and how."""


async def ask_for_read_day(stage: Stage) -> None:
    """Ask two customers to be read on another day from March on."""
    asked = _of_stories(stage)
    body = {
        "request_no": REQUEST_NO,
        "route_no": stage.district.route_of(stage.district.stories["read_day_moved"]).route_no,
        "service_point_nos": sorted(asked),
        "read_day": READ_DAY,
        "from_cycle": FROM_CYCLE,
        "reason": "route_balance",
        "explanation": "Two routes of one reader fall on the same day.",
        "asked_on": ASKED_ON,
    }
    await stage.call("engineer-1", "POST", "reading", "/v1/read-day-requests", body)
    stage.say(f"{len(asked)} customers are asked to be read on the {READ_DAY}th from {FROM_CYCLE} on")


async def answer(stage: Stage) -> None:
    """Write down what both customers say: one on the phone, one at the counter."""
    stories = _of_stories(stage)

    async def open_questions() -> list[dict[str, Any]]:
        asked = await stage.all("notify", "/v1/questions", subject_kind="read_day_change")
        return [each for each in asked if each["account_no"] is not None]

    async def reached() -> bool:
        asked = await open_questions()
        notices = [
            notice
            for question in asked
            for notice in await stage.all("notify", "/v1/notices", question_id=question["question_id"])
        ]
        sent = bool(notices) and not any(notice["state"] in ("queued", "sending") for notice in notices)
        return len(asked) == len(stories) and sent

    await stage.until("both customers are asked", reached)
    for question in await open_questions():
        said, way = ANSWERS[stories[question["service_point_no"]]]
        body = {"answer": said, "way": way, "answered_on": ANSWERED_ON, "explanation": "Said so when asked."}
        await stage.call("clerk-2", "POST", "notify", f"/v1/questions/{question['question_id']}/answer", body)
    stage.say("one agrees on the phone, one does not, at the counter")


async def decide_read_day(stage: Stage) -> None:
    """Approve, as a second person, what a customer has agreed to; that customer is told."""

    async def proposals(state: str) -> list[dict[str, Any]]:
        return await stage.all("reading", "/v1/read-day-proposals", request_no=REQUEST_NO, state=state)

    async def answered() -> bool:
        return not await proposals("asked")

    await stage.until("reading knows both answers", answered)
    agreed = [each["question_id"] for each in await proposals("confirmed")]
    asked = await stage.all("reading", "/v1/approvals", kind="read_day.change")
    await stage.approve("reading", *(each for each in asked if each["subject_id"] in agreed))
    moved = await proposals("effective")
    if len(moved) != 1:
        raise DemoFailed(f"{len(moved)} read days were moved instead of one")
    account_no = stage.district.customers[stage.district.stories["read_day_moved"]].account_no

    async def told() -> bool:
        notices = await stage.all("notify", "/v1/notices", account_no=account_no)
        return any(notice["template"] == "read_day_changed" for notice in notices)

    await stage.until("who agreed is told of the new read day", told)
    stage.say(f"a second person decides: one is read on the {READ_DAY}th from {FROM_CYCLE} on, the other stays")


async def doubt(stage: Stage) -> None:
    """Open a dispute: a customer holds January's usage for too high."""
    doubted = {
        "dispute_no": DISPUTE_NO,
        "service_point_no": stage.district.customers[stage.district.stories["doubt"]].service_point_no,
        "cycles": [MONTHS[0].cycle],
        "channel": "counter",
        "raised_by": "customer",
        "reason": "high_usage",
        "opened_on": ASKED_ON,
    }
    answer = await stage.call("engineer-1", "POST", "reading", "/v1/disputes", {"items": [doubted]})
    stage.count(answer, {"done"})
    stage.say("a customer doubts January's usage")


async def explain(stage: Stage) -> None:
    """Show the customer the history of the point, and end the dispute by it."""
    path = f"/v1/disputes/{DISPUTE_NO}"
    history = await stage.get("reading", f"{path}/history")
    if not history["usages"]:
        raise DemoFailed("the history of a point that was billed is empty")
    state = (await stage.get("reading", path))["state"]
    if state == "opened":
        await stage.call("engineer-1", "POST", "reading", f"{path}/history", {"on": ANSWERED_ON})
    if state != "ended":
        end = {"on": "2026-02-12", "outcome": "explained", "explanation": "The heating was new in January."}
        await stage.call("engineer-1", "POST", "reading", f"{path}/end", end)
    stage.say("the history of 24 months explains it: no test of the meter")


async def find_guess(stage: Stage) -> None:
    """Look at how the routes were read; a read that is the estimate is suspected, confirmed, and read again."""
    i = stage.district.stories["guessed"]
    customer = stage.district.customers[i]
    await stage.job("reading", "find-conduct", LOOKED_ON)
    (found,) = await _guesses(stage)
    verdict = {name: found[name] for name in ("finding_id", "version")}
    said = {"items": [verdict | {"verdict": "confirmed", "explanation": "reader_admits"}]}
    stage.count(await stage.call("supervisor-1", "POST", "reading", "/v1/conduct-findings/decisions", said), {"done"})
    *_, usage = await stage.all(
        "reading", "/v1/usages", service_point_no=customer.service_point_no, cycle=MONTHS[1].cycle
    )
    (true,) = stage.district.reads([i], MONTHS[1].read_on, slot=MANUAL_SLOT)
    body = {"unit": "kWh", "registers": true["registers"], "reason": "guessed", "reader": "inspector-1"}
    (read_id,) = [each for each in usage["read_ids"] if each.endswith("~site") and "20260301" in each]
    await stage.call("engineer-1", "POST", "reading", f"/v1/reads/{read_id}/correction", body)

    async def corrected() -> bool:
        return bool(await stage.all("billing", "/v1/corrections", account_no=customer.account_no))

    await stage.until("the bill of the guess is corrected", corrected)
    stage.say("a read that is the estimate to the kWh is found, confirmed by another person, and read again")
    await score(stage)


async def score(stage: Stage) -> None:
    """Say whose the manual routes have been, late, and make the scorecards of February."""
    said = {"role": "reader", "reason": "first_load", "subject": READER, "from": "2025-12-01"}
    manual = [said | {"route_no": route.route_no} for route in stage.district.routes if route.manual]
    await stage.put("engineer-1", "reading", "/v1/reader-assignments", manual)
    await stage.job("reading", "make-scorecards", SCORED_ON)
    stage.say(f"the scorecards of {MONTHS[1].cycle} are made, and stay as they are")


async def _scorecard_line(stage: Stage) -> str:
    """Return how the reader of the guess did on that route in February."""
    route_no = stage.district.route_of(stage.district.stories["guessed"]).route_no
    (card,) = await stage.all("reading", "/v1/scorecards", month=MONTHS[1].cycle, route_no=route_no, reader=READER)
    read = card["early"] + card["on_time"] + card["late"]
    counts = ", ".join(f"{card[name]} {name}" for name in ("on_time", "late", "estimated", "missed", "wrong"))
    return f"  scorecard of {READER} on {route_no}, {card['month']}: {read} of {card['expected']} read; {counts}"


async def _guesses(stage: Stage) -> list[dict[str, Any]]:
    point = stage.district.customers[stage.district.stories["guessed"]].service_point_no
    return await stage.all("reading", "/v1/conduct-findings", rule=GUESS, subject=point)


async def lines(stage: Stage, story: str) -> list[str]:
    """Return what the page says of a story of this file; nothing of others."""
    point = stage.district.customers[stage.district.stories[story]].service_point_no
    if story in ANSWERS:
        (one,) = await stage.all("reading", "/v1/read-day-proposals", service_point_no=point)
        said = f"asked on {ASKED_ON}, says {one['answer']} by {one['way']}: {one['state']}"
        to = one["first_on"] if one["state"] == "effective" else one["now_on"]
        return [f"  {said}; {FROM_CYCLE} is read on {to}"]
    if story == "guessed":
        (found,) = await _guesses(stage)
        reads = f"the last {found['numbers']['cycles']} of {found['reader']}"
        verdict = f"  {GUESS} ({reads}): {found['state']} by {found['decided_by']}, {found['explanation']}"
        return [verdict, await _scorecard_line(stage)]
    if story == "doubt":
        one = await stage.get("reading", f"/v1/disputes/{DISPUTE_NO}")
        return [f"  dispute of {', '.join(one['cycles'])}: {one['state']} by {one['outcome']} after the history"]
    return []


def _of_stories(stage: Stage) -> dict[str, str]:
    return {stage.district.customers[stage.district.stories[story]].service_point_no: story for story in ANSWERS}
