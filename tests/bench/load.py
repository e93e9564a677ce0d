"""Many clients in one process, on 127.0.0.1: `load.py write|read PORT SECONDS` prints what they met with."""

import asyncio
import json
import random
import sys
import time
from collections.abc import Callable
from statistics import quantiles
from typing import Any

from course import claim

CLIENTS, NEGOTIATIONS = 32, 20


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
        head = "POST /v1/records/make-claim HTTP/1.1\r\nHost: b\r\nContent-Type: application/json\r\n"
        return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body

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
    found = {"count": len(taken), "refused": refused, "rate": len(taken) / whole}
    print(json.dumps(found | {"p50": cuts[49] * 1e3, "p99": cuts[98] * 1e3}))


if __name__ == "__main__":
    asyncio.run(load(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
