"""A connection inside a transaction, as the set-based statements use it: to read, or to write as well."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import CursorResult, Executable, Row
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.clock import Clock

T = TypeVar("T")


async def unbroken(dialect: str, call: Awaitable[T]) -> T:
    """Await a call of the driver; on SQLite a cancellation waits until the call is over.

    There the call goes on in its thread when its awaiter is gone, and the connection, closed under it, may keep the write lock
    for everybody (reproduced). asyncpg cancels the statement at the server instead.
    """
    if dialect != "sqlite":
        return await call
    task = asyncio.ensure_future(call)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


class View:
    """A consistent view of the database that cannot write."""

    def __init__(self, conn: AsyncConnection) -> None:
        self.conn = conn
        self.dialect: str = conn.dialect.name

    async def all(self, statement: Executable, params: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]:
        """Return all rows of a statement."""
        return (await self._run(statement, params)).all()

    async def first(self, statement: Executable, params: Mapping[str, Any] | None = None) -> Row[Any] | None:
        """Return the first row of a statement, None where it has none."""
        return (await self._run(statement, params)).first()

    async def scalar(self, statement: Executable) -> Any:
        """Return the first column of the first row, None where there is none."""
        return (await self._run(statement, None)).scalar()

    async def _run(self, statement: Executable, params: Mapping[str, Any] | None) -> CursorResult[Any]:
        return await unbroken(self.dialect, self.conn.execute(statement, params))


class Write(View):
    """What may also change rows; `now` is one instant for the whole transaction."""

    def __init__(self, conn: AsyncConnection, clock: Clock) -> None:
        super().__init__(conn)
        self.now = clock.now()

    async def execute(self, statement: Executable, params: Mapping[str, Any] | None = None) -> int:
        """Run a statement that writes, and return how many rows it changed."""
        return int((await self._run(statement, params)).rowcount)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Undo what is done inside if it raises."""
        nested = self.conn.begin_nested()
        await unbroken(self.dialect, nested.start())
        try:
            yield
        except BaseException:
            await unbroken(self.dialect, nested.rollback())
            raise
        await unbroken(self.dialect, nested.commit())
