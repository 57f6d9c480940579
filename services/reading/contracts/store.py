"""Contracts of billing, as reading keeps them: every function is one statement."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row

from services.reading.contracts import tables
from shared.db import bulk
from shared.db.engine import Tx, View
from shared.events.billing import AccountChanged, Contract

CONTRACT = tables.CONTRACT


def modes_text(contract: Contract) -> str:
    """Return how a contract is paid, as the row has it."""
    return " ".join(f"{one.from_} {one.mode}" for one in contract.payment_modes)


def modes_of(text: str) -> tuple[tuple[date, str], ...]:
    """Return how a contract is paid: each mode with its first day, in order."""
    words = text.split()
    return tuple([(date.fromisoformat(day), mode) for day, mode in zip(words[::2], words[1::2], strict=True)])


async def by_point(view: View, service_point_nos: Sequence[str]) -> dict[str, list[Row[Any]]]:
    """Return the contracts on points, in order of time; those that were annulled never were."""
    rows = await bulk.select_in(
        view,
        CONTRACT,
        {"service_point_no": service_point_nos},
        where=CONTRACT.c.annulled != 1,
        order_by=(CONTRACT.c.service_point_no, CONTRACT.c.starts_on),
    )
    found: dict[str, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.service_point_no, []).append(row)
    return found


async def by_no(view: View, contract_nos: Sequence[str]) -> dict[str, Row[Any]]:
    """Return the contracts that are known by these numbers."""
    return {row.contract_no: row for row in await bulk.select_in(view, CONTRACT, {"contract_no": contract_nos})}


async def copy_contracts(tx: Tx, contracts: Sequence[tuple[AccountChanged, Contract]]) -> set[str]:
    """Keep the newest state of contracts, and return the numbers of those that were not known in it."""
    applied = await bulk.upsert_newer(
        tx,
        CONTRACT,
        {
            "contract_no": [contract.contract_no for _, contract in contracts],
            "account_no": [fact.account_no for fact, _ in contracts],
            "service_point_no": [contract.service_point_no for _, contract in contracts],
            "starts_on": [contract.from_ for _, contract in contracts],
            "ends_on": [contract.to for _, contract in contracts],
            "curve_minutes": [contract.curve_minutes for _, contract in contracts],
            "annulled": [int(contract.annulled) for _, contract in contracts],
            "cycle_months": [contract.cycle_months for _, contract in contracts],
            "payment_modes": [modes_text(contract) for _, contract in contracts],
            "version": [fact.version for fact, _ in contracts],
        },
        key=("contract_no",),
    )
    return {row.contract_no for row in applied}
