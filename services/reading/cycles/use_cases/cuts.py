"""Contracts of billing, whose first and last days cut usage periods."""

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from services.reading.contracts import store as contracts
from services.reading.intake.use_cases import stored
from services.reading.network.store import installations
from services.reading.policies.domain import Policies
from services.reading.reads.domain.days import ReadDays
from services.reading.tasks.domain.tasks import CUT
from services.reading.tasks.store import tasks
from services.reading.usage.use_cases import measuring
from shared.db.engine import Tx
from shared.events.billing import AccountChanged

OPEN_ENDED = date(2200, 1, 1)  # some systems write 9999-12-31 where they mean no end


async def copy_contracts(tx: Tx, facts: Sequence[AccountChanged], *, policies: Policies, zone: ZoneInfo) -> None:
    """Keep the newest state of contracts, and make a task on each of their days at which a period must end.

    The opening registers begin the first period, so the first day of the first contract of a point needs none. A read of
    that day, stored before or yet to come, closes the period there; without one the period is not cut.
    """
    newest = {fact.account_no: fact for fact in sorted(facts, key=lambda fact: fact.version)}
    given = [(fact, contract) for fact in newest.values() for contract in fact.contracts]
    new = await contracts.copy_contracts(tx, given)
    days: set[tuple[str, date]] = set()
    for _, contract in given:
        if contract.contract_no in new:
            ends = [day for day in (contract.from_, contract.to) if day is not None and day < OPEN_ENDED]
            days |= {(contract.service_point_no, day) for day in ends}
    wanted = await installations.points_to_cut(tx, sorted(days))
    made = await tasks.insert(tx, wanted, kind=CUT)
    await measuring.apply(tx, await stored.closing(tx, made, ReadDays(policies, zone)), policies=policies)
