"""What a service's own database role may do on PostgreSQL: it owns nothing, and what is told for good it can only add to.

The tables belong to the role that migrates. A table says beside its columns what is special about it (`info=APPEND_ONLY`); of all
others rows are read, written, changed and deleted.
"""

from collections.abc import Iterator

from sqlalchemy import MetaData, Table

_RIGHTS, _FORGOTTEN = "rights", "forgotten_by"

APPEND_ONLY = {_RIGHTS: "SELECT, INSERT"}
"""A table whose rows are neither changed nor deleted."""


def forgotten_by(column: str) -> dict[str, str]:
    """Return that a table is only added to, and that rows go once the instant in a column is older than the journal's days."""
    return {_RIGHTS: "SELECT, INSERT, DELETE", _FORGOTTEN: column}


def grant(metadata: MetaData, role: str, *, journal_days: int) -> Iterator[str]:
    """Return the statements by which the owner gives a role its rights, whatever it had before."""
    name = '"' + role.replace('"', '""') + '"'
    yield "REVOKE ALL ON SCHEMA public FROM PUBLIC"
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {name}"
    yield f"GRANT USAGE ON SCHEMA public TO {name}"
    yield f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {name}"
    yield f"GRANT SELECT ON alembic_version TO {name}"
    for table in metadata.sorted_tables:
        yield f"GRANT {table.info.get(_RIGHTS, 'SELECT, INSERT, UPDATE, DELETE')} ON {table.name} TO {name}"
        yield from _forget(table, journal_days)


def _forget(table: Table, days: int) -> Iterator[str]:
    """Let young rows be deleted by nobody but the owner: row security leaves them out of every DELETE."""
    column = table.info.get(_FORGOTTEN)
    if column is None:
        return
    yield f"ALTER TABLE {table.name} ENABLE ROW LEVEL SECURITY"
    for policy, rule in (
        ("read", "FOR SELECT USING (true)"),
        ("added", "FOR INSERT WITH CHECK (true)"),
        ("forgotten", f"FOR DELETE USING ({column} < now() - interval '{days:d} days')"),
    ):
        yield f"DROP POLICY IF EXISTS {policy} ON {table.name}"
        yield f"CREATE POLICY {policy} ON {table.name} {rule}"
