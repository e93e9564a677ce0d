"""The HTTP server: uvicorn, with a bound on all that a client can make it wait for, and an end that is clean.

Whoever is turned away here has not reached the application: each answer is a problem document made in advance.
"""

import asyncio
import logging
import resource
import time
from collections import Counter
from functools import partial
from http import HTTPStatus
from typing import Any, NamedTuple

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from infrastructure.memory import collect_seldom
from infrastructure.serialization import encode
from interfaces import headers
from interfaces.problems import MEDIA_TYPE, Problem
from interfaces.stopping import give_up_later

CONNECTIONS_MAX = 12_000
FILES_KEPT = 300
"""Open files that connections leave to the stores, and to those who are told that there are too many."""
LINGER_SECONDS = 0.5
"""How long a connection that is turned away stays open, so that its answer is not lost with what it sends."""
PATIENCE_SECONDS = 20.0
"""How long a connection may take to send the head of a request, and then its body; or not read of its answer."""
BODY_BYTES_A_SECOND = 64 * 1024
"""A body of many bytes has a second more for each of so many that have come."""
HEAD_BYTES_MAX = 64 * 1024
"""How long the head of a request may be, with its address: a cursor has 2,000 characters, a token some thousands."""
GRACE_SECONDS = 10
"""How long requests that have come wholly may take when the service is told to stop."""


_BODY = frozenset({b"content-length", b"transfer-encoding"})


class Answer(NamedTuple):
    """An answer as it goes over the connection, and the code of its problem."""

    told: bytes
    code: str


def _answer(status: int, code: str, detail: str) -> Answer:
    body = encode(Problem(status, code, detail).document)
    safe = b"".join(name + b": " + value + b"\r\n" for name, value in headers.SAFE).decode()
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\ncontent-type: {MEDIA_TYPE}\r\n"
        f"content-length: {len(body)}\r\nretry-after: 1\r\n{safe}connection: close\r\n\r\n"
    )
    return Answer(head.encode() + body, code)


TOO_MANY = _answer(503, "too-many-connections", "Too many connections are open; try again in a moment.")
TOO_SLOW = _answer(408, "too-slow", "The request did not come to its end in time; nothing was stored.")
STOPPING = _answer(503, "stopping", "The service is about to end; nothing was stored. Send it again.")
TOO_LONG = _answer(431, "head-too-long", f"The head of a request has at most {HEAD_BYTES_MAX} bytes.")
NO_UPGRADE = _answer(400, "no-upgrade", "This service speaks HTTP/1.1: send what has a body without Upgrade.")
MALFORMED = _answer(400, "malformed-request", "This is no HTTP request.")
CUT_OFF = _answer(
    503,
    "stopping",
    "The service ends before this was done. Send it again: with an Idempotency-Key nothing is stored twice.",
)


