"""What every request passes first, in one pure ASGI layer: correlation id, limits, metrics, and the last line of errors."""

import asyncio
import re
import time
from collections.abc import Iterable, MutableMapping
from typing import Any

from prometheus_client import Counter, Histogram
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import correlation, ids
from shared import logging as logs
from shared.metrics import Metrics
from shared.web import errors
from shared.web.admission import PLACE, Admission, Place
from shared.web.rates import Rate, network

_CORRELATION_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
UNKNOWN_ROUTE = "unknown"
KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
ALWAYS_ANSWERED = frozenset({"/health/live", "/health/ready", "/metrics"})  # outside every limit: they tell of it


BODY_GRACE_SECONDS = 10  # what a caller may make the service wait for a body, whatever its size
BODY_BYTES_PER_SECOND_MIN = 4 * 1024  # beyond that; the slowest mobile link brings twice as much


def too_slow() -> errors.Problem:
    return errors.Problem(
        status=408,
        code="request.body_too_slow",
        title="The body came more slowly than this service waits for",
        headers={"Connection": "close"},  # the rest of the body is not read
    )


def too_large() -> errors.Problem:
    return errors.Problem(
        status=413,
        code="request.body_too_large",
        title="The body is larger than this service takes",
        headers={"Connection": "close"},  # the rest of the body is not read
    )


class Edge:
    def __init__(
        self,
        app: ASGIApp,
        *,
        service: str,
        metrics: Metrics,
        body_bytes_max: int,
        admission: Admission,
        strangers: Rate,
    ) -> None:
        self.app = app
        self.service = service
        self.admission = admission
        self.strangers = strangers
        self.body_bytes_max = body_bytes_max
        self._requests = metrics.counter("http_requests_total")
        self._seconds = metrics.histogram("http_request_duration_seconds")
        self._in_flight = metrics.gauge("http_requests_in_flight")
        # looking a label set up costs more than counting
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = _wanted_headers(scope["headers"])
        correlation_id = _correlation_id(headers)
        logs.service.set(self.service)
        length = headers.get(b"content-length", b"")
        declared = int(length) if length.isdigit() else 0
        place = None if scope["path"] in ALWAYS_ANSWERED else Place(self.admission, declared)
        scope[PLACE] = place
        exchange = _Exchange(receive, send, correlation_id.encode(), self.body_bytes_max, place)
        begun = time.perf_counter()
        self._in_flight.inc()
        with correlation.use(correlation_id):
            try:
                await self._answer(scope, declared, exchange)
            finally:
                if place is not None:
                    place.leave()
                if exchange.status == 401:
                    self.strangers.charge(_address(scope))
                self._in_flight.dec()
                self._count(scope, exchange.status, time.perf_counter() - begun)

    async def _answer(self, scope: Scope, declared_bytes: int, exchange: "_Exchange") -> None:
        try:
            if declared_bytes > self.body_bytes_max:
                raise too_large()
            if exchange.place is not None:
                self.strangers.check(_address(scope))
                exchange.place.enter()
            await self.app(scope, exchange.receive, exchange.send)
        except errors.Problem as problem:
            await self._finish(scope, errors.response_of(problem), exchange)
        except ClientDisconnect:
            await self._finish(
                scope, errors.cut_off(), exchange
            )  # nobody hears it, but it is counted as no fault of ours
        except asyncio.CancelledError:
            # the service stops, and the time to end the work is over
            await self._finish(scope, errors.stopped(scope), exchange)
            raise
        except Exception as error:
            await self._finish(scope, errors.unexpected(scope, error), exchange)

    async def _finish(self, scope: Scope, response: Response, exchange: "_Exchange") -> None:
        if not exchange.status:
            await response(scope, exchange.receive, exchange.send)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        # the template, never the path: paths hold account numbers
        route = getattr(scope.get("route"), "path_format", UNKNOWN_ROUTE)
        method = scope["method"] if scope["method"] in KNOWN_METHODS else "OTHER"
        key = method, route, status
        children = self._children.get(key)
        if children is None:
            children = self._requests.labels(method, route, str(status)), self._seconds.labels(method, route)
            self._children[key] = children
        children[0].inc()
        children[1].observe(seconds)


class _Exchange:
    """One request's two streams: counts the body, adds the correlation id, remembers the status."""

    def __init__(
        self, receive: Receive, send: Send, correlation_id: bytes, body_bytes_max: int, place: Place | None
    ) -> None:
        self._receive = receive
        self._send = send
        self._correlation_id = correlation_id
        self._left = body_bytes_max
        self._more = True
        self._patience = float(BODY_GRACE_SECONDS)
        self.place = place
        self.status = 0

    async def receive(self) -> Message:
        place = self.place
        if place is None or not self._more:
            return await self._receive()
        place.wait()
        begun = time.monotonic()
        try:
            async with asyncio.timeout(self._patience):
                message = await self._receive()
        except TimeoutError:
            place.count_refusal("body_rate")
            raise too_slow() from None
        if message["type"] == "http.request":
            size = len(message.get("body", b""))
            self._patience += size / BODY_BYTES_PER_SECOND_MIN - (time.monotonic() - begun)
            self._left -= size
            if self._left < 0:
                raise too_large()
            place.hold(size)
            self._more = message.get("more_body", False)
        place.enter()
        return message

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message["headers"], (b"x-correlation-id", self._correlation_id)]
        await self._send(message)


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return network(str(client[0])) if client else ""


_WANTED = frozenset({b"content-length", b"x-correlation-id", b"traceparent"})


def _wanted_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    return {name: value for name, value in headers if name in _WANTED}


def _correlation_id(headers: dict[bytes, bytes]) -> str:
    """Return the caller's correlation id or trace id where it is well formed, else a new one."""
    given = headers.get(b"x-correlation-id")
    if given is not None and _CORRELATION_ID.fullmatch(given):
        return given.decode()
    trace = _TRACEPARENT.fullmatch(headers.get(b"traceparent", b""))
    return trace[1].decode() if trace else ids.new()
