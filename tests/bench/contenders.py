"""Who is measured: Parley on both stores, what a user would build in its place, and the ceilings above all of them.

Each takes the same requests over HTTP. All are served by uvicorn as it comes.
"""

import json
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import NamedTuple, Protocol

from processes import HERE, PATIENCE_SECONDS, Failed, Served, answer, peak_mib, python, running, served
from psycopg.conninfo import conninfo_to_dict

_PARLEY = "-m", "interfaces"
_UVICORN = (
    *("-m", "uvicorn", "--app-dir", str(HERE / "peers"), "--host", "127.0.0.1"),
    *("--no-access-log", "--log-level", "warning"),
)


class Doors(NamedTuple):
    """Where a contender that runs is written to and read, and its processes."""

    writing: int
    reading: int
    processes: list[int]
    seconds: float
    """From the start to the first answer."""

    def peak_mib(self) -> list[float]:
        return [peak_mib(process) for process in self.processes]


class Rebuilt(NamedTuple):
    """The seconds of a rebuild, without those of the interpreter's start, and the peak memory of its process."""

    seconds: float
    mib: float


class Contender(Protocol):
    address: str
    writes: bool
    reads: bool
    folds: bool
    """Whether it has a past to ask for, and views to rebuild."""
    past: dict[str, str]
    """How the middle of `long-0` is asked for: what is shown, and its path."""
    records_max: int
    """How many records it can be asked to rebuild in a bearable time."""

    def fill(self, prefix: str, records: int, length: int) -> None:
        """Negotiations `{prefix}-{n}` of a length, so many records in all."""

    def serve(self) -> AbstractContextManager[Doors]: ...

    def settle(self, doors: Doors) -> int | None:
        """Wait until the views hold all records; gives their number, where the contender says it."""

    def rebuild(self) -> Rebuilt: ...

    def committed(self, seconds: float) -> float | None:
        """The median milliseconds of a record without HTTP, where that can be told apart."""


class Parley:
    """As in production: SQLite in one process; PostgreSQL with a recorder, a projector and a reader."""

    writes = reads = folds = True
    records_max = 10**9
    past = {
        view or "negotiation": f"/v1/negotiations/long-0{view}?as_of={{day}}"
        for view in ("/positions", "", "/ledger", "/rounds")
    }

    def __init__(self, address: str) -> None:
        self.address = address
        self._embedded = address.startswith("sqlite:")
        self._environment = {"PARLEY_DATABASE": address}
        if not self._embedded:
            python(*_PARLEY, "migrate", environment=self._environment)

    def fill(self, prefix: str, records: int, length: int) -> None:
        python(str(HERE / "course.py"), self.address, str(records), str(length), prefix)

    @contextmanager
    def serve(self) -> Iterator[Doors]:
        with ExitStack() as started:
            if self._embedded:
                whole = started.enter_context(served(*_PARLEY, "serve", environment=self._environment))
                yield _doors(whole, whole)
                return
            keeping = running(*_PARLEY, "project", environment=self._environment)
            projector = started.enter_context(keeping)
            recorder, reader = (
                started.enter_context(served(*_PARLEY, "serve", "--only", part, environment=self._environment))
                for part in ("recording", "reading")
            )
            yield _doors(recorder, reader, projector.pid)

    def settle(self, doors: Doors) -> int:
        start = time.perf_counter()
        while time.perf_counter() - start < PATIENCE_SECONDS:
            told = json.loads(answer(doors.reading, "/readyz")[1])
            if told["ready"] and not told["behind"]["records"]:
                return int(told["head"])
            time.sleep(0.02)
        raise Failed("The views do not catch up.")

    def measured(self, command: str) -> Rebuilt:
        """A command of `parley`, in a process of its own."""
        told = python(str(HERE / "command.py"), command, environment=self._environment)
        return Rebuilt(**json.loads(told.splitlines()[-1]))

    def rebuild(self) -> Rebuilt:
        return self.measured("rebuild")

    def committed(self, seconds: float) -> float:
        return float(python(str(HERE / "committing.py"), self.address, str(seconds)))


class Peer:
    """An application of `peers/`."""

    writes = reads = folds = True
    records_max = 10**9
    past: dict[str, str] = {}

    def __init__(self, app: str, address: str, environment: dict[str, str]) -> None:
        self.address = address
        self._app = app
        self._environment = environment

    def fill(self, prefix: str, records: int, length: int) -> None: ...

    @contextmanager
    def serve(self) -> Iterator[Doors]:
        with served(*_UVICORN, f"{self._app}:app", environment=self._environment) as server:
            yield _doors(server, server)

    def settle(self, doors: Doors) -> int | None:
        return None

    def rebuild(self) -> Rebuilt:
        raise NotImplementedError

    def committed(self, seconds: float) -> float | None:
        return None


class Ceiling(Peer):
    """FastAPI that does next to nothing: `nothing`, `insert` or `prepared`."""

    folds = False

    def __init__(self, kind: str, address: str) -> None:
        super().__init__("ceilings", address, {"CEILING": kind, "CEILING_DATABASE": address})
        self.reads = kind == "prepared"
        self.writes = not self.reads


class Stock(Peer):
    """FastAPI and the library `eventsourcing`, both as they come."""

    records_max = 25_000
    past = {"/positions": "/v1/negotiations/long-0?version=2500"}

    def __init__(self, address: str) -> None:
        super().__init__("stock", address, _stock_environment(address))

    def fill(self, prefix: str, records: int, length: int) -> None:
        python(str(HERE / "peers" / "filling.py"), str(records), str(length), prefix, environment=self._environment)

    def rebuild(self) -> Rebuilt:
        return Rebuilt(**json.loads(python(str(HERE / "peers" / "rebuilding.py"), environment=self._environment)))


def _stock_environment(address: str) -> dict[str, str]:
    if address.startswith("sqlite:///"):
        return {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": address.removeprefix("sqlite:///")}
    told = conninfo_to_dict(address)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(told["dbname"]),
        "POSTGRES_HOST": str(told["host"]),
        "POSTGRES_PORT": str(told.get("port", 5432)),
        "POSTGRES_USER": str(told["user"]),
        "POSTGRES_PASSWORD": "not asked for",
    }


def _doors(writing: Served, reading: Served, *others: int) -> Doors:
    processes = dict.fromkeys([writing.process, *others, reading.process])
    return Doors(writing.port, reading.port, list(processes), max(writing.seconds, reading.seconds))
