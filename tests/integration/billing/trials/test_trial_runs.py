"""Trial runs: what bills would be under a tariff, a policy or a software that is not in force, and nothing comes of it."""

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from services.billing import main as billing_main
from services.billing.base import Base
from services.billing.bills.domain import policy
from services.billing.bills.domain.bills import EFFECTIVE
from services.billing.bills.domain.policy import CORRECT
from services.billing.rating import second_opinion
from services.billing.settings import DEFAULT_POLICY
from services.billing.tariffs.store import documents as rating_documents
from services.billing.tariffs.store.documents import TARIFF
from services.billing.tariffs.tables import RATING_DOCUMENT
from services.billing.trials import jobs
from services.command import trial as command_trial
from shared.db import bulk
from shared.events.billing import BillIssued
from tests.kits import trial_town
from tests.kits.billing import Desk, account, path_of, usage

RUNS = "/v1/trial-runs"
WISH = {"cycle_from": "2026-01", "cycle_to": "2026-04", "reason": "before it is law"}
NOT_THE_BOOKS = ("trial_run", "audit_", "idempotency_key")


async def propose(desk: Desk, *documents: dict[str, Any]) -> list[dict[str, Any]]:
    """Propose documents, and return what a second person is asked."""
    found = []
    async with desk.client(subject="proposer-1") as client:
        for document in documents:
            answer = await client.put(path_of(document), json=document)
            assert answer.status_code == 202, answer.text
            found.append(answer.json())
    return found


async def hashes(desk: Desk, asked: list[dict[str, Any]]) -> list[str]:
    """Return the content hashes of proposed documents, from what a second person sees."""
    async with desk.client() as client:
        items = (await client.get("/v1/approvals?limit=500")).json()["items"]
    seen = {one["approval_id"]: one["content"]["content_hash"] for one in items}
    return [seen[one["approval_id"]] for one in asked]


