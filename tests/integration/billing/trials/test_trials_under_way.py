"""A trial run as work: one at a time, chunk by chunk, taken over after a crash, stopped, and seen by whom it concerns."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.billing.rating import second_opinion
from services.billing.trials import jobs
from services.billing.trials.domain.trial import FAILURES_MAX, WAITING_MAX
from services.billing.trials.use_cases import running
from tests.kits.billing import Desk, account, usage
from tests.kits.reading import FixedClock

RUNS = "/v1/trial-runs"
WISH = {"cycle_from": "2026-01", "cycle_to": "2026-01", "reason": "before it is law"}
HOMES = 10


@pytest.fixture
async def desk(desk: Desk) -> Desk:
    """Ten homes with a bill each, of two org units."""
    units = ("zj/hangzhou", "zj/ningbo")
    await desk.open(*(account(n, org_unit=units[n % 2]) for n in range(1, HOMES + 1)))
    await desk.released(*(usage(n, 1, 100 + n, org_unit=units[n % 2]) for n in range(1, HOMES + 1)))
    return desk


async def ask(desk: Desk, status: int = 202, *, units: tuple[str, ...] = ("*",), **wish: Any) -> dict[str, Any]:
    async with desk.client("billing:read", org_units=units) as client:
        answer = await client.post(RUNS, json=WISH | wish)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


async def get(desk: Desk, trial: dict[str, Any]) -> dict[str, Any]:
    async with desk.client() as client:
        return dict((await client.get(f"{RUNS}/{trial['trial_id']}")).json())


async def work(desk: Desk, *, by: str = "one", processes: int = 0) -> bool:
    return await jobs.work_once(desk.db, desk.context, by=by, processes=processes, chunk=3)


def failing_at(call: int) -> second_opinion.Rater:
    """A rater that fails the n-th time that it is called, as a killed process does."""
    calls = []

    def rate(requests: Any, book: Any) -> Any:
        calls.append(1)
        if len(calls) == call:
            raise RuntimeError("killed")
        return second_opinion.rate(requests, book)

    return rate


async def test_trials_go_one_by_one_the_oldest_first_and_few_wait(desk: Desk) -> None:
    wanted = [await ask(desk) for _ in range(WAITING_MAX)]
    assert (await ask(desk, 409))["code"] == "trial.too_many_wait"
    for each in wanted[:2]:
        assert await work(desk)
        assert (await get(desk, each))["status"] == "done"
    assert (await get(desk, wanted[2]))["status"] == "waiting"
    await ask(desk)


async def test_a_trial_goes_on_after_a_crash_where_it_stopped(desk: Desk) -> None:
    whole = await ask(desk)
    assert await work(desk)
    trial = await ask(desk)
    good = desk.context
    desk.context = replace(good, uncounted_rater=failing_at(3))
    with pytest.raises(RuntimeError):
        await work(desk)
    seen = await get(desk, trial)
    assert (seen["status"], seen["contracts"], seen["contracts_done"]) == ("running", HOMES, 6)
    assert seen["report"]["totals"]["bills"] == 6

    desk.context = good
    clock = FixedClock()
    clock.at = desk.db.clock.now()
    desk.db.clock = clock
    assert not await work(desk, by="another"), "it is leased: who crashed may only be slow"
    clock.at += running.LEASE + timedelta(seconds=1)
    assert await work(desk, by="another")
    resumed = await get(desk, trial)
    assert (resumed["status"], resumed["contracts_done"]) == ("done", HOMES)
    assert resumed["report"] == (await get(desk, whole))["report"]


async def test_a_replica_that_restarts_takes_up_its_own_trial_at_once_and_gives_up_what_fails_each_time(
    desk: Desk,
) -> None:
    trial = await ask(desk)
    for _ in range(FAILURES_MAX):
        desk.context = replace(desk.context, uncounted_rater=failing_at(1))
        with pytest.raises(RuntimeError):
            await work(desk)
    assert not await work(desk)
    seen = await get(desk, trial)
    assert (seen["status"], seen["why"], seen["contracts_done"]) == ("interrupted", "failed", 0)
    await ask(desk)


async def test_a_trial_is_of_one_state_of_the_rating_documents(desk: Desk) -> None:
    trial = await ask(desk)
    good = desk.context
    desk.context = replace(good, uncounted_rater=failing_at(2))
    with pytest.raises(RuntimeError):
        await work(desk)
    desk.context = good
    await desk.activate({"calendar": "XX/holidays", "title": "Holidays", "years": {"2026": {"holiday": []}}})
    assert await work(desk)
    seen = await get(desk, trial)
    assert (seen["status"], seen["why"]) == ("interrupted", "documents_changed")


async def test_a_trial_that_is_stopped_keeps_what_it_has_reported(desk: Desk) -> None:
    trial = await ask(desk)
    stop = f"{RUNS}/{trial['trial_id']}/stop"
    good = desk.context
    desk.context = replace(good, uncounted_rater=failing_at(2))
    with pytest.raises(RuntimeError):
        await work(desk)
    desk.context = good
    async with desk.client("billing:read", org_units=("zj/ningbo",)) as client:
        assert (await client.post(stop, json={"reason": "withdrawn"})).status_code == 404
    async with desk.client("billing:read", subject="somebody-else") as client:
        refused = await client.post(stop, json={"reason": "withdrawn"})
        assert (refused.status_code, refused.json()["code"]) == (403, "trial.not_yours")
    async with desk.client("billing:read") as client:
        stopped = await client.post(stop, json={"reason": "withdrawn"})
        again = await client.post(stop, json={"reason": "withdrawn"})
    assert (stopped.json()["status"], stopped.json()["report"]["totals"]["bills"]) == ("stopped", 3)
    assert (again.status_code, again.json()) == (200, stopped.json())
    assert not await work(desk)


async def test_who_lets_bills_go_out_stops_a_trial_of_another_and_it_is_noted_who_did(desk: Desk) -> None:
    trial = await ask(desk)
    async with desk.client("billing:read", "billing:release", subject="releaser-1") as client:
        answer = await client.post(f"{RUNS}/{trial['trial_id']}/stop", json={"reason": "it takes too long"})
    assert (answer.status_code, answer.json()["status"]) == (200, "stopped")
    async with desk.client() as client:
        audit = await client.get(
            "/v1/audit-entries", params={"entity_kind": "trial_run", "entity_id": trial["trial_id"]}
        )
    noted = [(each["action"], each["actor"], each["reason"]) for each in audit.json()["items"]]
    assert ("trial_run.stopped", "releaser-1", "it takes too long") in noted


async def test_a_trial_that_is_stopped_under_way_ends_after_the_chunk_at_hand(desk: Desk) -> None:
    trial = await ask(desk)
    async with desk.db.begin() as tx:
        row = await running.take(tx, by="one")
    assert row is not None
    async with desk.client("billing:read") as client:
        assert (await client.post(f"{RUNS}/{trial['trial_id']}/stop", json={"reason": "wrong"})).status_code == 200
    async with desk.db.begin() as tx:
        assert not await running.begin(tx, row, {"contracts": HOMES}, seen=row.version)
        await running.end(tx, row.trial_id, seen=row.version)
    assert (await get(desk, trial))["status"] == "stopped"


async def test_large_trials_are_rated_by_processes_of_their_own_to_the_same_report(desk: Desk) -> None:
    threaded, apart = await ask(desk), None
    assert await work(desk)
    apart = await ask(desk)
    assert await work(desk, processes=2)
    one, other = await get(desk, threaded), await get(desk, apart)
    assert (other["status"], other["contracts_done"]) == ("done", HOMES)
    assert one["report"] == other["report"]
    assert one["report"]["totals"]["bills"] == HOMES


async def test_a_trial_is_asked_for_and_seen_within_the_org_units_of_the_token(desk: Desk) -> None:
    assert (await ask(desk, 403, units=("zj/ningbo",)))["code"] == "auth.other_org_unit"
    own = await ask(desk, units=("zj/ningbo",), org_unit="zj/ningbo")
    assert await work(desk)
    report = (await get(desk, own))["report"]
    assert list(report["by_org_unit"]) == ["zj/ningbo"]
    assert report["totals"]["bills"] == HOMES // 2
    whole = await ask(desk)
    async with desk.client("billing:read", org_units=("zj/ningbo",)) as client:
        listed = (await client.get(RUNS)).json()["items"]
        assert (await client.get(f"{RUNS}/{whole['trial_id']}")).status_code == 404
    assert [one["trial_id"] for one in listed] == [own["trial_id"]]
    async with desk.client("billing:write") as client:
        assert (await client.post(RUNS, json=WISH)).status_code == 403


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"cycle_from": "2026-02"}, "trial.cycles_wrong"),
        ({"cycle_to": "2027-01"}, "trial.cycles_wrong"),
        ({"proposals": ["0" * 64]}, "trial.proposal_unknown"),
        ({"policy": {"versions": []}}, "trial.policy_wrong"),
    ],
)
async def test_what_cannot_be_tried_is_refused_at_once(desk: Desk, wish: dict[str, Any], code: str) -> None:
    assert (await ask(desk, 422, **wish))["code"] == code
    await ask(desk)


async def test_a_chunk_is_read_by_as_many_statements_whatever_its_size(desk: Desk) -> None:
    counts = []
    for chunk in (HOMES // 2, HOMES):  # one statement more finds that there are no more contracts
        await ask(desk)
        seen = desk.watch()
        assert await jobs.work_once(desk.db, desk.context, by="one", chunk=chunk)
        counts.append(len([text for text in seen if text.startswith("SELECT") and "bill" in text]))
    chunks = (HOMES // (HOMES // 2), 1)
    per_chunk = (counts[0] - counts[1]) / (chunks[0] - chunks[1])
    assert per_chunk == int(per_chunk)
    assert per_chunk <= 10
