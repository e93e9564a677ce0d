"""SQLite: a file for each part, with everything acknowledged on disk."""

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple, TextIO

from eventsourcing.persistence import IntegrityError

from infrastructure.database import (
    BUSY_SECONDS,
    FOREIGN,
    Connection,
    Dialect,
    Lock,
    Part,
    StoreDamaged,
    StoreFull,
    StoreLost,
    StoreRefused,
    TableMissing,
)

_IN_MEMORY = "temp_store = MEMORY"
"""Else an insertion of several rows opens, writes and closes a file. For views it would be the sorts of a rebuild."""
_SETTINGS: dict[Part, tuple[str, ...]] = {
    "log": ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON", _IN_MEMORY),
    "access": ("journal_mode = WAL", "synchronous = FULL"),
    "views": ("journal_mode = WAL", "synchronous = NORMAL", "cache_size = -32768", "wal_autocheckpoint = 2000"),
    "proofs": ("journal_mode = WAL", "synchronous = NORMAL"),
}
"""The views and the tree are copies with the position that they rest on: what a crash takes from their end is made
again. A checkpoint is waited for."""
GLANCE_SECONDS = 0.005
"""How often a file is looked at for news."""
_FULL = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_SHMSIZE,
    sqlite3.SQLITE_IOERR_TRUNCATE,
}
"""A quota or a limit on the size of files is told as a failed write; the file beside the log has to grow, too."""
_VALUES_MAX = 30_000
"""SQLite takes 32,766 values in a statement."""


