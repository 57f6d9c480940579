"""Series of integers as short texts: how load curves travel in facts."""

import zlib
from base64 import b64decode, b64encode
from collections.abc import Sequence

VALUES_MAX = 100_000  # two years of quarter hours; a guard against a text that unpacks into more than memory holds
_LEVEL = 9


class NotPacked(ValueError):
    """A text that is no packed series."""


def pack(values: Sequence[int]) -> str:
    """Return integers ≥ 0 as text: groups of seven bits, lowest first, deflated, base64. A month of half-hours: some 3 KB."""
    data = bytearray()
    for value in values:
        while value > 127:
            data.append(value & 127 | 128)
            value >>= 7
        data.append(value)
    return b64encode(zlib.compress(bytes(data), _LEVEL)).decode()


def unpack(text: str) -> list[int]:
    """Return the integers of a packed text; raises NotPacked where it is none."""
    try:
        inflater = zlib.decompressobj()
        data = inflater.decompress(b64decode(text, validate=True), VALUES_MAX * 8)
    except (ValueError, zlib.error) as broken:
        raise NotPacked from broken
    if not inflater.eof or (data and data[-1] > 127):
        raise NotPacked
    values, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            values.append(value)
            value = shift = 0
    return values
