"""After a restore from a dump the versions of accounts are above all that was told before."""

from services.billing.bills.use_cases.adopting import RAISE_VERSIONS
from shared.events.billing import AccountChanged
from shared.events.fact import RESTORED_RAISE
from tests.kits.billing import Desk, account, usage


async def restored(desk: Desk) -> None:
    async with desk.db.begin() as tx:
        for raise_versions in RAISE_VERSIONS:
            await raise_versions(tx)


async def test_what_is_put_after_a_restore_counts_for_those_who_know_a_later_version(desk: Desk) -> None:
    await desk.open(account(1))
    await restored(desk)
    await desk.open(account(1, people=4))
    assert [fact.version for fact in await desk.published(AccountChanged)] == [1, RESTORED_RAISE + 2]


async def test_an_account_keeps_its_contracts_and_is_billed(desk: Desk) -> None:
    await desk.open(account(1))
    await restored(desk)
    assert [outcome.status for outcome in await desk.open(account(1))] == ["already_done"]
    await desk.released(usage(1))
    assert await desk.bills("status", "total_fen") == [("issued", 10760)]