class SqliteConnection(Connection):
    """A connection to one file, in autocommit mode: transactions are begun by hand."""

    dialect = Dialect(
        types={"text": "TEXT", "bytes": "BLOB", "uuid": "TEXT", "integer": "INTEGER", "clustered": "WITHOUT ROWID"}
        | {"unsampled": "", "rewritten": ""},
        # To this tokenizer all beyond ASCII are letters: what are words is settled before.
        texts='CREATE VIRTUAL TABLE {table} USING fts5 (text, tokenize = "ascii", columnsize = 0, detail = none)',
        elements="json_each(?)",
        text_key="rowid",
        matches="SELECT rowid FROM {table} WHERE {table} MATCH ?",
        is_found="{number} IN ({found})",
    )

    def __init__(self, connection: sqlite3.Connection, file: Path, *, writes: bool = False) -> None:
        self._writes = writes
        self._connection = connection
        self._file = file
        self._led: dict[Lock, TextIO] = {}

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with _named_errors():
            return self._connection.execute(sql, values).fetchall()

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        with _named_errors():
            self._connection.executemany(sql, rows)

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Many rows in a statement: each statement is a moment in which other threads may go on."""
        chunk = _VALUES_MAX // len(columns)
        for start in range(0, len(rows), chunk):
            some = rows[start : start + chunk]
            values = [value for row in some for value in row]
            with _named_errors():
                self._connection.execute(_insertion(table, tuple(columns), len(some)), values)

    @contextmanager
    def transaction(self, lock: Lock | None = None, *, waits: bool = False) -> Iterator[None]:
        """One writer at a time, whatever for: the file is the lock."""
        before = self.value("PRAGMA synchronous") if waits else None
        if waits:
            self.rows("PRAGMA synchronous = FULL")
        self.rows("BEGIN IMMEDIATE" if lock else "BEGIN")
        try:
            yield
            self.rows("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self.rows("ROLLBACK")
            raise
        finally:
            if waits:
                self.rows(f"PRAGMA synchronous = {before}")

    def lead(self, lock: Lock) -> bool:
        if lock not in self._led:
            file = open(f"{self._file}.{lock}", "w")  # noqa: SIM115  (open as long as it is held)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                return False
            self._led[lock] = file
        return True

    def release(self, lock: Lock) -> None:
        if file := self._led.pop(lock, None):
            file.close()

    def version(self, part: Part) -> int:
        return int(self.value("PRAGMA user_version"))

    def set_version(self, part: Part, version: int) -> None:
        self.run(f"PRAGMA user_version = {version}")

    def check_rights(self, part: Part) -> None:
        """Seen to when the file is opened."""

    def faults(self) -> list[str]:
        foreign = self.rows("SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'view')")
        faults = [fault for (fault,) in self.rows("PRAGMA integrity_check") if fault != "ok"]
        return faults + [FOREIGN.format(kind=kind, name=name) for kind, name in foreign]

    def tell(self) -> None:
        """Whoever waits looks at the file."""

    def searchable(self, words: Iterable[str]) -> str:
        return " ".join(words)

    def search(self, word: str) -> str:
        return f'"{word}"*'

    def purge(self, *tables: str) -> None:
        """What is deleted from the log is written over at once; a file of views is written anew."""
        for table in tables:
            if table.startswith("texts_"):  # its index forgets a word only when it is written anew
                self.run(f"INSERT INTO {table} ({table}) VALUES ('optimize')")
        if not self.value("PRAGMA secure_delete"):
            self.run("VACUUM")
        deadline = time.monotonic() + BUSY_SECONDS
        while self.value("PRAGMA wal_checkpoint(TRUNCATE)"):
            if time.monotonic() > deadline:
                raise StoreLost(f"{self._file} is read all the time, and so what was erased is still in its journal.")
            time.sleep(GLANCE_SECONDS)

    def close(self) -> None:
        """What was written is in the one file afterwards, also where others have it open: people copy it."""
        if self._writes:
            with suppress(sqlite3.Error):
                self._connection.execute("PRAGMA busy_timeout = 0")
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._connection.close()
        for file in self._led.values():
            file.close()


class SqliteDatabase:
    """A file for each part. That of the views can be deleted at any time and is made again from the log."""

    migrates_itself = True

    def __init__(self, log: Path, views: Path | None = None) -> None:
        self.files: dict[Part, Path] = {"log": log, "views": views or log.with_name(f"{log.name}.views")}
        self.files |= {"access": log.with_name(f"{log.name}.access"), "proofs": log.with_name(f"{log.name}.proofs")}

    def __str__(self) -> str:
        return str(self.files["log"])

    def has(self, part: Part) -> bool:
        return self.files[part].exists()

    def writer(self, part: Part) -> Connection:
        file = self.files[part]
        _refuse_read_only(file)
        try:
            # One that is new is for its owner alone, and so are the files that SQLite puts beside it.
            os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
            connection = _connect(str(file))
            for setting in _SETTINGS[part]:
                connection.execute(f"PRAGMA {setting}")
        except (sqlite3.Error, OSError) as error:
            raise StoreRefused(f"The store {file} cannot be opened: {error}.") from None
        return SqliteConnection(connection, file, writes=True)

    def reader(self, part: Part) -> Connection:
        file = self.files[part]
        if not file.exists():
            raise StoreRefused(f"There is no store at {file}: record something, or start the service that records.")
        try:
            connection = _connect(_to_read(file), uri=True)
            connection.execute("PRAGMA schema_version")
            if part == "views":  # what was restricted since is asked together with them
                connection.execute("ATTACH ? AS log", (_to_read(self.files["log"]),))
        except sqlite3.Error as error:
            raise StoreRefused(f"The store {file} cannot be opened: {error}.") from None
        return SqliteConnection(connection, file)

    def news(self) -> "FileNews":
        return FileNews(self.reader("log"))

    def reset(self, part: Part, version: int) -> None:
        with closing(self.writer(part)) as connection, connection.transaction(part):
            if connection.version(part) in (0, version):
                return  # another process was here first
            tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            for condition in ("AND sql LIKE 'CREATE VIRTUAL%'", ""):  # these take other tables with them
                for (name,) in connection.rows(f"{tables} {condition}"):
                    connection.run(f'DROP TABLE IF EXISTS "{name}"')
            connection.set_version(part, 0)


class Column(NamedTuple):
    """A column of a table; `key` is its place in the primary key, from 1, or 0."""

    name: str
    type: str
    key: int


def declared(connection: Connection) -> dict[str, list[Column]]:
    """The tables of a file, each with its columns."""
    names = connection.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    columns = "SELECT name, type, pk FROM pragma_table_info(?) ORDER BY cid"
    return {name: [Column(*row) for row in connection.rows(columns, (name,))] for (name,) in sorted(names)}


class FileNews:
    """Looks at the file every few milliseconds: the version of its data moves with each commit of somebody else."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._seen = self._version()
        self._ended = Event()

    def wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (version := self._version()) == self._seen and time.monotonic() < deadline:
            if self._ended.wait(GLANCE_SECONDS):
                return
        self._seen = version

    def end(self) -> None:
        self._ended.set()

    def _version(self) -> int:
        return int(self._connection.value("PRAGMA data_version"))

    def close(self) -> None:
        self._connection.close()


def _refuse_read_only(file: Path) -> None:
    """SQLite itself opens what cannot be written, and fails at the first record."""
    for needed in (file, file.parent):
        if needed.exists() and not os.access(needed, os.W_OK):
            raise StoreRefused(f"The store {file} cannot be opened: this user has no right to write {needed}.")


def _to_read(file: Path) -> str:
    return f"{file.absolute().as_uri()}?mode=ro"


def _connect(file: str, *, uri: bool = False) -> sqlite3.Connection:
    return sqlite3.connect(file, uri=uri, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False)


@cache
def _insertion(table: str, columns: tuple[str, ...], rows: int) -> str:
    marks = f"({', '.join('?' * len(columns))})"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([marks] * rows)}"


@contextmanager
def _named_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise IntegrityError(str(error)) from error
    except sqlite3.OperationalError as error:
        if str(error).startswith("Could not decode"):  # Python's own, without a code
            raise StoreDamaged(str(error)) from error
        if error.sqlite_errorcode in _FULL:
            raise StoreFull(str(error)) from error
        if "no such table" in str(error):
            raise TableMissing(str(error)) from error
        raise StoreLost(str(error)) from error
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:  # the latter of a name, or of a message with one
        raise StoreDamaged(str(error)) from error
