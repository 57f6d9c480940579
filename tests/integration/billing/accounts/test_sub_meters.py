"""Sub-meters (套扣) over REST: what a main meter's bill takes off, what it waits for, and how it follows what they measured."""

import asyncio
from collections.abc import Sequence
from datetime import date
from itertools import permutations
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.billing.contracts.tables import ACCOUNT, SUB_METER
from services.billing.runs.use_cases import intake
from shared.events.billing import BillCorrected, BillIssued
from shared.events.reading import UsageMeasured
from tests.kits import billing as billing_kit
from tests.kits.billing import KWH, Desk, closed, month, part, state, usage, withdrawn

WORKS = "t/works"
MONTH = (month(1), month(2))


def works(*, periods: bool = False) -> dict[str, Any]:
    """A tariff that takes `sub` off; with `periods` those of a time of use too."""
    document: dict[str, Any] = {
        "id": WORKS,
        "version": "1",
        "effective": {"from": "2000-01-01", "to": None},
        "on_change": {"usage": "split_by_days"},
        "sources": [{"for": "the whole document", "text": "figures of a test"}],
        "currency": "CNY",
        "time_zone": "Asia/Shanghai",
        "rounding": {"line": {"step": "0.01", "mode": "half_up"}},
        "registers": ["sub"],
        "quantities": {"own": {"rest_of": "import", "without": ["sub"], "below_zero": "zero"}},
        "charges": [{"name": "energy", "kind": "energy", "quantity": "own", "price": "0.5"}],
    }
    if periods:
        names = ("peak", "valley")
        document |= {
            "registers": [f"sub.{name}" for name in names],
            "quantities": {
                f"own_{name}": {"rest_of": f"import.{name}", "without": [f"sub.{name}"], "below_zero": "zero"}
                for name in names
            },
            "charges": [
                {"name": name, "kind": "energy", "quantity": f"own_{name}", "price": price}
                for name, price in zip(names, ("1", "0.5"), strict=True)
            ],
        }
        document["registers"] += [f"import.{name}" for name in names]
    return document


def behind(n: int | str, from_: str = "2020-01-01", to: str | None = None, quantity: str = "sub") -> dict[str, Any]:
    return {"service_point_no": f"SP{n}", "quantity": quantity, "from": from_, "to": to}


