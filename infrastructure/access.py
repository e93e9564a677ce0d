"""Who is known, who changed that, and who read what is restricted: a file of its own, or tables beside the log.

All of it is on disk before anybody is answered. Nothing of a key is kept but its digest.
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from threading import RLock
from typing import Any, NamedTuple
from uuid import UUID

import uuid_utils.compat

from application.credentials import Kind, Known, NameTaken, refuse_name
from infrastructure.access_tables import TABLES
from infrastructure.database import Connection, Database, Lock, StoreRefused, as_elements

_COLUMNS = "name, kind, digest, grants, groups, created, created_by, expires, revoked, revoked_by"
CHANGES_MAX = 1000
"""How many a page holds."""


class Read(NamedTuple):
    """That somebody read restricted records: at which address, with its query, and which records."""

    at: str
    who: str
    negotiation: str
    address: str
    records: tuple[str, ...]


class Change(NamedTuple):
    """That somebody changed who is known; `facts` hold what is granted."""

    number: int
    at: str
    who: str
    what: str
    name: str
    facts: dict[str, Any]


class AccessStore:
    """Open from its first use on, for any number of threads: to write where that can be, and else to read."""

    def __init__(self, database: Database, *, writes: bool = True) -> None:
        """One that is opened to read makes no file."""
        self._database = database
        self._tries_to_write = writes
        self._lock = RLock()
        self._opened: Connection | None = None
        self._writes = False
        self.changed: Callable[[], None] = lambda: None
        """Called after each change of who is known."""

    def version(self) -> int:
        """The number of the last change: while it stays, so does who is known."""
        return int(self._rows("SELECT coalesce(max(number), 0) FROM identity_changes")[0][0]) if self._any() else 0

    def all(self) -> list[Known]:
        """All who are or were known, by name."""
        return list(map(_known, self._rows(f"SELECT {_COLUMNS} FROM identities ORDER BY name")))

    def find(self, name: str, kind: Kind) -> Known | None:
        """One of them, also where it was revoked."""
        rows = self._rows(f"SELECT {_COLUMNS} FROM identities WHERE name = ? AND kind = ?", (name, kind))
        return _known(rows[0]) if rows else None

    def add_key(self, key: Known) -> None:
        """Keep a key's digest. Raises `NameTaken` where the name is or was another's."""
        refuse_name(key.name)

        def add(connection: Connection) -> None:
            if connection.rows("SELECT 1 FROM identities WHERE name = ?", (key.name,)):
                raise NameTaken(key.name, "name")
            _insert(connection, key)
            _note(connection, key.created, key.created_by, "create-key", key)

        self._change(add)

    def revoke_key(self, name: str, at: datetime, by: str) -> bool:
        """Let a key count no longer; whether there is one that was not revoked."""
        return self._revoke(name, "key", at, by)

    def set_person(self, person: Known) -> None:
        """Grant a person all of this, and nothing else. Raises `NameTaken` where the name is or was a key's."""
        refuse_name(person.name)

        def put(connection: Connection) -> None:
            kinds = connection.rows("SELECT kind FROM identities WHERE name = ?", (person.name,))
            if kinds and kinds[0][0] != "person":
                raise NameTaken(person.name, "subject")
            connection.run("DELETE FROM identities WHERE name = ?", (person.name,))
            _insert(connection, person)
            _note(connection, person.created, person.created_by, "set-person", person)

        self._change(put)

    def remove_person(self, name: str, at: datetime, by: str) -> bool:
        """Take all that was granted from a person; whether there was something."""
        return self._revoke(name, "person", at, by)

    def changes(self, after: int = 0) -> list[Change]:
        """A page of who changed who is known, in that order."""
        sql = "SELECT number, at, who, what, name, facts FROM identity_changes WHERE number > ? ORDER BY number LIMIT ?"
        return [Change._make((*row[:-1], json.loads(row[-1]))) for row in self._rows(sql, (after, CHANGES_MAX))]

    def record_reads(self, reads: Sequence[Read]) -> None:
        """Note reads of restricted records, on disk when this returns. Raises `StoreRefused` where none can be."""
        rows = [(str(uuid_utils.compat.uuid7()), *read[:-1], json.dumps(read.records)) for read in reads]

        def note(connection: Connection) -> None:
            connection.insert("reads", ("id", "at", "who", "negotiation", "address", "records"), rows)

        self._change(note, lock=None)

    def reads(
        self, after: UUID | None, limit: int, negotiation: str | None, among: frozenset[str] | None
    ) -> list[tuple[UUID, Read]]:
        """A page of the reads that were noted, in that order, each with its place; of some negotiations or of all."""
        wanted = among if negotiation is None else {negotiation} if among is None else among & {negotiation}
        clauses, values = "id > ?", [str(after or UUID(int=0))]
        if wanted is not None:
            clauses += f" AND negotiation {self._among()}"
            values.append(as_elements(wanted))
        rows = self._rows(
            f"SELECT id, at, who, negotiation, address, records FROM reads WHERE {clauses} ORDER BY id LIMIT ?",
            (*values, limit),
        )
        return [(UUID(str(id)), Read._make((*told, tuple(json.loads(records))))) for id, *told, records in rows]

    def close(self) -> None:
        with self._lock:
            if self._opened:
                self._opened.close()
            self._opened = None

    def _revoke(self, name: str, kind: Kind, at: datetime, by: str) -> bool:
        def revoke(connection: Connection) -> bool:
            sql = f"SELECT {_COLUMNS} FROM identities WHERE name = ? AND kind = ? AND revoked IS NULL"
            found = connection.rows(sql, (name, kind))
            if not found:
                return False
            told = at.isoformat()
            connection.run("UPDATE identities SET revoked = ?, revoked_by = ? WHERE name = ?", (told, by, name))
            _note(connection, told, by, "revoke-key" if kind == "key" else "remove-person", _known(found[0]))
            return True

        return bool(self._change(revoke))

    def _change(self, work: Callable[[Connection], Any], lock: Lock | None = "access") -> Any:
        with self._lock:
            connection = self._connection()
            if connection is None or not self._writes:
                raise StoreRefused(f"The identities of {self._database} can be read here, and not written.")
            with connection.transaction(lock):
                done = work(connection)
        if lock:
            self.changed()
        return done

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            connection = self._connection()
            return connection.rows(sql, values) if connection else []

    def _among(self) -> str:
        connection = self._connection()
        return connection.dialect.among if connection else ""

    def _any(self) -> bool:
        with self._lock:
            return self._connection() is not None

    def _connection(self) -> Connection | None:
        """None where there is no file yet, and none can be made."""
        with self._lock:
            if self._opened is None:
                self._opened = self._to_write() or self._to_read()
            return self._opened

    def _to_write(self) -> Connection | None:
        if not self._tries_to_write:
            return None
        try:
            connection = TABLES.writer(self._database)
        except StoreRefused:
            return None
        self._writes = True
        return connection

    def _to_read(self) -> Connection | None:
        if not self._database.has("access"):
            return None
        return TABLES.reader(self._database)


def _insert(connection: Connection, known: Known) -> None:
    row = known._replace(grants=json.dumps(known.grants), groups=json.dumps(known.groups))  # type: ignore[arg-type]
    connection.run(f"INSERT INTO identities ({_COLUMNS}) VALUES ({', '.join('?' * len(row))})", row)


def _note(connection: Connection, at: str, who: str, what: str, known: Known) -> None:
    facts = json.dumps({"grants": known.grants, "groups": known.groups, "expires": known.expires})
    number = int(connection.value("SELECT coalesce(max(number), 0) FROM identity_changes")) + 1
    connection.run("INSERT INTO identity_changes VALUES (?, ?, ?, ?, ?, ?)", (number, at, who, what, known.name, facts))


def _known(row: tuple[Any, ...]) -> Known:
    name, kind, digest, grants, groups, *rest = row
    return Known(name, kind, digest, tuple(json.loads(grants)), tuple(json.loads(groups)), *rest)
