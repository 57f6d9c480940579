"""Identifiers of documents that follow from a natural key, as text that sorts by day."""

import hashlib
import re
from datetime import date

_FORM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_EPOCH = date(1970, 1, 1).toordinal()
_DAY_MS = 86_400_000


def key_id(day: date, kind: str, *key: object) -> str:
    """Return the UUIDv8 (RFC 9562 §5.8) of the document with a natural key: the same document made again has the same id.

    It begins with the day, so that ids sort by it; 74 bits of a hash of the kind and the key follow. `day` is part of the key.
    """
    content = "\x1f".join([kind, *map(str, key)])
    digest = hashlib.blake2b(content.encode(), digest_size=10).digest()
    since = max(day.toordinal() - _EPOCH, 0) * _DAY_MS
    return uuid_text((since << 80) | int.from_bytes(digest, "big"), "8")


def day_of(id: str) -> date | None:
    """Return the day that an id of a natural key begins with; None where it is none."""
    text = id[:8] + id[9:13]
    if not _FORM.fullmatch(id):
        return None
    days = int(text, 16) // _DAY_MS
    return date.fromordinal(days + _EPOCH) if days + _EPOCH <= date.max.toordinal() else None


def uuid_text(value: int, version: str) -> str:
    """Return 128 bits as a UUID of a version and the RFC's variant, in its canonical text form."""
    text = f"{value:032x}"
    variant = "89ab"[(value >> 62) & 3]
    return f"{text[:8]}-{text[8:12]}-{version}{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"
