"""HTTP calls out: always with time-outs, tried again only where that is safe, within bounds."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx

from shared import correlation

CONNECT_SECONDS = 3.0
READ_SECONDS = 35.0  # a server cuts a request at 30 and says so
ATTEMPTS_MAX = 4
BACKOFF_SECONDS = 0.2
BACKOFF_SECONDS_MAX = 5.0
CONNECTIONS_MAX = 20
IDEMPOTENT_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE"})
RETRIED_STATUSES = frozenset({429, 502, 503, 504})

Token = Callable[[], str]


class Retries(httpx.AsyncBaseTransport):
    """Sends a request again after a lost connection or a 429, 502, 503 or 504, where repeating it changes nothing."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        attempts = ATTEMPTS_MAX if _may_repeat(request) else 1
        for attempt in range(1, attempts + 1):
            try:
                response = await self._inner.handle_async_request(request)
            except httpx.TransportError:
                if attempt == attempts:
                    raise
                await asyncio.sleep(self._wait(attempt, ""))
                continue
            if response.status_code not in RETRIED_STATUSES or attempt == attempts:
                return response
            await response.aclose()
            await asyncio.sleep(self._wait(attempt, response.headers.get("retry-after", "")))
        raise AssertionError("the last attempt returns or raises")

    def _wait(self, attempt: int, retry_after: str) -> float:
        # full jitter, so that clients of one fault do not come back together
        wait: float = random.uniform(0.5, 1.0) * BACKOFF_SECONDS * 2.0**attempt
        asked = float(retry_after) if retry_after.isascii() and retry_after.isdigit() else 0.0
        return min(max(wait, asked), BACKOFF_SECONDS_MAX)

    async def aclose(self) -> None:
        await self._inner.aclose()


def _may_repeat(request: httpx.Request) -> bool:
    repeatable = request.method in IDEMPOTENT_METHODS or "idempotency-key" in request.headers
    return repeatable and isinstance(request.stream, httpx.ByteStream)  # another stream is used up by the first attempt


class _Bearer(httpx.Auth):
    def __init__(self, token: Token) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request):  # type: ignore[no-untyped-def]
        if "authorization" not in request.headers:  # a device signs its own requests
            request.headers["Authorization"] = f"Bearer {self._token()}"
        if current := correlation.current():
            request.headers.setdefault("X-Correlation-Id", current)
        yield request


@asynccontextmanager
async def client(
    base_url: str, *, token: Token | None = None, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client of one service; `token` is asked before each request, so that it may be renewed."""
    limits = httpx.Limits(max_connections=CONNECTIONS_MAX)
    async with httpx.AsyncClient(
        base_url=base_url,
        auth=_Bearer(token) if token else None,
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        transport=Retries(transport or httpx.AsyncHTTPTransport(limits=limits)),
        follow_redirects=False,
        trust_env=False,
    ) as opened:
        yield opened
