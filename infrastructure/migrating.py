"""All the tables of a database, made or brought to this version."""

from infrastructure import access_tables, log_tables, proof_store, view_store
from infrastructure.database import Database

KEPT = (access_tables.TABLES, proof_store.TABLES, log_tables.TABLES)
"""What cannot be made again. The log is last, so that in a copy made in this order nothing is ahead of it."""


def migrate(database: Database) -> None:
    """All parts. Safe where several processes do it at once. Raises `StoreRefused` where it cannot be."""
    for tables in (*KEPT, view_store.TABLES):
        tables.migrate(database)
