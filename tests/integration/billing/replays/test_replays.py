"""Bills calculated again from what is stored, with all that came of them: equal to the fen, or told with why not."""

from dataclasses import replace
from datetime import date
from typing import Any

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from services.billing.bills.domain import policy
from services.billing.bills.domain.policy import CORRECT, DELTA, REVERSAL_AND_NEW
from services.billing.bills.store import recomputed as bills_store
from services.billing.contracts.domain import AccountTerms
from services.billing.rating import second_opinion
from services.billing.replays import jobs as replay_jobs
from services.billing.replays import store
from services.billing.replays.use_cases import recomputing
from services.billing.settings import DEFAULT_POLICY
from services.command import remote, replaying
from shared.db import jobs
from shared.events.disputes import MeterTested
from tests.kits import trial_town
from tests.kits.billing import Desk, account, usage

READ_ON = date(2026, 2, 2)


def correcting(desk: Desk, style: str) -> None:
    document = orjson.loads(DEFAULT_POLICY.read_bytes())
    version = document["versions"][0]
    version["corrections"] |= {"changed_facts": CORRECT, "hold_on": [], "style": style}
    version["approvals"] = {
        name: [] for name in ("bill.decision", "bill.release", "run.release", "account.billed_days")
    }
    desk.context = replace(desk.context, policies=policy.load(document))
    desk.app.state.context = desk.context


async def replayed(desk: Desk, bill_id: str) -> dict[str, Any]:
    async with desk.client("billing:read") as client:
        answer = await client.get(f"/v1/replays/{bill_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def differing(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["kind"], item["name"]) for one in found["documents"] for item in one["items"] if not item["equal"]]


async def planted(desk: Desk, statement: str, **values: Any) -> None:
    """Change what is stored behind the back of the service; what its role may only add to is changed where roles are none."""
    if desk.db.dialect == "postgresql" and " case_calculation" in statement:
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with desk.db.begin() as tx:
                await tx.execute(text(statement).bindparams(**values))
        pytest.skip("the role of the service cannot change it")
    async with desk.db.begin() as tx:
        await tx.execute(text(statement).bindparams(**values))


@pytest.mark.parametrize("style", [REVERSAL_AND_NEW, DELTA])
async def test_every_bill_of_a_drawn_town_and_what_came_of_it_is_calculated_again_to_the_fen(
    desk: Desk, style: str
) -> None:
    correcting(desk, style)
    town = await trial_town.billed(desk, 5, count=12)
    again = [u for u in town.usages[2, "R1"] if u.service_point_no in ("SP2", "SP4", "SP6")]
    for told in again:
        energy = {name: wh + 30_000 * (name == "import") for name, wh in told.energy_wh.items()}
        more = {"version": 2, "usage_id": told.usage_id + "-2", "energy_wh": energy, "replaces_reason": "misread"}
        await desk.measure(told.model_copy(update=more))
    await desk.open(account(3, tariff=trial_town.HOME, org_unit="zj/ningbo", people=6))
    await desk.activate(trial_town.home(2, since="2026-02-10", price="0.638"))
    await desk.activate(trial_town.shop(2, since="2026-02-01", capacity="20.1"))
    while await desk.work():
        pass
    rows = await desk.bills()
    kinds = set[str]()
    for row in rows:
        found = await replayed(desk, row.bill_id)
        assert found["result"] == "equal", (row.status, differing(found), found)
        kinds |= {one["kind"] for one in found["documents"]}
        assert all(one["items"] for one in found["documents"])
    assert kinds == {"bill", "correction"} | ({"difference"} if style == DELTA else set())
    assert {row.status for row in rows} >= {"issued", "reversed" if style == REVERSAL_AND_NEW else "adjusted"}
    newest = next(row for row in rows if row.status == "issued" and row.version == 2)
    (first,) = [row for row in rows if row.bill_id == newest.replaces]
    ids = {one["document_id"] for one in (await replayed(desk, first.bill_id))["documents"]}
    assert newest.bill_id in ids, "what took its place is among them"


async def test_bills_rest_on_the_account_as_it_was_then(desk: Desk) -> None:
    correcting(desk, REVERSAL_AND_NEW)
    await desk.open(account(1))
    await desk.released(usage(1, 1, 300))
    for people, used in ((5, 0), (3, 2_700_000), (6, 2_600_000), (3, 2_650_000)):
        (contract,) = account(1).contracts
        opening = {"ladders": {"year": {"year": 2026, "used_wh": [used, 0, 0]}}}
        facts = (AccountTerms(date(2020, 1, 1), "residential", people, 1),)
        outcomes = await desk.open(account(1, facts=facts, contracts=(replace(contract, opening=opening),)))
        assert [one.status for one in outcomes] == ["done"], outcomes
        await desk.work()
    rows = await desk.bills("bill_id")
    assert len(rows) > 1
    for (bill_id,) in rows:
        assert (await replayed(desk, bill_id))["result"] == "equal"


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("UPDATE bill SET total_fen = total_fen + 1", ("bill", "total_fen")),
        ("UPDATE bill SET energy_wh = energy_wh + 1", ("bill", "energy_wh")),
        ("""UPDATE bill SET components = '[["energy",1]]'""", ("bill", "component 1")),
        ("UPDATE bill SET ladder_state = replace(ladder_state, '200000', '200001')", ("bill", "ladder_state")),
        ("UPDATE bill SET findings = '[]'", ("bill", "findings")),
        ("UPDATE bill_document SET lines = replace(lines, '200000', '200001')", ("bill", "line 1")),
    ],
)
async def test_a_stored_figure_that_was_changed_is_found(desk: Desk, statement: str, where: tuple[str, str]) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1, 1, 200, quality="estimated", estimates_in_a_row=1))
    ((bill_id,),) = await desk.bills("bill_id")
    assert (await replayed(desk, bill_id))["result"] == "equal"
    await planted(desk, statement)
    found = await replayed(desk, bill_id)
    assert found["result"] == "differs"
    assert differing(found) == [where]


