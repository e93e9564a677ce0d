"""Parley at work on one store: recorders, a projector and its standby, and clients who record all the time."""

import os
import random
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from infrastructure.database import StoreLost, StoreRefused
from infrastructure.log import LogReader
from tests.faults.clients import Load
from tests.faults.launcher import EARLY
from tests.faults.processes import START_SECONDS, Process
from tests.faults.stores import Store, position
from tests.ports import free_port

CLIENTS, PROJECTORS = 4, 2
GOES_ON_SECONDS = 45
"""Within which records are acknowledged again after anything that happened."""
CATCH_UP_SECONDS = 120


class Stuck(Exception):
    """The message says what did not go on."""


class Site:
    """All that runs. What happens to it is in `kinds.py`. A build that answers too early runs without views."""

    def __init__(self, store: Store, folder: Path, seed: int, early: bool = False) -> None:
        self.store = store
        self.chance = random.Random(seed)
        self.folder = folder
        self.took_over: list[float] = []
        """The seconds that a standby took."""
        self.wrong: list[str] = []
        """What happened that must not happen, other than to records."""
        self.ports = [free_port() for _ in range(store.recorders)]
        self.recorders = [self._recorder(n, port, early) for n, port in enumerate(self.ports)]
        projectors = 0 if early else PROJECTORS
        self.projectors = [self.process(f"projector-{n}", "-m", "interfaces", "project") for n in range(projectors)]
        self.load = Load(self.ports, CLIENTS, seed)

    def process(self, name: str, *arguments: str) -> Process:
        environment = os.environ | {"PARLEY_DATABASE": self.store.address(name)}
        return Process(name, list(arguments), environment, self.folder / f"{name}.log")

    def _recorder(self, number: int, port: int, early: bool) -> Process:
        name = f"recorder-{number}"
        self.clock(number).write_text("0")
        launched = ["-m", "tests.faults.launcher", str(self.clock(number)), *([EARLY] if early else [])]
        return self.process(name, *launched, "serve", "--only", "recording", "--port", str(port))

    def clock(self, recorder: int) -> Path:
        """The file with the seconds by which a recorder's clock is off."""
        return self.folder / f"clock-{recorder}"

    @property
    def processes(self) -> list[Process]:
        return [*self.recorders, *self.projectors]

    def start(self) -> None:
        self.see_ready(self.processes)
        self.load.start()
        self.see_it_go_on()

    def mend(self) -> None:
        """Start again what does not run. What ended by itself, once it had served, must not have."""
        for process in self.processes:
            if process.ended is not None:
                if process.ready.is_set():
                    self.wrong.append(f"{process.name} ended by itself with {process.ended}")
                process.kill()
            if process.running is None:
                process.start()

    def see_it_go_on(self) -> None:
        """Whatever has happened, records are acknowledged again."""
        deadline = time.monotonic() + GOES_ON_SECONDS
        while not self.load.goes_on(CLIENTS, 1):
            self.mend()
            if time.monotonic() > deadline:
                raise Stuck(f"No record was acknowledged within {GOES_ON_SECONDS} s.")

    def see_ready(self, processes: Iterable[Process]) -> None:
        """They run and have opened the store: one that could not, because it was away, is started again."""
        deadline = time.monotonic() + START_SECONDS
        while waiting := [process.name for process in processes if not process.ready.is_set()]:
            if time.monotonic() > deadline:
                raise Stuck(f"Not started within {START_SECONDS} s: {', '.join(waiting)}.")
            self.mend()
            time.sleep(0.02)

    def see_serving(self) -> None:
        """All of them run, and the recorders answer."""
        self.see_ready(self.processes)
        deadline = time.monotonic() + START_SECONDS
        while not all(self.readiness(number) for number in range(len(self.recorders))):
            if time.monotonic() > deadline:
                raise Stuck(f"A recorder does not answer within {START_SECONDS} s.")
            time.sleep(0.02)

    def readiness(self, recorder: int) -> int:
        """The status with which a recorder says how far the log goes; 0 where there is no answer."""
        connection = HTTPConnection("127.0.0.1", self.ports[recorder], timeout=10)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status
        except (OSError, HTTPException):
            return 0
        finally:
            connection.close()

    def head(self) -> int:
        log = LogReader(self.store.database())
        try:
            return log.head()
        finally:
            log.close()

    def see_views_at(self, head: int, seconds: float) -> float:
        """How long the views take to reach a position. Raises `Stuck` where they do not in time."""
        start = time.monotonic()
        while time.monotonic() < start + seconds:
            try:
                if position(self.store.database()) >= head:
                    return time.monotonic() - start
            except (StoreLost, StoreRefused):
                pass
            time.sleep(0.05)
        raise Stuck(f"The views did not reach position {head} within {seconds} s.")

    def settle(self) -> None:
        """No more records; the views reach the last; then all stop as they are asked to."""
        self.mend()
        self.load.stop()
        self.mend()
        if self.projectors:
            self.see_views_at(self.head(), CATCH_UP_SECONDS)
        self.see_ready(self.processes)
        for process in self.processes:
            if code := process.stop():
                self.wrong.append(f"{process.name} stopped with {code}")

    def kill_all(self) -> None:
        self.load.over.set()
        for process in self.processes:
            process.kill()


@contextmanager
def at_work(site: Site) -> Iterator[Site]:
    """Whatever happens, nothing that was started stays behind."""
    try:
        site.start()
        yield site
    finally:
        site.kill_all()
