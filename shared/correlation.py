"""What the work at hand belongs to: it follows a request through logs, audit rows and facts."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_correlation_id: ContextVar[str] = ContextVar("correlation_id", default="")
_traceparent: ContextVar[str] = ContextVar("traceparent", default="")


def current() -> str:
    """Return the correlation id of the work at hand, empty where there is none."""
    return _correlation_id.get()


def traceparent() -> str:
    """Return the W3C trace context of the work at hand, empty where there is none."""
    return _traceparent.get()


@contextmanager
def use(correlation_id: str, traceparent: str = "") -> Iterator[None]:
    """Carry this correlation id and trace context through the work inside."""
    tokens = _correlation_id.set(correlation_id), _traceparent.set(traceparent)
    try:
        yield
    finally:
        _correlation_id.reset(tokens[0])
        _traceparent.reset(tokens[1])