async def test_a_rule_table_or_a_document_that_was_changed_is_found(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1))
    ((bill_id,),) = await desk.bills("bill_id")
    await planted(desk, "UPDATE rating_proposal SET document = replace(document, '\"0.538\"', '\"0.539\"')")
    found = await replayed(desk, bill_id)
    assert (found["result"], found["documents"][0]["reason"]) == ("failed", "rating_document_changed")
    await planted(desk, "DELETE FROM rating_proposal")
    assert (await replayed(desk, bill_id))["documents"][0]["reason"] == "rating_document_missing"
    await planted(desk, "DELETE FROM calculation_basis")
    assert (await replayed(desk, bill_id))["documents"][0]["reason"] == "basis_missing"
    await planted(desk, "UPDATE bill SET usage_id = 'U-none'")
    assert (await replayed(desk, bill_id))["result"] == "failed"


async def test_a_software_that_calculates_otherwise_is_found(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1))
    ((bill_id,),) = await desk.bills("bill_id")

    def dearer(requests: Any, book: Any) -> Any:
        bills, counts = second_opinion.rate(requests, book)
        return [replace(bill, total_fen=bill.total_fen + 1) for bill in bills], counts

    desk.context = replace(desk.context, uncounted_rater=dearer, software="another")
    desk.app.state.context = desk.context
    found = await replayed(desk, bill_id)
    assert (found["result"], differing(found)) == ("differs", [("bill", "total_fen")])
    assert found["documents"][0]["by_other_software"]


