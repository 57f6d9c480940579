"""JSON logs on standard output, one object per line.

The message of a record is the name of an event (`relay.stopped`); what belongs to it goes into `extra`. Each line carries the
service and the correlation id. An exception is logged as its classes and stack; its text is left out, because database drivers
and validators put values into it that may be personal data.
"""

import logging
import sys
import time
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import orjson

from shared import correlation

service: ContextVar[str] = ContextVar("service", default="")
"""Which of the services of this process the work at hand belongs to."""

FRAMES_MAX = 20
TEXT_CHARACTERS_MAX = 2000  # one line stays far below what log shippers cut
REPEATED_SECONDS = 60.0
REMEMBERED_MAX = 1000  # texts that were told within the last minute; then all are told anew
_CHATTY = ("aiokafka", "kafka", "sqlalchemy")  # while a server is away they say so many times a second
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message", "taskName", "repeats"}


class Sparing(logging.Filter):
    """Lets what a service repeats through once a minute, with how often it was left out: else a log shows nothing else.

    That is what libraries say, and each of our own lines that says of itself that it repeats (`extra={"repeats": True}`).
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._told: dict[tuple[str, str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if not (record.name.startswith(_CHATTY) or getattr(record, "repeats", False)):
            return True
        key = service.get(), record.name, record.levelno, str(record.msg)
        now = self._now()
        told, left_out = self._told.get(key, (-REPEATED_SECONDS, 0))
        if now - told < REPEATED_SECONDS:
            self._told[key] = told, left_out + 1
            return False
        if left_out:
            record.left_out = left_out
        if len(self._told) >= REMEMBERED_MAX:
            self._told.clear()
        self._told[key] = now, 0
        return True


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": service.get(),
            "logger": record.name,
            "event": record.getMessage()[:TEXT_CHARACTERS_MAX],
        }
        if current := correlation.current():
            line["correlation_id"] = current
        line.update({name: value for name, value in vars(record).items() if name not in _STANDARD})
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = describe(record.exc_info[1])
        return orjson.dumps(line, default=_by_class).decode()


def _by_class(value: Any) -> str:
    # an exception or a row given as an extra must not leak what is in it
    return type(value).__name__


def describe(error: BaseException) -> list[dict[str, Any]]:
    """Return the classes and stacks of an exception and of its causes, without their texts; the outermost first."""
    found: list[dict[str, Any]] = []
    current: BaseException | None = error
    while current is not None and len(found) < 5:
        frames = traceback.extract_tb(current.__traceback__)[-FRAMES_MAX:]
        stack = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        found.append({"class": f"{type(current).__module__}.{type(current).__qualname__}", "stack": stack})
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return found


def configure(level: str = "INFO") -> None:
    """Send all logs of this process to standard output as JSON."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(Sparing())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True
    logging.getLogger("uvicorn.access").disabled = True  # paths hold account numbers; the metrics count requests
    for name in ("httpx", "httpcore", "aiosqlite", "asyncio", "alembic"):  # one line per request or statement
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
