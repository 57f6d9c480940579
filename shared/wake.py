"""A bell between tasks of one process."""

import asyncio


class Wake:
    """Rung by who made work, waited for by who does it; rings that nobody heard are kept as one."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._waits = False

    @property
    def idle(self) -> bool:
        """Return whether who does the work waits, and nobody has rung."""
        return self._waits and not self._event.is_set()

    def set(self) -> None:
        self._event.set()

    async def wait(self, timeout_seconds: float) -> None:
        """Wait for the bell, at most as long as given."""
        self._waits = True
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._event.wait()
        except TimeoutError:
            pass
        finally:
            self._waits = False
        self._event.clear()
