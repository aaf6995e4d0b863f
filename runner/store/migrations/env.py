"""Where Alembic begins: on the connection that is handed to it, or, without one, writing SQL."""

from __future__ import annotations

from alembic import context

from runner.store.tables import VERSIONS

context.configure(
    connection=context.config.attributes.get("connection"),
    dialect_name=context.config.attributes.get("dialect"),
    output_buffer=context.config.attributes.get("output"),
    as_sql="output" in context.config.attributes,
    version_table=VERSIONS,
    transactional_ddl="output" not in context.config.attributes or None,
)
with context.begin_transaction():
    context.run_migrations()
