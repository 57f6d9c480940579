"""Several replicas at work on one PostgreSQL: nothing twice, nothing lost, no deadlock."""

import asyncio
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from services.billing.accounts import use_cases as accounts
from services.billing.bills.tables import BILL
from services.billing.contracts.store import contracts as contracts_store
from services.billing.runs.jobs import work_once
from services.billing.runs.use_cases import issue
from services.billing.usages.store import usages as usages_store
from shared.events.billing import AccountChanged, BillCorrected, BillIssued
from tests.kits import billing as billing_kit
from tests.kits.billing import Desk, account, closed, usage

pytestmark = pytest.mark.postgres
COUNT = 300


async def issue_all(desk: Desk) -> int:
    """Issue in small chunks until nothing is left, as one replica would."""
    total = 0
    while True:
        async with desk.db.begin() as tx:
            done = await issue.issue(tx, context=desk.context, limit=20)
        total += done.issued
        if not done.found:
            return total


async def test_replicas_of_the_issuer_share_the_work_and_issue_each_bill_once(
    postgres_database: str, tmp_path: Path
) -> None:
    async with billing_kit.desk(postgres_database, tmp_path) as desk:
        usages = [usage(n) for n in range(COUNT)]
        await desk.open(*(account(n) for n in range(COUNT)))
        await desk.measure(*usages)
        await desk.close(closed(usages))
        issued = await asyncio.gather(*(issue_all(desk) for _ in range(4)))
        issued.append(await issue_all(desk))  # what each left to another that was at it
        facts = await desk.published(BillIssued)
        assert sum(issued) == COUNT
        assert Counter(f.account_no for f in facts) == Counter({f"A{n}": 1 for n in range(COUNT)})


async def test_usages_and_their_accounts_at_the_same_moment_meet(postgres_database: str, tmp_path: Path) -> None:
    async with billing_kit.desk(postgres_database, tmp_path) as desk:
        for first in range(0, 40, 5):  # at most as many at once as the pool has connections
            numbers = range(first, first + 5)
            await asyncio.gather(*(desk.open(account(n)) for n in numbers), *(desk.measure(usage(n)) for n in numbers))
        await desk.work()
        assert await desk.count(BILL) == 40
        assert sorted(await desk.bills("contract_no", "version")) == sorted((f"C{n}", 1) for n in range(40))


async def test_corrections_during_issuing_end_in_one_bill_in_force(postgres_database: str, tmp_path: Path) -> None:
    async with billing_kit.desk(postgres_database, tmp_path) as desk:
        usages = [usage(n, 1, 300) for n in range(COUNT)]
        await desk.open(*(account(n) for n in range(COUNT)))
        await desk.measure(*usages)
        await desk.close(closed(usages))
        again = [usage(n, 1, 200, version=2) for n in range(COUNT)]
        slices = [again[i : i + 60] for i in range(0, COUNT, 60)]
        await asyncio.gather(issue_all(desk), issue_all(desk), *(desk.measure(*part) for part in slices))
        await desk.work()
        in_force = await desk.bills("contract_no", "total_fen", status="issued")
        assert sorted(in_force) == sorted((f"C{n}", 10760) for n in range(COUNT))
        owed = Counter[str]()
        for fact in await desk.published(BillIssued):
            owed[fact.account_no] += fact.bill.total_fen
        for fact in await desk.published(BillCorrected):
            owed[fact.account_no] += sum(b.total_fen for b in fact.replacements)
            owed[fact.account_no] -= sum(b.total_fen for b in fact.reversals)
        assert owed == Counter({f"A{n}": 10760 for n in range(COUNT)})


async def test_two_accounts_cannot_take_one_service_point_at_the_same_moment(
    postgres_database: str, tmp_path: Path
) -> None:
    async with billing_kit.desk(postgres_database, tmp_path) as desk:
        rival = account(1, account_no="B1", contracts=(replace(account(1).contracts[0], contract_no="D1"),))
        outcomes = await asyncio.gather(desk.open(account(1)), desk.open(rival))
        assert sorted(o.code for (o,) in outcomes) == ["", "account.contracts_overlap"]


async def test_an_account_that_somebody_else_opens_first_is_refused_without_the_rest_of_its_batch(
    postgres_database: str, tmp_path: Path
) -> None:
    async with billing_kit.desk(postgres_database, tmp_path) as desk:
        bare, other = account(1, contracts=()), account(1, contracts=(), org_unit="zj/ningbo")
        async with desk.db.begin() as tx:
            await accounts.put(tx, [bare], actor="clerk", units=("*",), context=desk.context)
            late = asyncio.create_task(desk.open(other, account(2)))
            await asyncio.sleep(0.3)  # the other batch now waits for the number that is being taken
            assert not late.done()
        assert [o.code for o in await late] == ["request.changed_meanwhile", ""]
        assert [f.account_no for f in await desk.published(AccountChanged)] == ["A1", "A2"]


async def test_an_account_closed_while_its_usage_is_billed_is_never_billed_on_old_terms(
    postgres_database: str, tmp_path: Path
) -> None:
    async with billing_kit.desk(postgres_database, tmp_path) as desk:
        await desk.open(account(1))
        contract = replace(account(1).contracts[0], to=billing_kit.month(1))
        moved_out = account(1, contracts=(contract,))
        async with desk.db.begin() as tx:
            await accounts.put(tx, [moved_out], actor="clerk", units=("*",), context=desk.context)
            billing = asyncio.create_task(desk.measure(usage(1)))
            await asyncio.sleep(0.3)  # the usage now waits for the account's lock
            assert not billing.done()
        await billing
        await desk.work()
        assert await desk.bills() == []
        async with desk.client() as client:
            totals = (await client.get("/v1/control-totals", params={"cycle": "2026-01"})).json()
        assert totals["usages_waiting"] == 1


async def test_who_looks_for_answered_usages_and_who_puts_an_account_lock_in_one_order(
    postgres_database: str, tmp_path: Path
) -> None:
    async with billing_kit.desk(postgres_database, tmp_path) as desk:
        await desk.measure(usage(1))
        await desk.open(account(1, contracts=()))
        async with desk.db.begin() as tx:
            # its contract comes at the moment at which the usage begins to wait: it goes on waiting
            await contracts_store.upsert(tx, [(contracts_store.stated(account(1)), 2)])
        async with desk.db.begin() as tx:
            await contracts_store.lock(tx, ["A1"])
            looking = asyncio.create_task(work_once(desk.db, desk.context))
            waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            while not await tx.scalar(waits) and not looking.done():  # noqa: ASYNC110 the database says so
                await asyncio.sleep(0.02)
            assert len(await usages_store.take_waiting(tx, ["SP1"])) == 1
        await looking
        assert await desk.bills("contract_no", "version") == [("C1", 1)]