class Gathering:
    """A transport that sends at once what is written in one turn of the loop: the head of an answer and its body."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] = []

    def write(self, data: bytes) -> None:
        if not self._held:
            self._loop.call_soon(self._send)
        self._held.append(data)

    def _send(self) -> None:
        held, self._held = self._held, []
        if held:
            self._transport.writelines(held)

    def close(self) -> None:
        self._send()
        self._transport.close()

    def get_write_buffer_size(self) -> int:
        return sum(map(len, self._held)) + self._transport.get_write_buffer_size()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Connection(HttpToolsProtocol):
    """One connection, which waits for its client no longer than is fair to the others."""

    def __init__(self, *args: Any, turned_away: Counter[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._turned_away = turned_away
        self._answering: RequestResponseCycle | None = None
        self._received = 0
        self._in_head = False
        self._came = self._first = 0
        """How many bytes have come since a head began, with those before it in one piece; and in that piece."""
        self._malformed = MALFORMED
        self._waiting: tuple[RequestResponseCycle | None, bool] | None = None
        """Of which request it waits for the next part, and whether that is the body, when looked at last."""
        self._since = self._reads_since = 0.0
        self._unsent = 0
        """How much of its answers the client had not taken when looked at last."""
        self._received_then = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        files_left = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - transport.get_extra_info("socket").fileno()
        if len(self.connections) < CONNECTIONS_MAX and files_left > FILES_KEPT:
            super().connection_made(Gathering(transport, self.loop))  # type: ignore[arg-type]
            return
        transport.set_protocol(asyncio.Protocol())
        self._turned_away[TOO_MANY.code] += 1
        transport.write(TOO_MANY.told)
        self.loop.call_later(LINGER_SECONDS if files_left > FILES_KEPT // 2 else 0, transport.close)

    def data_received(self, data: bytes) -> None:
        """Only where more has come than a head may have is its own length looked at."""
        self._came += len(data)
        super().data_received(data)
        if not self._in_head:
            self._came = 0
        elif self._came - self._first > HEAD_BYTES_MAX and not self.transport.is_closing():
            self.end(TOO_LONG)

    def on_message_begin(self) -> None:
        self._in_head, self._first = True, self._came
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """What comes after a body is none of its head: whoever looked at that has not seen it."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self.parser.should_upgrade() and any(name in _BODY for name, _ in self.headers):
            self._malformed = NO_UPGRADE
            raise ValueError(NO_UPGRADE.code)
        if self._came > HEAD_BYTES_MAX and self._head() > HEAD_BYTES_MAX:
            self._malformed = TOO_LONG
            raise ValueError(TOO_LONG.code)
        super().on_headers_complete()

    def _unsupported_upgrade_warning(self) -> None:
        """The request is answered as if nothing had been asked for, and the next one is a request again."""
        self.parser = httptools.HttpRequestParser(self)

    def _head(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def send_400_response(self, msg: str) -> None:
        self.end(self._malformed)

    def on_body(self, body: bytes) -> None:
        self._received += len(body)
        super().on_body(body)

    def end_if_too_slow(self, now: float) -> None:
        """Looked at every second, so that the requests themselves need no clock."""
        unsent = self.transport.get_write_buffer_size()
        if not self._unsent or unsent < self._unsent:
            self._reads_since = now
        self._unsent = unsent
        if unsent and now - self._reads_since > PATIENCE_SECONDS:
            self._turned_away[TOO_SLOW.code] += 1
            self.transport.abort()
            return
        waiting = self._waits_for()
        if waiting is None or waiting != self._waiting:
            self._waiting, self._since, self._received_then = waiting, now, self._received
        elif now - self._since > PATIENCE_SECONDS + (self._received - self._received_then) / BODY_BYTES_A_SECOND:
            self.end(TOO_SLOW)

    def shutdown(self) -> None:
        """The service stops: a body that is still on its way is not waited for."""
        if self._answering is not None and self._answering.more_body and not self._answering.response_complete:
            self.end(STOPPING)
        else:
            super().shutdown()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """The request that is being answered is not the last that came, where a client does not wait for answers."""
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def end(self, answer: Answer) -> None:
        """Answer in the application's place, unless it has begun to, and hang up."""
        cycle = self._answering
        begun = cycle is not None and not cycle.response_complete
        if cycle is not None and begun:
            cycle.disconnected = True
            cycle.message_event.set()
        if cycle is None or not begun or not cycle.response_started:
            self._turned_away[answer.code] += 1
            self.transport.write(answer.told)
        self.transport.close()

    def _waits_for(self) -> tuple[RequestResponseCycle | None, bool] | None:
        cycle = self._answering
        if cycle is not None and not cycle.response_complete:
            return (cycle, True) if cycle.more_body else None
        return (cycle, False) if self.timeout_keep_alive_task is None else None


class Server(uvicorn.Server):
    """Ends within a bounded time after it was told to, whatever its clients do."""

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:
            now = time.monotonic()
            for connection in self._open():
                connection.end_if_too_slow(now)
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: Any) -> None:
        give_up_later()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: Any = None) -> None:
        cut_off = asyncio.get_running_loop().call_later(GRACE_SECONDS, self._cut_off)
        await super().shutdown(sockets)
        cut_off.cancel()

    def _cut_off(self) -> None:
        for connection in self._open():
            connection.end(CUT_OFF)

    def _open(self) -> list[Connection]:
        return [connection for connection in self.server_state.connections if isinstance(connection, Connection)]


def run(app: Any, host: str, port: int, turned_away: Counter[str]) -> None:
    """Serve until the process is told to stop."""
    _allow_many_connections()
    collect_seldom()
    serving = server(app, host, port, turned_away)
    serving.run()
    if not serving.started:
        raise SystemExit(1)


def server(app: Any, host: str, port: int, turned_away: Counter[str]) -> Server:
    """The server of an application, not yet started; it counts whom it turns away, and with which problem."""
    logging.getLogger("uvicorn.error").addFilter(_is_not_cut_off)
    return Server(
        uvicorn.Config(
            app,
            host,
            port,
            http=partial(Connection, turned_away=turned_away),  # type: ignore[arg-type]
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            ws="none",
            timeout_graceful_shutdown=GRACE_SECONDS + 1,
        )
    )


def _is_not_cut_off(told: logging.LogRecord) -> bool:
    """Requests that are cut off at the end have their answer; no trace of the calls tells more."""
    return not (told.exc_info and isinstance(told.exc_info[1], asyncio.CancelledError))


def _allow_many_connections() -> None:
    """As many open files as the system lets this process have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
