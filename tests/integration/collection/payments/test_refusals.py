"""Bad input where money comes in: each with its code, and nothing changed."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from services.collection.base import PLATFORM
from services.collection.payments.tables import ORDER, PAYMENT
from shared.logging import JsonFormatter
from tests.kits import collection as collection_kit
from tests.kits.collection import Kit


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    async with collection_kit.started_with_a_closed_month(tmp_path) as made:
        yield made


PAYMENTS: list[tuple[dict[str, Any], int, str]] = [
    ({"amount_fen": 0}, 422, "request.invalid"),
    ({"amount_fen": -1}, 422, "request.invalid"),
    ({"amount_fen": 1.5}, 422, "request.invalid"),
    ({"amount_fen": "100"}, 422, "request.invalid"),
    ({"amount_fen": 10**14}, 422, "request.invalid"),
    ({"account_no": "nobody"}, 404, "account.unknown"),
    ({"received_on": "2026-01-31"}, 409, "ledger.month_closed"),
    ({"received_on": "2026-04-16"}, 422, "payment.dated_in_future"),
    ({"surprise": 1}, 422, "request.invalid"),
]


@pytest.mark.parametrize(("change", "status", "code"), PAYMENTS)
async def test_a_wrong_payment_is_refused_and_changes_nothing(
    kit: Kit, change: dict[str, Any], status: int, code: str
) -> None:
    body = {"account_no": "A1", "amount_fen": 100, "received_on": "2026-03-01"} | change

    answer = await kit.cashier.post("/v1/payments", json=body, headers={"Idempotency-Key": "k"})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await kit.rows(PAYMENT) == []
    assert await kit.rows(PLATFORM.idempotency_key) == []
    assert await kit.money() == (1_000, 0)


async def test_a_payment_without_an_idempotency_key_is_refused(kit: Kit) -> None:
    answer = await kit.cashier.post("/v1/payments", json={"account_no": "A1", "amount_fen": 100})
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


async def test_broken_json_is_refused(kit: Kit) -> None:
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    answer = await kit.cashier.post("/v1/payments", content=b"{", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "request.malformed_json")


@pytest.mark.parametrize("case", ["other secret", "changed body", "no signature", "unknown channel", "not text"])
async def test_a_forged_callback_is_refused_changes_nothing_and_is_a_line_in_the_log(
    kit: Kit, case: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    order_id = await kit.order(1_000)
    body = orjson.dumps({"channel_txn": "T1", "order_id": order_id, "amount_fen": 1_000, "paid_on": "2026-03-01"})
    if case == "other secret":
        answer = await kit.report(body, secret="x" * 40)
    elif case == "unknown channel":
        answer = await kit.report(body, channel="moon")
    else:
        signature = {"changed body": b"0" * 64, "no signature": b"", "not text": b"\xe9"}[case]
        client = kit.client("nobody")
        client.headers = httpx.Headers([(b"X-Channel-Signature", signature)])
        answer = await client.post(
            "/v1/channels/app/callbacks", content=body, headers={"Content-Type": "application/json"}
        )

    assert (answer.status_code, answer.json()["code"]) == (401, "channel.invalid_signature")
    assert await kit.rows(PAYMENT) == []
    [line] = [record for record in caplog.records if record.name == "shared.web.refusals"]
    told = {name: vars(line)[name] for name in ("route", "subject", "status", "code")}
    assert told == {
        "route": "/v1/channels/{channel}/callbacks",
        "subject": "anonymous",
        "status": 401,
        "code": "channel.invalid_signature",
    }
    text = JsonFormatter().format(line).partition('"event"')[2]
    assert not [sent for sent in (order_id, "T1", "moon", "0" * 64) if sent in text]


async def test_a_refused_report_of_a_channel_names_the_channel_in_the_log(
    kit: Kit, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    order_id = await kit.order(1_000)
    await kit.call_back(order_id, 1_000)
    assert (await kit.call_back(order_id, 999)).status_code == 409
    [line] = [record for record in caplog.records if record.name == "shared.web.refusals"]
    assert (vars(line)["subject"], vars(line)["code"]) == ("channel:app", "payment.conflicting_duplicate")
    assert order_id not in JsonFormatter().format(line)


async def test_a_signed_callback_of_no_money_is_refused(kit: Kit) -> None:
    answer = await kit.call_back(await kit.order(1_000), 0)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"account_no": "nobody"}, 404, "account.unknown"),
        ({"channel": "moon"}, 422, "channel.unknown"),
        ({"channel": "counter"}, 422, "channel.unknown"),
        ({"amount_fen": 0}, 422, "request.invalid"),
    ],
)
async def test_a_wrong_order_is_refused(kit: Kit, change: dict[str, Any], status: int, code: str) -> None:
    body = {"account_no": "A1", "amount_fen": 100, "channel": "app"} | change
    answer = await kit.clerk.post("/v1/payment-orders", json=body, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await kit.rows(ORDER) == []
