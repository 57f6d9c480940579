"""Which database errors go away by trying again."""

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

# SQLSTATE classes (PostgreSQL, appendix A): connection, resources, operator intervention, rolled back, lock not available
_CLASSES = ("08", "53", "57", "40")
_LOCK_NOT_AVAILABLE = "55P03"


def is_transient(error: BaseException) -> bool:
    """Return whether the same work may succeed when it is done again."""
    if isinstance(error, PoolTimeout | TimeoutError | ConnectionError | OSError):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    # what fails while a connection is made comes as the driver raises it
    of_driver = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(of_driver, "sqlstate", None) or getattr(of_driver, "pgcode", None)
    if isinstance(state, str):
        return state.startswith(_CLASSES) or state == _LOCK_NOT_AVAILABLE
    if not isinstance(error, DBAPIError):
        return False
    # without a state: the driver lost the connection, or SQLite was busy
    return isinstance(error, InterfaceError | OperationalError) and "no such" not in str(error.orig)
