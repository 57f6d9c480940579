"""What billing tells: contracts, whose first and last days cut usage periods, and requests to read again."""

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from services.reading.adapters import route_store, store
from services.reading.application import measuring, planning, stored_reads
from services.reading.domain.policy import Policies
from shared.db import bulk
from shared.db.engine import Tx
from shared.events.billing import AccountChanged, RereadRequested

OPEN_ENDED = date(2200, 1, 1)  # some systems write 9999-12-31 where they mean no end


async def copy_contracts(tx: Tx, facts: Sequence[AccountChanged], *, policies: Policies, zone: ZoneInfo) -> None:
    """Keep the newest state of contracts, and make a task on each of their days at which a period must end.

    The opening registers begin the first period, so the first day of the first contract of a point needs none. A read of
    that day, stored before or yet to come, closes the period there; without one the period is not cut.
    """
    newest = {fact.account_no: fact for fact in sorted(facts, key=lambda fact: fact.version)}
    contracts = [(fact, contract) for fact in newest.values() for contract in fact.contracts]
    applied = await bulk.upsert_newer(
        tx,
        store.CONTRACT,
        {
            "contract_no": [contract.contract_no for _, contract in contracts],
            "account_no": [fact.account_no for fact, _ in contracts],
            "service_point_no": [contract.service_point_no for _, contract in contracts],
            "starts_on": [contract.from_ for _, contract in contracts],
            "ends_on": [contract.to for _, contract in contracts],
            "version": [fact.version for fact, _ in contracts],
        },
        key=("contract_no",),
    )
    new = {row.contract_no for row in applied}
    days: set[tuple[str, date]] = set()
    for _, contract in contracts:
        if contract.contract_no in new:
            ends = [day for day in (contract.from_, contract.to) if day is not None and day < OPEN_ENDED]
            days |= {(contract.service_point_no, day) for day in ends}
    wanted = await route_store.points_to_cut(tx, sorted(days))
    tasks = await planning.insert_tasks(tx, wanted, kind="cut")
    await measuring.apply(tx, await stored_reads.closing(tx, tasks, zone), policies=policies)


async def request_rereads(tx: Tx, facts: Sequence[RereadRequested]) -> None:
    """Keep requests to read again, and let the next read of those tasks replace one of its own rank."""
    unique = list({fact.request_id: fact for fact in facts}.values())
    new = await bulk.insert_ignore(
        tx,
        store.REREAD,
        {
            "request_id": [fact.request_id for fact in unique],
            "service_point_no": [fact.service_point_no for fact in unique],
            "org_unit": [fact.org_unit for fact in unique],
            "bill_id": [fact.bill_id for fact in unique],
            "cycle": [fact.cycle for fact in unique],
            "reason": [fact.reason for fact in unique],
            "requested_by": [fact.requested_by for fact in unique],
            "status": ["open"] * len(unique),
            "answered_by": [None] * len(unique),
        },
        key=("request_id",),
        returning=("service_point_no", "cycle"),
    )
    await route_store.mark_rereads(tx, sorted({(row.service_point_no, row.cycle) for row in new}))
