"""Alembic's environment for both stores; `vcci_platform.storage.migrate` hands it the connection."""

from __future__ import annotations

from alembic import context

config = context.config
connection = config.attributes["connection"]

context.configure(
    connection=connection,
    target_metadata=config.attributes["metadata"],
    version_table=config.attributes["version_table"],
    render_as_batch=True,  # SQLite alters a table by rebuilding it; the same script runs on PostgreSQL
    compare_type=True,
    user_module_prefix="columns.",
)
with context.begin_transaction():
    context.run_migrations()
