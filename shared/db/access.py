"""What a database's server does not take of our settings is said with the name of the setting, at start and later."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from shared import tls
from shared.settings import SettingsError

_OF_STATES = {  # SQLSTATE
    "28P01": "WATTLINE_DATABASE_PASSWORD: the server refuses the role or its password",
    "28000": "WATTLINE_DATABASE_URL: the server does not let this role in",
    "3D000": "WATTLINE_DATABASE_URL: the server has no such database",
    "42501": "WATTLINE_DATABASE_URL: this role may not do that in this database",
}


@contextmanager
def refused_by_name() -> Iterator[None]:
    """Raise `SettingsError` for what waiting does not mend; whatever else goes wrong passes as it is."""
    try:
        yield
    except (DBAPIError, OSError) as error:
        if (refused := reason(error)) is not None:
            raise SettingsError(f"wrong setting: {refused}") from error
        raise


def reason(error: BaseException) -> str | None:
    """Return which setting the server does not take, and why; None where it is something else."""
    if isinstance(error, DBAPIError):
        return _OF_STATES.get(getattr(error.orig, "sqlstate", None) or "")
    if "rejected SSL upgrade" in str(error):  # as asyncpg says it
        return "WATTLINE_DATABASE_TLS: the server speaks no TLS"
    refused = tls.refusal(error)
    return refused and f"WATTLINE_DATABASE_TLS, WATTLINE_DATABASE_CERTIFICATES: {refused}"
