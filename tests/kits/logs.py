"""The log of the product as standard output shows it."""

import contextlib
import io
import logging
from collections.abc import Callable, Iterator

import orjson

from shared import logging as logs

Lines = Callable[[], list[str]]


@contextlib.contextmanager
def shown() -> Iterator[Lines]:
    """Log as a service does while inside; what is given returns the lines so far, each by its logger and event."""
    root, out = logging.getLogger(), io.StringIO()
    handlers, level = list(root.handlers), root.level
    with contextlib.redirect_stdout(out):
        logs.configure()
    root.handlers += handlers

    def lines() -> list[str]:
        read = [orjson.loads(line) for line in out.getvalue().splitlines()]
        return [f"{line['logger']}: {line['event']}" for line in read]

    try:
        yield lines
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