def main(n: int, *sub_meters: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = state(n)
    contract = {"tariffs": [{"from": "2020-01-01", "tariff": WORKS}], "opening_usage": []}
    body["contracts"][0] |= contract | {"sub_meters": list(sub_meters)} | more
    return body | {"facts": [{"from": "2020-01-01", "customer_class": "industrial"}]}


async def put(client: httpx.AsyncClient, n: int, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    answer = await client.put(f"/v1/accounts/A{n}", json=body)
    return answer.status_code, answer.json()


async def stored(desk: Desk, document: dict[str, Any] | None = None) -> None:
    await desk.activate(document or works())


async def opened(desk: Desk, *sub_meters: dict[str, Any], document: dict[str, Any] | None = None) -> None:
    """Account 1 with sub-meters, and a home of its own, account 2, at point 2."""
    async with desk.client() as client:
        await stored(desk, document)
        for n, body in ((1, main(1, *sub_meters)), (2, state(2))):
            status, answer = await put(client, n, body)
            assert status == 200, answer


async def shown(desk: Desk, contract_no: str = "C1", **where: Any) -> dict[str, Any]:
    """The latest bill of a contract over REST."""
    bill_id = (await desk.bills("bill_id", contract_no=contract_no, **where))[-1][0]
    async with desk.client() as client:
        found: dict[str, Any] = (await client.get(f"/v1/bills/{bill_id}")).json()
    return found


def codes(bill: dict[str, Any]) -> list[tuple[str, str, Any]]:
    return [
        (f["code"], f["severity"], f.get("values"))
        for f in bill["findings"]
        if "sub" in str(f) or "not_rated" in str(f)
    ]


async def test_sub_meters_come_back_as_they_were_put_and_the_same_again_changes_nothing(desk: Desk) -> None:
    subs = [behind(2, "2020-01-01", "2026-02-01"), behind(3)]
    async with desk.client() as client:
        await stored(desk)
        first = await put(client, 1, main(1, *subs))
        again = await client.put("/v1/accounts", json={"items": [main(1, *subs) | {"account_no": "A1"}]})
        found = (await client.get("/v1/accounts/A1")).json()
        await put(client, 1, main(1))
    assert first[0] == 200, first
    assert again.json()["outcomes"][0]["status"] == "already_done"
    assert found["contracts"][0]["sub_meters"] == subs
    assert await desk.count(SUB_METER) == 0, "what is named no more is linked no more"


WRONG = (
    ((behind(1),), "account.sub_meter_own_point", "/contracts/0/sub_meters/0/service_point_no"),
    ((behind(2), behind(2, "2026-01-01")), "account.sub_meter_twice", "/contracts/0/sub_meters/1"),
    ((behind(2, "2026-01-01", "2026-01-01"),), "account.dates_reversed", "/contracts/0/sub_meters/0/to"),
    ((behind(2, quantity="subs"),), "account.sub_meter_quantity_unknown", "/contracts/0/sub_meters/0/quantity: sub"),
    ((behind(2) | {"share": "0.5"},), "request.invalid", "/contracts/0/sub_meters/0/share"),
)


@pytest.mark.parametrize(("subs", "code", "pointer"), WRONG)
async def test_wrong_sub_meters_are_refused_with_code_and_pointer(
    desk: Desk, subs: Sequence[dict[str, Any]], code: str, pointer: str
) -> None:
    async with desk.client() as client:
        await stored(desk)
        status, answer = await put(client, 1, main(1, *subs))
    assert 400 <= status < 500
    assert (answer["code"], pointer in str(answer)) == (code, True), answer
    assert await desk.count(ACCOUNT) == 0


async def test_a_sub_meter_has_one_main_meter_at_a_time_and_stands_never_above_it(desk: Desk) -> None:
    async with desk.client() as client:
        await stored(desk)
        assert (await put(client, 1, main(1, behind(2, to="2026-02-01"))))[0] == 200
        assert (await put(client, 2, main(2, behind(3))))[0] == 200, "a sub-meter may have sub-meters"
        _, other = await put(client, 4, main(4, behind(2, "2026-01-31")))
        _, circle = await put(client, 3, main(3, behind(1)))
        later = await put(client, 4, main(4, behind(2, "2026-02-01")))
        after = await put(client, 3, main(3, behind(1, "2026-02-01")))
        # of one batch the first has it, whatever was refused before
        both = [main(n, behind(9)) | {"account_no": f"A{n}"} for n in (5, 6)]
        outcomes = (await client.put("/v1/accounts", json={"items": both})).json()["outcomes"]
    assert (other["code"], circle["code"]) == ("account.sub_meter_of_another", "account.sub_meters_circle")
    assert (later[0], after[0]) == (200, 200), "on other days"
    assert [(o["status"], o.get("code")) for o in outcomes] == [
        ("done", None),
        ("refused", "account.sub_meter_of_another"),
    ]


async def test_a_bill_takes_off_what_its_sub_meters_measured_and_says_so(desk: Desk) -> None:
    await opened(desk, behind(2), behind(3))
    # point 3 has no contract yet: what it measured is not the main meter's all the same
    await desk.measure(usage(1, 1, 1000), usage(2, 1, 150), usage(3, 1, 50))
    bill = await shown(desk)
    assert (bill["status"], bill["total_fen"], bill["energy_wh"]) == ("ready", 40_000, 1_000_000)
    assert bill["quantities_wh"] == {"import": 1_000_000, "sub": 200_000, "own": 800_000}
    assert codes(bill) == [("billing.sub_meters", "info", {"SP2": 150_000, "SP3": 50_000})]
    totals = await desk.totals()
    assert totals["usage_in_force_wh"] == totals["billed_wh"] + totals["waiting_wh"] == 1_200_000


async def test_each_period_of_a_time_of_use_is_taken_off_by_its_own(desk: Desk) -> None:
    await opened(desk, behind(2), document=works(periods=True))

    def of(n: int, peak: int, valley: int, **more: Any) -> UsageMeasured:
        registers = {"import": peak + valley, "import.peak": peak, "import.valley": valley}
        return usage(n, **more, energy_wh={name: kwh * KWH for name, kwh in registers.items()})

    await desk.measure(of(1, 300, 700), of(2, 100, 60))
    bill = await shown(desk)
    assert [(line["charge"], line["amount_fen"]) for line in bill["lines"]] == [("peak", 20_000), ("valley", 32_000)]
    # one whose meter has no periods is never taken for none
    await desk.measure(usage(2, 1, 160, version=2))
    bill = await shown(desk)
    assert (bill["status"], bill["lines"]) == ("held", [])
    assert codes(bill)[0] == ("billing.not_rated", "hold", {"code": "register_missing", "pointer": "/usage/sub.peak"})


async def test_a_bill_is_held_by_name_while_a_sub_meter_is_missing_and_goes_out_when_it_comes(desk: Desk) -> None:
    await opened(desk, behind(2))
    one = usage(1, 1, 1000)
    await desk.measure(one)
    missing = {"code": "submeter_missing", "pointer": "/sub_meters/SP2"}
    bill = await shown(desk)
    assert (bill["status"], codes(bill)) == ("held", [("billing.not_rated", "hold", missing)])
    await desk.close(closed([one]))
    await desk.work()
    assert await desk.published(BillIssued) == []
    await desk.measure(usage(2, 1, 150, route="R2"))
    await desk.work()
    assert [fact.bill.total_fen for fact in await desk.published(BillIssued)] == [42_500]


async def test_days_that_only_a_part_of_a_sub_meters_usage_lies_in_hold_the_bill(desk: Desk) -> None:
    await opened(desk, behind(2, "2026-01-10"))
    await desk.measure(usage(1, 1, 1000), usage(2, 1, 150))
    differ = {"code": "submeter_periods_differ", "pointer": "/sub_meters/SP2"}
    assert codes(await shown(desk)) == [("billing.not_rated", "hold", differ)]
    cut = date(2026, 1, 10)
    await desk.measure(withdrawn(usage(2, 1, 150)), part(2, month(1), cut, 50), part(2, cut, month(2), 100))
    assert ((await shown(desk))["status"], (await shown(desk))["total_fen"]) == ("ready", 45_000)


async def test_sub_meters_that_measured_more_than_the_main_meter_hold_the_bill(desk: Desk) -> None:
    await opened(desk, behind(2))
    await desk.measure(usage(1, 1, 100), usage(2, 1, 130))
    bill = await shown(desk)
    assert (bill["status"], codes(bill)[-1]) == (
        "held",
        ("billing.sub_meters_exceed_main", "hold", {"wh": 130_000, "main_wh": 100_000}),
    )


async def test_an_issued_bill_follows_what_its_sub_meter_is_told_again(desk: Desk) -> None:
    desk.correct_by(changed_facts="correct")
    await opened(desk, behind(2))
    await desk.released(usage(1, 1, 1000), usage(2, 1, 150))
    await desk.released(usage(1, 2, 1000), usage(2, 2, 150))
    await desk.measure(usage(2, 1, 250, version=2))
    of_main = [f for f in await desk.published(BillCorrected) if f.account_no == "A1"]
    assert [(f.reason, [b.total_fen for b in f.replacements]) for f in of_main] == [("sub_meter_changed", [37_500])]
    # its period is no more: nothing goes out before reading has told what is instead
    await desk.measure(withdrawn(usage(2, 2), version=2))
    proposal = await shown(desk, status="proposed")
    assert codes(proposal)[0][2] == {"code": "submeter_missing", "pointer": "/sub_meters/SP2"}
    cut = date(2026, 2, 10)
    await desk.measure(part(2, month(2), cut, 50), part(2, cut, month(3), 70))
    assert await desk.bills("bill_id", contract_no="C1", status="proposed") == []
    in_force = await desk.bills("cycle", "total_fen", contract_no="C1", status="issued")
    assert in_force == [("2026-01", 37_500), ("2026-02", 44_000)]


async def test_as_shipped_a_correction_for_a_sub_meter_is_proposed_and_taken_up_by_the_next(desk: Desk) -> None:
    await opened(desk, behind(2))
    await desk.released(usage(1, 1, 1000), usage(2, 1, 150))
    await desk.measure(usage(2, 1, 250, version=2))
    await desk.measure(usage(2, 1, 240, version=3))
    assert await desk.bills("total_fen", contract_no="C1", status="proposed") == [(38_000,)]
    await desk.approve_all("2026-02-10")
    assert await desk.bills("total_fen", contract_no="C1", status="issued") == [(38_000,)]
    await desk.measure(usage(2, 1, 250, version=4))
    await desk.measure(usage(2, 1, 240, version=5))
    assert await desk.bills("bill_id", contract_no="C1", status="proposed") == [], (
        "what was told back is proposed no more"
    )


async def test_a_sub_meter_that_is_named_late_or_ended_touches_the_billed_days(desk: Desk) -> None:
    desk.correct_by(changed_facts="correct")
    await opened(desk)
    async with desk.client() as client:
        await put(client, 1, main(1, behind(2, "2026-02-01")))
        for cycle in (1, 2, 3):
            await desk.released(usage(1, cycle, 1000), usage(2, cycle, 150))
        await put(client, 1, main(1, behind(2, "2026-01-01", "2026-03-01")))
    # a contract that names the quantity has none of it on other days; one that never named it was not rated
    in_force = await desk.bills("cycle", "total_fen", contract_no="C1", status="issued")
    assert in_force == [("2026-01", 42_500), ("2026-02", 42_500), ("2026-03", 50_000)]


async def test_any_order_of_arrival_ends_in_the_same_bills(desk: Desk) -> None:
    """Each order at points of its own: contract and sub-meter, the main meter's month, the home's, and what it is told again."""
    ends = set()
    async with desk.client() as client:
        await stored(desk)
        for place, order in enumerate(permutations(range(4))):
            n, home = 1000 + 2 * place, 1001 + 2 * place
            for step in order:
                if step == 0:
                    await put(client, n, main(n, behind(home)))
                else:
                    facts = usage(n, 1, 1000), usage(home, 1, 150), usage(home, 1, 250, version=2)
                    await desk.measure(facts[step - 1])
            rows = await desk.bills("status", "total_fen", "energy_wh", contract_no=f"C{n}")
            ends.add(tuple(row for row in rows if row[0] in ("held", "ready", "issued", "proposed")))
    assert ends == {(("ready", 37_500, 1_000_000),)}


async def test_main_meter_and_sub_meter_that_are_told_at_one_moment_find_each_other(desk: Desk) -> None:
    await opened(desk, behind(2))
    for cycle in range(1, 9):
        facts = [usage(1, cycle, 1000), usage(2, cycle, 150)]
        await asyncio.gather(*(desk.measure(fact) for fact in facts))
    assert await desk.bills("status", "total_fen", contract_no="C1", status="held") == []
    assert await desk.bills("total_fen", contract_no="C1", status="ready") == [(42_500,)] * 8


@pytest.mark.postgres
async def test_a_sub_meters_usage_waits_for_the_main_meters_bill_that_is_being_calculated(
    postgres_database: str, tmp_path: Path
) -> None:
    async with billing_kit.desk(postgres_database, tmp_path) as desk:
        await opened(desk, behind(2))
        async with desk.db.begin() as tx:
            await intake.record(tx, [usage(1, 1, 1000)], context=desk.context)
            late = asyncio.create_task(desk.measure(usage(2, 1, 150, route="R2")))
            await asyncio.sleep(0.5)  # long enough to be done, if it did not wait for the main meter's account
            assert not late.done()
        await late
        assert await desk.bills("status", "total_fen", contract_no="C1") == [("replaced", 0), ("ready", 42_500)]


async def test_what_sub_meters_touch_takes_as_many_statements_for_200_as_for_10(desk: Desk) -> None:
    seen, counts = desk.watch(), []
    async with desk.client() as client:
        await stored(desk)
        for first, count in ((0, 10), (1000, 200), (3000, 10)):
            numbers = range(first, first + 2 * count, 2)
            items = [main(n, behind(n + 1)) | {"account_no": f"A{n}"} for n in numbers]
            seen.clear()
            answer = await client.put("/v1/accounts", json={"items": items})
            assert {o["status"] for o in answer.json()["outcomes"]} == {"done"}
            counts.append([len(seen)])
            for facts in ([usage(n, 1, 1000) for n in numbers], [usage(n + 1, 1, 150) for n in numbers]):
                seen.clear()
                await desk.measure(*facts)
                counts[-1].append(len(seen))
    assert all(large <= small for large, small in zip(counts[1], counts[0], strict=True)), counts
    assert counts[1] == counts[2]
    assert len(await desk.bills("bill_id", status="ready")) == 220


async def test_a_later_version_that_takes_no_sub_meter_off_holds_the_bill(desk: Desk) -> None:
    await opened(desk, behind(2))
    later = works() | {"version": "2", "effective": {"from": "2026-02-01", "to": None}}
    del later["registers"], later["quantities"]
    later["charges"] = [{"name": "energy", "kind": "energy", "price": "0.5"}]
    await desk.activate(later)
    for n in (1, 2):
        await desk.measure(usage(1, n, 100), usage(2, n, 40))
    for n, held in ((1, False), (2, True)):
        bill = await shown(desk, cycle=f"2026-0{n}")
        assert any(f["code"] == "rating.not_of_the_tariff" for f in bill["findings"]) is held
        assert (bill["status"] == "held") is held
