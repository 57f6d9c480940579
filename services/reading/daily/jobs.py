"""The loop that tells daily registers."""

from typing import Final

from services.reading.context import Context
from services.reading.daily.use_cases import telling
from services.reading.reads.domain.days import ReadDays
from services.reading.usage.use_cases.knowing import Loader
from shared.db.engine import Database
from shared.wake import Wake

IDLE_SECONDS: Final = 1.0  # how long what is to be told may be overlooked


class Teller:
    """Tells what ran at prepaid points, as long as something is to be told, and looks again after a while."""

    def __init__(self, database: Database, own: Context) -> None:
        self._database = database
        self._loader = Loader(days=ReadDays(own.policies, own.zone))
        self._bell = Wake()

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            if not await telling.turn(self._database, self._loader):
                await self._bell.wait(IDLE_SECONDS)
