"""Who had a hand in a case approves nothing of it, whoever has the case by then."""

from datetime import date

from shared.events.billing import ChargeIssued, SiteOrderRequested
from shared.events.reading import SiteOrderDone
from tests.integration.billing.cases.test_adjustments import BACK, adjusted
from tests.integration.billing.cases.test_adjustments import SAID as ADJUSTED
from tests.integration.billing.cases.test_calculations import theft
from tests.integration.billing.cases.test_charges import SAID, calculated, charged, pending
from tests.integration.billing.cases.test_reclass import RECLASS, a_workshop
from tests.kits.billing import Desk, account
from tests.kits.cases import ask, got, listed, opened

SEAL = {"evidence_no": "E1", "kind": "seal", "reference": "SEAL-77", "seen_on": "2026-02-11"}
HANDS = ("investigator", "proves", "withdraws", "checks", "sends", "visitor-1", "gives")
REFUSED = ("refused", "case.had_a_hand")


async def given(desk: Desk, number: str, assignee: str) -> None:
    assert (await ask(desk, f"cases/{number}/assignment", {"assignee": assignee}, subject="gives"))[0] == 200


async def worked_on(desk: Desk, number: str) -> None:
    """Let everybody have a hand in a case that somebody else has afterwards."""
    path = f"cases/{number}"
    await given(desk, number, "investigator")
    assert (await ask(desk, f"{path}/evidence", {"items": [SEAL]}, subject="proves"))[0] == 200
    assert (await ask(desk, f"{path}/evidence/E1/withdrawal", {"reason": "smudged"}, subject="withdraws"))[0] == 200
    step = {"step": "site_check", "business_date": "2026-02-14"}
    assert (await ask(desk, f"{path}/steps", step, subject="checks"))[0] == 200
    assert (await ask(desk, f"{path}/site-orders", {"kind": "inspection"}, subject="sends"))[0] == 200
    (asked,) = await desk.published(SiteOrderRequested)
    done = SiteOrderDone(
        order_no=asked.request_id,
        service_point_no="SP1",
        org_unit="zj/hangzhou",
        kind="inspection",
        requested_by=asked.requested_by,
        reference=number,
        done_on=date(2026, 2, 16),
        result="tampered",
        visited_by="visitor-1",
    )
    await desk.hear(SiteOrderDone, done)
    await given(desk, number, "inspector-1")


async def test_earlier_hands_give_neither_of_the_two_approvals_of_a_charge(desk: Desk) -> None:
    await desk.open(account(1))
    number = await opened(desk)
    path = f"cases/{number}"
    await worked_on(desk, number)
    seen = (await got(desk, path))["row_version"]
    assert (await ask(desk, f"{path}/calculations", theft(), seen=seen))[0] == 200
    _, first = await ask(desk, f"{path}/proposal", SAID, seen=seen + 1)
    assert set((await pending(desk, "case.charge"))["content"]["had_a_hand"]) == {*HANDS, "inspector-1"}
    for who in HANDS:
        assert await desk.second(first, subject=who) == REFUSED, who
    assert await desk.second(first, subject="second-1") == ("done", None)
    second = await pending(desk, "case.charge.second")
    for who in HANDS:
        assert await desk.second(second, subject=who) == REFUSED, who
    assert await desk.published(ChargeIssued) == []
    assert await desk.second(second, subject="third-1") == ("done", None)


async def test_a_hand_in_it_after_the_proposal_counts_as_well(desk: Desk) -> None:
    number = await calculated(desk)
    _, told = await ask(desk, f"cases/{number}/proposal", SAID, seen=2)
    step = {"step": "site_check", "business_date": "2026-02-20"}
    assert (await ask(desk, f"cases/{number}/steps", step, subject="second-1"))[0] == 200
    assert await desk.second(told, subject="second-1") == REFUSED
    assert await desk.second(told, subject="second-2") == ("done", None)


async def test_earlier_hands_approve_no_adjustment(desk: Desk) -> None:
    await desk.open(account(1))
    number = await opened(desk, "meter_error")
    path = f"cases/{number}"
    await worked_on(desk, number)
    seen = (await got(desk, path))["row_version"]
    given = {"kwh": "1050", "error": "0.05", "price": "0.5"}
    body = {"calculation": "meter_error", "breach_on": "2010-06-01", "input": given}
    assert (await ask(desk, f"{path}/calculations", body, seen=seen))[0] == 200
    _, told = await ask(desk, f"{path}/proposal", ADJUSTED | {"calculation": 1}, seen=seen + 1)
    for who in HANDS:
        assert await desk.second(told, subject=who) == REFUSED, who
    assert await desk.second(told) == ("done", None)


async def test_earlier_hands_approve_no_other_class(desk: Desk) -> None:
    number = await a_workshop(desk)
    await worked_on(desk, number)
    desk.two_people(bill__decision=[], bill__release=[])
    seen = (await got(desk, f"cases/{number}"))["row_version"]
    assert (await ask(desk, f"cases/{number}/reclassing", RECLASS, seen=seen))[0] == 202
    (asked,) = await listed(desk, "approvals", state="pending", kind="account.billed_days")
    for who in HANDS:
        assert await desk.second(asked, subject=who) == REFUSED, who
    assert (await got(desk, "accounts/A1"))["facts"][-1]["customer_class"] == "residential"
    assert await desk.second(asked) == ("done", None)


async def test_who_calculated_or_proposed_a_charge_does_not_approve_its_withdrawal(desk: Desk) -> None:
    number = await charged(desk)
    charge = (await got(desk, f"cases/{number}"))["charges"][0]["charge_no"]
    body = {"cause": "waived", "explanation": "asked by another one"}
    _, told = await ask(desk, f"charges/{charge}/withdrawal", body, subject="inspector-7")
    assert await desk.second(told, subject="inspector-1") == REFUSED
    assert await desk.second(told, subject="second-1") == ("done", None)


async def test_who_calculated_an_adjustment_does_not_approve_that_it_is_taken_back(desk: Desk) -> None:
    _, document = await adjusted(desk)
    _, told = await ask(desk, f"adjustments/{document}/withdrawal", BACK, subject="inspector-7")
    assert await desk.second(told, subject="inspector-1") == REFUSED
    assert await desk.second(told, subject="second-1") == ("done", None)
