"""A correction that names a document of another account is refused with a finding: it moves nobody's money, and stops nothing."""

import pytest

from services.collection.ledger import tables
from services.collection.ledger.tables import FINDING
from services.collection.receivables.use_cases.corrections import OTHER_ACCOUNT
from tests.kits.collection import Kit, account, adjusted, bill, corrected, issued


async def _two_accounts(kit: Kit) -> None:
    await kit.give(account("A2"))
    await kit.give(issued(bill("B1", 1_000)), issued(bill("B2", 2_000, account_no="A2")))
    await kit.pay(2_000, "A2")


async def _refused(kit: Kit, correction_id: str) -> None:
    (finding,) = await kit.rows(FINDING)
    assert (finding["code"], finding["entity_kind"], finding["entity_id"], finding["account_no"]) == (
        OTHER_ACCOUNT.code,
        "correction",
        correction_id,
        "A1",
    )
    assert [await kit.money("A1"), await kit.money("A2")] == [(1_000, 0), (0, 0)]
    assert not [row for row in await kit.rows(tables.TRANSACTION) if row["group_id"]]
    await kit.check_books()


async def test_a_correction_that_says_it_is_another_accounts_bill_posts_nothing(kit: Kit) -> None:
    await _two_accounts(kit)
    foreign = corrected("K1", [bill("B1", 1_000), bill("B2", 2_000, account_no="A2")], [bill("B3", 100)])
    await kit.give(foreign)
    await _refused(kit, "K1")


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "in one batch with the other account"])
@pytest.mark.parametrize("by_difference", [False, True], ids=["replaced", "by difference"])
async def test_a_number_that_is_another_accounts_is_refused_whatever_comes_with_it(
    kit: Kit, beside: bool, by_difference: bool
) -> None:
    await _two_accounts(kit)
    lie = adjusted("K1", [(bill("B1"), bill("B9"))]) if by_difference else corrected("K1", [bill("B2", 2_000)], [])
    if by_difference:
        await kit.give(adjusted("K0", [(bill("B2", 2_000, account_no="A2"), bill("B8", 2_000, account_no="A2"))]))
        (one,) = lie.differences
        lie = lie.model_copy(update={"differences": (one.model_copy(update={"difference_id": "D-B2"}),)})
    other = corrected("K2", [bill("B7", 500, account_no="A2")], [])
    await kit.give(*((lie, other) if beside else (lie,)))
    if not beside:
        await kit.give(other)
    rows = await kit.rows(tables.TRANSACTION)
    assert {row["account_no"] for row in rows if row["group_id"] in ("K1", "K2")} == {"A2"}
    assert await kit.findings() == [OTHER_ACCOUNT.code]
    assert [await kit.money("A1"), await kit.money("A2")] == [(1_000, 0), (0, 0)]
    await kit.check_books()


async def test_what_is_refused_of_one_account_lets_its_next_facts_go_on(kit: Kit) -> None:
    await _two_accounts(kit)
    await kit.give(corrected("K1", [bill("B2", 2_000)], []))
    await _refused(kit, "K1")
    await kit.give(corrected("K1", [bill("B2", 2_000)], []))
    await _refused(kit, "K1")
    await kit.give(corrected("K3", [bill("B1", 1_000)], [bill("B4", 700)]))
    assert await kit.money("A1") == (700, 0)
