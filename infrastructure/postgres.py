"""PostgreSQL: the log, the views and the proofs in one database, for several processes."""

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from functools import cache
from threading import Event
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from infrastructure.database import (
    BUSY_SECONDS,
    FOREIGN,
    Connection,
    Dialect,
    Lock,
    Part,
    StoreLost,
    StoreRefused,
)
from infrastructure.postgres_access import TABLE_NAMES, check_rights, check_schema, named, named_errors, sentence
from infrastructure.view_store import BUILD_TABLES

_LOCKS: dict[Lock, int] = {
    "log": 0x70617201,
    "views": 0x70617202,
    "projector": 0x70617203,
    "rebuild": 0x70617204,
    "access": 0x70617205,
    "proofs": 0x70617206,
    "tree": 0x70617207,
}
"""Numbers for advisory locks. Autovacuum does not break these, as it would a lock on the table."""
_CHANNEL = "parley"
_GLANCE_SECONDS = 0.1
"""How soon whoever waits for news sees that the waiting is ended."""
_LOST_AFTER_MS = int(BUSY_SECONDS * 1000)
_PATIENCE = {
    "connect_timeout": int(BUSY_SECONDS),
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": _LOST_AFTER_MS,
}
"""When a server that has gone silent counts as lost."""
_PLANS = "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off"
"""Every statement here finds its rows by an index, whatever the planner has heard of the tables' sizes."""

_FOREIGN = (
    "SELECT 'trigger', tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
    " JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE nspname = current_schema() AND NOT tgisinternal"
    " UNION ALL SELECT 'rule', rulename FROM pg_rules WHERE schemaname = current_schema()"
    " UNION ALL SELECT 'view', viewname FROM pg_views WHERE schemaname = current_schema()"
    f" AND viewname IN ({', '.join(repr(table) for tables in TABLE_NAMES.values() for table in tables)})"
)
_UNSAMPLED = "WITH (autovacuum_analyze_threshold = 2147483647)"
"""The statistics of a table would keep samples of what is erased from it; no plan here goes by them."""
_REWRITTEN = _UNSAMPLED.replace("(", "(fillfactor = 70, ")
"""With room on each page, so that what is written again stays on its own, and no index has to be told."""


