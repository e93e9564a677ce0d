"""Backups: all that cannot be made again, as one file from which either of the two stores is restored.

It is an archive that every unpacker reads: `manifest.json` says what it holds, and each table is a file with a row a
line, the same from SQLite and from PostgreSQL. All rows of a part are of one moment, while whoever records goes on.
The last 64 characters, the archive's comment, are the SHA-256 of all before them.
"""

import hashlib
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import IO

import msgspec
from eventsourcing.persistence import IntegrityError

from infrastructure import view_store
from infrastructure.code_version import VERSION
from infrastructure.database import Connection, Database, Part, StoreRefused
from infrastructure.kept_tables import Table, kept
from infrastructure.migrating import KEPT, migrate

FORMAT = 1
PARTS = [tables.part for tables in KEPT]
PAGE = 1000
_MANIFEST = "manifest.json"
_DIGEST_LENGTH = 64
_DAMAGED = (OSError, EOFError, zipfile.BadZipFile, RuntimeError, ValueError, LookupError, TypeError, IntegrityError)
"""What reading an archive that somebody has made otherwise can raise."""

OnRows = Callable[[int, int], None]
"""Told of how many more rows are done, and how many there are in all."""


class BackupRefused(Exception):
    """The message is the one sentence that says why there is no backup, or why it is not restored."""


