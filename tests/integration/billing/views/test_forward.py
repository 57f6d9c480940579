"""From a usage to bills, findings and decisions, and from a case to its charges, by the same edges as back."""

import pytest

from services.billing.bills.domain.policy import DELTA
from shared.events.billing import BillCorrected
from tests.integration.billing.bills.test_differences import again
from tests.integration.billing.cases.test_charges import charged
from tests.integration.billing.cases.test_reclass import RECLASS, a_workshop
from tests.kits.billing import PLAIN, Desk, account, usage
from tests.kits.cases import ask, got, listed
from tests.kits.walks import both_ways, derived, kinds


async def test_a_bill_and_its_lines_are_found_from_the_usage_and_from_the_tariff_version(desk: Desk) -> None:
    await desk.open(account(1), account(2))
    await desk.released(usage(1), usage(2))
    async with desk.client() as client:
        edges = await both_ways(client, "billing", ("reading", "usage", "U-1-1-1"))
        assert kinds(edges) >= {
            *(("bill", "usage"), ("bill", "bill_line"), ("bill_line", "usage"), ("bill_line", "tariff_version")),
        }
        tariff = ("billing", "tariff_version", f"{PLAIN}@1")
        lines = await derived(client, tariff)
        assert len({one[2].rpartition(":")[0] for one in lines}) == 2
        assert await derived(client, tariff, limit=1) == lines
        assert await derived(client, ("billing", "tariff_version", f"{PLAIN}@9")) == []
    async with desk.client(org_units=("nowhere",)) as other:
        assert await derived(other, tariff) == await derived(other, ("reading", "usage", "U-1-1-1")) == []


async def test_a_held_bill_leads_over_its_findings_to_the_decision(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 20_000))
    ((bill_id, status),) = await desk.bills("bill_id", "status")
    assert status == "held"
    await desk.decide(bill_id, "approve", "2026-02-03")
    async with desk.client() as client:
        edges = await both_ways(client, "billing", ("reading", "usage", "U-1-1-1"))
        assert kinds(edges) >= {
            *(("finding", "usage"), ("finding", "bill_line"), ("decision", "finding"), ("bill", "finding")),
            *(("bill", "decision"), ("bill", "approval"), ("case", "finding")),
        }
        (decision,) = {of for of, _ in edges if of[1] == "decision"}
        said = (await client.get(f"/v1/trace/decision/{decision[2]}")).json()
        assert said["document"]["decision"] == "approve"
        assert "looked at" not in str(said), "the words of people are not shown"


@pytest.mark.parametrize("style", ["reversal_and_new", DELTA])
async def test_a_correction_and_its_differences_are_found_from_the_bills(desk: Desk, style: str) -> None:
    desk.correct_by(style)
    await desk.open(account(1))
    await desk.released(usage(1, 1, 300))
    await desk.measure(again(1, 1, 200))
    async with desk.client() as client:
        edges = await both_ways(client, "billing", ("reading", "usage", "U-1-1-1"))
    assert {("correction", "bill"), ("bill", "bill")} <= kinds(edges)
    assert ({("difference", "bill"), ("difference", "correction")} <= kinds(edges)) is (style == DELTA)


async def test_a_case_leads_to_its_charges_which_name_their_two_approvals(desk: Desk) -> None:
    number = await charged(desk)
    async with desk.client() as client:
        edges = await both_ways(client, "billing", ("billing", "case", number))
        charges = [of for of, origin in edges if origin == ("billing", "case", number) and of[1] == "charge"]
        shown = (await client.get(f"/v1/trace/charge/{charges[0][2]}")).text
    assert len(charges) == 2
    approvals = {one["approval_id"] for one in await listed(desk, "approvals", state="approved")}
    for charge in charges:
        found = {origin[2] for of, origin in edges if of == charge and origin[1] == "approval"}
        assert len(found) == 2
        assert found <= approvals
    assert "the seal is broken" not in shown


async def test_a_case_leads_over_its_change_of_class_to_the_corrections_of_the_bills_that_it_touched(
    desk: Desk,
) -> None:
    number = await a_workshop(desk)
    seen = (await got(desk, f"cases/{number}"))["row_version"]
    assert (await ask(desk, f"cases/{number}/reclassing", RECLASS, seen=seen))[0] == 200
    await desk.approve_all("2026-03-12")
    async with desk.client() as client:
        edges = await both_ways(client, "billing", ("billing", "case", number))
    corrections = {fact.correction_id for fact in await desk.published(BillCorrected)}
    assert corrections
    assert {of[2] for of, origin in edges if (of[1], origin[1]) == ("correction", "reclass")} == corrections


async def test_a_usage_takes_as_many_statements_for_many_lines_as_for_one(desk: Desk) -> None:
    await desk.open(account(1), account(2))
    await desk.released(usage(1), usage(2, 1, 900))
    counts = []
    seen = desk.watch()
    async with desk.client() as client:
        for n in (1, 2):
            before = len(seen)
            await derived(client, ("reading", "usage", f"U-{n}-1-1"))
            counts.append(len(seen) - before)
    assert counts[0] == counts[1]
