"""SQL is compiled once in a process, not once for each database: every test has a database of its own, with the same tables."""

from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.util import LRUCache

STATEMENTS_MAX = 5000


class _Compiled(LRUCache[Any, Any]):
    """What was compiled for one driver, whichever of its databases asked: a key begins with the dialect of a database."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(key[1:], default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key[1:], value)


@cache
def _compiled(_driver: str) -> _Compiled:
    return _Compiled(STATEMENTS_MAX)


def compile_once() -> None:
    """Let all databases that are opened from now on share what is compiled."""
    event.listen(Engine, "engine_connect", _share)


def _share(connection: Connection) -> None:
    connection.engine._compiled_cache = _compiled(connection.engine.driver)
