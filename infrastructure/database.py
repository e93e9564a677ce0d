"""The database: a SQLite file or a PostgreSQL server, and the few things that Parley asks of either.

Statements mark their values with `?` and are written once, for both; what only one of them can say is in
`sqlite.py` and in `postgres.py`, and nowhere else.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, NamedTuple, Protocol

Part = Literal["log", "views", "access", "proofs"]
Lock = Literal["log", "views", "access", "projector", "rebuild", "proofs", "tree"]
"""What only one process does at a time: append, change the views, change who is known, keep views live, rebuild; change
the tree and its checkpoints, keep it growing."""
BUSY_SECONDS = 10.0
FOREIGN = "there is a {kind} {name}, which Parley has not made"
"""What is told of something in the database that could change what is written or read."""


class StoreRefused(Exception):
    """The store cannot be used; the message is the one sentence that says why."""


class StoreFull(Exception):
    """There is no room on the disk: nothing was stored."""


class StoreLost(Exception):
    """The database does not answer. Whether a transaction that was being committed is on disk is not known."""


class StoreDamaged(Exception):
    """What is stored cannot be read as it was written."""


class TableMissing(Exception):
    """A table is not there: another process has replaced it."""


class Dialect(NamedTuple):
    """How one of the two says what the other says otherwise."""

    types: dict[str, str]
    """Column types by the names that the tables' declarations use: `{text}` sorts by code point.

    `{clustered}` and `{unsampled}` say of a table how it is kept, and that no sample of it is kept elsewhere;
    `{rewritten}` that of one whose rows are written again and again.
    """
    texts: str
    """The declaration of a table of searchable texts, each in a numbered place."""
    elements: str
    """The elements of a JSON array, given as one value: a list of any length is one statement."""
    text_key: str
    """Its column for the place."""
    matches: str
    """The places in such a table where a word is found, or one that begins with it."""
    is_found: str
    """Says of a `{number}` that it is one of those `{found}`, which are looked for once."""
    indexes: tuple[str, ...] = ()
    """What else makes such a table fit for searching, once it is filled."""

    @property
    def among(self) -> str:
        """Says of a column that what it holds is one of some texts, given as one value: see `as_elements`."""
        return f"IN (SELECT value ->> 0 FROM {self.elements})"


def as_elements(texts: Iterable[str]) -> str:
    """Some texts as one value of a statement."""
    return json.dumps([[text] for text in texts])


class Connection(ABC):
    """A connection, for one thread at a time. Outside of `transaction` each statement is one of its own.

    Raises `StoreFull`, `StoreLost`, `StoreDamaged`, `TableMissing` and the library's `IntegrityError`.
    """

    dialect: Dialect

    @abstractmethod
    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All the rows that a statement gives."""

    @abstractmethod
    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """One statement for each of many rows of values."""

    @abstractmethod
    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """New rows, in the fastest way."""

    @abstractmethod
    def transaction(self, lock: Lock | None = None, *, waits: bool = False) -> AbstractContextManager[None]:
        """All of it or, where it raises, nothing. With a lock, after all who held that before.

        On disk when it ends, with all before it: but of what is made again from the log only where it `waits` for that.
        """

    @abstractmethod
    def lead(self, lock: Lock) -> bool:
        """Whether this connection is the one that holds a lock from now on, until it is released, closed or lost."""

    @abstractmethod
    def release(self, lock: Lock) -> None:
        """Let another connection have a lock."""

    @abstractmethod
    def version(self, part: Part) -> int:
        """The version of a part's tables; 0 where there are none."""

    @abstractmethod
    def set_version(self, part: Part, version: int) -> None: ...

    @abstractmethod
    def check_rights(self, part: Part) -> None:
        """Raise `StoreRefused` where this connection may not do with a part's tables what it was opened for."""

    @abstractmethod
    def faults(self) -> list[str]:
        """What the database finds wrong with its own files, where it can be asked; and what in it changes what Parley
        writes or reads.
        """

    @abstractmethod
    def tell(self) -> None:
        """Wake those who wait for news once the transaction, in which this is said, is on disk."""

    @abstractmethod
    def searchable(self, words: Iterable[str]) -> str:
        """The words of a document, as a table of texts takes them."""

    @abstractmethod
    def search(self, word: str) -> str:
        """A search for a word, taken as a beginning."""

    @abstractmethod
    def purge(self, *tables: str) -> None:
        """Leave nothing in the files of what was deleted from some tables. Outside of a transaction."""

    @abstractmethod
    def close(self) -> None: ...

    def run(self, sql: str, values: Sequence[Any] = ()) -> None:
        """A statement without an answer."""
        self.rows(sql, values)

    def value(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """The first value of the first row; none where there is no row."""
        rows = self.rows(sql, values)
        return rows[0][0] if rows else None

    def declare(self, *statements: str) -> None:
        """Make tables, whose declarations name their types as `{text}`."""
        for statement in statements:
            self.run(statement.format_map(self.dialect.types))


class News(Protocol):
    """Word from those who append."""

    def wait(self, seconds: float) -> None:
        """Return when something was appended since the last call, when the time is over, or when it is ended."""

    def end(self) -> None:
        """Let whoever waits, in another thread, go on at once."""

    def close(self) -> None: ...


class Database(Protocol):
    """Where the log, the views and the proofs are kept."""

    migrates_itself: bool
    """Whether a start makes the tables that are missing; else `parley migrate` does."""

    def has(self, part: Part) -> bool:
        """Whether a part may be there: its tables are still to be looked for."""

    def writer(self, part: Part) -> Connection: ...

    def reader(self, part: Part) -> Connection:
        """A connection that cannot write; one that reads the views can read the log as well.

        Raises `StoreRefused` where nothing was ever stored.
        """

    def news(self) -> News: ...

    def reset(self, part: Part, version: int) -> None:
        """Remove all tables of a part, where they are not of a version; also those that this one does not know."""
