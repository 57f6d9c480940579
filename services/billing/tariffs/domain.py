"""The tariff versions that a bill was rated by, as they are stored with it."""

from typing import NamedTuple

import orjson  # lint: skip=PURE-IMPORT text in and text out, as pure as json and ten times as fast


class TariffUsed(NamedTuple):
    """A tariff version that rated a bill, with the hash of what its document said."""

    tariff_id: str
    version: str
    content_hash: str


def tariffs_used(text: str) -> list[TariffUsed]:
    """Return the tariff versions of a bill from their text `[[id, version, content hash], …]`, in the order of its segments."""
    return [
        TariffUsed(tariff_id=tariff_id, version=version, content_hash=content_hash)
        for tariff_id, version, content_hash in orjson.loads(text)
    ]