async def tried(desk: Desk, *, processes: int = 0, chunk: int = 7, **wish: Any) -> dict[str, Any]:
    """Have something tried, and return the trial with its report."""
    async with desk.client() as client:
        asked = await client.post(RUNS, json=WISH | wish)
        assert asked.status_code == 202, asked.text
        while await jobs.work_once(desk.db, desk.context, by="this", processes=processes, chunk=chunk):
            pass
        answer = await client.get(f"{RUNS}/{asked.json()['trial_id']}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def in_force(desk: Desk, *, first: str = "2026-01", last: str = "2026-04", **where: Any) -> int:
    rows = await desk.bills("cycle", "status", "total_fen", **where)
    return sum(fen for cycle, status, fen in rows if status in EFFECTIVE and first <= cycle <= last)


async def contents(desk: Desk) -> dict[str, list[str]]:
    """Every row of every table of the books."""
    async with desk.db.view() as view:
        return {
            table.name: sorted(str(tuple(row)) for row in await view.all(select(table)))
            for table in Base.metadata.sorted_tables
            if not table.name.startswith(NOT_THE_BOOKS)
        }


DEARER = (
    trial_town.home(2, since="2026-02-10", price="0.638"),
    trial_town.by_time(2, since="2026-03-01", peak="0.668", tier="1500"),
    trial_town.shop(2, since="2026-02-01", capacity="20.1"),
)


@pytest.mark.parametrize("seed", [1, 2])
async def test_what_a_trial_reports_is_what_the_books_become_once_the_tariffs_are_activated(
    desk: Desk, seed: int
) -> None:
    correct_at_once(desk)
    await trial_town.billed(desk, seed)
    asked = await propose(desk, *DEARER)
    before = {name: await in_force(desk, **where) for name, where in SCOPES.items()}
    april = await in_force(desk, first="2026-04")
    reports = {name: await tried(desk, proposals=await hashes(desk, asked), **where) for name, where in SCOPES.items()}
    of_april = await tried(desk, proposals=await hashes(desk, asked), cycle_from="2026-04")
    for one in asked:
        assert await desk.second(one) == ("done", None)
    while await desk.work():
        pass

    for name, where in SCOPES.items():
        totals = reports[name]["report"]["totals"]
        after = await in_force(desk, **where)
        assert (totals["before_fen"], totals["after_fen"]) == (before[name], after), name
        assert after != before[name]
        assert reports[name]["status"] == "done"
        assert sum(one["after_fen"] for one in reports[name]["report"]["by_class"].values()) == after
        assert sum(one["after_fen"] for one in reports[name]["report"]["by_org_unit"].values()) == after
    totals = of_april["report"]["totals"]
    assert (totals["before_fen"], totals["after_fen"]) == (april, await in_force(desk, first="2026-04"))
    beyond, whole = of_april["report"]["beyond"], reports["all"]["report"]["totals"]
    assert beyond["difference_fen"] + totals["difference_fen"] == whole["difference_fen"], "the ladder year follows"
    await _agrees(desk, reports["all"]["report"])


SCOPES: dict[str, dict[str, Any]] = {
    "all": {},
    "route": {"route_no": "R1"},
    "unit": {"org_unit": "zj/ningbo"},
}


def correct_at_once(desk: Desk) -> None:
    """Go on under a policy by which nobody has to decide on a correction."""
    document = orjson.loads(DEFAULT_POLICY.read_bytes())
    version = document["versions"][0]
    version["corrections"] |= {"changed_facts": CORRECT, "hold_on": []}
    version["approvals"] = {"bill.decision": [], "bill.release": [], "run.release": []}
    desk.context = replace(desk.context, policies=policy.load(document))
    desk.app.state.context = desk.context


async def _agrees(desk: Desk, report: dict[str, Any]) -> None:
    """The largest changes and the bands are those of the bills themselves."""
    rows = await desk.bills("contract_no", "cycle", "status", "version", "total_fen")
    old = {(no, cycle): fen for no, cycle, _, version, fen in rows if version == 1}
    now = {(no, cycle): fen for no, cycle, status, _, fen in rows if status in EFFECTIVE}
    changes = {key: now[key] - old[key] for key in old if now[key] != old[key]}
    assert report["totals"]["changed"] == len(changes)
    raised = sorted((c for c in changes.values() if c > 0), reverse=True)
    lowered = sorted(c for c in changes.values() if c < 0)
    assert [one["difference_fen"] for one in report["largest_raised"]] == raised[:50]
    assert [one["difference_fen"] for one in report["largest_lowered"]] == lowered[:50]
    for band in report["by_fen"]:
        high = band["to_fen"] or 10**18
        assert band["raised"] == sum(band["from_fen"] < c <= high for c in raised)
        assert band["lowered"] == sum(band["from_fen"] < -c <= high for c in lowered)
    for band in report["by_percent"][:-1]:
        low, high = band["from_permille"], band["to_permille"] or 10**18
        within = [c for key, c in changes.items() if old[key] and low * old[key] < abs(c) * 1000 <= high * old[key]]
        assert band["raised"] == sum(c > 0 for c in within)
        assert band["lowered"] == sum(c < 0 for c in within)


async def test_a_trial_leaves_every_table_but_its_own_as_it_was(desk: Desk) -> None:
    await trial_town.billed(desk, 3, count=12)
    asked = await propose(desk, *DEARER)
    cycles = ("2026-01", "2026-02", "2026-03", "2026-04")
    totals, books = [await desk.totals(cycle) for cycle in cycles], await contents(desk)
    seen = desk.watch()
    found = await tried(desk, proposals=await hashes(desk, asked), policy=_policy(over_kwh=100))
    assert not [text for text in seen if "FOR UPDATE" in text and "trial_run" not in text], "nothing is locked"
    assert found["report"]["totals"]["changed"] > 0
    assert [await desk.totals(cycle) for cycle in cycles] == totals
    assert await contents(desk) == books


def _policy(*, over_kwh: int) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(DEFAULT_POLICY.read_bytes())
    document["versions"][0]["review"]["implausible_home"]["over_kwh_a_month"] = over_kwh
    return document


async def test_a_policy_is_tried_by_what_it_would_hold_and_let_go(desk: Desk) -> None:
    await desk.open(*(account(n) for n in range(1, 5)))
    await desk.released(*(usage(n, 1, 300 * n) for n in range(1, 5)))  # 300, 600, 900, 1200 kWh: the last is held
    stricter = await tried(desk, policy=_policy(over_kwh=500), cycle_to="2026-01")
    assert stricter["report"]["newly_held"] == {"billing.implausible_home": 2}
    assert stricter["report"]["held"] == {"before": 1, "after": 3, "newly": 2, "no_longer": 0}
    assert stricter["report"]["totals"]["changed"] == 0
    assert stricter["of_policy"]
    laxer = await tried(desk, policy=_policy(over_kwh=2000), cycle_to="2026-01")
    assert laxer["report"]["no_longer_held"] == {"billing.implausible_home": 1}
    assert laxer["report"]["held"] == {"before": 1, "after": 0, "newly": 0, "no_longer": 1}
    assert await desk.bills("contract_no", status="held") == [("C4",)], "it was only tried"
    later = _policy(over_kwh=500)
    later["versions"][0]["effective"]["from"] = "2026-07-01"
    uncovered = await tried(desk, policy=later)
    assert (uncovered["status"], uncovered["why"]) == ("interrupted", "policy_not_of_these_days")


def dearer(requests: Any, book: Any) -> Any:
    """Another software: it rates the first line of C2 7 fen dearer."""
    bills, counts = second_opinion.rate(requests, book)
    changed = [
        replace(bill, lines=(replace(line := bill.lines[0], amount_fen=line.amount_fen + 7), *bill.lines[1:]))
        if bill.contract == "C2"
        else bill
        for bill in bills
    ]
    return [replace(bill, total_fen=sum(line.amount_fen for line in bill.lines)) for bill in changed], counts


async def test_another_software_is_tried_against_the_bills_that_are_stored(desk: Desk) -> None:
    await desk.open(*(account(n) for n in range(1, 5)))
    await desk.released(*(usage(n) for n in range(1, 5)))
    same = await tried(desk)
    assert (same["report"]["totals"]["bills"], same["report"]["totals"]["changed"]) == (4, 0)

    desk.context = replace(desk.context, uncounted_rater=dearer)
    other = await tried(desk)
    assert other["report"]["totals"]["changed"] == 1
    (largest,) = other["report"]["largest_raised"]
    assert (largest["contract_no"], largest["difference_fen"]) == ("C2", 7)


async def test_what_cannot_be_rated_is_told_with_why(desk: Desk) -> None:
    await trial_town.billed(desk, 4, count=6)
    no_valley = trial_town.by_time(2, since="2026-03-01")
    no_valley["periods"][0]["register"] = "import.sharp"
    (asked,) = await propose(desk, no_valley)
    found = await tried(desk, proposals=await hashes(desk, [asked]))
    not_rated = found["report"]["not_rated"]
    assert not_rated["bills"] == 4, "two homes by time of use, March and April"
    assert {one["customer_class"] for one in not_rated["examples"]} == {"residential"}
    assert sum(not_rated["by_code"].values()) == 4
    assert found["report"]["newly_held"]["billing.not_rated"] == 4
    assert found["report"]["totals"]["before_fen"] - not_rated["before_fen"] == found["report"]["totals"]["after_fen"]


async def test_a_series_is_tried_by_the_months_that_it_changes(desk: Desk) -> None:
    desk.correct_by(changed_facts=CORRECT)
    market = {"series": "XX/market", "unit": "CNY/kWh", "source": "a test"}
    days = ("2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01")

    def series(*prices: str) -> dict[str, Any]:
        return market | {
            "values": [{"from": a, "to": b, "price": p} for a, b, p in zip(days, days[1:], prices, strict=False)]
        }

    priced = orjson.loads(orjson.dumps(trial_town.home()).replace(b'"0.538"', b'{"series":"XX/market"}'))
    await desk.activate(series("0.4", "0.5", "0.6", "0.7"))
    await desk.activate(priced | {"series_at": "bill_month"})
    await desk.open(account(1, tariff=trial_town.HOME))
    for cycle in (1, 2, 3):
        await desk.released(usage(1, cycle))
    (asked,) = await propose(desk, series("0.4", "0.5", "0.8", "0.7"))
    found = await tried(desk, proposals=await hashes(desk, [asked]))
    assert (found["report"]["totals"]["changed"], found["report"]["totals"]["difference_fen"]) == (1, 200 * 20)
    assert await desk.second(asked) == ("done", None)
    await desk.work()
    assert await in_force(desk) == found["report"]["totals"]["after_fen"]


async def test_a_correction_that_is_proposed_is_tried_with_what_it_would_make(desk: Desk) -> None:
    """An activation takes up what is proposed on its days: so does the trial."""
    correct_at_once(desk)
    await desk.activate(trial_town.home())
    await desk.open(account(1, tariff=trial_town.HOME))
    await desk.released(usage(1, 1))
    await desk.released(usage(1, 2))
    proposing = orjson.loads(DEFAULT_POLICY.read_bytes())
    proposing["versions"][0]["approvals"] = {"bill.decision": [{"from_fen": 1, "second": "billing:review"}]}
    correcting = desk.context
    desk.context = replace(desk.context, policies=policy.load(proposing))
    await desk.measure(usage(1, 1, 260, version=2, replaces_reason="misread"))
    assert [status for (status,) in await desk.bills("status")] == ["issued", "proposed", "issued"]
    desk.context = correcting
    (asked,) = await propose(desk, trial_town.home(2, since="2026-01-01", price="0.638"))
    found = await tried(desk, proposals=await hashes(desk, [asked]))
    assert await desk.second(asked) == ("done", None)
    await desk.work()
    totals = found["report"]["totals"]
    assert totals["after_fen"] == await in_force(desk) == (260 + 200) * 638 // 10
    assert totals["bills"] == 2


COMING = {
    "home": lambda since: trial_town.home(2, since=since, price="0.638"),
    "by_time": lambda since: trial_town.by_time(2, since=since, peak="0.668", tier="1500"),
    "shop": lambda since: trial_town.shop(2, since=since, capacity="20.1"),
}


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_tariff_of_coming_days_is_tried_on_past_bills_as_if_it_had_been_in_force(desk: Desk, seed: int) -> None:
    correct_at_once(desk)
    await trial_town.billed(desk, seed, count=12)
    since, coming = "2026-02-10", await propose(desk, *(made("2026-06-01") for made in COMING.values()))
    found = await tried(desk, proposals=await hashes(desk, coming), as_if_from=since)
    for one in await propose(desk, *(made(since) | {"version": 3} for made in COMING.values())):
        assert await desk.second(one) == ("done", None)
    while await desk.work():
        pass
    totals = found["report"]["totals"]
    assert totals["after_fen"] == await in_force(desk) != totals["before_fen"]
    await _agrees(desk, found["report"])
    assert found["as_if_from"] == since
    applied = {one["document_id"]: one for one in found["applied"]}
    assert {(one["version"], one["from"], one["to"]) for one in applied.values()} == {("2", since, None)}
    used = dict.fromkeys(applied, 0)
    for tariffs, cycle, version in await desk.bills("tariffs", "cycle", "version"):
        used[orjson.loads(tariffs)[0][0]] += version == 1 and cycle >= "2026-02"
    assert {name: one["bills"] for name, one in applied.items()} == used


async def test_what_begins_after_all_bills_that_are_tried_is_refused_with_what_to_do(desk: Desk) -> None:
    await trial_town.billed(desk, 1, count=6)
    (asked,) = await propose(desk, trial_town.home(2, since="2026-06-01", price="0.638"))
    coming = {"proposals": await hashes(desk, [asked])}
    async with desk.client() as client:

        async def refused(**wish: Any) -> tuple[int, str]:
            answer = await client.post(RUNS, json=WISH | wish)
            return answer.status_code, answer.json()["code"]

        assert await refused(**coming) == (422, "trial.begins_later")
        assert await refused(**coming, as_if_from="2026-05-01") == (422, "trial.begins_later")
        assert await refused(as_if_from="2026-01-01") == (422, "trial.nothing_begins")
        assert (await client.get(RUNS)).json()["items"] == []
    found = await tried(desk, **coming, as_if_from="2026-04-30")
    assert found["applied"][0]["bills"] == 2, "two homes, April's last day"
    assert found["report"]["totals"]["changed"] == 2


async def test_versions_between_are_left_out_and_a_second_coming_version_keeps_its_day(desk: Desk) -> None:
    desk.correct_by(changed_facts=CORRECT)
    await desk.activate(
        trial_town.home() | {"effective": {"from": "2020-01-01", "to": "2026-03-01"}},
        trial_town.home(2, since="2026-03-01", price="0.6"),
    )
    await desk.open(account(1, tariff=trial_town.HOME))
    for cycle in (1, 2, 3):
        await desk.released(usage(1, cycle, 100))
    asked = await propose(
        desk, trial_town.home(3, since="2026-06-01", price="0.7"), trial_town.home(4, since="2026-09-01", price="0.8")
    )
    found = await tried(desk, proposals=await hashes(desk, asked), as_if_from="2026-02-01")
    assert found["report"]["totals"]["after_fen"] == 100 * (538 + 700 + 700) // 10
    assert [(one["version"], one["from"], one["to"], one["bills"]) for one in found["applied"]] == [
        ("3", "2026-02-01", "2026-09-01", 2),
        ("4", "2026-09-01", None, 0),
    ]


async def test_a_series_that_more_than_a_thousand_tariffs_name_is_tried(desk: Desk) -> None:
    def series(price: str) -> dict[str, Any]:
        values = [{"from": "2020-01-01", "to": "2027-01-01", "price": price}]
        return {"series": "XX/market", "unit": "CNY/kWh", "source": "a test", "values": values}

    text = orjson.dumps(trial_town.home()).replace(b'"0.538"', b'{"series":"XX/market"}')
    priced = orjson.loads(text) | {"series_at": "bill_month"}
    await desk.activate(series("0.4"), priced | {"id": "XX/0"})
    async with desk.db.begin() as tx:
        row = await rating_documents.get(tx, TARIFF, "XX/0", "1")
        assert row is not None
        same = {name: [value] * 1000 for name, value in row._mapping.items()}
        others = [f"XX/{n}" for n in range(1, 1001)]
        texts = [orjson.dumps(priced | {"id": name}).decode() for name in others]
        await bulk.insert_rows(tx, RATING_DOCUMENT, same | {"document_id": others, "document": texts})
    await desk.open(account(1, tariff="XX/0"))
    await desk.released(usage(1, 1, 100))
    (asked,) = await propose(desk, series("0.5"))
    found = await tried(desk, proposals=await hashes(desk, [asked]))
    assert found["report"]["totals"]["difference_fen"] == 100 * 10
    assert found["applied"][0]["bills"] == 1


async def test_a_software_that_is_not_in_use_yet_is_tried_by_a_command_on_a_copy_of_the_books(
    desk: Desk,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await desk.open(*(account(n) for n in range(1, 5)))
    await desk.released(*(usage(n) for n in range(1, 5)))
    books, sent = await contents(desk), await desk.published(BillIssued)
    for name, value in (("DATABASE_URL", database_url), ("DATA_DIR", str(tmp_path)), ("TOKEN_KEY", "k" * 40)):
        monkeypatch.setenv(f"WATTLINE_{name}", value)

    async def command() -> tuple[int, str]:
        parser = argparse.ArgumentParser()
        command_trial.add_arguments(parser)
        code = await command_trial.tried(parser.parse_args(["--from", "2026-01", "--to", "2026-04"]))
        return code, capsys.readouterr().out

    code, said = await command()
    assert (code, "4 bills, 0 of another amount, 0 fen in all" in said) == (0, True), said
    monkeypatch.setattr(billing_main, "build", partial(billing_main.build, rater=dearer))
    code, said = await command()
    assert (code, "4 bills, 1 of another amount, 7 fen in all" in said) == (1, True), said
    assert [line.split()[:2] for line in said.splitlines()[4:]] == [["C2", "2026-01"]]
    assert (await contents(desk), await desk.published(BillIssued)) == (books, sent), "nothing else is written or sent"
    async with desk.client() as client:
        kept = (await client.get(RUNS)).json()["items"]
    assert [(one["status"], one["requested_by"]) for one in kept] == [("done", "operator")] * 2


async def test_a_policy_is_tried_by_the_runs_that_it_would_hold_and_by_what_two_people_would_decide(desk: Desk) -> None:
    """Four homes, two estimated, a bill of each: the run went out by itself."""
    await desk.open(*(account(n) for n in range(1, 5)))
    await desk.released(*(usage(n, 1, 200 + n, quality="estimated" if n < 3 else "actual") for n in range(1, 5)))
    assert [row.status for row in await desk.bills()] == ["issued"] * 4
    lax = orjson.loads(DEFAULT_POLICY.read_bytes())
    lax["versions"][0]["approvals"] = {"bill.decision": [], "bill.release": [], "run.release": []}
    lax["versions"][0]["run"]["unread"] = {"percent": 100, "over_points": 0}
    desk.context = replace(desk.context, policies=policy.load(lax))
    desk.app.state.context = desk.context

    same = (await tried(desk, policy=lax))["report"]
    assert (same["runs"], same["second_person"]) == ({"runs": 1, "held": {}}, {})
    strict = orjson.loads(orjson.dumps(lax))
    strict["versions"][0]["run"]["unread"] = {"percent": 10, "over_points": 0}
    strict["versions"][0]["approvals"] = {
        "bill.decision": [{"from_fen": 203 * 50, "second": "billing:review"}],
        "bill.release": [],
        "run.release": [{"from_fen": 1, "second": "billing:release"}],
    }
    found = (await tried(desk, policy=strict))["report"]
    newly = {"before": 0, "after": 1, "newly": 1, "no_longer": 0}
    assert found["runs"] == {"runs": 1, "held": {"by_hand": newly, "billing.run_unread": newly}}
    assert found["second_person"]["run.release"] == newly
    assert found["second_person"]["bill.decision"]["newly"] == 4
    by_hand = orjson.loads(orjson.dumps(lax))
    by_hand["versions"][0]["release"]["*"]["mode"] = "reviewer"
    assert (await tried(desk, policy=by_hand))["report"]["runs"]["held"] == {"by_hand": newly}
