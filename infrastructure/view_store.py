"""The view store: documents as they are served, with what they are found by, and how far the log is folded."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from application.fold import Place
from application.listing import Query
from application.view import Index, Row, texts
from domain.text import words
from infrastructure.sqlite import StoreRefused, open_for_reading, open_for_writing, schema_version

SCHEMA = 3
_TABLES = """
CREATE TABLE documents (id INTEGER PRIMARY KEY, view TEXT NOT NULL, negotiation TEXT NOT NULL, key TEXT NOT NULL,
    kind TEXT NOT NULL, date TEXT NOT NULL, tags TEXT NOT NULL, shown INTEGER NOT NULL, folded_date TEXT NOT NULL,
    folded_position INTEGER NOT NULL, body BLOB NOT NULL, UNIQUE (view, negotiation, key));
CREATE INDEX documents_by_date ON documents (view, date, negotiation, key) WHERE shown;
CREATE INDEX documents_of_negotiation ON documents (view, negotiation, date, key) WHERE shown;
CREATE TABLE tags (tag TEXT NOT NULL, document INTEGER NOT NULL REFERENCES documents ON DELETE CASCADE,
    PRIMARY KEY (tag, document)) WITHOUT ROWID;
CREATE INDEX tags_of_document ON tags (document);
CREATE VIRTUAL TABLE texts USING fts5 (text, tokenize = "unicode61 remove_diacritics 0");
CREATE TABLE pending (position INTEGER NOT NULL, due TEXT NOT NULL, negotiation TEXT NOT NULL,
    PRIMARY KEY (position, due)) WITHOUT ROWID;
