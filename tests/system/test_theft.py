"""A theft with unknown start on four services: an alarm and a tip, charged by three people, disputed, half withdrawn."""

from datetime import date, timedelta
from typing import Any

from tests.kits.installation import TOWN, Installation
from tests.system.test_dispute_ladder import eventually

HOME = TOWN[10]
POINT = HOME.service_point_no


def opened_by_an_alarm_and_a_tip(town: Installation) -> str:
    alarm = {"meter_no": HOME.meter_no, "happened_at": "2026-02-05T03:12:00+08:00", "kind": "cover_opened"}
    alarm |= {"source": "meter", "state": "occurred"}
    said = {"message_id": "headend-theft", "items": [alarm]}
    town.call("POST", "reading", "/v1/meter-events", said, who="uploader-1")
    path = f"/v1/cases?service_point_no={POINT}&kind=theft"
    (case,) = town.until("the case", "billing", path, 1)
    assert (case["first_signal_on"], case["account_no"]) == ("2026-02-05", HOME.account_no)
    tip = {"tip_no": "hotline-1", "kind": "theft", "service_point_no": POINT, "seen_on": "2026-02-03"}
    town.call("POST", "billing", "/v1/case-signals", {"items": [tip]}, who="hotline-1")
    (case,) = town.items("billing", path)
    assert case["first_signal_on"] == "2026-02-03", "the clock is the tip's, which came later"
    number: str = case["case_no"]
    return number


def act(town: Installation, number: str, what: str, **body: Any) -> Any:
    seen = town.call("GET", "billing", f"/v1/cases/{number}")["row_version"]
    path = f"/v1/cases/{number}/{what}"
    return town.call("POST", "billing", path, body, who="inspector-1", **{"If-Match": f'"{seen}"'})


def decided(town: Installation, asked: dict[str, Any], who: str) -> None:
    items = [{name: asked[name] for name in ("approval_id", "content_hash")}]
    body = {"decision": "approve", "explanation": "compared with the evidence", "items": items}
    town.call("POST", "billing", "/v1/approvals/decisions", body, who=who)


def charged(town: Installation, number: str) -> dict[str, dict[str, Any]]:
    act(town, number, "assignment", assignee="inspector-1")
    proof = {"evidence_no": "E1", "kind": "measured_load", "reference": "CLAMP-14", "kw": "2", "seen_on": "2026-02-05"}
    act(town, number, "evidence", items=[proof])
    given = {"price": "0.538", "loads": [{"kw": "2", "use": "lighting"}]}
    worked = act(town, number, "calculations", calculation="theft", breach_on="2024-05-01", input=given)
    # 2 kW, 180 days since nobody knows since when, 6 hours a day; three times of it as penalty
    assert [item["formula"] for item in worked["items"]] == [
        "2 kW x 180 days x 6 hours = 2160",
        "2160 kWh x 0.538 yuan = 1162.08",
        "1162.08 yuan x 3 = 3486.24",
    ]
    decided(town, act(town, number, "proposal", calculation=1, explanation="The cover was open."), "second-1")
    pending = town.items("billing", "/v1/approvals?state=pending&kind=case.charge.second")
    decided(town, next(asked for asked in pending if asked["subject_id"] == number), "third-1")
    charges = {one["component"]: one for one in town.items("billing", f"/v1/charges?case_no={number}")}
    assert {name: one["amount_fen"] for name, one in charges.items()} == {"back_billing": 116208, "penalty": 348624}
    return charges


def owed(town: Installation, charge: dict[str, Any]) -> dict[str, Any]:
    path = f"/v1/receivables?document_id={charge['charge_no']}"
    (found,) = town.until("the receivable", "collection", path, 1)
    return found


def test_a_theft_with_unknown_start_is_charged_by_three_people_paid_disputed_and_half_withdrawn(
    town: Installation,
) -> None:
    number = opened_by_an_alarm_and_a_tip(town)
    charges = charged(town, number)
    back, penalty = charges["back_billing"], charges["penalty"]
    cycle, issued = back["cycle"], date.fromisoformat(back["issued_on"])
    assert {owed(town, one)["outstanding_fen"] for one in (back, penalty)} == {116208, 348624}
    town.until_agreed(cycle)

    # the penalty is disputed: of the two only the back-billing is reminded of
    until = (issued + timedelta(days=28)).isoformat()
    said = {"held_until": until, "explanation": "Objects in writing."}
    town.call("POST", "billing", f"/v1/charges/{penalty['charge_no']}/hold", said, who="inspector-1")
    town.until("the hold", "collection", f"/v1/charge-holds?account_no={HOME.account_no}&held_on={until}", 1)
    # the town has judged cases as of 1 March
    late = max(date.fromisoformat(back["due_on"]) + timedelta(days=3), date(2026, 3, 2))
    town.job("collection", "remind", late.isoformat())
    reminded = {
        debt["receivable_id"]
        for one in town.items("collection", f"/v1/dunning-steps?account_no={HOME.account_no}")
        for debt in one["debts"]
    }
    assert owed(town, back)["receivable_id"] in reminded
    assert owed(town, penalty)["receivable_id"] not in reminded

    # the penalty is withdrawn: it is reversed, and all books agree
    gone = {"cause": "appeal_upheld", "explanation": "The cover was opened by the utility's own people."}
    path = f"/v1/charges/{penalty['charge_no']}/withdrawal"
    decided(town, town.call("POST", "billing", path, gone, who="inspector-1"), "second-1")
    eventually(lambda: owed(town, penalty)["status"] == "reversed")
    assert owed(town, back)["status"] == "open"
    assert town.call("GET", "billing", f"/v1/cases/{number}")["outcome_fen"] == 116208
    town.until_agreed(cycle)
    assert town.call("GET", "collection", "/v1/invariants")["holds"]
