"""The two stores under test: what each of them offers to the harness."""

import sqlite3
from pathlib import Path
from typing import Any, Protocol

from infrastructure.database import Database, Part
from infrastructure.migrating import migrate
from infrastructure.settings import Settings
from infrastructure.view_reader import ViewReader
from tests.faults.processes import Process
from tests.faults.servers import Server
from tests.faults.severing import Proxy
from tests.ports import free_port


class Store(Protocol):
    """Where Parley keeps everything while the harness breaks things around it."""

    name: str
    recorders: int
    can_be_full: bool
    left_out: list[str]
    """What this machine does not allow to try or to check."""

    def address(self, process: str) -> str:
        """The value of `PARLEY_DATABASE` for a process."""

    def database(self) -> Database: ...

    def leader(self, projectors: list[Process]) -> Process | None:
        """The one that keeps the views live, if one does at this moment."""

    def fill_disk(self, processes: list[Process], part: float) -> None:
        """Nothing can be written until `empty_disk`; `part` says how soon, between 0 and 1."""

    def empty_disk(self, processes: list[Process]) -> None: ...

    def damage(self) -> list[str]:
        """What the database's own tools find wrong with it."""

    def close(self) -> None: ...


def position(database: Database) -> int:
    """How far the views are folded."""
    views = ViewReader(database)
    try:
        return views.position()
    finally:
        views.close()


class SqliteStore:
    """Two files."""

    name, recorders, can_be_full = f"SQLite {sqlite3.sqlite_version}", 1, True

    def __init__(self, folder: Path) -> None:
        self.left_out: list[str] = []
        self._file = folder / "parley.db"
        migrate(self.database())

    def address(self, process: str) -> str:
        return f"sqlite:///{self._file}"

    def database(self) -> Database:
        return Settings(database=self.address("")).store()

    def leader(self, projectors: list[Process]) -> Process | None:
        lock = Path(f"{self._file}.views.projector")
        if not lock.exists():
            return None
        inode = str(lock.stat().st_ino)
        for line in Path("/proc/locks").read_text().splitlines():
            _, kind, *_, holder, place, _, _ = line.split()
            if kind == "FLOCK" and place.split(":")[-1] == inode:
                return next((one for one in projectors if one.running and one.pid == int(holder)), None)
        return None

    def fill_disk(self, processes: list[Process], part: float) -> None:
        """SQLite writes to the first free place of a file that is used again and again: what is past the limit fails."""
        written = Path(f"{self._file}-wal").stat().st_size
        for process in processes:
            process.limit_files(int(written * part))

    def empty_disk(self, processes: list[Process]) -> None:
        for process in processes:
            process.limit_files(-1)

    def damage(self) -> list[str]:
        found = []
        parts: tuple[Part, ...] = ("log", "views")
        for part in parts:
            with sqlite3.connect(self._file if part == "log" else f"{self._file}.views") as connection:
                found += [f"{part}: {row[0]}" for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
            connection.close()
        return found

    def close(self) -> None:
        """Files need no end."""


class PostgresStore:
    """A server of its own. The recorders reach it through a proxy that can cut their connections."""

    recorders = 2

    def __init__(self, folder: Path) -> None:
        self.server = Server(folder, free_port())
        self.name = self.server.version
        self.left_out, self.can_be_full = self.server.left_out, self.server.can_be_full
        try:
            self.server.start()
            self.server.create("parley")
            self.proxy = Proxy(self.server.port)
            migrate(self.database())
        except BaseException:
            self.close()
            raise

    def address(self, process: str) -> str:
        port = self.proxy.port if process.startswith("recorder") else self.server.port
        return f"postgresql://postgres@127.0.0.1:{port}/parley?application_name={process}"

    def database(self) -> Database:
        return Settings(database=self.address("harness")).store()

    def leader(self, projectors: list[Process]) -> Process | None:
        """By the name of the connection that holds the projector's lock."""
        rows = self.server.ask(
            "SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)"
            f" WHERE locktype = 'advisory' AND objid = {0x70617203} AND granted",
            "parley",
        )
        names = {name for (name,) in rows}
        return next((one for one in projectors if one.running and one.name in names), None)

    def fill_disk(self, processes: list[Process], part: float) -> None:
        self.server.fill_disk()

    def empty_disk(self, processes: list[Process]) -> None:
        self.server.empty_disk()

    def damage(self) -> list[str]:
        return self.server.damage("parley")

    def close(self) -> None:
        if proxy := getattr(self, "proxy", None):
            proxy.close()
        self.server.close()


def rows(database: Database, part: Part, sql: str) -> list[tuple[Any, ...]]:
    """What one statement gives, on a connection of its own."""
    connection = database.reader(part)
    try:
        return connection.rows(sql)
    finally:
        connection.close()
