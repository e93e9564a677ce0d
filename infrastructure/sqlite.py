"""Opening SQLite files: with everything acknowledged on disk, or for reading alone."""

import sqlite3
from pathlib import Path

BUSY_SECONDS = 10.0


class StoreRefused(Exception):
    """The store cannot be used; the message is the one sentence that says why."""


def open_for_writing(file: Path) -> sqlite3.Connection:
    """A connection in autocommit mode: transactions are begun by hand."""
    connection = sqlite3.connect(file, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def open_for_reading(file: Path) -> sqlite3.Connection:
    """A connection that cannot write. Raises `StoreRefused` where there is no such file."""
    if not file.exists():
        raise StoreRefused(f"There is no store at {file}: start the service that records first.")
    uri = f"{file.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False)


def schema_version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
