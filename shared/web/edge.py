"""What every request passes first, in one pure ASGI layer: correlation id, body limit, metrics, and the last line of errors."""

import re
import time
from collections.abc import Iterable, MutableMapping
from typing import Any

from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import correlation, ids
from shared import logging as logs
from shared.metrics import Metrics
from shared.web import errors

_CORRELATION_ID = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
UNKNOWN_ROUTE = "unknown"
KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def too_large() -> errors.Problem:
    return errors.Problem(
        status=413,
        code="request.body_too_large",
        title="The body is larger than this service takes",
        headers={"Connection": "close"},  # the rest of the body is not read
    )


class Edge:
    def __init__(self, app: ASGIApp, *, service: str, metrics: Metrics, body_bytes_max: int) -> None:
        self.app = app
        self.service = service
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
        exchange = _Exchange(receive, send, correlation_id.encode(), self.body_bytes_max)
        begun = time.perf_counter()
        self._in_flight.inc()
        with correlation.use(correlation_id):
            try:
                await self._answer(scope, headers, exchange)
            finally:
                self._in_flight.dec()
                self._count(scope, exchange.status, time.perf_counter() - begun)

    async def _answer(self, scope: Scope, headers: dict[bytes, bytes], exchange: "_Exchange") -> None:
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > self.body_bytes_max:
            problem = too_large()
            response = errors.response(413, problem.code, problem.title, headers=problem.headers)
            await response(scope, exchange.receive, exchange.send)
            return
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except Exception as error:
            response = errors.unexpected(scope, error)
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

    def __init__(self, receive: Receive, send: Send, correlation_id: bytes, body_bytes_max: int) -> None:
        self._receive = receive
        self._send = send
        self._correlation_id = correlation_id
        self._left = body_bytes_max
        self.status = 0

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise too_large()
        return message

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message["headers"], (b"x-correlation-id", self._correlation_id)]
        await self._send(message)


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
