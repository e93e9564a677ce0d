"""The view store: documents as they are served, with what they are found by, and how far the log is folded.

All that one version of the code folded is a *build*, in tables of its own. One build serves; another can be
made beside it, and takes its place in one transaction.
"""

from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from infrastructure.database import Database, TableMissing
from infrastructure.documents import SHOWN, SHOWN_ACROSS, Documents
from infrastructure.tables import Tables

_BUILDS = (
    "CREATE TABLE builds (build {integer} PRIMARY KEY, fold {text} NOT NULL, position {integer} NOT NULL,"
    " writer {text} NOT NULL, asked {text} NOT NULL, serving {integer} NOT NULL)",
)
_TABLES = (
    "CREATE TABLE documents_{build} (id {integer} PRIMARY KEY, view {text} NOT NULL, negotiation {text} NOT NULL,"
    " key {text} NOT NULL, kind {text} NOT NULL, date {text} NOT NULL, tags {text} NOT NULL, lists {integer} NOT NULL,"
    " texts {integer} NOT NULL, folded_date {text} NOT NULL, folded_position {integer} NOT NULL,"
    " packed {bytes} NOT NULL, private {bytes}) {rewritten}",
    "CREATE TABLE tags_{build} (tag {text} NOT NULL, document {integer} NOT NULL,"
    " PRIMARY KEY (tag, document)) {clustered}",
    "CREATE TABLE pending_{build} (position {integer} NOT NULL, due {text} NOT NULL, negotiation {text} NOT NULL,"
    " PRIMARY KEY (position, due)) {clustered}",
    "CREATE TABLE parked_{build} (position {integer} NOT NULL, view {text} NOT NULL, negotiation {text} NOT NULL,"
    " key {text} NOT NULL, reason {text} NOT NULL, again {integer} NOT NULL,"
    " PRIMARY KEY (negotiation, view, key, position)) {clustered} {unsampled}",
    "CREATE TABLE rebuilt_{build} (negotiation {text} PRIMARY KEY, position {integer} NOT NULL) {clustered}",
    "CREATE TABLE restricted_{build} (negotiation {text} PRIMARY KEY) {clustered}",
    "CREATE UNIQUE INDEX documents_{build}_places ON documents_{build} (negotiation, view, key)",
    "CREATE INDEX pending_{build}_of_negotiation ON pending_{build} (negotiation)",
)
BUILD_TABLES = ("documents", "tags", "texts", "pending", "parked", "rebuilt", "restricted")
"""The tables of a build, by what stands before its number."""
_INDEXES = (
    "CREATE INDEX IF NOT EXISTS documents_{build}_by_date ON documents_{build} (view, date, negotiation, key)"
    f" WHERE lists = {SHOWN_ACROSS}",
    "CREATE INDEX IF NOT EXISTS documents_{build}_of_negotiation ON documents_{build} (view, negotiation, date, key)"
    f" WHERE lists >= {SHOWN}",
)
"""Made when a build is filled: one sort is cheaper than as many insertions."""


class Build(NamedTuple):
    """What one version of the code folded, up to a position, who changed it last, and at which time it stands."""

    number: int
    fold: str
    position: int = 0
    writer: str = ""
    stands_at: str = ""
    """In the column `asked`."""


TABLES = Tables("views", "views in", 10, lambda connection, _: connection.declare(*_BUILDS), is_copy=True)


class ViewStore:
    """The store, open for writing."""

    def __init__(self, database: Database) -> None:
        self._connection = TABLES.writer(database)

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
        """A new build, of nothing; others that were begun are given up.

        No other version gives its builds the same numbers: who reads those of one does not go on with another's.
        """
        self.give_up()
        before = TABLES.version * 1_000_000
        number = int(self._connection.value("SELECT coalesce(max(build), ?) + 1 FROM builds", (before,)))
        self._declare(number, *_TABLES, self._connection.dialect.texts.replace("{table}", "texts_{build}"))
        self._connection.run("INSERT INTO builds VALUES (?, ?, 0, '', '', 0)", (number, fold))
        return Build(number, fold)

    def give_up(self) -> None:
        """Remove the builds that were begun and do not serve yet."""
        for (given_up,) in self._connection.rows("SELECT build FROM builds WHERE serving = 0"):
            self._drop(given_up)

    def purge(self) -> None:
        """Leave nothing in the files of documents as they were before."""
        serving = self.serving()
        if serving:
            self._connection.purge(*(f"{table}_{serving.number}" for table in ("documents", "texts", "parked")))

    def index(self, build: int) -> None:
        """Make a filled build fit for lists."""
        self._declare(build, *_INDEXES, *self._connection.dialect.indexes)

    def swap(self, build: int) -> None:
        """Let a build serve, and remove the one before."""
        serving = self.serving()
        if serving:
            self._drop(serving.number)
        self._connection.run("UPDATE builds SET serving = 1 WHERE build = ?", (build,))

    def documents(self, build: int) -> Documents:
        """The documents of one build."""
        return Documents(self._connection, build)

    def close(self) -> None:
        self._connection.close()

    def _build(self, condition: str, *values: Any) -> Build | None:
        rows = self._connection.rows(
            f"SELECT build, fold, position, writer, asked FROM builds WHERE {condition}", values
        )
        return Build(*rows[0]) if rows else None

    def _declare(self, build: int, *statements: str) -> None:
        named = self._connection.dialect.types | {"build": str(build)}
        for statement in statements:
            self._connection.run(statement.format_map(named))

    def _drop(self, build: int) -> None:
        for table in BUILD_TABLES:
            self._connection.run(f"DROP TABLE {table}_{build}")
        self._connection.run("DELETE FROM builds WHERE build = ?", (build,))
