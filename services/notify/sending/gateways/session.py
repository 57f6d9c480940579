"""The port to the ways on which notices go out (网关)."""

from collections.abc import Callable
from typing import Protocol

from services.notify.sending.domain.port import Attempt, Message


class Session(Protocol):
    """A way that takes one message at a time."""

    async def open(self) -> bool:
        """Return whether the gateway is there and lets us in; one that is away costs no notice an attempt."""

    async def send(self, message: Message) -> Attempt:
        """Send one message; never raises for what a server or a network does."""

    def close(self) -> None:
        """End what is open without asking."""


class Connectionless:
    """What a way has in common that keeps no connection: it is always open."""

    async def open(self) -> bool:
        """Return that messages may come: one that cannot go out says so itself."""
        return True

    def close(self) -> None:
        """Do nothing: nothing is open."""


Gateway = Callable[[], Session]
"""Opens nothing yet: a sender makes as many sessions as it may use at once."""
