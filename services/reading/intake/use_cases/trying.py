"""What may need a second person is done as ever, to find what speaks against it, and undone."""

from collections.abc import Awaitable, Callable, Collection
from typing import TypeVar

from shared.db.engine import Tx

D = TypeVar("D")


class _UndoneError(Exception):
    pass


async def tried(
    tx: Tx, do: Callable[[], Awaitable[D]], against: Callable[[D], Awaitable[Collection[str]]]
) -> tuple[D, Collection[str]]:
    """Do something, and undo it where something is found against it; return what was done, or would have been, and that."""
    try:
        async with tx.savepoint():
            done = await do()
            found = await against(done)
            if found:
                raise _UndoneError
    except _UndoneError:
        pass
    return done, found
