"""Long work of the processor, done where it stops nobody: in processes of its own, or in a thread where it is short.

    with Workers(make, setting, processes=2) as workers:
        answer = await workers.run(argument)        # make(setting)(argument); make and all values can be pickled

A process that does such work on its event loop answers nobody meanwhile, its heartbeats stop, and the others take its partitions.
"""

import asyncio
import multiprocessing
import os
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import connection
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

S = TypeVar("S")
A = TypeVar("A")
R = TypeVar("R")
_made: dict[str, Callable[[Any], Any]] = {}


class Workers(Generic[S, A, R]):
    """So many processes that each have made their work of the setting once; none: a thread of this process."""

    def __init__(self, make: Callable[[S], Callable[[A], R]], setting: S, *, processes: int) -> None:
        self._pool: ProcessPoolExecutor | None = None
        if processes:
            # spawned, not forked: a fork has the locks and connections of whatever runs at that moment
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(processes, context, initializer=_begin, initargs=(make, setting))
        else:
            self._work = make(setting)

    async def run(self, argument: A) -> R:
        """Do the work for an argument; raises what it raises, and BrokenProcessPool where a process was killed."""
        if self._pool is None:
            return await asyncio.to_thread(self._work, argument)
        answer: R = await asyncio.get_running_loop().run_in_executor(self._pool, _do, argument)
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)


def _begin(make: Callable[[Any], Callable[[Any], Any]], setting: Any) -> None:  # pragma: no cover, in another process
    parent = multiprocessing.parent_process()
    assert parent is not None

    def end_with(sentinel: int) -> None:
        connection.wait([sentinel])
        os._exit(1)

    # who kills the service leaves no process behind: its queue alone would keep this one waiting for ever
    threading.Thread(target=end_with, args=(parent.sentinel,), daemon=True).start()
    _made["work"] = make(setting)


def _do(argument: Any) -> Any:  # pragma: no cover, in another process
    return _made["work"](argument)
