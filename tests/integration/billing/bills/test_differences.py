"""Corrections by difference: the issued bill stands, a difference document tells what came instead, over any number of turns."""

from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest

from services.billing.bills.domain.policy import DELTA, REVERSAL_AND_NEW
from services.billing.business_day import store as business_day
from services.billing.settings import DEFAULT_POLICY
from services.billing.tariffs.tables import RATING_DOCUMENT
from shared.events.billing import BillCorrected, BillIssued
from shared.events.reading import UsageMeasured
from tests.kits import billing as billing_kit
from tests.kits.billing import Desk, account, usage

DOCUMENTS = ("documents_issued", "documents_fen", "issued_fen", "reversed_fen")


@pytest.fixture(autouse=True)
def by_difference(desk: Desk) -> None:
    desk.correct_by(DELTA)


def again(n: int, cycle: int, kwh: int, version: int = 2) -> UsageMeasured:
    return usage(n, cycle, kwh, version=version, replaces_reason="misread")


async def totals(desk: Desk, cycle: str = "2026-01") -> list[int]:
    found = await desk.totals(cycle)
    return [found[name] for name in DOCUMENTS]


async def differences(desk: Desk) -> list[tuple[str, int]]:
    facts = await desk.published(BillCorrected)
    return [(one.cycle, one.total_fen) for fact in facts for one in fact.differences]


async def test_the_issued_bill_stands_and_its_difference_is_told_in_one_fact(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 300))
    await desk.measure(again(1, 1, 200))
    (fact,) = await desk.published(BillCorrected)
    (issued,) = await desk.published(BillIssued)
    (told,) = fact.differences
    assert fact.reversals == (issued.bill,)
    assert (told.bill_id, told.replacement_id) == (issued.bill.bill_id, fact.replacements[0].bill_id)
    assert (told.cycle, told.due_on, told.total_fen) == ("2026-01", date(2026, 2, 22), -5380)
    assert [(part.component, part.amount_fen) for part in told.components] == [("energy", -5380)]
    assert await desk.bills("version", "status", "by_difference") == [(1, "adjusted", False), (2, "issued", True)]
    assert await totals(desk) == [2, 10760, 10760, 0]


async def test_every_bill_that_the_ladder_moves_has_its_difference(desk: Desk) -> None:
    await desk.open(account(1))
    for cycle in (1, 2, 3):
        await desk.released(usage(1, cycle, 1000))
    await desk.measure(again(1, 1, 700))
    # 240 kWh of March stood above tier 1 of 2,760 kWh; none do now
    assert await differences(desk) == [("2026-01", -300 * 53.8), ("2026-03", -240 * 5)]
    assert await desk.bills("version", "status", cycle="2026-02") == [(1, "issued")]


async def test_a_bill_told_by_difference_is_adjusted_again_whatever_the_policy_says_now(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 300))
    await desk.measure(again(1, 1, 200))
    desk.correct_by(REVERSAL_AND_NEW)
    await desk.measure(again(1, 1, 250, version=3))
    assert await differences(desk) == [("2026-01", -5380), ("2026-01", 2690)]
    expected = [(1, "adjusted", False), (2, "adjusted", True), (3, "issued", True)]
    assert await desk.bills("version", "status", "by_difference") == expected
    assert await totals(desk) == [3, 13450, 13450, 0]


async def test_a_bill_that_was_issued_anew_can_be_adjusted_later(desk: Desk) -> None:
    desk.correct_by(REVERSAL_AND_NEW)
    await desk.open(account(1))
    await desk.released(usage(1, 1, 300))
    await desk.measure(again(1, 1, 200))
    desk.correct_by(DELTA)
    await desk.measure(again(1, 1, 250, version=3))
    assert await differences(desk) == [("2026-01", 2690)]
    expected = [(1, "reversed", False), (2, "adjusted", False), (3, "issued", True)]
    assert await desk.bills("version", "status", "by_difference") == expected
    assert await totals(desk) == [2, 13450, 13450, 16140]


async def test_one_bill_by_difference_makes_the_whole_correction_one(desk: Desk) -> None:
    await desk.open(account(1))
    for cycle in (1, 2, 3):
        await desk.released(usage(1, cycle, 1000))
    await desk.measure(again(1, 1, 990))  # moves March too
    await desk.released(usage(1, 4, 800))
    desk.correct_by(REVERSAL_AND_NEW)
    await desk.measure(again(1, 4, 700))
    assert [len(f.differences) for f in await desk.published(BillCorrected)] == [2, 0], "April is a document of its own"
    await desk.measure(again(1, 2, 950))  # March and its own bill: one correction, by difference
    third = (await desk.published(BillCorrected))[2]
    assert [one.cycle for one in third.differences] == ["2026-02", "2026-03"]
    assert await desk.bills("version", "status", cycle="2026-04") == [(1, "reversed"), (2, "issued")]
    for month in ("2026-02", "2026-03", "2026-04"):
        _, documents_fen, issued_fen, _ = await totals(desk, month)
        assert documents_fen == issued_fen


