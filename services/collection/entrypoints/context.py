"""What the routes and handlers of collection are given at start."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from services.collection.domain.policy import Policy


@dataclass(frozen=True, slots=True)
class Context:
    """`today` is the utility's civil date now; `channel_secrets` the callback secret of each channel."""

    policy: Policy
    today: Callable[[], date]
    channel_secrets: Mapping[str, bytes]
