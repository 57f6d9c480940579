"""One HTTP connection before there is a request: what a head may weigh and how long it may take, for callers nobody knows yet.

The parser keeps a head of any size and waits for its end for ever, so both limits stand here. A refusal is a problem document,
as everywhere; where an earlier answer is still being written, the connection is only closed. Of too many connections the one
that has waited longest for its caller is ended, so that a new one is always taken: it may be a probe, or a payment.
"""

import asyncio
from collections import OrderedDict
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from shared.metrics import Metrics
from shared.web import errors

HEAD_BYTES_MAX = 64 * 1024  # a token, a signature and a trace together stay below 8 KiB
HEAD_SECONDS = 20  # a meter on the slowest link sends its head in less than 5
UNREAD_SECONDS = 60  # what a caller may leave of its answer unread, while the rest waits in memory
PIPELINED_MAX = 16  # requests that wait for the answer of an earlier one; few callers send more than one


class OpenConnections:
    """The connections of one server that wait for their callers, longest first, and how many there may be in all."""

    def __init__(self, most: int, metrics: Metrics) -> None:
        self.most = most
        self.waiting: OrderedDict[Connection, None] = OrderedDict()
        self.ended = metrics.counter("http_connections_ended_total")
        refused = metrics.counter("http_requests_refused_total")
        self.refused = {limit: refused.labels(limit) for limit in ("head_rate", "head_size")}

    def make_room(self, count: int) -> None:
        """End the connection that has waited longest, where there are too many; the work of all others goes on."""
        if count > self.most and self.waiting:
            connection, _ = self.waiting.popitem(last=False)
            self.ended.inc()
            connection.transport.abort()


class Connection(HttpToolsProtocol):
    def __init__(self, *args: Any, open_ones: OpenConnections, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._open_ones = open_ones
        self._unread: asyncio.TimerHandle | None = None
        self._in_head = False
        self._in_message = False
        self._head_bytes = 0  # of the headers that are whole, those after a body in chunks too
        self._read_bytes = 0  # since the parser gave something: what it keeps
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()
        self._open_ones.make_room(len(self.connections))
        self._open_ones.waiting[self] = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._open_ones.waiting.pop(self, None)
        self._head_came()
        self._is_read()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.call_later(UNREAD_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        self._is_read()
        super().resume_writing()

    def _is_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def data_received(self, data: bytes) -> None:
        if self._in_message:
            self._read_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_message and self._read_bytes > HEAD_BYTES_MAX:
            self._refuse_size()
        elif (self._in_head or not self._answering()) and self._deadline is None:
            self._await_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = self._in_message = True
        self._head_bytes = self._read_bytes = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._weigh(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # those after a body would change a head that has been read and believed
            super().on_header(name, value)
        self._weigh(len(name) + len(value) + len(": \r\n"))

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._read_bytes = 0
        self._head_came()
        if len(self.pipeline) >= PIPELINED_MAX:
            raise ValueError  # ends the parser, which ends in send_400_response
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._read_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_message = False
        super().on_message_complete()
        if self._answering():
            self._open_ones.waiting.pop(self, None)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._answering() and self in self.connections:
            self._open_ones.waiting[self] = None

    def send_400_response(self, msg: str) -> None:
        if self._head_bytes > HEAD_BYTES_MAX:
            self._refuse_size()
        else:
            self._refuse(400, "request.malformed", "This is not an HTTP request")

    def _weigh(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > HEAD_BYTES_MAX:
            raise ValueError  # ends the parser, which ends in send_400_response

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _is_awaited(self) -> bool:
        """Return whether the request that is answered is this one, and is not yet whole: nothing has been done for it."""
        return self.cycle.more_body and not self.cycle.response_started and not self.pipeline

    def _await_head(self) -> None:
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._head_is_late)

    def _head_came(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _head_is_late(self) -> None:
        self._deadline = None
        if self.transport.is_closing():
            return
        if self._answering():
            self._await_head()  # the next request's head, begun while this one is worked on
        elif self._in_head:
            self._open_ones.refused["head_rate"].inc()
            self._refuse(408, "request.head_too_slow", "The head of the request took too long")
        else:
            self.transport.close()

    def _refuse_size(self) -> None:
        self._open_ones.refused["head_size"].inc()
        self._refuse(431, "request.head_too_large", "The head of the request is larger than this service takes")

    def _refuse(self, status: int, code: str, title: str) -> None:
        if not self._answering() or self._is_awaited():
            response = errors.response(status, code, title, headers={"Connection": "close"})
            head = b"".join(b"%b: %b\r\n" % header for header in response.raw_headers)
            self.transport.write(b"%b%b\r\n%b" % (STATUS_LINE[status], head, bytes(response.body)))
        self.transport.close()
