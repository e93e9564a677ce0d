"""The processes of the benchmark: each is started here, waited for, and stopped by its own handle."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
PATIENCE_SECONDS = 120
LONGEST_SECONDS = 3600


class Failed(Exception):
    """A process did not do what it was started for."""


class Served(NamedTuple):
    """A running server, and the seconds from its start to its first answer."""

    port: int
    process: int
    seconds: float


def python(*arguments: str, environment: Mapping[str, str] | None = None, told: str = "") -> str:
    """What a Python process prints. Raises `Failed` with what it said."""
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command,
        env=_environment(environment or {}),
        input=told,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_SECONDS,
    )
    if done.returncode:
        raise Failed(f"{' '.join(arguments[:3])} failed:\n{done.stderr}")
    return done.stdout


@contextmanager
def running(*arguments: str, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A Python process that runs until the block ends; what it says is told where it ended by itself."""
    command = [sys.executable, *arguments]
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(command, env=_environment(environment), stdout=said, stderr=said) as process,
    ):
        try:
            yield process
            if process.poll() is not None:
                raise Failed(f"{' '.join(arguments[:3])} ended.")
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
            if process.returncode not in {0, -signal.SIGTERM}:
                said.seek(0)
                print(said.read().decode(errors="replace")[-2000:], file=sys.stderr)


@contextmanager
def served(*arguments: str, environment: Mapping[str, str]) -> Iterator[Served]:
    """A server on a free port of 127.0.0.1, which it is told as `--port`."""
    port, start = free_port(), time.perf_counter()
    with running(*arguments, "--port", str(port), environment=environment) as process:
        while asked(port, "/healthz") != 200:
            if process.poll() is not None or time.perf_counter() - start > PATIENCE_SECONDS:
                raise Failed(f"{' '.join(arguments)} did not start.")
            time.sleep(0.005)
        yield Served(port, process.pid, time.perf_counter() - start)


def asked(port: int, path: str) -> int:
    """The status of an answer; 0 where there is none."""
    try:
        return answer(port, path)[0]
    except OSError:
        return 0


def answer(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    try:
        connection.request("GET", path)
        given = connection.getresponse()
        return given.status, given.read()
    finally:
        connection.close()


def peak_mib(process: int | str = "self") -> float:
    """The most memory that a process has had."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _environment(told: Mapping[str, str]) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(HERE.parents[1])} | dict(told)
