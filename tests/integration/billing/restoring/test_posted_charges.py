"""After a restore billing keeps charges and adjustments as collection has posted them: none goes out a second time."""

from typing import Any

import pytest

from shared.events.billing import AdjustmentIssued, ChargeIssued
from tests.integration.billing.cases.test_calculations import theft
from tests.integration.billing.cases.test_charges import SAID, calculated, charged, pending
from tests.integration.billing.replays.test_later_documents import adjustment_of_a_case
from tests.integration.billing.replays.test_replays import _adjusted, _tested, planted, replayed
from tests.kits.billing import Desk, account, usage
from tests.kits.cases import ask, got, listed


def posted(fact: Any, *, stands: bool = True, **more: Any) -> dict[str, Any]:
    """A document as collection lists it."""
    if isinstance(fact, ChargeIssued):
        one: Any = fact.charge
        kind, number, fen = "charge", one.charge_no, one.amount_fen
        parts = [{"component": one.component, "amount_fen": fen}]
    else:
        one = fact
        kind, number, fen = "adjustment", fact.adjustment_id, fact.total_fen
        parts = [part.model_dump() for part in fact.components]
    return {
        "document_kind": kind,
        "document_id": number,
        "issued_on": str(one.issued_on),
        "due_on": str(one.due_on),
        "total_fen": fen,
        "components": parts,
        "stands": stands,
        "cycle": one.cycle,
        "service_point_no": one.service_point_no,
    } | more


async def adopt(desk: Desk, *items: dict[str, Any], status: int = 200) -> list[Any]:
    async with desk.client("restore:run", subject="operator") as client:
        answer = await client.post("/v1/posted-documents", json={"account_no": "A1", "items": list(items)})
    assert answer.status_code == status, answer.text
    return [(each["status"], each.get("code")) for each in answer.json()["outcomes"]]


async def lose(desk: Desk, *tables: str, state: str = "calculated") -> None:
    """Put the database back to a dump from before a case ended."""
    for table in tables:
        await planted(desk, f"DELETE FROM {table}")
    await planted(desk, "UPDATE case_file SET state = :state, ended_on = NULL", state=state)
    await planted(desk, "DELETE FROM case_event")
    await planted(desk, "UPDATE case_file SET row_version = 2")


async def test_charges_that_went_out_are_adopted_and_end_their_case(desk: Desk) -> None:
    number = await charged(desk)
    before = await desk.published(ChargeIssued)
    await lose(desk, "case_charge")
    items = [posted(fact) for fact in before]
    assert await adopt(desk, *items) == [("done", None)] * 2
    assert await adopt(desk, *items) == [("already_done", None)] * 2
    case = await got(desk, f"cases/{number}")
    assert (case["state"], case["outcome_fen"]) == ("charged", 259_200)
    assert [(one["component"], one["amount_fen"]) for one in case["charges"]] == [
        ("back_billing", 64_800),
        ("penalty", 194_400),
    ]
    told = [fact.charge for fact in await desk.published(ChargeIssued)]
    assert told == [fact.charge for fact in (*before, *before)], "who was restored as well hears of them"
    for fact in before:
        assert (await replayed(desk, fact.charge.charge_no))["result"] == "equal"
    entries = await listed(desk, "audit-entries", entity_kind="charge", entity_id=before[0].charge.charge_no)
    assert (entries[-1]["action"], entries[-1]["actor"]) == ("charge.adopted", "operator")


@pytest.mark.parametrize("state", ["open", "investigating", "calculated", "awaiting_approval"])
async def test_what_was_calculated_is_lost_and_its_number_is_not_used_again(desk: Desk, state: str) -> None:
    number = await charged(desk)
    before = await desk.published(ChargeIssued)
    await lose(desk, "case_charge", "case_calculation", state=state)
    assert await adopt(desk, *map(posted, before)) == [("done", None)] * 2
    assert await desk.published(ChargeIssued) == before, "what it was made from is not known: it is not told again"
    traced = await got(desk, f"trace/charge/{before[0].charge.charge_no}")
    assert "adopted" in str(traced)
    found = await replayed(desk, before[0].charge.charge_no)
    assert (found["result"], found["documents"][0]["reason"]) == ("not_replayable", "adopted")
    case = await got(desk, f"cases/{number}")
    assert (case["state"], case["outcome_fen"]) == ("charged", 259_200)
    again = {"reason": "charged too much"}
    assert (await ask(desk, f"cases/{number}/reopening", again, seen=case["row_version"]))[0] == 200
    seen = (await got(desk, f"cases/{number}"))["row_version"]
    status, made = await ask(desk, f"cases/{number}/calculations", theft(), seen=seen)
    assert (status, made["number"]) == (200, 2)


async def test_who_was_asked_before_approves_nothing_any_more(desk: Desk) -> None:
    number = await calculated(desk)
    _, told = await ask(desk, f"cases/{number}/proposal", SAID, seen=2)
    await desk.second(told, subject="second-1")
    second = await pending(desk, "case.charge.second")
    await desk.second(second, subject="third-1")
    before = await desk.published(ChargeIssued)
    await lose(desk, "case_charge", state="awaiting_approval")
    await planted(desk, "UPDATE case_file SET row_version = 3")
    await planted(desk, "UPDATE approval SET state = 'pending', decided_by = NULL WHERE kind = 'case.charge.second'")
    assert await adopt(desk, *map(posted, before)) == [("done", None)] * 2
    status, _ = await desk.second(second, subject="third-1")
    assert status == "refused"
    assert len(await listed(desk, "charges")) == 2