async def test_bills_that_say_not_from_what_they_were_made_are_not_replayable_and_counted(desk: Desk) -> None:
    await desk.open(account(1), account(2))
    await desk.released(usage(1), usage(2))
    (one, two) = [bill_id for (bill_id,) in await desk.bills("bill_id")]
    before = orjson.dumps({"quantities": {}, "months": 1, "tax_fen": None, "class": "residential"}).decode()
    await planted(desk, "UPDATE bill_document SET context = :before WHERE bill_id = :id", id=one, before=before)
    await planted(desk, "UPDATE bill_document SET context = '{}', lines = '[]' WHERE bill_id = :id", id=two)
    reasons = [(await replayed(desk, each))["documents"][0]["reason"] for each in (one, two)]
    assert reasons == ["made_before", "adopted"]
    await jobs.run(desk.db, replay_jobs.replay_sample(desk.context), READ_ON)
    async with desk.client() as client:
        metrics = (await client.get("/metrics")).text
        listed = (await client.get("/v1/replays?result=not_replayable")).json()["items"]
    assert "wattline_replays_not_replayable 2.0" in metrics
    assert "wattline_replays_failing 0.0" in metrics
    assert {item["reason"] for item in listed} == {"made_before", "adopted"}


async def test_a_sample_of_each_release_is_replayed_and_what_failed_is_looked_at_until_it_is_mended(desk: Desk) -> None:
    await desk.open(*(account(n) for n in range(1, 13)))
    await desk.released(*(usage(n, 1, 100 + n) for n in range(1, 13)))
    (row,) = {row.issued_on for row in await desk.bills(status="issued")}
    assert row == READ_ON
    job = replay_jobs.replay_sample(desk.context)
    result = await jobs.run(desk.db, job, READ_ON)
    sample = desk.context.policies.on(READ_ON).replay_sample
    assert (result.counts["replayed"], result.counts["equal"]) == (sample, sample)
    async with desk.client() as client:
        drawn = [item["document_id"] for item in (await client.get("/v1/replays")).json()["items"]]
    await planted(desk, "UPDATE bill SET total_fen = total_fen + 1 WHERE bill_id = :id", id=drawn[0])
    await planted(desk, "DELETE FROM replay")
    await planted(desk, "DELETE FROM job_run")
    assert (await jobs.run(desk.db, job, READ_ON)).counts["differs"] == 1, "the same are drawn again"
    async with desk.client() as client:
        assert "wattline_replays_failing 1.0" in (await client.get("/metrics")).text
    await planted(desk, "UPDATE bill SET total_fen = total_fen - 1 WHERE bill_id = :id", id=drawn[0])
    assert (await jobs.run(desk.db, job, date(2026, 2, 3))).counts["equal"] == 1
    async with desk.client() as client:
        assert "wattline_replays_failing 0.0" in (await client.get("/metrics")).text


async def test_all_that_failed_has_its_turn_however_much_goes_on_failing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "FAILING_MAX", 1)
    await desk.open(*(account(n) for n in range(1, 4)))
    await desk.released(*(usage(n, 1, 100 + n) for n in range(1, 4)))
    await planted(desk, "UPDATE bill SET total_fen = total_fen + 1")
    job = replay_jobs.replay_sample(desk.context)
    assert (await jobs.run(desk.db, job, READ_ON)).counts["differs"] == 3
    for day in range(3, 6):
        assert (await jobs.run(desk.db, job, date(2026, 2, day))).counts["differs"] == 1
    async with desk.client() as client:
        listed = (await client.get("/v1/replays")).json()["items"]
    assert sorted(each["business_date"] for each in listed) == ["2026-02-03", "2026-02-04", "2026-02-05"]


