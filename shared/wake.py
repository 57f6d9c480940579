"""A bell between tasks of one process."""

import asyncio


class Wake:
    """Rung by who made work, waited for by who does it; rings that nobody heard are kept as one."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        self._event.set()

    async def wait(self, timeout_seconds: float) -> None:
        """Wait for the bell, at most as long as given."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._event.wait()
        except TimeoutError:
            pass
        self._event.clear()
