"""The view store: documents as they are served, with what they are found by, and how far the log is folded.

All that one version of the code folded is a *build*, in tables of its own. One build serves; another can be
made beside it, and takes its place in one transaction.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, closing
from typing import Any, NamedTuple, TypeVar

from application.fold import Place
from application.listing import Query
from application.view import Index, Row
from domain.text import words
from infrastructure.database import Connection, Database, StoreLost, StoreRefused, TableMissing

SCHEMA = 5
_BUILDS = (
    "CREATE TABLE builds (build {integer} PRIMARY KEY, fold {text} NOT NULL, position {integer} NOT NULL,"
    " writer {text} NOT NULL, serving {integer} NOT NULL)",
)
_TABLES = (
    "CREATE TABLE documents_{build} (id {integer} PRIMARY KEY, view {text} NOT NULL, negotiation {text} NOT NULL,"
    " key {text} NOT NULL, kind {text} NOT NULL, date {text} NOT NULL, tags {text} NOT NULL, shown {integer} NOT NULL,"
    " texts {integer} NOT NULL, folded_date {text} NOT NULL, folded_position {integer} NOT NULL,"
    " body {bytes} NOT NULL)",
    "CREATE TABLE tags_{build} (tag {text} NOT NULL, document {integer} NOT NULL,"
    " PRIMARY KEY (tag, document)) {clustered}",
    "CREATE TABLE pending_{build} (position {integer} NOT NULL, due {text} NOT NULL, negotiation {text} NOT NULL,"
    " PRIMARY KEY (position, due)) {clustered}",
    "CREATE TABLE parked_{build} (position {integer} NOT NULL, view {text} NOT NULL, negotiation {text} NOT NULL,"
    " key {text} NOT NULL, reason {text} NOT NULL, again {integer} NOT NULL,"
    " PRIMARY KEY (negotiation, view, key, position)) {clustered}",
    "CREATE TABLE rebuilt_{build} (negotiation {text} PRIMARY KEY, position {integer} NOT NULL) {clustered}",
    "CREATE UNIQUE INDEX documents_{build}_places ON documents_{build} (negotiation, view, key)",
)
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS documents_{build}_by_date ON documents_{build} (view, date, negotiation, key)"
    " WHERE shown = 1",
    "CREATE INDEX IF NOT EXISTS documents_{build}_of_negotiation ON documents_{build} (view, negotiation, date, key)"
    " WHERE shown = 1",
)
"""Made when a build is filled: one sort is cheaper than as many insertions."""
_COLUMNS = (
    "id", "view", "negotiation", "key",
    "kind", "date", "tags", "shown", "texts", "folded_date", "folded_position", "body",
)  # fmt: skip
_TEXTS_MAX = 2**20
"""In how many texts a document can be found."""
_T = TypeVar("_T")


class Stored(NamedTuple):
    """A document as it stands in the store, in how many texts it is found, and the place in time of the last record
    folded into it.
    """

    id: int
    folded: tuple[str, int]
    listed: tuple[str, str, str, int]
    """By what it is found in lists: its kind, date, tags, and whether it is shown."""
    texts: int
    body: bytes


class Changed(NamedTuple):
    """A document to be stored in the place of the one before, if there was one.

    `words` are those by which it is found; none where they are the same as before. If they are `added`, those of
    before hold as well.
    """

    place: Place
    before: Stored | None
    folded: tuple[str, int]
    body: bytes
    listed: tuple[str, str, str, int]
    words: list[str] | None
    added: bool = False


class Parked(NamedTuple):
    """A record that a fold could not take: it is missing in a document, for a reason.

    One that could not be read at all names neither view nor key: it may be missing anywhere in its negotiation.
    """

    position: int
    view: str
    negotiation: str
    key: str
    reason: str

    @property
    def place(self) -> Place:
        return self.view, self.negotiation, self.key

    def touches(self, place: Place) -> bool:
        view, negotiation, key = place
        return (self.negotiation, self.view or view, self.key or key) == (negotiation, view, key)


class Build(NamedTuple):
    """What one version of the code folded, up to a position, and who changed it last."""

    number: int
    fold: str
    position: int = 0
    writer: str = ""


def migrate(database: Database) -> None:
    """Make the tables, or make them anew where another version made them: they hold only a copy of the log."""
    with closing(database.writer("views")) as connection:
        version = connection.version("views")
    if version not in (0, SCHEMA):
        database.reset("views")
    with closing(database.writer("views")) as connection, connection.transaction("views"):
        if connection.version("views") == 0:
            connection.declare(*_BUILDS)
            connection.set_version("views", SCHEMA)


class ViewStore:
    """The store, open for writing."""

    def __init__(self, database: Database) -> None:
        if database.migrates_itself:
            migrate(database)
        self._connection = _opened(database, database.writer("views"))

    def transaction(self) -> AbstractContextManager[None]:
        """One writer at a time; on disk when it ends, or not at all where it raises."""
        return self._connection.transaction("views")

    def leads(self) -> bool:
        """Whether this is the one that keeps the views live."""
        return self._connection.lead("projector")

    def rebuilds(self) -> bool:
        """Whether this is the one that makes a new build."""
        return self._connection.lead("rebuild")

    def end_rebuild(self) -> None:
        """Let another make the next."""
        self._connection.release("rebuild")

    def serving(self) -> Build | None:
        """The build that answers."""
        return self._build("serving = 1")

    def build(self, number: int) -> Build:
        """A build as it stands."""
        found = self._build("build = ?", number)
        if found is None:
            raise TableMissing(f"Build {number} was given up.")
        return found

    def unfinished(self, fold: str) -> Build | None:
        """A build by this version of the code that was begun and does not serve yet."""
        return self._build("serving = 0 AND fold = ?", fold)

    def begin(self, fold: str) -> Build:
        """A new build, of nothing; others that were begun are given up."""
        for (given_up,) in self._connection.rows("SELECT build FROM builds WHERE serving = 0"):
            self._drop(given_up)
        number = int(self._connection.value("SELECT coalesce(max(build), 0) + 1 FROM builds"))
        self._declare(number, *_TABLES, self._connection.dialect.texts.replace("{table}", "texts_{build}"))
        self._connection.run("INSERT INTO builds VALUES (?, ?, 0, '', 0)", (number, fold))
        return Build(number, fold)

    def index(self, build: int) -> None:
        """Make a filled build fit for lists."""
        self._declare(build, *_INDEXES, *self._connection.dialect.indexes)

    def swap(self, build: int) -> None:
        """Let a build serve, and remove the one before."""
        serving = self.serving()
        if serving:
            self._drop(serving.number)
        self._connection.run("UPDATE builds SET serving = 1 WHERE build = ?", (build,))

    def documents(self, build: int) -> "Documents":
        """The documents of one build."""
        return Documents(self._connection, build)

    def close(self) -> None:
        self._connection.close()

    def _build(self, condition: str, *values: Any) -> Build | None:
        rows = self._connection.rows(f"SELECT build, fold, position, writer FROM builds WHERE {condition}", values)
        return Build(*rows[0]) if rows else None

    def _declare(self, build: int, *statements: str) -> None:
        named = self._connection.dialect.types | {"build": str(build)}
        for statement in statements:
            self._connection.run(statement.format_map(named))

    def _drop(self, build: int) -> None:
        for table in ("documents", "tags", "texts", "pending", "parked", "rebuilt"):
            self._connection.run(f"DROP TABLE {table}_{build}")
        self._connection.run("DELETE FROM builds WHERE build = ?", (build,))


class Documents:
    """The documents of one build, and what is still to be folded into them. Used within a transaction."""

    def __init__(self, connection: Connection, build: int) -> None:
        self._connection = connection
        self._build = build

    def advance(self, position: int, writer: str) -> None:
        """Say up to which position of the log all is folded, and by whom."""
        sql = "UPDATE builds SET position = ?, writer = ? WHERE build = ?"
        self._connection.run(sql, (position, writer, self._build))

    def get(self, places: Sequence[Place]) -> dict[Place, Stored]:
        """The documents that are there, of some places."""
        found: dict[Place, Stored] = {}
        if not places:
            return found
        rows = self._connection.rows(
            "SELECT view, negotiation, key, id, folded_date, folded_position, kind, date, tags, shown, texts, body"
            f" FROM documents_{self._build} WHERE (view, negotiation, key) IN"
            f" (SELECT value ->> 0, value ->> 1, value ->> 2 FROM {self._connection.dialect.elements})",
            (json.dumps(places),),
        )
        for view, negotiation, key, document, date, position, *listed, parts, body in rows:
            found[view, negotiation, key] = Stored(document, (date, position), tuple(listed), parts, body)
        return found

    def put(self, changed: Iterable[Changed]) -> list[Stored]:
        """Store documents in the places of the older ones."""
        stored: list[Stored] = []
        number = int(self._connection.value(f"SELECT coalesce(max(id), 0) FROM documents_{self._build}"))
        new: list[tuple[Any, ...]] = []
        updates: list[tuple[Any, ...]] = []
        relisted: list[tuple[Any, ...]] = []
        new_texts: list[tuple[int, str]] = []
        old_texts: list[int] = []
        tags: list[tuple[str, int]] = []
        old_tags: list[tuple[str, int]] = []
        for one in changed:
            before, listed = one.before, one.listed
            earlier = before.texts if before and (one.added or one.words is None) else 0
            known = earlier + (one.words is not None)
            if before is None:
                number = document = number + 1
                new.append((document, *one.place, *listed, known, *one.folded, one.body))
            else:
                document = before.id
                updates.append((known, *one.folded, one.body, document))
                if before.listed != listed:
                    relisted.append((*listed, document))
            stored.append(Stored(document, one.folded, listed, known, one.body))
            if not before or before.listed[2] != listed[2]:
                old_tags += [(tag, document) for tag in before.listed[2].split()] if before else []
                tags += [(tag, document) for tag in listed[2].split()]
            if one.words is not None:
                old_texts += [document] if before and not one.added else []
                new_texts.append((_first_text(document) + earlier, self._connection.searchable(one.words)))
        self._connection.insert(f"documents_{self._build}", _COLUMNS, new)
        # Apart, since to set a column that is indexed is to write the index anew.
        self._change("texts = ?, folded_date = ?, folded_position = ?, body = ?", updates)
        self._change("kind = ?, date = ?, tags = ?, shown = ?", relisted)
        self._untag(old_tags)
        self._connection.insert(f"tags_{self._build}", ["tag", "document"], tags)
        self._untext(old_texts)
        self._connection.insert(f"texts_{self._build}", [self._connection.dialect.text_key, "text"], new_texts)
        return stored

    def _change(self, columns: str, rows: Sequence[tuple[Any, ...]]) -> None:
        if rows:
            self._connection.many(f"UPDATE documents_{self._build} SET {columns} WHERE id = ?", rows)

    def delete(self, place: Place) -> None:
        """Remove a document, if it is there: nothing that touches it counts any more."""
        found = self.get([place]).get(place)
        if found:
            self._connection.run(f"DELETE FROM documents_{self._build} WHERE id = ?", (found.id,))
            self._untag([(tag, found.id) for tag in found.listed[2].split()])
            self._untext([found.id])

    def _untag(self, tags: Sequence[tuple[str, int]]) -> None:
        if tags:
            self._connection.many(f"DELETE FROM tags_{self._build} WHERE tag = ? AND document = ?", tags)

    def _untext(self, documents: Sequence[int]) -> None:
        if documents:
            key = self._connection.dialect.text_key
            places = [(_first_text(document), _first_text(document + 1)) for document in documents]
            self._connection.many(f"DELETE FROM texts_{self._build} WHERE {key} >= ? AND {key} < ?", places)

    def forget(self, negotiation: str) -> None:
        """Remove all that was folded of a negotiation."""
        own = f"SELECT id FROM documents_{self._build} WHERE negotiation = ?"
        self._untext([document for (document,) in self._connection.rows(own, (negotiation,))])
        self._connection.run(f"DELETE FROM tags_{self._build} WHERE document IN ({own})", (negotiation,))
        for table in ("documents", "pending", "parked"):
            self._connection.run(f"DELETE FROM {table}_{self._build} WHERE negotiation = ?", (negotiation,))

    def postpone(self, position: int, due: str, negotiation: str) -> None:
        """Remember a record that takes effect later."""
        sql = f"INSERT INTO pending_{self._build} VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        self._connection.run(sql, (position, due, negotiation))

    def pending(self) -> list[tuple[int, str]]:
        """The positions of postponed records, and when each takes effect."""
        rows = self._connection.rows(f"SELECT position, due FROM pending_{self._build} ORDER BY position")
        return [(position, due) for position, due in rows]

    def take_effect(self, due: Sequence[tuple[int, str]]) -> None:
        """Forget postponed records that have come into effect."""
        self._connection.many(f"DELETE FROM pending_{self._build} WHERE position = ? AND due = ?", due)

    def park(self, parked: Parked) -> None:
        """Remember a record that could not be folded into a document."""
        self._connection.run(
            f"INSERT INTO parked_{self._build} (position, view, negotiation, key, reason, again)"
            " VALUES (?, ?, ?, ?, ?, 0) ON CONFLICT DO NOTHING",
            parked,
        )

    def parked(self, again: bool | None = None) -> list[Parked]:
        """The records that are missing in documents; of those, the ones that are to be tried again, or the others."""
        asked = "" if again is None else f" WHERE again = {int(again)}"
        rows = self._connection.rows(
            f"SELECT position, view, negotiation, key, reason FROM parked_{self._build}{asked}"
            " ORDER BY position, view, key"
        )
        return [Parked(*row) for row in rows]

    def retry(self) -> None:
        """Let the projector try all that is parked again."""
        self._connection.run(f"UPDATE parked_{self._build} SET again = 1")

    def unpark(self, place: Place) -> None:
        """Forget what could not be folded into a document: it is folded anew."""
        sql = f"DELETE FROM parked_{self._build} WHERE view = ? AND negotiation = ? AND key = ?"
        self._connection.run(sql, place)

    def rebuilt(self) -> dict[str, int]:
        """While a build is filled: up to which position each negotiation is folded already."""
        return dict(self._connection.rows(f"SELECT negotiation, position FROM rebuilt_{self._build}"))

    def mark_rebuilt(self, negotiation: str, position: int) -> None:
        self._connection.run(f"INSERT INTO rebuilt_{self._build} VALUES (?, ?)", (negotiation, position))

    def end_rebuild(self) -> None:
        self._connection.run(f"DELETE FROM rebuilt_{self._build}")


class Found(NamedTuple):
    """A document with the flags that touch it, and the records that are missing in it."""

    body: bytes
    flags: Sequence[bytes] = ()
    parked: Sequence[Parked] = ()


class Page(NamedTuple):
    """Documents of a list, each with its place in it; and the position they rest on."""

    rows: list[tuple[Row, Found]]
    position: int


class NotBuilt(Exception):
    """There are no views yet: they are being made from the log."""


class ViewReader:
    """The store, open for reading alone."""

    def __init__(self, database: Database) -> None:
        self._connection = _opened(database, database.reader("views"))
        self._serving = 0

    def position(self) -> int:
        """The position that the views rest on; 0 where there are none yet."""
        try:
            return self._asked(self._position)
        except NotBuilt:
            return 0

    def get(self, places: Iterable[Place]) -> tuple[int, dict[Place, Found]]:
        """The position that the store has reached, and those of the documents that are there."""
        return self._asked(lambda build: self._get(build, list(places)))

    def select(self, query: Query) -> Page:
        """A page of documents, in the order asked for: by date or key, ties by negotiation and key."""
        return self._asked(lambda build: self._select(build, query))

    def parked(self) -> list[Parked]:
        """The records that are missing in documents."""
        return self._asked(lambda build: Documents(self._connection, build).parked())

    def close(self) -> None:
        self._connection.close()

    def _asked(self, ask: Callable[[int], _T]) -> _T:
        """What the build that serves answers. When another takes its place, that one is asked anew."""
        while True:
            if not self._serving:
                self._serving = self._connection.value("SELECT build FROM builds WHERE serving = 1") or 0
            if not self._serving:
                raise NotBuilt
            try:
                return ask(self._serving)
            except TableMissing:
                self._serving = 0

    def _position(self, build: int) -> int:
        position = self._connection.value("SELECT position FROM builds WHERE build = ?", (build,))
        if position is None:
            raise TableMissing
        return int(position)

    def _get(self, build: int, places: list[Place]) -> tuple[int, dict[Place, Found]]:
        """All in one statement, so that all is of one state."""
        elements = self._connection.dialect.elements
        nothing = f"CAST(NULL AS {self._connection.dialect.types['bytes']})"
        touches = {_touch(place): place for place in places}
        rows = self._connection.rows(
            f"SELECT 0, position, '', '', '', {nothing} FROM builds WHERE build = ?"
            f" UNION ALL SELECT 1, 0, view, negotiation, key, body FROM documents_{build} WHERE shown = 1"
            f" AND (view, negotiation, key) IN (SELECT value ->> 0, value ->> 1, value ->> 2 FROM {elements})"
            f" UNION ALL SELECT 2, 0, tag, '', key, body FROM tags_{build} JOIN documents_{build} ON id = document"
            f" WHERE tag IN (SELECT value ->> 0 FROM {elements})"
            f" UNION ALL SELECT 3, 0, '', '', '', {nothing} FROM (SELECT 1 FROM parked_{build} LIMIT 1) AS any_parked"
            " ORDER BY 1, 5",
            (build, json.dumps(places), json.dumps([[tag] for tag in touches])),
        )
        position = 0
        bodies: dict[Place, bytes] = {}
        flags: dict[Place, list[bytes]] = {}
        parked: dict[Place, list[Parked]] = {}
        for what, number, one, negotiation, key, body in rows:
            match what:
                case 0:
                    position = number
                case 1:
                    bodies[one, negotiation, key] = body
                case 2:
                    flags.setdefault(touches[one], []).append(body)
                case _:
                    parked = self._parked(build, places)
        found = {place: Found(body, flags.get(place, ()), parked.get(place, ())) for place, body in bodies.items()}
        return position, found

    def _select(self, build: int, query: Query) -> Page:
        column, descending = query.sort.removeprefix("-"), query.sort.startswith("-")
        order = (column, "negotiation", "key")
        clauses, values = self._clauses(build, query)
        if query.after:
            clauses.append(f"({', '.join(order)}) {'<' if descending else '>'} (?, ?, ?)")
            values += query.after
        position = self._position(build)
        rows = self._connection.rows(
            f"SELECT {column}, negotiation, key, body FROM documents_{build} WHERE {' AND '.join(clauses)}"
            f" ORDER BY {', '.join(part + (' DESC' if descending else '') for part in order)} LIMIT ?",
            (*values, query.limit),
        )
        places = [(query.view, row[1], row[2]) for row in rows]
        flags, parked = self._flags(build, places), self._parked(build, places)
        found = [
            ((row[0], row[1], row[2]), Found(row[3], flags.get(place, ()), parked.get(place, ())))
            for place, row in zip(places, rows, strict=True)
        ]
        return Page(found, position)

    def _flags(self, build: int, places: Sequence[Place]) -> dict[Place, list[bytes]]:
        """The flags that touch documents, by the places of those."""
        tags = {_touch(place): place for place in places}
        found: dict[Place, list[bytes]] = {}
        if tags:
            rows = self._connection.rows(
                f"SELECT tag, body FROM tags_{build} JOIN documents_{build} ON id = document"
                f" WHERE tag IN (SELECT value ->> 0 FROM {self._connection.dialect.elements}) ORDER BY tag, key",
                (json.dumps([[tag] for tag in tags]),),
            )
            for tag, body in rows:
                found.setdefault(tags[tag], []).append(body)
        return found

    def _parked(self, build: int, places: Sequence[Place]) -> dict[Place, list[Parked]]:
        """The records that are missing in documents: mostly none in any."""
        found: dict[Place, list[Parked]] = {}
        for parked in Documents(self._connection, build).parked():
            for place in places:
                if parked.touches(place):
                    found.setdefault(place, []).append(parked)
        return found

    def _clauses(self, build: int, query: Query) -> tuple[list[str], list[object]]:
        tagged = f"(SELECT document FROM tags_{build} WHERE tag = ?)"
        told = [
            ("view = ?", query.view),
            ("negotiation = ?", query.negotiation),
            ("kind = ?", query.kind),
            (f"id IN {tagged}", query.party and f"party:{query.party}"),
            (f"id IN {tagged}", query.issue and f"issue:{query.issue}"),
            ("date >= ?", query.date_from),
            ("date != '' AND date < ?", query.date_to),
        ]
        if query.text is not None:
            dialect = self._connection.dialect
            places = dialect.matches.format(table=f"texts_{build}")
            found = f"id IN (SELECT {dialect.text_key} / {_TEXTS_MAX} FROM ({places}) AS places)"
            sought = words(query.text)
            told += [(found, self._connection.search(word)) for word in sought] or [("'' = ?", "nothing")]
        asked = [(clause, value) for clause, value in told if value]
        return ["shown = 1", *(clause for clause, _ in asked)], [value for _, value in asked]


def _opened(database: Database, connection: Connection) -> Connection:
    """A connection to views of this version; closed where they are not, or may not be used."""
    try:
        if connection.version("views") != SCHEMA:
            raise StoreRefused(f"The views in {database} are of another version: run `parley migrate`.")
        connection.check_rights("views")
    except Exception as error:
        connection.close()
        if isinstance(error, StoreLost):
            raise StoreRefused(f"The views in {database} cannot be used: {error}") from None
        raise
    return connection


def _first_text(document: int) -> int:
    """The place of the first of a document's texts; the others follow it."""
    return document * _TEXTS_MAX


def tags(place: Place, index: Index) -> str:
    """What a document is found by, beside its words: one line."""
    found = [f"party:{party}" for party in index.parties]
    found += [f"issue:{issue}" for issue in index.issues]
    found += [f"touches:{place[1]}/{touched}" for touched in index.touches]
    return " ".join(sorted(found))


def _touch(place: Place) -> str:
    """The tag of the flags that touch a document."""
    view, negotiation, key = place
    return f"touches:{negotiation}/{view}/{key}"
