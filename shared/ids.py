"""Identifiers of facts, and of documents that a person or a device brings: UUIDv7 (RFC 9562 §5.7), sorted by the time they were
made. Of what follows from a natural key, see `shared/natural.py`."""

import os
import time

from shared.natural import uuid_text


def new() -> str:
    """Return a new UUIDv7 in its canonical text form."""
    return uuid_text((time.time_ns() // 1_000_000 << 80) | int.from_bytes(os.urandom(10), "big"), "7")
