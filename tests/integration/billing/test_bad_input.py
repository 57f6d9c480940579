"""What bad input gets, and what callers of other org units see."""

from typing import Any

from services.billing.contracts.tables import ACCOUNT
from shared.events.billing import AccountChanged
from tests.kits.billing import Desk, account, state, usage

BAD: tuple[tuple[str, str, Any, str], ...] = (
    ("PUT", "/v1/accounts/A1", {"org_unit": "zj"}, "request.invalid"),
    ("PUT", "/v1/accounts/A1", state(surprise=1), "request.invalid"),
    ("PUT", "/v1/accounts/A1", state(opened_on="2020-13-01"), "request.invalid"),
    ("PUT", "/v1/accounts", {"items": [state() | {"account_no": "A"}] * 1001}, "request.invalid"),
    ("PUT", "/v1/accounts/A1", state(opened_on="2021-01-01"), "account.contract_before_opening"),
    ("PUT", "/v1/accounts/A1", state(closed_on="2019-01-01"), "account.dates_reversed"),
    ("GET", "/v1/bills?status=lost", None, "request.invalid"),
    ("GET", "/v1/bills?cycle=2026-13", None, "request.invalid"),
    ("GET", "/v1/bills?cursor=x", None, "request.malformed_cursor"),
    ("GET", "/v1/runs/R1/2026-01", None, "run.unknown"),
    ("GET", "/v1/accounts/none", None, "account.unknown"),
    ("PUT", "/v1/release-switch", {"stopped": True, "reason": "x"}, "precondition.missing"),
)


async def test_bad_input_is_refused_with_its_code_and_changes_nothing(desk: Desk) -> None:
    async with desk.client() as client:
        for method, path, body, code in BAD:
            answer = await client.request(method, path, json=body)
            assert answer.json()["code"] == code, answer.text
            assert 400 <= answer.status_code < 500
    assert await desk.count(ACCOUNT) == 0
    assert await desk.published(AccountChanged) == []


async def test_lists_are_kept_to_the_callers_org_units(desk: Desk) -> None:
    await desk.open(account(1))
    await desk.released(usage(1, 1, 1500))
    ((bill_id,),) = await desk.bills("bill_id")
    async with desk.client(org_units=("zj/ningbo",)) as client:
        for path in ("/v1/bills", "/v1/review-queue", "/v1/runs", "/v1/accounts", "/v1/corrections"):
            assert (await client.get(path)).json()["items"] == []
        assert (await client.get(f"/v1/bills/{bill_id}")).status_code == 404
        assert (await client.get("/v1/runs/R1/2026-01")).status_code == 404
