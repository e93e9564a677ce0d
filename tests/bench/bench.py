"""How fast Parley is on this machine, and how much memory it needs.

    make bench                          everything; BENCH_RECORDS=100000 is the size of the log
    python tests/bench/bench.py log     one part alone: http, log, replays or ledger

All traffic goes to 127.0.0.1, and all files lie in a temporary folder. The clients are one process beside the server.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from course import ground
from load import NEGOTIATIONS
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).resolve().parent
RECORDS = max(1000, int(os.environ.get("BENCH_RECORDS", "100000")) // 1000 * 1000)
RUNS, WRITE_SECONDS, READ_SECONDS = 3, 8, 5
LENGTHS = 1_000, 10_000, 100_000
Row = tuple[str, str]
MEASURED = """
import json, sys, time
from interfaces.cli import app
start = time.perf_counter()
app(sys.argv[1:], standalone_mode=False)
seconds = time.perf_counter() - start
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps({"seconds": seconds, "mib": int(peak.split()[1]) / 1024}), file=sys.stderr)
"""
"""A command of `parley`, with its seconds (without those of the interpreter's start) and its peak memory."""


class Store:
    """A store in a folder, and the processes that use it."""

    def __init__(self, folder: str) -> None:
        self.file = Path(folder, "parley.db")
        self._environment = os.environ | {
            "PARLEY_DATABASE": f"sqlite:///{self.file}",
            "PYTHONPATH": str(HERE.parents[1]),
        }

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *arguments]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{' '.join(arguments[:2])} failed:\n{done.stderr}")
        return done

    def measured(self, command: str) -> dict[str, float]:
        return json.loads(self.python("-c", MEASURED, command).stderr.splitlines()[-1])

    def load(self, kind: str, port: int, seconds: int) -> dict[str, float]:
        found = json.loads(self.python(str(HERE / "load.py"), kind, str(port), str(seconds)).stdout)
        if found["refused"]:
            sys.exit(f"{found['refused']} requests to {kind} were refused.")
        return found

    @contextmanager
    def served(self) -> Iterator["Served"]:
        """A server of this store."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "interfaces", "serve", "--port", str(port)]
        start = time.perf_counter()
        with subprocess.Popen(command, env=self._environment, stderr=subprocess.DEVNULL) as server:
            try:
                while asked(port, "GET", "/healthz") != 200:
                    if server.poll() is not None or time.perf_counter() - start > 60:
                        sys.exit("The server did not start.")
                    time.sleep(0.005)
                yield Served(port, server.pid, time.perf_counter() - start)
            finally:
                server.terminate()
                server.wait(120)


class Served(NamedTuple):
    """A running server, and the seconds from its start to its first answer."""

    port: int
    process: int
    seconds: float


def asked(port: int, method: str, path: str, body: bytes | None = None) -> int:
    """The status of an answer; 0 where there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, {"Content-Type": "application/x-ndjson"} if body else {})
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def write_and_read() -> tuple[dict[str, float], dict[str, float], float]:
    """One run over HTTP on a fresh store: writing, then reading, and how long the views were behind in between."""
    with TemporaryDirectory() as folder, (store := Store(folder)).served() as server:
        port = server.port
        told = [line for n in range(NEGOTIATIONS) for line in ground(f"talks-{n}")]
        if asked(port, "POST", "/v1/records", "\n".join(map(json.dumps, told)).encode()) != 201:
            sys.exit("The negotiations could not be opened.")
        written = store.load("write", port, WRITE_SECONDS)
        start = time.perf_counter()
        head = len(told) + int(written["count"])
        while asked(port, "GET", f"/v1/negotiations?limit=1&min_position={head}") != 200:
            if time.perf_counter() - start > 120:
                sys.exit("The views do not catch up.")
            time.sleep(0.05)
        behind = time.perf_counter() - start
        return written, store.load("read", port, READ_SECONDS), behind


def over_http() -> Iterator[Row]:
    runs = [write_and_read() for _ in range(RUNS)]
    for name, found in (
        ("records acknowledged", [run[0] for run in runs]),
        ("documents read", [run[1] for run in runs]),
    ):
        rate, p50, p99 = (median(one[figure] for one in found) for figure in ("rate", "p50", "p99"))
        yield f"{name}, 32 clients", f"{rate:,.0f}/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms"
        yield "    each run", ", ".join(f"{one['rate']:,.0f}/s" for one in found)
    yield "views up to date after writing ends", f"{median(run[2] for run in runs):.2f} s"


def long_log() -> Iterator[Row]:
    with TemporaryDirectory() as folder:
        store = Store(folder)
        start = time.perf_counter()
        store.python(str(HERE / "course.py"), str(store.file), str(RECORDS))
        seconds = time.perf_counter() - start
        yield f"log of {RECORDS:,} records", f"{store.file.stat().st_size / 2**20:.0f} MiB, made in {seconds:.0f} s"
        rebuilt = store.measured("rebuild")
        yield "rebuild", f"{RECORDS / rebuilt['seconds']:,.0f} records/s ({rebuilt['seconds']:.1f} s)"
        yield "rebuild, peak memory", f"{rebuilt['mib']:.0f} MiB"
        exported = store.measured("export")
        yield "export", f"{RECORDS / exported['seconds']:,.0f} records/s ({exported['seconds']:.1f} s)"
        yield "export, peak memory", f"{exported['mib']:.0f} MiB"
        starts = []
        for _ in range(RUNS):
            with store.served() as server:
                starts.append(server.seconds)
        yield "start to the first answer", f"{median(starts):.2f} s"


def other_times() -> Iterator[Row]:
    """One negotiation of some records, read as it is stored and as of other times."""
    for records in LENGTHS:
        with TemporaryDirectory() as folder:
            store = Store(folder)
            store.python(str(HERE / "course.py"), str(store.file), str(records), str(records))
            store.python("-m", "interfaces", "rebuild")
            with store.served() as server:
                asking = store.python(str(HERE / "replays.py"), str(server.port), str(server.process))
                found = json.loads(asking.stdout)
        yield f"{records:,} records in a negotiation", f"{found.pop('mib'):.0f} MiB resident after all this"
        for view, times in found.items():
            told = "stored {:.1f} ms, as of a date {:.1f} ms, after the last record {:.1f} ms; the first time {:.0f} ms"
            yield f"    {view}", told.format(*times)


def ladder() -> Iterator[Row]:
    """The fold of a ledger by itself, in one process."""
    for tranches in (100, 10_000, 30_000):
        with TemporaryDirectory() as folder:
            told = Store(folder).python(str(HERE / "ladder.py"), str(tranches), "100000", "1000").stdout.split()
        at_once, batches = (f"{float(rate):,.0f}" for rate in told)
        yield f"ledger of 100,000 steps of {tranches:,} tranches", f"{at_once} records/s at once, {batches} by 1,000"


PARTS = {"http": over_http, "log": long_log, "replays": other_times, "ledger": ladder}


def main() -> None:
    table: Any = Table("measured", "found", title=f"Parley, {os.cpu_count()} CPUs, Python {sys.version.split()[0]}")
    for name in sys.argv[1:] or PARTS:
        for row in PARTS[name]():
            table.add_row(*row)
            print(*row, sep=": ", file=sys.stderr, flush=True)
    Console().print(table)


if __name__ == "__main__":
    main()
