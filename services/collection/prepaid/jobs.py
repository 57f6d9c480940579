"""The loop that judges prepaid accounts, and the job that judges all of them by the rules of a day."""

from collections.abc import Sequence
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from services.collection.prepaid import store
from services.collection.prepaid.domain import Rulebook
from services.collection.prepaid.use_cases import judging
from services.collection.prepaid.use_cases.judging import Release
from shared.db.engine import Database, Tx, View
from shared.db.jobs import Job
from shared.wake import Wake

IDLE_SECONDS: Final = 1.0  # how long an account that is to be judged may be overlooked


def judge_prepaid() -> Job:
    """Return the job that has all prepaid accounts judged: by rules that hold from a day on, say."""

    async def chunks(_view: View, _business_date: date) -> Sequence[str]:
        return ["all"]

    async def work(tx: Tx, _business_date: date, _chunk: str) -> dict[str, int]:
        await store.mark_all(tx)
        return {}

    return Job(name="judge-prepaid", chunks=chunks, work=work)


class Judge:
    """Judges accounts as long as some are to be judged, and looks again after a while."""

    def __init__(self, database: Database, rulebook: Rulebook, zone: ZoneInfo, release: Release) -> None:
        self._database, self._rulebook, self._zone, self._release = database, rulebook, zone, release
        self._bell = Wake()

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            if not await judging.turn(self._database, self._rulebook, self._zone, self._release):
                await self._bell.wait(IDLE_SECONDS)
