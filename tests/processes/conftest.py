"""Parley as an operator runs it: real processes on free ports, stopped by their own id."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.ports import free_port

START_SECONDS = 60


def wait_until(true: Callable[[], bool], seconds: float = START_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.02)


class Process:
    """One command of Parley, run by another command where there is one `under` which it runs.

    `patched` shortens constants, by module and name.
    """

    def __init__(
        self,
        command: list[str],
        address: str,
        errors: Path,
        patched: dict[str, float],
        limits: dict[int, int],
        under: list[str],
    ) -> None:
        sets = "".join(
            f"import {module}; {module}.{name} = {value}; "
            for (module, _, name), value in ((path.rpartition("."), value) for path, value in patched.items())
        )
        python = ["-c", f"{sets}from interfaces.cli import app; app()"] if patched else ["-m", "interfaces"]

        def limit() -> None:
            for kind, most in limits.items():
                _, hard = resource.getrlimit(kind)
                resource.setrlimit(kind, (most, most if kind == resource.RLIMIT_NOFILE else hard))

        self.errors = errors
        self.port = 0
        if command[0] == "serve":
            self.port = free_port()
            command = [*command, "--port", str(self.port)]
        with errors.open("w") as log:
            self.popen = subprocess.Popen(
                [*under, sys.executable, *python, *command],
                env=os.environ | {"PARLEY_DATABASE": address, "COLUMNS": "300"},
                stdout=subprocess.DEVNULL,
                stderr=log,
                preexec_fn=limit,  # noqa: PLW1509
            )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def told(self) -> str:
        """What the process wrote to the log so far."""
        return self.errors.read_text()

    def wait_until_it_serves(self, path: str = "/readyz") -> "Process":
        wait_until(lambda: self._serves(path))
        return self

    def _serves(self, path: str) -> bool:
        assert self.popen.poll() is None, self.told
        if not self.port:
            return "Parley keeps" in self.told
        try:
            return httpx2.get(self.url + path).status_code == 200
        except httpx2.TransportError:
            return False

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=START_SECONDS)

    def tell(self, command: str, **facts: Any) -> httpx2.Response:
        body = {"negotiation": "talks", "occurred": "2025-01-02"} | facts
        return httpx2.post(f"{self.url}/v1/records/{command}", json=body, timeout=START_SECONDS)

    def get(self, path: str, **params: Any) -> httpx2.Response:
        return httpx2.get(self.url + path, params=params, timeout=START_SECONDS)

    def stop(self, seconds: float = 10) -> int:
        """Tell it to stop; gives the exit code."""
        self.popen.send_signal(signal.SIGTERM)
        return self.popen.wait(seconds)


Start = Callable[..., Process]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts processes; what is still there at the end is killed."""
    started: list[Process] = []

    def begin(
        *command: str,
        address: str,
        patched: dict[str, float] | None = None,
        limits: dict[int, int] | None = None,
        under: Sequence[str] = (),
    ) -> Process:
        log = tmp_path / f"{len(started)}.log"
        started.append(Process(list(command), address, log, patched or {}, limits or {}, list(under)))
        return started[-1]

    yield begin
    for process in started:
        process.popen.kill()
        process.popen.wait()


def request(path: str, body: dict[str, Any] | None = None) -> bytes:
    """A request as it goes over a connection."""
    if body is None:
        return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    told = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(told)}\r\n"
    )
    return f"{head}\r\n".encode() + told


def answer(connection: socket.socket) -> tuple[int, dict[str, Any]]:
    """The status and the document of an answer after which the server hangs up."""
    told = b""
    while more := connection.recv(65536):
        told += more
    head, _, body = told.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)