async def test_what_was_issued_again_on_another_day_is_as_it_was_posted(desk: Desk) -> None:
    await charged(desk)
    before = await desk.published(ChargeIssued)
    items = [posted(fact, issued_on="2026-02-18", due_on="2026-03-10") for fact in before]
    assert await adopt(desk, *items) == [("done", None)] * 2
    shown = await listed(desk, "charges")
    assert {(one["issued_on"], one["due_on"]) for one in shown} == {("2026-02-18", "2026-03-10")}
    gone = posted(before[0], stands=False, issued_on="2026-02-18", due_on="2026-03-10", taken_back_on="2026-03-05")
    assert await adopt(desk, gone) == [("done", None)]
    assert await adopt(desk, gone) == [("already_done", None)]
    (withdrawn,) = [one for one in await listed(desk, "charges") if one["withdrawn_on"]]
    assert (withdrawn["charge_no"], withdrawn["withdrawn_on"]) == (before[0].charge.charge_no, "2026-03-05")


async def test_a_charge_of_no_case_is_refused(desk: Desk) -> None:
    await charged(desk)
    (one, _) = await desk.published(ChargeIssued)
    of_nothing = posted(one, document_id="019c167f-cc00-8a5e-a1e9-622f84334dba")
    assert await adopt(desk, of_nothing) == [("refused", "charge.key_unknown")]
    other = of_nothing | {"document_kind": "adjustment", "document_id": "nobodys"}
    assert await adopt(desk, other) == [("refused", "adjustment.key_unknown")]


async def test_large_charges_are_kept_by_two_people(desk: Desk) -> None:
    await charged(desk)
    before = await desk.published(ChargeIssued)
    await lose(desk, "case_charge")
    desk.two_people(bill__adopt=[{"from_fen": 100_000, "second": "billing:review"}])
    assert {status for status, _ in await adopt(desk, *map(posted, before), status=202)} == {"awaiting_approval"}
    assert await listed(desk, "charges") == []
    assert await desk.second(await pending(desk, "bill.adopt")) == ("done", None)
    assert len(await listed(desk, "charges")) == 2


async def test_adjustments_of_a_tested_meter_are_adopted_and_nothing_more_is_adjusted(desk: Desk) -> None:
    await desk.open(account(1))
    for cycle in (1, 2):
        await desk.released(usage(1, cycle, 103))
    await _tested(desk, "3.0")
    await _adjusted(desk, "2026-03-10")
    await _tested(desk, "4.0", version=2)
    await _adjusted(desk, "2026-03-11")
    before = await desk.published(AdjustmentIssued)
    assert [fact.reverses is not None for fact in before] == [False, True, False]
    shown = await listed(desk, "adjustments")
    await planted(desk, "DELETE FROM adjustment")
    assert await adopt(desk, *(posted(fact) for fact in reversed(before))) == [("done", None)] * 3
    assert await adopt(desk, *map(posted, before)) == [("already_done", None)] * 3
    told = await desk.published(AdjustmentIssued)
    await planted(desk, "DELETE FROM job_run")
    await _adjusted(desk, "2026-03-12")
    assert await desk.published(AdjustmentIssued) == told, "what follows from the test stands"
    names = ("adjustment_id", "total_fen", "reverses", "issued_on", "cycle")
    assert [{name: one[name] for name in names} for one in await listed(desk, "adjustments")] == [
        {name: one[name] for name in names} for one in shown
    ]
    results = [(await replayed(desk, fact.adjustment_id))["result"] for fact in before]
    assert results == ["not_replayable", "equal", "equal"], "of the test that was is nothing known"


async def test_an_adjustment_that_was_made_again_otherwise_is_as_it_was_posted(desk: Desk) -> None:
    await desk.open(account(1))
    for cycle in (1, 2):
        await desk.released(usage(1, cycle, 103))
    await _tested(desk, "3.0")
    await _adjusted(desk, "2026-03-10")
    (fact,) = await desk.published(AdjustmentIssued)
    out = posted(fact, total_fen=-100, components=[{"component": "energy", "amount_fen": -100}], issued_on="2026-03-09")
    assert await adopt(desk, out) == [("done", None)]
    await planted(desk, "DELETE FROM job_run")
    await _adjusted(desk, "2026-03-12")
    rows = await listed(desk, "adjustments")
    assert min(rows, key=lambda one: str(one["issued_on"]))["total_fen"] == -100
    assert sum(one["total_fen"] for one in rows) == fact.total_fen, "what is right now goes out above it"


async def test_adjustments_of_a_case_are_adopted(desk: Desk) -> None:
    await adjustment_of_a_case(desk)
    before = await desk.published(AdjustmentIssued)
    shown = await listed(desk, "adjustments")
    await lose(desk, "adjustment", state="investigating")
    assert await adopt(desk, *map(posted, before)) == [("done", None)] * 3
    without = {"test_version": None}  # of one that takes another back it says nothing
    assert [one | without for one in await listed(desk, "adjustments")] == [one | without for one in shown]
    (case,) = await listed(desk)
    assert (case["state"], case["outcome_fen"]) == ("adjusted", before[-1].total_fen)
    for fact in before:
        assert (await replayed(desk, fact.adjustment_id))["result"] == "equal"
