"""What becomes of each party of a batch."""

from tests.kits.notify import Notify, contact
from tests.kits.told_facts import account, issued


async def test_put_answers_each_party_by_itself(notify: Notify) -> None:
    await notify.handle(account(5))
    assert await notify.put(contact(1)) == ["done"]
    answers = await notify.put(
        contact(1),
        contact(2),
        contact(3, address="nobody"),
        contact(4),
        contact(4),
        contact(1 + 5, org_unit="bj/haidian"),
        contact(7, account_no="a0005", org_unit="zj/ningbo"),
    )
    assert answers == [
        "already_done",
        "done",
        "party.bad_address",
        "request.repeated_in_batch",
        "request.repeated_in_batch",
        "auth.other_org_unit",
        "party.does_not_cover_account",
    ]
    assert await notify.put(contact(1, org_unit="zj"), org_units=("zj/ningbo",)) == ["auth.other_org_unit"]


async def test_the_statements_of_a_batch_of_parties_are_as_many_for_ten_as_for_a_thousand(notify: Notify) -> None:
    await notify.handle(*(issued(n) for n in range(1, 2000)))
    counts = []
    for numbers in (range(1, 11), range(11, 1011)):
        with notify.statements() as seen:
            assert set(await notify.put(*(contact(n) for n in numbers))) == {"done"}
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert len(await notify.notices()) == 1010
