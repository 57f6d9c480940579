"""A theft (窃电) in the district: an alarm and a tip, what was found, what it comes to, and three people who agree on it."""

from typing import Any, Final

from services.demo import setup
from services.demo.play import NEW
from services.demo.stage import DemoFailed, Stage

STORY: Final = "theft"
TIP_NO, EVIDENCE_NO = "TIP-DEMO-1", "E1"
TIP_ON, FOUND_ON, PROPOSED_ON = "2026-01-17", "2026-01-20", "2026-02-04"
ALARM_AT, VISITED_AT = "2026-01-18T03:12:00+08:00", "2026-01-20T10:00:00+08:00"
KW, PRICE = "2", "0.538"
FIGURES: Final = {"theft/hours_a_day/lighting": "6", "theft/unknown_start_days": "180", "theft/times": "3"}
"""What the rules of 2024 leave to the utility: hours a day, days where nobody knows since when, times of the penalty."""
APPROVALS: Final = (("case.charge", "reviewer-2"), ("case.charge.second", "supervisor-1"))
"""Who decides on what, one after the other; neither has had a hand in the case."""


def _point(stage: Stage) -> str:
    return stage.district.customers[stage.district.stories[STORY]].service_point_no


async def _cases(stage: Stage) -> list[dict[str, Any]]:
    return await stage.all("billing", "/v1/cases", service_point_no=_point(stage), kind="theft")


async def suspect(stage: Stage) -> None:
    """Let the meter tell that its cover was opened, and somebody that there is something: both are of one case."""
    i = stage.district.stories[STORY]
    head_end = setup.head_end(stage.district.route_of(i))
    alarm = {"meter_no": stage.district.customers[i].meter_no, "happened_at": ALARM_AT, "kind": "cover_opened"}
    await stage.push(head_end, "/v1/meter-events", [alarm | {"source": "meter", "state": "occurred"}], NEW)
    tip = {"tip_no": TIP_NO, "kind": "theft", "service_point_no": _point(stage), "seen_on": TIP_ON}
    answer = await stage.call("hotline-1", "POST", "billing", "/v1/case-signals", {"items": [tip]})
    stage.count(answer, {"done"})

    async def joined() -> bool:
        signals = await stage.all("billing", "/v1/case-signals", service_point_no=_point(stage), state="joined")
        return {each["source"] for each in signals} == {"alarm", "tip"}

    await stage.until("alarm and tip are signals of a case", joined)
    stage.say("a cover was opened, and somebody tells of a theft: a case of two signals")


async def _act(stage: Stage, what: str, **body: Any) -> None:
    (case,) = await _cases(stage)
    path, seen = f"/v1/cases/{case['case_no']}/{what}", {"If-Match": f'"{case["row_version"]}"'}
    await stage.call("investigator-1", "POST", "billing", path, body, headers=seen)


async def investigate(stage: Stage) -> None:
    """Look at the place, as the alarm had asked for, and keep as evidence what was seen and measured."""
    (order,) = await stage.all("reading", "/v1/site-orders", service_point_no=_point(stage))
    report = {"order_no": order["order_no"], "visited_at": VISITED_AT, "result": "tampered"}
    answer = await stage.call("inspector-1", "POST", "reading", "/v1/site-orders/reports", {"items": [report]})
    stage.count(answer, {"done"})
    await _act(stage, "assignment", assignee="investigator-1")
    seen = {"evidence_no": EVIDENCE_NO, "kind": "measured_load", "reference": "CLAMP-14", "kw": KW, "seen_on": FOUND_ON}
    visit = {"evidence_no": "E2", "kind": "site_order", "reference": order["order_no"], "seen_on": FOUND_ON}
    await _act(stage, "evidence", items=[seen, visit])
    stage.say(f"an inspector finds the meter tampered with, and a load of {KW} kW beside it")


async def propose(stage: Stage) -> None:
    """Calculate by the rules of that day, with a start that nobody knows, and propose to charge it."""
    given = {"price": PRICE, "loads": [{"kw": KW, "use": "lighting"}]}
    of_day = {"breach_on": FOUND_ON, "business_date": PROPOSED_ON}
    await _act(stage, "calculations", calculation="theft", input=given, figures=FIGURES, **of_day)
    proposal = {"calculation": 1, "explanation": "The cover was open, and a line went past the meter."}
    await _act(stage, "proposal", business_date=PROPOSED_ON, **proposal)
    stage.say("what was taken is calculated and proposed")


async def charge(stage: Stage) -> None:
    """Approve as two more people what is charged; back-billing and penalty are owed, each by itself."""
    (case,) = await _cases(stage)
    for kind, who in APPROVALS:
        asked = await stage.all("billing", "/v1/approvals", kind=kind)
        await stage.approve("billing", *(each for each in asked if each["subject_id"] == case["case_no"]), who=who)
    charges = {each["charge_no"]: each for each in await _charges(stage, case["case_no"])}
    if sorted(each["component"] for each in charges.values()) != ["back_billing", "penalty"]:
        raise DemoFailed(f"the theft is charged by {len(charges)} documents instead of two")

    async def owed() -> bool:
        receivables = await stage.all("collection", "/v1/receivables", account_no=case["account_no"])
        return charges.keys() <= {each["document_id"] for each in receivables}

    await stage.until("both charges are owed", owed)
    stage.say("two more people agree: back-billing and penalty are charged, a document each")


async def _charges(stage: Stage, case_no: str) -> list[dict[str, Any]]:
    return await stage.all("billing", "/v1/charges", case_no=case_no)


async def lines(stage: Stage, story: str) -> list[str]:
    """Return what the page says of the theft; nothing of other stories."""
    if story != STORY:
        return []
    (head,) = await _cases(stage)
    case = await stage.get("billing", f"/v1/cases/{head['case_no']}")
    signals = ", ".join(sorted(f"{each['code']} {each['seen_on']}" for each in case["signals"]))
    evidence = ", ".join(sorted(each["kind"] for each in case["evidence"]))
    told = [f"  case {case['kind']} since {case['first_signal_on']} ({signals}; {evidence}): {case['state']}"]
    told += [f"    {item['formula']}" for worked in case["calculations"] for item in worked["items"]]
    for each in sorted(case["charges"], key=lambda charge: charge["component"]):
        hands = f"proposed by {each['proposed_by']}, approved by {each['first_by']} and {each['second_by']}"
        fen = each["amount_fen"]
        told.append(f"    {each['component']} {fen // 100:,}.{fen % 100:02} yuan on {each['issued_on']}: {hands}")
    return told
