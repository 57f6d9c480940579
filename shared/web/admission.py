"""How much a service takes on at a time: requests being worked on, the batches among them, and the bytes of their bodies.

What cannot be taken on is refused at once (503 with Retry-After), while it has cost nothing. Batches have fewer places than there
are: a payment finds one while batches are shed. What is small and heavy all the same, as a job's run is, its route calls a batch
(`heavy`) once it is known who calls. A request that waits for its body holds no place, so that slow callers, whom nobody knows
yet, cannot keep others out; the bytes that they sent count.
"""

from shared.metrics import Metrics
from shared.settings import Settings
from shared.web.errors import Problem

SINGLE_BYTES_MAX = 16 * 1024  # a payment or decision is below 2 KiB; what is larger is a batch
PLACE = "wattline.place"
"""Where the scope of a request has its place; a request outside the limits has none."""
RETRY_AFTER_SECONDS = 1
BATCH_RETRY_AFTER_SECONDS = 5  # a batch can wait, and comes back when payments are through


class Admission:
    """The places of one service."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.settings = settings
        refused = metrics.counter("http_requests_refused_total")
        # from 0 on: an alert cannot see a first count grow
        self.refused = {limit: refused.labels(limit) for limit in ("requests", "batches", "bodies", "body_rate")}
        self.requests = 0
        self.batches = 0
        self.bodies_bytes = 0


class Place:
    """What one request takes of the service: nothing but the bytes of its body while it waits for the caller."""

    __slots__ = ("_admission", "_batch", "_bytes", "_inside")

    def __init__(self, admission: Admission, declared_bytes: int) -> None:
        self._admission = admission
        self._batch = declared_bytes > SINGLE_BYTES_MAX
        self._bytes = 0
        self._inside = False

    def enter(self) -> None:
        """Take the place; raises where there is none."""
        admission, settings = self._admission, self._admission.settings
        if self._batch and admission.batches >= settings.batches_max:
            self.count_refusal("batches")
            raise overloaded(BATCH_RETRY_AFTER_SECONDS)
        if admission.requests >= settings.requests_max:
            self.count_refusal("requests")
            raise overloaded(RETRY_AFTER_SECONDS)
        admission.requests += 1
        admission.batches += self._batch
        self._inside = True

    def grow(self) -> None:
        """Take the place of a batch instead of that of a small request; raises where there is none."""
        if not self._batch:
            self.wait()
            self._batch = True
            self.enter()

    def wait(self) -> None:
        """Give the place back until the caller has sent more."""
        if self._inside:
            self._inside = False
            self._admission.requests -= 1
            self._admission.batches -= self._batch

    def hold(self, size: int) -> None:
        """Count bytes of the body, kept until the request is answered; raises where all bodies together are too much."""
        admission = self._admission
        if admission.bodies_bytes + size > admission.settings.bodies_bytes_max:
            self.count_refusal("bodies")
            # the rest of the body is not read
            raise overloaded(BATCH_RETRY_AFTER_SECONDS, {"Connection": "close"})
        admission.bodies_bytes += size
        self._bytes += size
        self._batch = self._batch or self._bytes > SINGLE_BYTES_MAX

    def count_refusal(self, limit: str) -> None:
        self._admission.refused[limit].inc()

    def leave(self) -> None:
        """Give back everything: the request is answered."""
        self.wait()
        self._admission.bodies_bytes -= self._bytes
        self._bytes = 0


def overloaded(seconds: int, headers: dict[str, str] | None = None) -> Problem:
    return Problem(
        status=503,
        code="request.overloaded",
        title="The service has as much work as it takes on; try again",
        headers={"Retry-After": str(seconds), **(headers or {})},
    )
