"""Alembic's entry: runs on the connection that `shared/db/migrations.py` hands over."""

from alembic import context

configuration = context.config
context.configure(
    connection=configuration.attributes["connection"],
    target_metadata=configuration.attributes.get("metadata"),
    compare_type=True,
    render_as_batch=False,
    transactional_ddl=True,  # also on SQLite: `migrations.upgrade` has begun the one transaction for all
)
with context.begin_transaction():
    context.run_migrations()
