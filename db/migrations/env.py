"""Alembic's way in: runs on the connection, and inside the transaction, that `db.versions.migrate` brings."""

from alembic import context
from sqlalchemy import Connection

from db.schema import metadata

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
context.run_migrations()
