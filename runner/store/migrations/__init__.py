"""The tables, step by step, as Alembic takes them."""
