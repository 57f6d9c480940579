"""The loop that works on trial runs: any number of replicas may run it, one of them works on a trial."""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import orjson
from sqlalchemy import Row

from services.billing.business_day import store as business_day
from services.billing.context import Context
from services.billing.trials import store
from services.billing.trials.domain import report as reports
from services.billing.trials.domain.report import Report
from services.billing.trials.domain.trial import DOCUMENTS_CHANGED, NOT_COVERED, UNDER_WAY, Scope
from services.billing.trials.schemas import TrialIn, TrialReportOut
from services.billing.trials.use_cases import asking, reading, running, runs, setting
from services.billing.trials.use_cases.chunk import Chunk, Setting, trier
from services.billing.trials.use_cases.reading import Wanted
from services.billing.trials.use_cases.setting import Loaded
from shared.dated import NotCovered
from shared.db.engine import Database, View
from shared.loops import Loop
from shared.workers import Workers

ACTOR: Final = "operator"
log = logging.getLogger(__name__)
LOOK_SECONDS: Final = 5.0  # the bell is the rule; looking finds what a crash left
PAUSE_SECONDS: Final = 5.0
CONTRACTS_MAX: Final = (
    2500  # of one chunk: some MB, and a second or two of rating; for no more than that a thread will do
)


async def work_once(
    database: Database, context: Context, *, by: str, processes: int = 0, chunk: int = CONTRACTS_MAX
) -> bool:
    """Work on the next trial until it ends, and return whether there was one; `chunk`: contracts of one unit of work."""
    async with database.begin() as tx:
        row = await running.take(tx, by=by)
    if row is None:
        return False
    trial = _Trial(database, context, row, chunk)
    try:
        why = await trial.run(processes)
    except NotCovered:
        why = NOT_COVERED
    if why is not None:
        async with database.begin() as tx:
            await running.end(tx, row.trial_id, seen=trial.seen, why=why)
    return True


async def tried(
    database: Database, context: Context, wish: Mapping[str, Any], *, by: str, processes: int = 0
) -> dict[str, Any]:
    """Have bills rated again by the software that is installed here, on a copy of the books: no service runs.

    It asks for a trial as `POST /v1/trial-runs` does, works on trials until it is over, and returns it with its report. What
    waits in the copy already is worked on first, in its order. Raises what asking raises.
    """
    body = TrialIn(**wish)
    scope = Scope(org_unit=body.org_unit, route_no=body.route_no, cycle_from=body.cycle_from, cycle_to=body.cycle_to)
    wanted = asking.Wish(
        scope=scope, proposals=body.proposals, policy=body.policy, as_if_from=body.as_if_from, reason=body.reason
    )
    async with database.begin() as tx:
        row = await asking.ask(tx, wanted, actor=ACTOR, context=context)
    while row.status in UNDER_WAY:
        if not await work_once(database, context, by=by, processes=processes):
            await asyncio.sleep(LOOK_SECONDS)  # one that ran when the copy was made is leased a while yet
        async with database.view() as view:
            found = await store.get(view, row.trial_id)
        assert found is not None
        row = found
    return TrialReportOut.of(row).model_dump(mode="json", by_alias=True)


class _Trial:
    """A trial that is ours; `seen` is the version of its row that we have written last."""

    def __init__(self, database: Database, context: Context, row: Row[Any], chunk: int) -> None:
        self.seen: int = row.version
        self._database, self._context, self._row, self._chunk = database, context, row, chunk
        self._read_to: str | None = row.after_contract
        self._done: int = row.contracts_done
        self._report = reports.of_json(orjson.loads(row.report))

    async def run(self, processes: int) -> str | None:
        """Try chunk after chunk, and return why it was interrupted, empty where it was not; None where it is not ours any more.

        Some chunks are read ahead while others are rated.
        """
        scope, context = store.scope_of(self._row), self._context
        async with self._database.view(snapshot=True) as view:
            loaded = await self._load(view)
            conditions = await reading.wanted(view, scope, loaded)
            contracts = self._row.contracts or await reading.count(view, conditions)
            applied = await reading.applied(view, conditions, loaded)
            day = await business_day.latest(view) or date.max
            limits = {tried: of.on(day).approvals for tried, of in ((False, context.policies), (True, loaded.policies))}
            if loaded.of_policy and not self._row.rests_on:
                self._report.add(await runs.report(view, scope, tried=loaded.policies, limits=limits, context=context))
        if self._row.rests_on not in ("", loaded.rests_on):
            return DOCUMENTS_CHANGED
        async with self._database.begin() as tx:
            found = {"rests_on": loaded.rests_on, "contracts": contracts, "applied": orjson.dumps(applied).decode()}
            found["report"] = orjson.dumps(self._report.as_json()).decode()
            begun = await running.begin(tx, self._row, found, seen=self.seen)
        if not self._is_kept(begun):
            return None
        under = Setting(
            rater=self._context.uncounted_rater, book=loaded.book, policies=loaded.policies, scope=scope, limits=limits
        )
        count = processes if contracts > self._chunk else 0
        ahead: deque[tuple[Chunk, asyncio.Task[Report]]] = deque()
        with Workers(trier, under, processes=count) as workers:
            try:
                while True:
                    while len(ahead) <= count and (chunk := await self._next(conditions)) is not None:
                        ahead.append((chunk, asyncio.create_task(workers.run(chunk))))
                    if not ahead:
                        break
                    chunk, task = ahead[0]
                    self._report.add(await task)
                    ahead.popleft()
                    self._done += len(chunk.terms)
                    async with self._database.begin() as tx:
                        noted = await running.note(
                            tx, self._row, self._report, seen=self.seen, last=chunk.last, contracts=self._done
                        )
                    if not self._is_kept(noted):
                        return None
            finally:
                for _, task in ahead:
                    task.cancel()
        async with self._database.view(snapshot=True) as view:
            return "" if (await self._load(view)).rests_on == loaded.rests_on else DOCUMENTS_CHANGED

    async def _load(self, view: View) -> Loaded:
        row = self._row
        wanted = setting.Wanted(proposals=orjson.loads(row.proposals), policy=row.policy, as_if_from=row.as_if_from)
        return await setting.load(view, wanted, context=self._context)

    async def _next(self, conditions: Wanted) -> Chunk | None:
        if self._read_to is None:
            return None
        async with self._database.view(snapshot=True) as view:
            chunk = await reading.chunk(view, conditions, after=self._read_to, limit=self._chunk)
        self._read_to = chunk.last if chunk else None
        return chunk

    def _is_kept(self, written: bool) -> bool:
        self.seen += 1
        return written


def worker(database: Database, context: Context, *, by: str, processes: int) -> Loop:
    """Return the loop that works on trial runs, with so many processes for a large one."""

    async def run() -> None:
        while True:
            try:
                while await work_once(database, context, by=by, processes=processes):
                    pass
            except Exception:
                log.exception("a trial run failed at this chunk")
                await asyncio.sleep(PAUSE_SECONDS)
            await context.trial_wanted.wait(LOOK_SECONDS)

    return run