async def test_a_cancelled_bill_is_taken_back_by_its_difference_and_later_bills_follow(desk: Desk) -> None:
    await desk.open(account(1))
    for cycle in (1, 2, 3):
        await desk.released(usage(1, cycle, 1000))
    ((bill_id,),) = await desk.bills("bill_id", cycle="2026-01")
    await desk.decide(bill_id, "cancel", "2026-04-10")
    first, second = await desk.published(BillCorrected)
    assert (first.reason, first.replacements) == ("cancelled", ())
    assert [(d.total_fen, d.replacement_id, d.due_on) for d in first.differences] == [(-53800, None, date(2026, 4, 30))]
    assert [(d.cycle, d.total_fen) for d in second.differences] == [("2026-03", -240 * 5)]
    assert await totals(desk) == [2, 0, 0, 0]
    assert (await desk.totals())["usages_left_out"] == 1


async def test_a_usage_after_a_cancelled_bill_is_billed_by_a_document_of_its_own(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 300))
    ((bill_id,),) = await desk.bills("bill_id")
    await desk.decide(bill_id, "cancel", "2026-02-10")
    await desk.measure(again(1, 1, 250))
    await desk.work()
    assert await desk.bills("version", "status", "by_difference") == [(1, "adjusted", False), (2, "issued", False)]
    assert await totals(desk) == [3, 13450, 13450, 0]
    assert (await desk.totals())["usages_left_out"] == 0


async def test_a_bill_that_only_stops_being_an_estimate_has_a_difference_of_nothing(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 300, quality="estimated", estimates_in_a_row=1))
    await desk.measure(again(1, 1, 300))
    (fact,) = await desk.published(BillCorrected)
    assert [(one.total_fen, one.components) for one in fact.differences] == [(0, ())]
    assert await totals(desk) == [2, 16140, 16140, 0]


async def test_a_proposed_correction_is_by_difference_once_approved(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 300))
    await desk.measure(again(1, 1, 5000))
    assert await differences(desk) == []
    ((bill_id,),) = await desk.bills("bill_id", status="proposed")
    await desk.decide(bill_id, "approve", "2026-02-10")
    (fact,) = await desk.published(BillCorrected)
    old, new = fact.reversals[0].total_fen, fact.replacements[0].total_fen
    assert await differences(desk) == [("2026-01", new - old)]


async def test_the_style_of_the_day_of_the_correction_holds(database_url: str, tmp_path: Path) -> None:
    document = orjson.loads(DEFAULT_POLICY.read_bytes())
    later = orjson.loads(orjson.dumps(document["versions"][0]))
    document["versions"][0]["effective"]["to"] = "2026-03-01"
    later |= {"version": "2", "effective": {"from": "2026-03-01", "to": None}}
    later["corrections"]["style"] = DELTA
    document["versions"].append(later)
    (tmp_path / "policy.json").write_bytes(orjson.dumps(document))
    async with billing_kit.desk(database_url, tmp_path, WATTLINE_BILLING_POLICY=str(tmp_path / "policy.json")) as desk:
        await desk.open(account(1), account(2))
        await desk.released(usage(1, 1, 300), usage(2, 1, 300))
        await desk.measure(again(1, 1, 200))  # the business day is 2026-02-02
        async with desk.db.begin() as tx:
            await business_day.advance(tx, date(2026, 3, 1))
        await desk.measure(again(2, 1, 200))
        facts = await desk.published(BillCorrected)
    assert [(f.corrected_on, len(f.differences)) for f in facts] == [(date(2026, 2, 2), 0), (date(2026, 3, 1), 1)]


