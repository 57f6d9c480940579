"""What a party prefers <-> the text that its row holds."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import time
from functools import lru_cache
from typing import Any, Final

import orjson

from services.notify.parties.domain.preferences import PLAIN, Preferences, Preferred, Wish

NONE_STORED: Final = "{}"


def stored(preferences: Preferences) -> str:
    """Return preferences as a row holds them."""
    if preferences == PLAIN:
        return NONE_STORED
    hours = preferences.hours
    said = (
        {"opens": hours.opens.isoformat("minutes"), "closes": hours.closes.isoformat("minutes"), "zone": hours.zone}
        if hours
        else None
    )
    return orjson.dumps({"hours": said, "wishes": [asdict(wish) for wish in preferences.wishes]}).decode()


@lru_cache(maxsize=4096)
def opened(text: str) -> Preferences:
    """Return the preferences that a row holds."""
    if text == NONE_STORED:
        return PLAIN
    document: Mapping[str, Any] = orjson.loads(text)
    hours = document["hours"]
    return Preferences(
        hours=Preferred(
            opens=time.fromisoformat(hours["opens"]), closes=time.fromisoformat(hours["closes"]), zone=hours["zone"]
        )
        if hours
        else None,
        wishes=tuple(
            Wish(
                about=wish["about"],
                first=tuple(wish["first"]),
                never=tuple(wish["never"]),
                not_wanted=wish["not_wanted"],
            )
            for wish in document["wishes"]
        ),
    )
