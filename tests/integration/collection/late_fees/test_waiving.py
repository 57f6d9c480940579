"""A late fee is waived by two people: charged or still growing, all of it or some, over REST."""

from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError

from services.collection.late_fees.tables import WAIVER
from tests.integration.collection.late_fees.test_charging import accrued, charged, fees
from tests.kits.approvals import decided
from tests.kits.collection import Kit, bill, issued

WISH = {"reason": "our_fault", "explanation": "The bill had gone to the address of before."}


async def owing(kit: Kit, paid_on: str | None = "2026-03-04") -> str:
    """Bill A1 1,000 yuan, let it pay that ten days late, and return the receivable."""
    await kit.give(issued(bill("B1", 100_000)))
    if paid_on:
        await kit.pay(100_000, on=paid_on)
        await charged(kit, "2026-03-05")
    (row,) = (await kit.clerk.get("/v1/receivables?document_id=B1")).json()["items"]
    return str(row["receivable_id"])


async def asked(kit: Kit, receivable_id: str, **wish: Any) -> Any:
    answer = await kit.clerk.post(f"/v1/receivables/{receivable_id}/late-fee-waiver", json=WISH | wish)
    assert answer.status_code == 202, answer.text
    return answer.json()


async def refused(kit: Kit, receivable_id: str, **wish: Any) -> tuple[int, str]:
    answer = await kit.clerk.post(f"/v1/receivables/{receivable_id}/late-fee-waiver", json=WISH | wish)
    return answer.status_code, answer.json()["code"]


async def test_a_fee_that_was_charged_is_taken_back_once_another_person_agrees(kit: Kit) -> None:
    receivable_id = await owing(kit)
    approval = await asked(kit, receivable_id)
    assert await kit.money() == (1_000, 0), "nothing has changed yet"
    assert await decided(kit.clerk, [approval]) == ["approval.own_request"]
    assert await decided(kit.second, [approval]) == ["done"]
    assert (await kit.money(), await fees(kit)) == ((0, 0), [])
    (waived,) = (await kit.clerk.get("/v1/late-fee-waivers?account_no=A1")).json()["items"]
    assert (waived["asked_by"], waived["approved_by"], waived["waived_fen"]) == ("clerk", "second", None)
    assert await refused(kit, receivable_id) == (409, "late_fee.waived_already")


async def test_what_still_grows_is_waived_for_good(kit: Kit) -> None:
    receivable_id = await owing(kit, paid_on=None)
    assert await decided(kit.second, [await asked(kit, receivable_id)]) == ["done"]
    assert await accrued(kit, "2026-04-15") == 0
    await kit.pay(100_000, on="2026-04-15")
    await charged(kit, "2026-04-15")
    assert await fees(kit) == []


async def test_of_a_fee_some_fen_are_waived_and_a_later_calculation_keeps_that(kit: Kit) -> None:
    receivable_id = await owing(kit)
    assert await decided(kit.second, [await asked(kit, receivable_id, waived_fen=400)]) == ["done"]
    assert (await kit.money(), await fees(kit)) == ((600, 0), [("2026-03-04", 600, 2)])
    order = await kit.order(100_000)
    assert (await kit.call_back(order, 100_000, paid_on="2026-03-01")).status_code == 200
    await charged(kit, "2026-04-10")
    assert await fees(kit) == [("2026-03-01", 300, 1)], "7 days are 700 fen, of which 400 are waived"


async def test_what_speaks_against_a_waiver_has_a_code_and_changes_nothing(kit: Kit) -> None:
    receivable_id = await owing(kit)
    assert await refused(kit, receivable_id, waived_fen=1_001) == (409, "late_fee.nothing_to_waive")
    assert await refused(kit, receivable_id, waived_fen=0) == (422, "request.invalid")
    assert await refused(kit, receivable_id, reason="nice_person") == (422, "late_fee.unknown_reason")
    assert await refused(kit, "nobody") == (404, "receivable.unknown")
    other = kit.client("far", "collection:write", org_units=("zj/ningbo",))
    answer = await other.post(f"/v1/receivables/{receivable_id}/late-fee-waiver", json=WISH)
    assert (answer.status_code, answer.json()["code"]) == (404, "receivable.unknown")
    approval = await asked(kit, receivable_id)
    assert await refused(kit, receivable_id, waived_fen=10) == (409, "approval.asked_already")
    assert await decided(kit.second, [approval], decision="reject") == ["done"]
    assert await kit.money() == (1_000, 0)


async def test_a_debt_that_was_paid_in_time_has_nothing_to_waive(kit: Kit) -> None:
    receivable_id = await owing(kit, paid_on="2026-02-20")
    assert await refused(kit, receivable_id) == (409, "late_fee.nothing_to_waive")


async def test_what_the_policy_leaves_to_one_person_is_waived_at_once(kit: Kit) -> None:
    receivable_id = await owing(kit)
    kit.two_people({"late_fee.waiver": [{"from_fen": 2_000, "second": "collection:write"}]})
    answer = await kit.clerk.post(f"/v1/receivables/{receivable_id}/late-fee-waiver", json=WISH)
    assert (answer.status_code, answer.json()["status"]) == (200, "done")
    assert await kit.money() == (0, 0)


async def test_the_database_keeps_one_person_from_waiving_alone_what_needs_two(kit: Kit) -> None:
    await owing(kit)
    row = {"receivable_id": "r1", "account_no": "A1", "org_unit": "zj", "waived_fen": None, "reason": "other"}
    row |= {"explanation": "none", "waived_on": bill("B1").due_on, "asked_by": "clerk", "approved_by": "clerk"}
    with pytest.raises(DBAPIError, match="late_fee_waiver_two_people"):
        async with kit.database.begin() as tx:
            await tx.execute(insert(WAIVER).values(**row))
