"""Run by alembic, on the connection that `connectors.projection.migrate` opened."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table="fajian_migrations", transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