class Held(msgspec.Struct, frozen=True):
    """What a backup holds of one table; the SHA-256 is that of its lines."""

    columns: list[str]
    rows: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What a backup holds: the head of its log, the versions of its parts, and its tables by their files."""

    format: int
    parley: str
    taken: datetime
    head: int
    parts: dict[Part, int]
    tables: dict[str, Held]


def back_up(database: Database, file: Path, taken: datetime, on_rows: OnRows) -> Manifest:
    """Write a backup to a new file, which its owner alone may read. Raises `BackupRefused` and `StoreRefused`."""
    with ExitStack() as opened:
        parts = {part: _snapshot(database, part, opened) for part in PARTS if part == "log" or database.has(part)}
        versions = {part: version for part, connection in parts.items() if (version := connection.version(part))}
        known, tables = kept()
        for part in {*versions, "log"}:
            if versions.get(part) != known[part]:
                raise StoreRefused(f"The {part} of {database} is not of this version: run `parley migrate`.")
        tables = [table for table in tables if table.part in versions]
        total = sum(parts[table.part].value(f"SELECT count(*) FROM {table.name}") for table in tables)
        head = parts["log"].value("SELECT coalesce(max(position), 0) FROM records")
        with _new(file) as stream:
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
                held = {}
                for table in tables:
                    with archive.open(table.file, "w", force_zip64=True) as lines:
                        held[table.file] = _copied(parts[table.part], table, lines, lambda n: on_rows(n, total))
                manifest = Manifest(FORMAT, VERSION, taken, head, versions, held)
                archive.writestr(_MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
                archive.comment = b"0" * _DIGEST_LENGTH
            seal(stream)
    return manifest


def _snapshot(database: Database, part: Part, opened: ExitStack) -> Connection:
    """A connection that sees one moment of a part, from now on."""
    connection = database.reader(part)
    opened.callback(connection.close)
    opened.enter_context(connection.transaction())
    connection.version(part)
    return connection


def _copied(connection: Connection, table: Table, lines: IO[bytes] | None, on_rows: Callable[[int], None]) -> Held:
    """Write the rows of a table, in the order of its key, or only count them and take their SHA-256."""
    digest, count = hashlib.sha256(), 0
    for page in table.pages(connection, PAGE):
        told = b"".join(map(table.line, page))
        digest.update(told)
        if lines:
            lines.write(told)
        count += len(page)
        on_rows(len(page))
    return Held(table.columns, count, digest.hexdigest())


@contextmanager
def _new(file: Path) -> Iterator[IO[bytes]]:
    """A file that was not there before; on disk when this ends, and not there where it raises."""
    try:
        number = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise BackupRefused(f"The backup {file} cannot be written: {error.strerror}.") from None
    try:
        with os.fdopen(number, "w+b") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException as error:
        file.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise BackupRefused(f"The backup {file} cannot be written: {error.strerror}.") from None
        raise


def seal(stream: IO[bytes]) -> None:
    """Put the SHA-256 of all before it in the place of the comment."""
    digest = _digest(stream, stream.seek(-_DIGEST_LENGTH, os.SEEK_END))
    stream.write(digest)


def _digest(stream: IO[bytes], length: int) -> bytes:
    """The SHA-256 of the beginning of a file, which is read on from there."""
    digest = hashlib.sha256()
    stream.seek(0)
    while length and (some := stream.read(min(length, 2**20))):
        digest.update(some)
        length -= len(some)
    return digest.hexdigest().encode()


class Backup:
    """A backup, held to its own hash. Whatever is wrong with it is raised as `BackupRefused`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        try:
            with file.open("rb") as stream:
                whole = _digest(stream, stream.seek(-_DIGEST_LENGTH, os.SEEK_END)) == stream.read()
            if not whole:
                raise BackupRefused(f"{file} is no backup, or damaged: it does not end with the hash of what it holds.")
            with zipfile.ZipFile(file) as archive:
                told = archive.read(_MANIFEST)
                if msgspec.json.decode(told, type=dict).get("format") != FORMAT:
                    raise BackupRefused(f"{file} is of another format than {FORMAT}, which this version reads.")
                self.manifest = msgspec.json.decode(told, type=Manifest)
        except _DAMAGED as error:
            raise self._refused(error) from None

    def _refused(self, error: Exception) -> BackupRefused:
        said = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or type(error).__name__
        return BackupRefused(f"{self._file} is no backup, or damaged: {said}.")

    def restore(self, database: Database, on_rows: OnRows) -> None:
        """Fill an empty store: with all that the backup holds, read back and found alike, or with nothing.

        The transactions end in turn, the log's at last, and with nothing left that can fail but the disk.
        """
        tables = self._tables()
        migrate(database)
        with ExitStack() as opened:
            parts = {part: _filling(database, part, opened) for part in reversed(PARTS)}
            for part, connection in parts.items():
                self._empty(connection, [table for table in kept()[1] if table.part == part], database)
            database.reset("views", 0)  # they may be those of a log that stood here before
            total = 2 * sum(held.rows for held in self.manifest.tables.values())
            try:
                with zipfile.ZipFile(self._file) as archive:
                    for table in tables:
                        with archive.open(table.file) as lines:
                            self._fill(parts[table.part], table, lines, lambda n: on_rows(n, total))
            except _DAMAGED as error:
                raise self._refused(error) from None
            for connection in parts.values():
                if faults := connection.faults():
                    raise BackupRefused(f"The store {database} is not sound: {faults[0]}.")
        view_store.TABLES.migrate(database)

    def _empty(self, connection: Connection, tables: list[Table], database: Database) -> None:
        """Leave a part of the store empty, where it is, or holds what a restoring left there that did not end."""
        if not any(connection.rows(f"SELECT 1 FROM {table.name} LIMIT 1") for table in tables):
            return
        told = self.manifest.tables
        if tables[0].part == "log" or any(
            _copied(connection, table, None, lambda _: None) != told.get(table.file) for table in tables
        ):
            raise BackupRefused(f"The store {database} is not empty; a backup is restored into an empty one.")
        for table in tables:
            connection.run(f"DELETE FROM {table.name}")

    def _tables(self) -> list[Table]:
        """The tables that the backup holds, if they are as this version has them."""
        told, (known, tables) = self.manifest, kept()
        for part, version in told.parts.items():
            if version != known.get(part):
                said = (
                    f"the {part} is of another version ({version}): restore it with Parley {told.parley}, then migrate."
                )
                raise BackupRefused(f"{self._file} is not restored: {said}")
        tables = [table for table in tables if table.part in told.parts]
        if "log" not in told.parts or {t.file: t.columns for t in tables} != {
            file: held.columns for file, held in told.tables.items()
        }:
            raise BackupRefused(f"{self._file} is not restored: its tables are not those of its version.")
        return tables

    def _fill(self, connection: Connection, table: Table, lines: IO[bytes], on_rows: Callable[[int], None]) -> None:
        """Fill one table, and read it back."""
        while page := list(islice(lines, PAGE)):
            connection.insert(table.name, table.columns, [table.row(line) for line in page])
            on_rows(len(page))
        if _copied(connection, table, None, on_rows) != self.manifest.tables[table.file]:
            raise ValueError(f"the rows of {table.name} are not those that the manifest tells of")


def _filling(database: Database, part: Part, opened: ExitStack) -> Connection:
    connection = database.writer(part)
    opened.callback(connection.close)
    opened.enter_context(connection.transaction("log" if part == "log" else None))
    return connection