async def test_a_replay_is_seen_by_whom_the_bill_concerns(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.measure(usage(1))
    ((bill_id,),) = await desk.bills("bill_id")
    async with desk.client("billing:read", org_units=["zj/ningbo"]) as client:
        assert (await client.get(f"/v1/replays/{bill_id}")).status_code == 404
    async with desk.client("billing:write") as client:
        assert (await client.get(f"/v1/replays/{bill_id}")).status_code == 403


async def test_bills_are_calculated_again_in_as_many_statements_however_many_they_are(desk: Desk) -> None:
    await desk.open(*(account(n) for n in range(1, 101)))
    await desk.measure(*(usage(n) for n in range(1, 101)))
    ids, counts = [bill_id for (bill_id,) in await desk.bills("bill_id")], []
    for count in (10, 100):
        async with desk.db.view() as view:
            rows = await bills_store.whole(view, ids[:count])
            seen = desk.watch()
            found = await recomputing.recompute(view, rows.values(), context=desk.context)
            counts.append(len(seen))
        assert {one.result for one in found.replayed.values()} == {"equal"}
        assert len(found.replayed) == count
    assert counts[0] == counts[1] <= 8


async def test_the_command_shows_each_figure_and_ends_with_1_where_one_differs(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(remote, "client", lambda _service: desk.client("billing:read"))
    await desk.open(account(1))
    await desk.measure(usage(1))
    ((bill_id,),) = await desk.bills("bill_id")
    assert await replaying.bill(bill_id) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"bill {bill_id}: equal\n")
    assert "  equal    total_fen: 10760" in printed
    assert printed.endswith(f"{bill_id}: equal\n")
    await planted(desk, "UPDATE bill SET total_fen = 10761")
    assert await replaying.bill(bill_id) == 1
    assert "  DIFFERS  total_fen: stored 10761 | computed 10760" in capsys.readouterr().out
    await planted(desk, "DELETE FROM calculation_basis")
    assert await replaying.bill(bill_id) == 1
    assert f"bill {bill_id}: failed: basis_missing" in capsys.readouterr().out
    with pytest.raises(remote.Refused):
        await replaying.bill("none")


async def test_what_was_adjusted_for_a_meter_that_erred_is_calculated_again_with_its_bills(desk: Desk) -> None:
    correcting(desk, REVERSAL_AND_NEW)
    await desk.open(account(1))
    for cycle in (1, 2):
        await desk.released(usage(1, cycle, 103))
    await _tested(desk, "3.0")
    await _adjusted(desk, "2026-03-10")
    await desk.measure(usage(1, 2, 206, version=2, replaces_reason="misread"))
    await _adjusted(desk, "2026-03-11")
    ((first,),) = await desk.bills("bill_id", cycle="2026-02", version=1)
    found = await replayed(desk, first)
    kinds = [one["kind"] for one in found["documents"]]
    assert (kinds.count("adjustment"), kinds.count("correction"), kinds.count("bill")) == (3, 1, 2)
    assert found["result"] == "equal", differing(found)
    await planted(desk, "UPDATE adjustment SET total_fen = total_fen + 1 WHERE reverses IS NULL")
    found = await replayed(desk, first)
    assert set(differing(found)) == {("adjustment", "total_fen")}
    await planted(desk, "UPDATE adjustment SET total_fen = total_fen - 1 WHERE reverses IS NULL")
    await _tested(desk, "4.0", version=2)
    found = await replayed(desk, first)
    assert found["result"] == "equal", (
        "what it was calculated from is kept with it, also where the test is another by now"
    )
    await planted(desk, "UPDATE adjustment SET working = replace(working, '\"3.0\"', '\"3.1\"') WHERE reverses IS NULL")
    assert {kind for kind, _ in differing(await replayed(desk, first))} == {"adjustment"}
    await planted(desk, "DELETE FROM meter_test")
    reasons = {one["reason"] for one in (await replayed(desk, first))["documents"] if one["result"] == "failed"}
    assert reasons == {"test_missing"}


async def _tested(desk: Desk, error: str, *, version: int = 1) -> None:
    said: dict[str, Any] = {"dispute_no": "D1", "service_point_no": "SP1", "org_unit": "zj/hangzhou"}
    said |= {"meter_no": "M1", "error_percent": error, "accuracy_class": "2", "within_limits": False}
    said |= {"from_": date(2026, 1, 1), "to": date(2026, 3, 1), "tested_on": date(2026, 3, 1)}
    said |= {"decided_on": date(2026, 3, 3), "entered_by": "clerk-1", "decided_by": "metrology-1"}
    assert desk.service.consumer is not None
    async with desk.db.begin() as tx:
        await desk.service.consumer.handlers[MeterTested.type](tx, [MeterTested(version=version, **said)])


async def _adjusted(desk: Desk, day: str) -> None:
    async with desk.client() as client:
        answer = await client.post("/v1/jobs/adjust-meters/runs", json={"business_date": day})
    assert answer.status_code == 200, answer.text
