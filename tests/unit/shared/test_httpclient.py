from collections.abc import Callable

import httpx
import pytest

from shared import correlation, httpclient

Answer = httpx.Response | Exception


def server(*answers: Answer) -> tuple[httpx.AsyncBaseTransport, list[httpx.Request]]:
    """Return a transport that gives these answers in turn, without waiting between attempts, and what it was asked."""
    asked: list[httpx.Request] = []
    left = list(answers)

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return httpx.MockTransport(handle), asked


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(httpclient.asyncio, "sleep", sleep)
    return waited


BUSY: Callable[[], httpx.Response] = lambda: httpx.Response(503)  # noqa: E731


async def test_a_get_is_tried_again_after_a_lost_connection_and_a_busy_server() -> None:
    transport, asked = server(httpx.ConnectError("x"), BUSY(), httpx.Response(200))
    async with httpclient.client("http://x", transport=transport) as client:
        assert (await client.get("/")).status_code == 200
    assert len(asked) == 3


async def test_tries_are_bounded_and_the_last_answer_is_given() -> None:
    transport, asked = server(*(BUSY() for _ in range(9)))
    async with httpclient.client("http://x", transport=transport) as client:
        assert (await client.get("/")).status_code == 503
    assert len(asked) == httpclient.ATTEMPTS_MAX


async def test_a_lost_connection_is_raised_after_the_last_try() -> None:
    transport, asked = server(*(httpx.ReadTimeout("x") for _ in range(9)))
    async with httpclient.client("http://x", transport=transport) as client:
        with pytest.raises(httpx.ReadTimeout):
            await client.put("/", json={})
    assert len(asked) == httpclient.ATTEMPTS_MAX


async def test_a_post_without_an_idempotency_key_is_sent_once() -> None:
    transport, asked = server(BUSY())
    async with httpclient.client("http://x", transport=transport) as client:
        assert (await client.post("/", json={})).status_code == 503
    assert len(asked) == 1


async def test_a_post_with_an_idempotency_key_is_tried_again() -> None:
    transport, asked = server(BUSY(), httpx.Response(201))
    async with httpclient.client("http://x", transport=transport) as client:
        assert (await client.post("/", json={"a": 1}, headers={"Idempotency-Key": "k"})).status_code == 201
    assert [request.content for request in asked] == [b'{"a":1}'] * 2


async def test_a_refusal_is_not_tried_again() -> None:
    transport, asked = server(httpx.Response(404))
    async with httpclient.client("http://x", transport=transport) as client:
        await client.get("/")
    assert len(asked) == 1


async def test_what_the_server_asks_to_wait_is_waited_within_bounds(no_waiting: list[float]) -> None:
    later = (httpx.Response(503, headers={"Retry-After": text}) for text in ("2", "3600"))
    transport, _ = server(*later, httpx.Response(200))
    async with httpclient.client("http://x", transport=transport) as client:
        await client.get("/")
    assert no_waiting == [2.0, httpclient.BACKOFF_SECONDS_MAX]


async def test_each_request_carries_a_fresh_token_and_the_correlation_id() -> None:
    tokens = iter(["one", "two"])
    transport, asked = server(httpx.Response(200), httpx.Response(200))
    async with httpclient.client("http://x", token=lambda: next(tokens), transport=transport) as client:
        with correlation.use("c-1"):
            await client.get("/")
        await client.get("/")
    assert [r.headers["authorization"] for r in asked] == ["Bearer one", "Bearer two"]
    assert [r.headers.get("x-correlation-id") for r in asked] == ["c-1", None]


async def test_a_signature_of_its_own_is_left_alone() -> None:
    transport, asked = server(httpx.Response(200))
    async with httpclient.client("http://x", token=lambda: "t", transport=transport) as client:
        await client.get("/", headers={"Authorization": "WATTLINE-HMAC-SHA256 x"})
    assert asked[0].headers["authorization"] == "WATTLINE-HMAC-SHA256 x"