class PostgresConnection(Connection):
    """A connection that is opened again after it was lost, between transactions."""

    dialect = Dialect(
        types={"text": 'TEXT COLLATE "C"', "bytes": "BYTEA", "uuid": "UUID", "integer": "BIGINT", "clustered": ""}
        | {"unsampled": _UNSAMPLED, "rewritten": _REWRITTEN},
        texts=f"CREATE TABLE {{table}} (place BIGINT PRIMARY KEY, text TSVECTOR NOT NULL) {_UNSAMPLED}",
        elements="json_array_elements(CAST(? AS JSON))",
        text_key="place",
        matches="SELECT place FROM {table} WHERE text @@ CAST(? AS TSQUERY)",
        is_found="({number} IN ({found})) IS TRUE",  # else it is a join, of each with each
        indexes=("CREATE INDEX IF NOT EXISTS texts_{build}_words ON texts_{build} USING gin (text)",),
    )

    def __init__(self, address: str, *, writes: bool, waits: bool) -> None:
        """What is committed need not wait for the disk where it is a copy, with the position that it rests on."""
        self._address = address
        self._writes = writes
        self._waits = waits
        self._led: set[Lock] = set()
        self._within = self._tells = False
        self._ended = False
        self._connection = self._connect()

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._writes:
            limits = f"-c lock_timeout={_LOST_AFTER_MS} -c idle_in_transaction_session_timeout={6 * _LOST_AFTER_MS}"
            limits += " -c tcp_keepalives_idle=5 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
            limits += f" -c synchronous_commit={'on' if self._waits else 'off'}"
        else:
            limits = f"-c default_transaction_read_only=on -c statement_timeout={_LOST_AFTER_MS}"
        return _connected(self._address, limits)

    def _usable(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._connection.closed and not self._within and not self._ended:
            self._led.clear()
            self._connection = self._connect()
        return self._connection

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with named_errors():
            try:
                cursor = self._usable().execute(_translated(sql), values)
            except psycopg.OperationalError:
                if self._writes or not self._connection.closed:
                    raise
                # A question can be asked again: a reader that was idle learns only now that its connection is lost.
                cursor = self._usable().execute(_translated(sql), values)
            return cursor.fetchall() if cursor.description else []

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        with named_errors(), self._usable().cursor() as cursor:
            cursor.executemany(_translated(sql), rows)

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        if not rows:
            return
        statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
        with named_errors(), self._usable().cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)

    @contextmanager
    def transaction(self, lock: Lock | None = None, *, waits: bool = False) -> Iterator[None]:
        self._tells = False
        self._begin(lock)
        try:
            if waits:
                self.run("SET LOCAL synchronous_commit = on")
            yield
            self._at_once(f"NOTIFY {_CHANNEL}" if self._tells else "", "COMMIT")
        except BaseException:
            if not self._connection.closed:
                with named_errors():
                    self._connection.execute("ROLLBACK")
            raise
        finally:
            self._within = False

    def _begin(self, lock: Lock | None) -> None:
        """Whoever holds a lock sees all that those before have done; whoever has none sees one state throughout."""
        level = "READ COMMITTED" if lock else "REPEATABLE READ"
        locking = f"SELECT pg_advisory_xact_lock({_LOCKS[lock]})" if lock else ""
        self._usable()
        self._within = True
        try:
            self._at_once(f"BEGIN ISOLATION LEVEL {level}", locking)
        except BaseException as error:
            self._within = False
            if not self._connection.closed:
                self._connection.execute("ROLLBACK")
            elif isinstance(error, StoreLost) and not self._writes:
                self._begin(None)
                return
            raise

    def _at_once(self, *statements: str) -> None:
        """Each way to the server and back is a good part of what a record costs."""
        with named_errors():
            self._connection.execute("; ".join(filter(None, statements)), prepare=False)

    def lead(self, lock: Lock) -> bool:
        self._usable()
        if lock not in self._led and self.value(f"SELECT pg_try_advisory_lock({_LOCKS[lock]})"):
            self._led.add(lock)
        return lock in self._led

    def release(self, lock: Lock) -> None:
        if lock in self._led and not self._connection.closed:
            self.run(f"SELECT pg_advisory_unlock({_LOCKS[lock]})")
        self._led.discard(lock)

    def version(self, part: Part) -> int:
        if self.value("SELECT to_regclass('schema_versions')") is None:
            check_schema(self.value, self._address)
            return 0
        return int(self.value("SELECT version FROM schema_versions WHERE part = ?", (part,)) or 0)

    def set_version(self, part: Part, version: int) -> None:
        self.run("CREATE TABLE IF NOT EXISTS schema_versions (part TEXT PRIMARY KEY, version BIGINT NOT NULL)")
        self.run(
            "INSERT INTO schema_versions VALUES (?, ?) ON CONFLICT (part) DO UPDATE SET version = excluded.version",
            (part, version),
        )

    def check_rights(self, part: Part) -> None:
        check_rights(self.value, self._address, part, writes=self._writes)

    def faults(self) -> list[str]:
        """Its pages have checksums of their own, where its administrator has them on."""
        return [FOREIGN.format(kind=kind, name=name) for kind, name in self.rows(_FOREIGN)]

    def tell(self) -> None:
        """Within a transaction: the word goes out with its end."""
        self._tells = True

    def searchable(self, words: Iterable[str]) -> str:
        return " ".join(f"'{word[:_WORD_MAX]}'" for word in words)

    def search(self, word: str) -> str:
        return f"'{word[:_WORD_MAX]}':*"

    def purge(self, *tables: str) -> None:
        """Written anew into other files; the journal (`pg_wal`) keeps what it holds until it is written over.

        Whoever began to read before may still see what was deleted, and so it stays in the file: they are waited for.
        """
        deadline = time.monotonic() + BUSY_SECONDS
        for table in tables:
            while self._still_seen(table):
                if time.monotonic() > deadline:
                    raise StoreLost(
                        "A transaction that began before is still open, and so what was erased is still in the files:"
                        " erase it again once that is over (pg_stat_activity, pg_prepared_xacts)."
                    )
                time.sleep(_GLANCE_SECONDS)

    def _still_seen(self, table: str) -> int:
        """Write a table anew; how many of its deleted rows others can still see."""
        told: list[str] = []
        connection = self._usable()

        def hear(notice: psycopg.errors.Diagnostic) -> None:
            """The detail reads `2 dead row versions cannot be removed yet.`"""
            told.extend(re.findall(r"^\d+", notice.message_detail or ""))

        connection.add_notice_handler(hear)
        try:
            self.run(f"VACUUM (FULL, VERBOSE) {table}")
        finally:
            connection.remove_notice_handler(hear)
        return sum(map(int, told))

    def close(self) -> None:
        """The server sees the end of a connection a little later: what this one led is free at once."""
        for lock in tuple(self._led):
            with suppress(StoreLost):
                self.release(lock)
        self._ended = True
        self._connection.close()


