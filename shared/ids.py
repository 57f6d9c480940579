"""Identifiers of facts and documents: UUIDv7 (RFC 9562 §5.7), so that they sort by the time they were made."""

import os
import time


def new() -> str:
    """Return a new UUIDv7 in its canonical text form."""
    value = (time.time_ns() // 1_000_000 << 80) | int.from_bytes(os.urandom(10), "big")
    text = f"{value:032x}"
    variant = "89ab"[(value >> 62) & 3]
    return f"{text[:8]}-{text[8:12]}-7{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"