CREATE TABLE rebuilt (negotiation TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE checkpoint (position INTEGER NOT NULL);
INSERT INTO checkpoint VALUES (0);
"""


class Stored(NamedTuple):
    """A document as it stands in the store, and the place in time of the last record folded into it."""

    folded: tuple[str, int]
    body: bytes


class ViewStore:
    """The store, open for writing. A file that another version made is made anew: it is only a copy."""

    def __init__(self, file: Path) -> None:
        self._connection = open_for_writing(file)
        if schema_version(self._connection) not in (0, SCHEMA):
            self._connection.close()
            for suffix in ("", "-wal", "-shm"):
                Path(f"{file}{suffix}").unlink(missing_ok=True)
            self._connection = open_for_writing(file)
        with self.transaction():
            if schema_version(self._connection) == 0:
                for statement in _TABLES.split(";\n"):
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {SCHEMA}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One writer at a time; on disk when it ends, or not at all where it raises."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def checkpoint(self) -> int:
        return int(self._connection.execute("SELECT position FROM checkpoint").fetchone()[0])

    def advance(self, position: int) -> None:
        self._connection.execute("UPDATE checkpoint SET position = max(position, ?)", (position,))

    def get(self, place: Place) -> Stored | None:
        row = self._connection.execute(
            "SELECT folded_date, folded_position, body FROM documents WHERE view = ? AND negotiation = ? AND key = ?",
            place,
        ).fetchone()
        return row and Stored((row[0], row[1]), row[2])

    def put(self, place: Place, folded: tuple[str, int], body: bytes, index: Index) -> None:
        """Store a document in the place of the older one."""
        negotiation = place[1]
        tags = sorted(
            [f"party:{party}" for party in index.parties]
            + [f"issue:{issue}" for issue in index.issues]
            + [f"touches:{negotiation}/{touched}" for touched in index.touches]
        )
        joined = " ".join(tags)
        before = self._connection.execute(
            "SELECT id, tags FROM documents WHERE view = ? AND negotiation = ? AND key = ?", place
        ).fetchone()
        values = (index.kind, index.date, joined, index.shown, *folded, body)
        text = " ".join(words(texts(index.text)))
        if before:
            document = before[0]
            self._connection.execute(
                "UPDATE documents SET kind = ?, date = ?, tags = ?, shown = ?, folded_date = ?, folded_position = ?,"
                " body = ? WHERE id = ?",
                (*values, document),
            )
            self._connection.execute("UPDATE texts SET text = ? WHERE rowid = ?", (text, document))
        else:
            document = self._connection.execute(
                "INSERT INTO documents (view, negotiation, key, kind, date, tags, shown, folded_date, folded_position,"
                " body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*place, *values),
            ).lastrowid
            self._connection.execute("INSERT INTO texts (rowid, text) VALUES (?, ?)", (document, text))
        if not before or before[1] != joined:
            self._connection.execute("DELETE FROM tags WHERE document = ?", (document,))
            self._connection.executemany("INSERT INTO tags VALUES (?, ?)", [(tag, document) for tag in tags])

    def delete(self, place: Place) -> None:
        """Remove a document, if it is there: nothing that touches it counts any more."""
        row = self._connection.execute(
            "DELETE FROM documents WHERE view = ? AND negotiation = ? AND key = ? RETURNING id", place
        ).fetchone()
        if row:
            self._connection.execute("DELETE FROM texts WHERE rowid = ?", row)

    def postpone(self, position: int, negotiation: str, due: str) -> None:
        """Remember a record that takes effect later."""
        self._connection.execute("INSERT OR IGNORE INTO pending VALUES (?, ?, ?)", (position, due, negotiation))

    def pending(self) -> list[tuple[int, str]]:
        """The positions of postponed records, and when each takes effect."""
        return self._connection.execute("SELECT position, due FROM pending ORDER BY position").fetchall()

    def take_effect(self, due: Sequence[tuple[int, str]]) -> None:
        """Forget postponed records that have come into effect."""
        self._connection.executemany("DELETE FROM pending WHERE position = ? AND due = ?", due)

    def rebuilt(self) -> dict[str, int]:
        """While a rebuild goes on: up to which position each negotiation is folded already."""
        return dict(self._connection.execute("SELECT negotiation, position FROM rebuilt"))

    def forget(self, negotiation: str) -> None:
        """Delete all that was folded from a negotiation."""
        self._connection.execute(
            "DELETE FROM texts WHERE rowid IN (SELECT id FROM documents WHERE negotiation = ?)", (negotiation,)
        )
        self._connection.execute("DELETE FROM documents WHERE negotiation = ?", (negotiation,))
        self._connection.execute("DELETE FROM pending WHERE negotiation = ?", (negotiation,))

    def mark_rebuilt(self, negotiation: str, position: int) -> None:
        self._connection.execute("INSERT OR REPLACE INTO rebuilt VALUES (?, ?)", (negotiation, position))

    def begin_rebuild(self) -> None:
        """Start from nothing; readers see it from the next transaction on."""
        for table in ("texts", "documents", "pending", "rebuilt"):
            self._connection.execute(f"DELETE FROM {table}")
        self._connection.execute("UPDATE checkpoint SET position = 0")

    def end_rebuild(self, position: int) -> None:
        self.advance(position)
        self._connection.execute("DELETE FROM rebuilt")

    def close(self) -> None:
        self._connection.close()


class Page(NamedTuple):
    """Documents of a list, each with its place in it; and the position they rest on."""

    rows: list[tuple[Row, bytes]]
    position: int


class ViewReader:
    """The store, open for reading alone."""

    def __init__(self, file: Path) -> None:
        self._connection = open_for_reading(file)
        if schema_version(self._connection) != SCHEMA:
            raise StoreRefused(f"The view store {file} is of another version: run `parley rebuild`.")

    def checkpoint(self) -> int:
        return int(self._connection.execute("SELECT position FROM checkpoint").fetchone()[0])

    def get(self, place: Place) -> tuple[int, bytes | None]:
        """The position that the store has reached, and the document, if there is one."""
        row = self._connection.execute(
            "SELECT (SELECT position FROM checkpoint),"
            " (SELECT body FROM documents WHERE view = ? AND negotiation = ? AND key = ? AND shown)",
            place,
        ).fetchone()
        return row[0], row[1]

    def flags(self, places: Sequence[Place]) -> dict[Place, list[bytes]]:
        """The flags that touch documents, by the places of those."""
        tags = {f"touches:{negotiation}/{view}/{key}": (view, negotiation, key) for view, negotiation, key in places}
        rows = self._connection.execute(
            "SELECT tag, body FROM tags JOIN documents ON id = document"
            f" WHERE tag IN ({', '.join('?' * len(tags))}) ORDER BY tag, key",
            list(tags),
        )
        found: dict[Place, list[bytes]] = {}
        for tag, body in rows:
            found.setdefault(tags[tag], []).append(body)
        return found

    def select(self, query: Query) -> Page:
        """A page of documents, in the order asked for: by date or key, ties by negotiation and key."""
        column, descending = query.sort.removeprefix("-"), query.sort.startswith("-")
        order = (column, "negotiation", "key")
        clauses, values = _clauses(query)
        if query.after:
            clauses.append(f"({', '.join(order)}) {'<' if descending else '>'} (?, ?, ?)")
            values += query.after
        rows = self._connection.execute(
            f"SELECT {column}, negotiation, key, body, (SELECT position FROM checkpoint) FROM documents"
            f" WHERE {' AND '.join(clauses)}"
            f" ORDER BY {', '.join(part + (' DESC' if descending else '') for part in order)} LIMIT ?",
            (*values, query.limit),
        ).fetchall()
        position = rows[0][4] if rows else self.checkpoint()
        return Page([(row[:3], row[3]) for row in rows], position)

    def close(self) -> None:
        self._connection.close()


def _clauses(query: Query) -> tuple[list[str], list[object]]:
    told = {
        "view = ?": query.view,
        "negotiation = ?": query.negotiation,
        "kind = ?": query.kind,
        "id IN (SELECT document FROM tags WHERE tag = ?)": query.party and f"party:{query.party}",
        "+id IN (SELECT document FROM tags WHERE tag = ?)": query.issue and f"issue:{query.issue}",
        "date >= ?": query.date_from,
        "date != '' AND date < ?": query.date_to,
        "id IN (SELECT rowid FROM texts WHERE texts MATCH ?)": query.text and _as_words(query.text),
    }
    asked = {clause: value for clause, value in told.items() if value}
    return ["shown", *asked], list(asked.values())


def _as_words(text: str) -> str:
    """A search for all the words, each as the beginning of one; for nothing, where there is no word."""
    return " ".join(f'"{word}"*' for word in words(text)) or '""'
