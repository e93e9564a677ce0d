"""What a backup keeps: the tables of whole parts, found in an empty store and named nowhere.

The views are left out: they are a copy, made again from the log.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec

from infrastructure.database import Connection, Part
from infrastructure.migrating import KEPT
from infrastructure.sqlite import SqliteDatabase, declared

_TEXT, _BYTES = "=", "~"


class Table(NamedTuple):
    """A table of a part; `raw` are the places of the columns that hold bytes."""

    part: Part
    name: str
    columns: list[str]
    key: list[str]
    raw: list[int]

    @property
    def file(self) -> str:
        """Where a backup holds its rows."""
        return f"{self.part}/{self.name}.ndjson"

    def pages(self, connection: Connection, length: int) -> Iterator[list[tuple[Any, ...]]]:
        """All rows in the order of the key."""
        sql = f"SELECT {', '.join(self.columns)} FROM {self.name}"
        key, ordered = ", ".join(self.key), f"ORDER BY {', '.join(self.key)} LIMIT {length}"
        places = [self.columns.index(column) for column in self.key]
        page = connection.rows(f"{sql} {ordered}")
        while page:
            yield page
            after = [page[-1][place] for place in places]
            page = connection.rows(f"{sql} WHERE ({key}) > ({', '.join('?' * len(after))}) {ordered}", after)

    def line(self, row: Sequence[Any]) -> bytes:
        """A row as a line of JSON, the same whichever store it is from."""
        told = list(row)
        for place in self.raw:
            told[place] = None if row[place] is None else _told(row[place])
        return msgspec.json.encode(told) + b"\n"

    def row(self, line: bytes) -> list[Any]:
        """The row of a line. Raises `ValueError` where it is none of this table."""
        row: list[Any] = msgspec.json.decode(line, type=list[int | str | None])
        if len(row) != len(self.columns):
            raise ValueError(f"a row of {self.name} has {len(row)} values")
        for place in self.raw:
            row[place] = None if row[place] is None else _bytes(row[place])
        return row


def _told(value: bytes) -> str:
    """Bytes as text: those that are text stay legible."""
    try:
        return _TEXT + value.decode()
    except UnicodeDecodeError:
        return _BYTES + b64encode(value).decode()


def _bytes(told: Any) -> bytes:
    return b64decode(told[1:]) if told[:1] == _BYTES else told[1:].encode()


@cache
def kept() -> tuple[dict[Part, int], list[Table]]:
    """The versions and the tables of the kept parts, as this version of Parley makes them."""
    versions: dict[Part, int] = {}
    tables: list[Table] = []
    with TemporaryDirectory() as folder:
        empty = SqliteDatabase(Path(folder, "empty.db"))
        for kept_part in KEPT:
            kept_part.migrate(empty)
            part = kept_part.part
            versions[part] = kept_part.version
            with closing(empty.reader(part)) as connection:
                for name, columns in declared(connection).items():
                    key = sorted((column.key, column.name) for column in columns if column.key)
                    raw = [place for place, column in enumerate(columns) if column.type == "BLOB"]
                    names = [column.name for column in columns]
                    tables.append(Table(part, name, names, [name for _, name in key], raw))
    return versions, tables
