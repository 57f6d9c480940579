"""HTTP calls to gateways: one connection each, no redirects, no proxy of the environment, in bounded time, with bounded answers.

What matters is where a failure struck: before the request began nothing was sent; from then on, without a whole answer, nobody
knows. A connection is not used again: one that the other side has closed meanwhile would leave a message in doubt.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from typing import Any

import httpx

ANSWER_BYTES_MAX = 64 * 1024
CONNECT_SECONDS = 5.0


class NotSentError(Exception):
    """Nothing has gone out; its text is a code."""


class InDoubtError(Exception):
    """The request may have gone out, and no whole answer came; its text is a code."""


@dataclass(frozen=True)
class Answer:
    """What a gateway answered."""

    status: int
    body: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Server:
    """Where a gateway is. `public_only`: its name must not lead into a network of one's own.

    `timeout_seconds` is of the whole call; `certificates` the file of the authorities to trust, the system's without.
    """

    url: str
    timeout_seconds: float
    certificates: str | None = None
    public_only: bool = False


class Caller:
    """Calls one server."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._base = httpx.URL(server.url)
        self._tls = ssl.create_default_context(cafile=server.certificates)

    async def call(self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Return the answer to a request below the server's address. Raises `NotSentError` or `InDoubtError`."""
        begun = asyncio.Event()

        async def trace(event: str, _info: Mapping[str, Any]) -> None:
            if event == "http11.send_request_headers.started":
                begun.set()

        try:
            async with asyncio.timeout(self._server.timeout_seconds):
                request = await self._request(method, target, headers, body)
                request.extensions["trace"] = trace
                async with httpx.AsyncHTTPTransport(verify=self._tls, trust_env=False) as transport:
                    response = await transport.handle_async_request(request)
                    return Answer(response.status_code, await _read(response))
        except (httpx.HTTPError, OSError) as error:
            # the time-out of asyncio is an OSError, too
            code = "timeout" if isinstance(error, TimeoutError | httpx.TimeoutException) else "connection_lost"
            raise InDoubtError(code) if begun.is_set() else NotSentError(code) from None

    async def _request(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> httpx.Request:
        url = httpx.URL(f"{self._server.url.rstrip('/')}{target}")
        host = {"Host": self._base.netloc.decode(), "User-Agent": "wattline", "Connection": "close"}
        seconds = self._server.timeout_seconds
        extensions: dict[str, Any] = {
            "timeout": httpx.Timeout(seconds, connect=min(CONNECT_SECONDS, seconds)).as_dict()
        }
        if self._server.public_only:
            # what is checked is what is connected to: the name is not asked for again
            extensions["sni_hostname"] = url.host
            url = url.copy_with(
                host=await _public_address(url.host, url.port or (443 if url.scheme == "https" else 80))
            )
        return httpx.Request(method, url, headers={**host, **headers}, content=body, extensions=extensions)


async def _public_address(host: str, port: int) -> str:
    """Return the first address of a name, all of which are public. Raises `NotSentError`."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port)
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(is_public(address) for address in addresses):
        raise NotSentError("address_refused")
    return addresses[0]


def is_public(address: str) -> bool:
    """Return whether an address is of the internet, and not of a network of one's own, also where IPv6 wraps an IPv4 address."""
    found = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        wrapped = found.ipv4_mapped or found.sixtofour
        if wrapped is not None:
            return is_public(str(wrapped))
        if found.packed[:12] == bytes.fromhex("0064ff9b0000000000000000"):  # RFC 6052
            return is_public(".".join(map(str, found.packed[12:])))
    return found.is_global and not found.is_multicast


async def _read(response: httpx.Response) -> bytes:
    assert isinstance(response.stream, httpx.AsyncByteStream)
    body = b""
    async for chunk in response.stream:  # as it came: an answer that is compressed was not asked for
        body += chunk
        if len(body) > ANSWER_BYTES_MAX:
            raise InDoubtError("answer_too_large")
    return body
