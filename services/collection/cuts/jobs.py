"""The timed work of cuts: by business date, and by the clock of the day."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from services.collection.cuts import domain
from services.collection.cuts.use_cases import clock, planning
from services.collection.cuts.use_cases.ways import Ways
from shared.db.engine import Database, Tx, View
from shared.db.jobs import Job
from shared.wake import Wake

IDLE_SECONDS: Final = 5.0  # how long a cut that is due, or held by now, may be overlooked


def plan_cuts(ways: Ways) -> Job:
    """Return the job that plans the cuts of a day, and has customers told again whose days have passed."""

    async def chunks(view: View, business_date: date) -> Sequence[str]:
        return await planning.chunks(view, ways, business_date)

    async def work(tx: Tx, business_date: date, chunk: str) -> dict[str, int]:
        return await planning.plan(tx, chunk, ways=ways, business_date=business_date)

    async def why(_view: View, business_date: date) -> str:
        if domain.rules_on(ways.rulebook, business_date) is None:
            return f"no policy says when supply may be cut on {business_date}"
        return "no cut waits for its day"

    return Job(name="plan-cuts", chunks=chunks, work=work, why=why)


class Clock:
    """The loop that does what has its instant within a day."""

    def __init__(self, database: Database, ways: Ways) -> None:
        self._database = database
        self._ways = ways
        self._bell = Wake()

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            if not await clock.turn(self._database, self._ways):
                await self._bell.wait(IDLE_SECONDS)
