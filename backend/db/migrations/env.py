"""Alembic's way in; `backend/operations/migrate.py` opens the connection and the transaction."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    transactional_ddl=True,  # SQLite can, though Alembic does not expect it: whole or not at all
)
context.run_migrations()