async def test_a_difference_document_shows_what_changed_line_by_line(desk: Desk) -> None:
    await desk.open(account(1))
    for cycle in (1, 2, 3):
        await desk.released(usage(1, cycle, 1000))
    await desk.measure(again(1, 3, 600))
    async with desk.client() as client:
        (correction,) = (await client.get("/v1/corrections")).json()["items"]
        (listed,) = correction["differences"]
        shown = (await client.get(f"/v1/differences/{listed['difference_id']}")).json()
        old = (await client.get(f"/v1/bills/{listed['bill_id']}")).json()
        new = (await client.get(f"/v1/bills/{listed['replacement_id']}")).json()
    assert correction["style"] == "delta"
    assert {name: shown[name] for name in listed} == listed
    assert sum(line["difference_fen"] for line in shown["lines"]) == shown["total_fen"] == 600 * 53.8 - 55000
    assert sum(shown["components"].values()) == shown["total_fen"]
    before, now = Counter[str](), Counter[str]()
    for line in shown["lines"]:
        before[line["charge"]] += line["before_fen"]
        now[line["charge"]] += line["now_fen"]
    assert (dict(before), dict(now)) == (_changed(old, new), _changed(new, old))
    assert (old["status"], old["by_difference"], old["reversed_by"]) == ("adjusted", False, None)
    assert (old["adjusted_by"], old["replaced_by"]) == (correction["correction_id"], new["bill_id"])
    assert (new["by_difference"], new["difference_id"]) == (True, listed["difference_id"])


def _changed(bill: dict[str, Any], other: dict[str, Any]) -> dict[str, int]:
    """What the charges, periods and tiers come to on one bill where they come to something else on the other."""
    mine, others = _by_key(bill), _by_key(other)
    sums: Counter[str] = Counter()
    for key in {*mine, *others}:
        if mine[key] != others[key]:
            sums[key[0]] += mine[key]
    return dict(sums)


def _by_key(bill: dict[str, Any]) -> Counter[tuple[str, str, int]]:
    sums: Counter[tuple[str, str, int]] = Counter()
    for line in bill["lines"]:
        sums[line["charge"], line["period"], line["tier"]] += line["amount_fen"]
    return sums


async def test_a_difference_is_shown_only_to_those_who_see_its_org_unit(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 300))
    await desk.measure(again(1, 1, 200))
    (fact,) = await desk.published(BillCorrected)
    path = f"/v1/differences/{fact.differences[0].difference_id}"
    async with desk.client(org_units=["zj/ningbo"]) as other, desk.client(org_units=["zj/hangzhou"]) as own:
        answers = [(await client.get(path)).status_code for client in (other, own)]
        unknown = await own.get("/v1/differences/none")
    assert (answers, unknown.status_code) == ([404, 200], 404)


async def test_a_difference_leads_to_both_bills_and_to_the_usage_that_moved_it(desk: Desk) -> None:
    await desk.open(account(1))
    for cycle in (1, 2, 3):
        await desk.released(usage(1, cycle, 1000))
    await desk.measure(again(1, 1, 700))
    (fact,) = await desk.published(BillCorrected)
    march = fact.differences[1]
    found: set[tuple[str, str]] = set()
    async with desk.client() as client:
        queue = [("difference", march.difference_id)]
        while queue:
            kind, name = queue.pop()
            answer = await client.get(f"/v1/trace/{kind}/{name}")
            assert answer.status_code == 200, (kind, name)
            for origin in answer.json()["derived_from"]:
                key = origin["kind"], origin["id"]
                if key not in found:
                    found.add(key)
                    queue += [key] if origin["service"] == "billing" else []
    assert {("bill", march.bill_id), ("bill", march.replacement_id)} <= found
    assert {("usage", "U-1-3-1"), ("usage", "U-1-1-1"), ("usage", "U-1-1-2")} <= found
    assert ("tariff_version", "CN-ZJ/residential@1") in found
    assert any(kind == "bill_line" and name.startswith(str(march.replacement_id)) for kind, name in found)


async def test_a_tariff_version_that_only_a_correction_used_cannot_change_any_more(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 300))
    async with desk.db.begin() as tx:
        await tx.execute(RATING_DOCUMENT.update().values(used=False))
    await desk.measure(again(1, 1, 200))
    async with desk.client() as client:
        listed = (await client.get("/v1/tariffs")).json()["items"]
    assert [row["tariff_id"] for row in listed if row["used"]] == [billing_kit.PLAIN]


@pytest.mark.parametrize("count", [10, 500])
async def test_correcting_by_difference_takes_as_many_statements_for_500_contracts_as_for_10(
    desk: Desk, count: int
) -> None:
    await desk.open(*(account(n) for n in range(count)))
    await desk.released(*(usage(n, 1, 300) for n in range(count)))
    facts = [again(n, 1, 200) for n in range(count)]
    seen = desk.watch()
    await desk.measure(*facts)
    assert len(seen) <= 35, "\n".join(seen)