_WORD_MAX = 500
"""PostgreSQL takes words of up to 2,046 bytes."""


class PostgresDatabase:
    """One database: the tables are made by `parley migrate`."""

    migrates_itself = False

    def __init__(self, address: str) -> None:
        self._address = address

    def __str__(self) -> str:
        return named(self._address)

    def has(self, part: Part) -> bool:
        return True

    def writer(self, part: Part) -> Connection:
        return self._connection(writes=True, waits=part in ("log", "access"))

    def reader(self, part: Part) -> Connection:
        return self._connection(writes=False)

    def _connection(self, *, writes: bool, waits: bool = True) -> Connection:
        try:
            return PostgresConnection(self._address, writes=writes, waits=waits)
        except StoreLost as error:
            raise StoreRefused(f"The database {self} cannot be used: {error}") from None

    def news(self) -> "Notifications":
        return Notifications(self._address)

    def reset(self, part: Part, version: int) -> None:
        with closing(self.writer(part)) as connection, connection.transaction("views"):
            if connection.version(part) in (0, version):
                return  # another process was here first
            for (build,) in connection.rows("SELECT build FROM builds"):
                for table in BUILD_TABLES:
                    connection.run(f"DROP TABLE IF EXISTS {table}_{build}")
            connection.run("DROP TABLE builds")
            connection.set_version(part, 0)


class Notifications:
    """Listens for what those who append notify; a connection that was lost is made anew."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._ended = Event()

    def wait(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        try:
            if self._connection is None:
                self._connection = _connected(self._address)
                self._connection.execute(f"LISTEN {_CHANNEL}")
                return
            while not self._ended.is_set() and (left := deadline - time.monotonic()) > 0:
                if list(self._connection.notifies(timeout=min(left, _GLANCE_SECONDS), stop_after=1)):
                    return
        except (psycopg.OperationalError, StoreLost):
            self.close()
            self._ended.wait(seconds)

    def end(self) -> None:
        self._ended.set()

    def close(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None


def _connected(address: str, limits: str = "") -> psycopg.Connection[tuple[Any, ...]]:
    told = conninfo_to_dict(address)
    settings = told | _PATIENCE | {"options": f"{told.get('options', '')} {_PLANS} {limits}"}
    try:
        return psycopg.connect(make_conninfo("", **settings), autocommit=True)
    except psycopg.OperationalError as error:
        raise StoreLost(sentence(error)) from None


@cache
def _translated(sql: str) -> str:
    return sql.replace("%", "%%").replace("?", "%s")
