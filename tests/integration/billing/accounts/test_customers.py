"""Whose an account is and how it is paid: kept, shown and told, and no bill depends on it."""

from typing import Any

import pytest

from services.billing.accounts import use_cases
from shared.events.billing import AccountChanged
from tests.kits.billing import Desk, state, usage

MODES = [{"from": "2026-01-01", "mode": "postpaid"}, {"from": "2026-03-01", "mode": "prepaid"}]


def changed(customer_no: str | None = "C-0001", modes: list[dict[str, str]] = MODES) -> dict[str, Any]:
    body = state()
    body["contracts"][0]["payment_modes"] = modes
    return body | {"customer_no": customer_no}


async def test_customer_and_payment_modes_come_back_as_they_were_put_one_by_one_and_in_bulk(desk: Desk) -> None:
    async with desk.client() as client:
        first = await client.put("/v1/accounts/A1", json=changed())
        again = await client.put("/v1/accounts", json={"items": [changed() | {"account_no": "A1"}]})
        shown = (await client.get("/v1/accounts/A1")).json()
        cleared = await client.put("/v1/accounts", json={"items": [changed(None, []) | {"account_no": "A1"}]})
        bare = (await client.get("/v1/accounts/A1")).json()
    assert first.json()["status"] == "done", first.text
    assert again.json()["outcomes"][0]["status"] == "already_done"
    assert (shown["customer_no"], shown["contracts"][0]["payment_modes"]) == ("C-0001", MODES)
    assert cleared.json()["outcomes"][0]["status"] == "done"
    assert (bare["customer_no"], bare["contracts"][0]["payment_modes"]) == (None, [])


async def test_both_are_told_to_the_other_services_at_once_and_again(desk: Desk) -> None:
    async with desk.client() as client:
        await client.put("/v1/accounts/A1", json=changed())
    async with desk.db.begin() as tx:
        await use_cases.republish(tx, ["A1"])
    told = await desk.published(AccountChanged)
    assert len(told) == 2
    for fact in told:
        assert fact.customer_no == "C-0001"
        modes = [one.model_dump(mode="json", by_alias=True) for one in fact.contracts[0].payment_modes]
        assert modes == MODES


WRONG = (
    ([{"from": "2026-01-01", "mode": "sometimes"}], "request.invalid", "/contracts/0/payment_modes/0/mode"),
    ([MODES[1], MODES[0]], "account.payment_modes_order", "/contracts/0/payment_modes"),
    ([MODES[0], MODES[0]], "account.payment_modes_order", "/contracts/0/payment_modes"),
)


@pytest.mark.parametrize(("modes", "code", "pointer"), WRONG)
async def test_wrong_payment_modes_are_refused(
    desk: Desk, modes: list[dict[str, str]], code: str, pointer: str
) -> None:
    async with desk.client() as client:
        answer = await client.put("/v1/accounts/A1", json=changed(modes=modes))
    assert 400 <= answer.status_code < 500
    assert answer.json()["code"] == code, answer.text
    assert pointer in answer.text


async def test_another_customer_or_payment_mode_touches_no_bill(desk: Desk) -> None:
    async with desk.client() as client:
        await client.put("/v1/accounts/A1", json=state())
        await desk.measure(usage(1))
        before = await desk.bills("bill_id", "version", "status", "row_version", "total_fen")
        answer = await client.put("/v1/accounts/A1", json=changed())
    assert len(before) == 1
    assert answer.json()["status"] == "done", answer.text
    assert await desk.bills("bill_id", "version", "status", "row_version", "total_fen") == before
