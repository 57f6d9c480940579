"""How often a caller may come: known ones by who they are, strangers by their address (429 with Retry-After).

A stranger is charged for what is refused 401 and for links that nobody knows, and refused from then on before a token, a device
or a body is looked at; who is known pays by name and never for the address, which a whole bureau may share. Of IPv6 the network
of 64 bits counts: a line has at least one, with more addresses than could be counted. The memory is bounded: of too many callers
the one that has been away longest is forgotten.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address

from prometheus_client import Counter

from shared.metrics import Metrics
from shared.settings import Settings
from shared.web.auth import NOBODY, Caller
from shared.web.errors import Problem

BURST_SECONDS = (
    10  # so much of the rate at once: a page opens with a dozen calls, a head-end comes back after an outage
)
CALLERS_MAX = 10_000  # 2 MB
NETWORK_BYTES = 8  # of an IPv6 address


def network(address: str) -> str:
    """Return the part of an address that its caller cannot choose; what is no IPv6 address is returned as it is."""
    if ":" not in address:
        return address
    try:
        found = IPv6Address(address)
    except ValueError:
        return address
    return str(found.ipv4_mapped or found.packed[:NETWORK_BYTES].hex(":", 2))


class Rate:
    """A token bucket for each caller, kept as the one number that describes it: when it will be full again."""

    def __init__(
        self, limit: str, per_second: int, refused: Counter, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._interval = 1 / per_second
        self._told = f"{per_second} a second, {per_second * BURST_SECONDS} at once"
        self._refused = refused.labels(limit)
        self._now = now
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def check(self, who: str) -> None:
        """Refuse who has nothing left."""
        full_at = self._full_at.get(who)
        if full_at is not None and (wait := full_at + self._interval - self._now() - BURST_SECONDS) > 0:
            self._refused.inc()
            raise _too_often(wait, self._told)

    def charge(self, who: str) -> None:
        """Take one request of what is left."""
        self._full_at[who] = max(self._full_at.get(who, 0.0), self._now()) + self._interval
        self._full_at.move_to_end(who)
        if len(self._full_at) > CALLERS_MAX:
            self._full_at.popitem(last=False)


class Rates:
    """The rates of one service."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        refused = metrics.counter("http_requests_refused_total")
        self.clients = Rate("clients", settings.client_requests_per_second, refused)
        self.devices = Rate("devices", settings.device_requests_per_second, refused)
        self.strangers = Rate("strangers", settings.stranger_requests_per_second, refused)

    def pay(self, caller: Caller) -> None:
        """Charge one request to who is known; refuses who has nothing left."""
        if caller is not NOBODY:
            rate = self.devices if caller.device else self.clients
            rate.check(caller.subject)
            rate.charge(caller.subject)


def _too_often(wait: float, rate: str) -> Problem:
    return Problem(
        status=429,
        code="request.too_often",
        title="The caller comes more often than it may",
        detail=rate,
        headers={"Retry-After": str(math.ceil(wait))},
    )
