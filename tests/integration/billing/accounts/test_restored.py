"""After a restore from a dump the versions of accounts are above all that was told before."""

from datetime import timedelta

from sqlalchemy import update

from services.billing.main import VERSIONS
from shared.db.restore import raise_versions
from shared.events.billing import AccountChanged, ChargeHoldChanged
from tests.integration.billing.cases.test_charges import charged
from tests.kits import webapp
from tests.kits.billing import Desk, account, usage
from tests.kits.cases import ask, listed


async def restored(desk: Desk) -> None:
    async with desk.db.begin() as tx:
        await raise_versions(tx, VERSIONS)


async def test_what_is_put_after_a_restore_counts_for_those_who_know_a_later_version(desk: Desk) -> None:
    await desk.open(account(1))
    await restored(desk)
    await desk.open(account(1, people=4))
    first, second = [fact.version for fact in await desk.published(AccountChanged)]
    assert (first, second > 100_000_000) == (1, True)


async def test_a_second_restore_of_the_same_dump_is_above_what_was_told_after_the_first(desk: Desk) -> None:
    await desk.open(account(1))
    await restored(desk)
    await desk.open(account(1, people=4))
    await desk.open(account(1, people=5))
    *_, before = [fact.version for fact in await desk.published(AccountChanged)]
    async with desk.db.begin() as tx:  # what the dump says
        for version in VERSIONS:
            await tx.execute(update(version.table).values({version.name: 1}))
    desk.db.clock = webapp.FixedClock(desk.db.clock.now() + timedelta(minutes=1))
    await restored(desk)
    await desk.open(account(1, people=6))
    *_, after = [fact.version for fact in await desk.published(AccountChanged)]
    assert after > before


async def test_a_charge_that_is_held_after_a_restore_is_held_for_those_who_know_a_later_version(desk: Desk) -> None:
    await charged(desk)
    (back, _) = await listed(desk, "charges")
    said = {"held_until": "2026-03-20", "explanation": "objects in writing"}
    await ask(desk, f"charges/{back['charge_no']}/hold", said)
    await restored(desk)
    await ask(desk, f"charges/{back['charge_no']}/hold", said | {"held_until": None})
    first, second = [fact.version for fact in await desk.published(ChargeHoldChanged)]
    assert (first, second > 100_000_000) == (1, True)


async def test_an_account_keeps_its_contracts_and_is_billed(desk: Desk) -> None:
    await desk.open(account(1))
    await restored(desk)
    assert [outcome.status for outcome in await desk.open(account(1))] == ["already_done"]
    await desk.released(usage(1))
    assert await desk.bills("status", "total_fen") == [("issued", 10760)]
