"""Contracts of billing, as reading keeps them: every function is one statement."""

from collections.abc import Sequence

from services.reading.contracts import tables
from shared.db import bulk
from shared.db.engine import Tx
from shared.events.billing import AccountChanged, Contract

CONTRACT = tables.CONTRACT


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
            "version": [fact.version for fact, _ in contracts],
        },
        key=("contract_no",),
    )
    return {row.contract_no for row in applied}
