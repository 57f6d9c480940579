"""Which contracts are prepaid on some day (费控), and of which of them what was used has to be estimated again.

`contract.daily`: 0 never prepaid, 1 told, 2 to be told. Whoever changes what an estimate rests on marks the contract in its unit
of work; a mark waits for who tells it at that moment, and stands after him.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Row, Select, case, func, literal_column, or_, select

from services.billing.contracts.tables import CONTRACT
from shared.db import bulk, columns, travel
from shared.db.engine import Tx, View

NEVER, TOLD, DUE = 0, 1, 2
_PREPAID: Final = CONTRACT.c.daily > literal_column("0")
_DUE: Final = CONTRACT.c.daily == literal_column("2")


async def mark(tx: Tx, contract_nos: Sequence[str]) -> None:
    """Mark those of contracts that are prepaid: a statement where none is, whatever their number; none without contracts."""
    if contract_nos:
        given = travel.relation(tx, "given", {"contract_no": (columns.No, sorted(set(contract_nos)))})
        await _mark(tx, select(CONTRACT.c.contract_no).join(given, given.c.contract_no == CONTRACT.c.contract_no))


async def mark_stated(tx: Tx, contract_nos: Sequence[str]) -> None:
    """Mark those of contracts that were stated anew and are, or were, prepaid on some day."""
    if contract_nos:
        given = travel.relation(tx, "given", {"contract_no": (columns.No, sorted(set(contract_nos)))})
        is_prepaid = or_(_PREPAID, CONTRACT.c.payment_modes.contains('"prepaid"'))
        await tx.execute(
            CONTRACT.update().where(CONTRACT.c.contract_no == given.c.contract_no, is_prepaid).values(daily=DUE)
        )


async def mark_at(tx: Tx, service_points: Sequence[str]) -> None:
    """Mark the prepaid contracts at service points."""
    given = travel.relation(tx, "given", {"service_point_no": (columns.No, sorted(set(service_points)))})
    here = given.c.service_point_no == CONTRACT.c.service_point_no
    await _mark(tx, select(CONTRACT.c.contract_no).join(given, here))


async def mark_all(tx: Tx) -> None:
    """Mark all prepaid contracts: prices have changed."""
    await _mark(tx, select(CONTRACT.c.contract_no))


async def _mark(tx: Tx, chosen: Select[Any]) -> None:
    """Mark the prepaid ones of contracts, locked in the order of their numbers: of two that mark the same, one waits."""
    wanted = chosen.where(_PREPAID).order_by(CONTRACT.c.contract_no).with_for_update(of=CONTRACT)
    numbers = [row.contract_no for row in await tx.all(wanted)]
    if numbers:
        given = {"contract_no": numbers, "daily": [DUE] * len(numbers)}
        await bulk.update_from(tx, CONTRACT, given, key=("contract_no",))


async def any_due(view: View) -> bool:
    """Return whether a contract is to be told."""
    return await view.first(select(CONTRACT.c.contract_no).where(_DUE).limit(1)) is not None


async def count_due(view: View) -> int:
    """Return how many contracts are to be told."""
    return int(await view.scalar(select(func.count()).select_from(CONTRACT).where(_DUE)))


async def take(tx: Tx, limit: int) -> Sequence[Row[Any]]:
    """Lock contracts that are to be told, and return them; what another one tells at this moment is passed over."""
    c = CONTRACT.c
    wanted = select(c.contract_no, c.account_no, c.service_point_no, c.payment_modes).where(_DUE)
    return await tx.all(wanted.order_by(c.contract_no).limit(limit).with_for_update(skip_locked=True))


async def settle(tx: Tx, contract_nos: Sequence[str]) -> None:
    """Note that contracts were told; those that are prepaid on no day any more are told no more."""
    given = travel.relation(tx, "given", {"contract_no": (columns.No, list(contract_nos))})
    now = case((CONTRACT.c.payment_modes.contains('"prepaid"'), TOLD), else_=NEVER)
    await tx.execute(CONTRACT.update().where(CONTRACT.c.contract_no == given.c.contract_no).values(daily=now))
