"""The loop that tells daily charges."""

from typing import Final

from services.billing.context import Context
from services.billing.daily_charges import use_cases
from shared.db.engine import Database
from shared.loops import Loop
from shared.wake import Wake

IDLE_SECONDS: Final = 1.0  # how long a contract that is marked may be overlooked


def teller(database: Database, context: Context) -> Loop:
    """Return the loop that tells what prepaid contracts will be charged; any number of replicas may run it."""
    bell = Wake()

    async def run() -> None:
        while True:
            if not await use_cases.turn(database, context):
                await bell.wait(IDLE_SECONDS)

    return run
