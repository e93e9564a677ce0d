"""Many clients in one process, on 127.0.0.1; prints what they met with.

    load.py write PORT SECONDS RUN [READING_PORT]    claims; with a second port, some wait to see theirs in its view
    load.py read PORT SECONDS < paths.json           questions, picked at random from a list of paths

CLIENTS=32 says how many there are.
"""

import asyncio
import json
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from statistics import quantiles
from typing import Any

import uvloop
from claims import Claims, question

CLIENTS = int(os.environ.get("CLIENTS", "32"))
WATCHERS = 2
PATIENCE_SECONDS = 30.0
"""How long after the load ends a record may still be waited for."""


class Connection(asyncio.Protocol):
    """One connection that is kept alive, and one request on it at a time."""

    transport: Any
    _answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.done = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        answer = self._answer + data
        end = answer.find(b"\r\n\r\n")
        length = int(answer[:end].lower().partition(b"content-length: ")[2].split(b"\r\n", 1)[0]) if end > 0 else 0
        if end < 0 or len(answer) < end + 4 + length:
            self._answer = answer
            return
        self._answer = b""
        self.answered(answer[9:12], answer[end + 4 :])

    def answered(self, status: bytes, body: bytes) -> None: ...

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server hung up"))


class Client(Connection):
    """Sends the next request as soon as the last one is answered, until the time is over."""

    def __init__(self, request: Callable[[], bytes], until: float) -> None:
        self._request, self._until = request, until
        self.taken: list[float] = []
        self.refused: Counter[str] = Counter()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._send()

    def _send(self) -> None:
        request = self._request()
        self._sent = time.perf_counter()
        self.transport.write(request)

    def answered(self, status: bytes, body: bytes) -> None:
        now = time.perf_counter()
        if status[:1] == b"2":
            self.taken.append(now - self._sent)
        else:
            self.refused[status.decode()] += 1
        if now < self._until:
            self._send()
        elif not self.done.done():
            self.done.set_result(None)
            self.transport.close()


class Conversation(Connection):
    """Requests that are each waited for."""

    def ask(self, request: bytes) -> Awaitable[tuple[bytes, bytes]]:
        self.done = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self.done

    def answered(self, status: bytes, body: bytes) -> None:
        self.done.set_result((status, body))


async def connected(port: int, connection: Connection) -> Any:
    _, protocol = await asyncio.get_running_loop().create_connection(lambda: connection, "127.0.0.1", port)
    return protocol


async def watch(ports: tuple[int, int], claims: Claims, until: float) -> list[float]:
    """Write claims, one after the other; how many seconds after it was acknowledged each is seen in its view."""
    writing, reading = [await connected(port, Conversation()) for port in ports]
    seen = []
    while time.perf_counter() < until:
        told = claims.next()
        status, body = await writing.ask(told.request)
        acknowledged = time.perf_counter()
        if status != b"201":
            continue
        asking, status = question(f"{told.view}?min_position={json.loads(body)['position']}"), b""
        while status != b"200" and time.perf_counter() < until + PATIENCE_SECONDS:
            status, body = await reading.ask(asking)
        if status == b"200" and told.key not in body:
            sys.exit(f"A view says that it holds a record that is not in it: {told.view}")
        seen.append(time.perf_counter() - acknowledged)
    writing.transport.close()
    reading.transport.close()
    return seen


async def load(port: int, seconds: float, request: Callable[[], bytes], *beside: Awaitable[Any]) -> dict[str, Any]:
    """What the clients met with: the latencies are those of the requests that went well, in milliseconds."""
    start = time.perf_counter()
    clients = [Client(request, start + seconds) for _ in range(CLIENTS)]
    watching = [asyncio.ensure_future(one) for one in beside]
    await asyncio.gather(*(connected(port, client) for client in clients))
    await asyncio.gather(*(client.done for client in clients))
    whole = time.perf_counter() - start
    taken = [latency for client in clients for latency in client.taken]
    refused = sum((client.refused for client in clients), Counter[str]())
    found = {"count": len(taken), "refused": refused, "rate": len(taken) / whole}
    seen = [latency * 1e3 for watched in await asyncio.gather(*watching) for latency in watched]
    return found | percentiles(taken) | {"seen": seen}


def percentiles(seconds: list[float]) -> dict[str, float]:
    cuts = quantiles(seconds, n=100) if len(seconds) > 1 else [float("nan")] * 99
    return {"p50": cuts[49] * 1e3, "p99": cuts[98] * 1e3}


async def write(port: int, seconds: float, run: int, reading: int | None = None) -> dict[str, Any]:
    claims = Claims(run)
    until = time.perf_counter() + seconds
    watchers = [watch((port, reading), claims, until) for _ in range(WATCHERS)] if reading else []
    return await load(port, seconds, lambda: claims.next().request, *watchers)


async def read(port: int, seconds: float) -> dict[str, Any]:
    questions = list(map(question, json.load(sys.stdin)))
    return await load(port, seconds, lambda: random.choice(questions))


if __name__ == "__main__":
    kind, port, seconds, *rest = sys.argv[1:]
    work = write(int(port), float(seconds), *map(int, rest)) if kind == "write" else read(int(port), float(seconds))
    print(json.dumps(uvloop.run(work)))
