"""From reads to usages: every read that may close a period, change one that is closed, or settle estimates."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from services.reading.network.domain import energy
from services.reading.network.domain.energy import Boundary
from services.reading.network.domain.installations import Installation, first_day
from services.reading.network.store import installations, points
from services.reading.policies.domain import Policies, Policy
from services.reading.tasks.domain.tasks import Task, TaskKey
from services.reading.tasks.store import rereads
from services.reading.tasks.store import tasks as task_store
from services.reading.usage.domain import ranking
from services.reading.usage.domain.usages import ESTIMATED, Usage
from services.reading.usage.domain.versions import ClosingRead
from services.reading.usage.store import usages
from services.reading.usage.use_cases import facts
from services.reading.usage.use_cases.revising import Chain, Result, Tasks
from services.reading.usage.use_cases.work import Work
from services.reading.validation import store as findings
from services.reading.validation.domain import late_unused
from shared.db.engine import Tx

CHAIN_DAYS = 800  # how far back a read may change usages: two ladder years and a month


Installations = Mapping[str, Sequence[Installation]]


async def apply(tx: Tx, reads: Sequence[ClosingRead], *, policies: Policies) -> list[Result]:
    """Make the usages that reads bring about, publish them, and return what became of each read.

    A constant number of statements; the service points stay locked to the end of the unit of work.

    A read that closes the next period after a known one is measured by itself: the way of nearly all. The others are placed in
    the chain of the point's periods, and each period that this changes gets version n+1:

    - the first actual read after estimates: the difference is taken from the estimated registers and settles them (kind a);
      where a register would run backwards, the true difference is spread by days over the estimated periods, which get their
      next version, and the new period has the rest (kind b);
    - a late read for the read date of an estimated period, a better read, a re-read, a correction: its period and the one after
      it telescope over the new registers (kind b).
    """
    if not reads:
        return []
    service_point_nos = sorted({read.service_point_no for read in reads})
    await points.lock(tx, service_point_nos)
    keys = [(read.service_point_no, read.read_date) for read in reads]
    tasks, previous_ids = await usages.tasks_and_previous(tx, keys)
    previous = await usages.by_id(tx, list(previous_ids.values()))
    meters = await installations.by_point(tx, service_point_nos)
    work = Work()
    results: list[Result] = ["no_task"] * len(reads)
    in_chain: list[int] = []
    repeated = len(service_point_nos) < len(reads)
    for i, (key, read) in enumerate(zip(keys, reads, strict=True)):
        task = tasks.get(key)
        if task is None:
            continue
        last = previous[previous_ids[key]] if key in previous_ids else None
        if repeated or read.reason or (last and (last.quality == ESTIMATED or last.period_to >= read.read_date)):
            in_chain.append(i)
            continue
        policy = policies.on(read.read_date)
        results[i] = _measure_next(work, read, task, last, meters[read.service_point_no], policy)
    if in_chain:
        await _revise(tx, work, reads, in_chain, tasks, meters, policies, results)
    await write(tx, work)
    return results


def _measure_next(
    work: Work,
    read: ClosingRead,
    task: Task,
    last: Usage | None,
    installations: Sequence[Installation],
    policy: Policy,
) -> Result:
    start_on = last.period_to if last else first_day(installations)
    if start_on >= read.read_date:
        return "unused"
    face = Boundary(read.read_date, read.meter_no, read.counts)
    start = last.end if last else None
    measured = energy.measure(installations, start_on, start, face, daily_kwh_max=policy.register_daily_kwh_max)
    if measured.backward:
        work.suspect(read, task, measured.backward, (read.read_date - start_on).days)
        return "backward"
    work.add(task, start_on, measured, last, policy, read=read)
    return "measured"


async def _revise(
    tx: Tx,
    work: Work,
    reads: Sequence[ClosingRead],
    in_chain: Sequence[int],
    tasks: Tasks,
    meters: Installations,
    policies: Policies,
    results: list[Result],
) -> None:
    since = min(reads[i].read_date for i in in_chain) - timedelta(days=CHAIN_DAYS)
    rows = await usages.chains(tx, sorted({reads[i].service_point_no for i in in_chain}), since)
    chains: dict[str, Chain] = {}
    for i in sorted(in_chain, key=lambda i: (reads[i].read_date, ranking.RANK[reads[i].source])):
        read = reads[i]
        point = read.service_point_no
        if point not in chains:
            chains[point] = Chain(point, rows.get(point, []), meters[point])
        task = tasks[point, read.read_date]
        limit = policies.on(read.read_date).register_daily_kwh_max
        results[i] = chains[point].take(read, reread=task.reread, daily_kwh_max=limit)
        if results[i] == "backward":
            work.suspect(read, task, chains[point].backward, 0)
        elif results[i] == "unused":
            work.find("read", read.read_id, task, late_unused.find())
        elif results[i] == "measured" and task.reread:
            work.answered[point, read.read_date] = read.read_id
    changed: set[TaskKey] = {task for chain in chains.values() for task in chain.changed()}
    all_tasks = dict(tasks) | await task_store.by_key(tx, sorted(changed - tasks.keys()))
    for point in sorted(chains):
        chains[point].settle(work, all_tasks, policies)


async def write(tx: Tx, work: Work) -> None:
    """Write what a batch brought about, and publish its usages."""
    await usages.insert(tx, work.usages)
    await task_store.update_states(tx, work.tasks)
    await findings.insert(tx, work.findings)
    await rereads.answer(tx, work.answered)
    tx.publish(facts.measured(work.usages))
