"""How fast Parley is on this machine, and how much memory it needs.

    make bench                          everything; BENCH_RECORDS=100000 is the size of the log
    python tests/bench/bench.py log     the part about a long log alone

All traffic goes to 127.0.0.1; all files lie in a temporary folder. The client is one process beside the server.
"""

import asyncio
import contextlib
import http.client
import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RECORDS = int(os.environ.get("BENCH_RECORDS", "100000"))
CLIENTS, RUNS, WRITE_SECONDS, READ_SECONDS = 32, 3, 8, 5
NEGOTIATIONS, PARTIES, ISSUES, SOURCES, LENGTH, CHUNK = 20, 4, 10, 5, 1000, 250
Told = dict[str, Any]


def ground(negotiation: str) -> Iterator[Told]:
    """What stands at the beginning of every negotiation."""
    told = {"negotiation": negotiation, "occurred": "2024-01-01"}
    yield told | {"command": "open-negotiation", "title": f"Talks {negotiation}"}
    for n in range(PARTIES):
        yield told | {"command": "add-party", "party": f"p{n}", "name": f"Party {n}", "kind": "state"}
    for n in range(ISSUES):
        yield told | {"command": "raise-issue", "issue": f"i{n}", "title": f"Issue {n}"}
    for n in range(SOURCES):
        title = f"Source {n}"
        yield told | {"command": "register-source", "source": f"s{n}", "title": title, "publisher": "P", "kind": "article"}


def claim(negotiation: str, key: str, occurred: str, chance: random.Random) -> Told:
    about = {"claimant": f"p{chance.randrange(PARTIES)}", "subject": f"issue/i{chance.randrange(ISSUES)}"}
    value = {"type": "share", "percent": str(chance.randrange(100))}
    evidence = [{"source": f"s{chance.randrange(SOURCES)}"}]
    told = {"command": "make-claim", "negotiation": negotiation, "occurred": occurred, "claim": key, "kind": "position"}
    return told | about | {"value": value, "evidence": evidence}


def course(negotiation: str, seed: int) -> Iterator[Told]:
    """A negotiation of `LENGTH` records, in the order in which they occurred: six in ten are claims."""
    chance = random.Random(seed)
    yield from (beginning := list(ground(negotiation)))
    for n in range(LENGTH - len(beginning)):
        day = (date(2024, 1, 2) + timedelta(n // 2)).isoformat()
        told: Told = {"negotiation": negotiation, "occurred": day}
        party = f"p{chance.randrange(PARTIES)}"
        match n % 10:
            case 6:
                session = {"session": f"m{n}", "form": "call", "participants": [{"party": party}]}
                yield told | {"command": "hold-session"} | session
            case 7:
                text = {"title": f"Proposal {n}", "text": "Half of it, in two parts."}
                yield told | {"command": "table-proposal", "proposal": f"r{n}", "party": party} | text
            case 8:
                source = {"source": f"t{n}", "title": f"Article {n}", "publisher": "P", "kind": "article"}
                yield told | {"command": "register-source"} | source
            case 9:
                yield told | {"command": "annotate", "note": f"Note {n}.", "about": f"issue/i{chance.randrange(ISSUES)}"}
            case _:
                yield claim(negotiation, f"c{n}", day, chance)


def fill(file: str, records: int) -> None:
    """A log of whole negotiations, told in turns, through the registrar and the committer."""
    from uuid import UUID

    from pydantic import TypeAdapter

    from application.command import all_commands
    from application.registrar import Submission
    from infrastructure.committer import Committer, Request
    from infrastructure.log import Log

    kinds = {name: (kind, TypeAdapter(kind.body())) for name, kind in all_commands().items()}

    def submission(told: Told) -> Submission:
        kind, adapter = kinds[told.pop("command")]
        return Submission(kind, adapter.validate_json(json.dumps(told), strict=True), "bench", UUID(int=0))

    committer = Committer(Log(Path(file)), lambda: datetime.now(UTC), lambda: None)
    committer.start()
    courses = [course(f"talks-{n}", n) for n in range(max(1, records // LENGTH))]
    for _ in range(LENGTH // CHUNK):
        for told in courses:
            committer.submit(Request([submission(next(told)) for _ in range(CHUNK)])).result()
    committer.stop()


def measured(*command: str) -> None:
    """One command of `parley` in this process: its seconds and its peak memory go to the standard error."""
    from interfaces.cli import app

    start = time.perf_counter()
    app(command, standalone_mode=False)
    seconds = time.perf_counter() - start
    (peak,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(json.dumps({"seconds": seconds, "mib": int(peak.split()[1]) / 1024}), file=sys.stderr)


class Client(asyncio.Protocol):
    """One connection that is kept alive, and one request on it at a time."""

    def __init__(self, port: int, request: Callable[[], bytes], expected: bytes, until: float) -> None:
        self.port, self.request, self.expected, self.until = port, request, expected, until
        self.taken: list[float] = []
        self.refused, self.buffer = 0, b""
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.send()

    def send(self) -> None:
        self.buffer, self.sent = b"", time.perf_counter()
        self.transport.write(self.request())

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found or len(body) < int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]):
            return
        now = time.perf_counter()
        if head.split(b" ", 2)[1] == self.expected:
            self.taken.append(now - self.sent)
        else:
            self.refused += 1
        if now < self.until:
            self.send()
        else:
            self.transport.close()
            self.done.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server hung up"))


async def load(kind: str, port: int, seconds: int) -> None:
    """Many clients in this one process; prints the latencies of the requests that went well."""
    chance, keys = random.Random(0), iter(range(10**9))

    def write() -> bytes:
        n = next(keys)
        told = claim(f"talks-{n % NEGOTIATIONS}", f"c{n}", "2025-06-01", chance)
        body = json.dumps({name: value for name, value in told.items() if name != "command"}).encode()
        head = f"POST /v1/records/make-claim HTTP/1.1\r\nHost: b\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        return head.encode() + b"\r\n\r\n" + body

    def read() -> bytes:
        return f"GET /v1/negotiations/talks-{next(keys) % NEGOTIATIONS} HTTP/1.1\r\nHost: b\r\n\r\n".encode()

    request, expected = (write, b"201") if kind == "write" else (read, b"200")
    start = time.perf_counter()
    clients = [Client(port, request, expected, start + seconds) for _ in range(CLIENTS)]
    for client in clients:
        await asyncio.get_running_loop().create_connection(lambda client=client: client, "127.0.0.1", port)
    await asyncio.gather(*(client.done for client in clients))
    whole = time.perf_counter() - start
    taken = [latency for client in clients for latency in client.taken]
    cuts = quantiles(taken, n=100)
    refused = sum(client.refused for client in clients)
    print(json.dumps({"rate": len(taken) / whole, "p50": cuts[49] * 1e3, "p99": cuts[98] * 1e3, "refused": refused}))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["fill", file, records]:
            fill(file, int(records))
        case ["measured", *command]:
            measured(*command)
        case ["load", kind, port, seconds]:
            asyncio.run(load(kind, int(port), int(seconds)))
