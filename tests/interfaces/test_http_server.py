"""The server before the application: whom it does not wait for, whom it turns away, and how it ends."""

import asyncio
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from starlette.requests import ClientDisconnect

from interfaces import http_server
from interfaces.http_server import Server, server
from tests.ports import free_port

POST = b"POST /body HTTP/1.1\r\nHost: parley\r\nContent-Length: 4\r\n\r\n"
Connect = Callable[[bytes], socket.socket]


def app() -> FastAPI:
    app = FastAPI()

    @app.post("/body")
    async def body(request: Request) -> int:
        with suppress(ClientDisconnect):
            await request.body()
        return 4

    @app.post("/headers")
    async def headers(request: Request) -> list[str]:
        await request.body()
        return [name.decode() for name, _ in request.scope["headers"]]

    @app.get("/large")
    async def large() -> Response:
        return Response(b"a" * 64 * 2**20)

    @app.get("/long")
    async def long() -> None:
        await asyncio.sleep(60)

    return app


@pytest.fixture
def serving() -> Iterator[Server]:
    serving = server(app(), "127.0.0.1", free_port(), Counter())
    thread = threading.Thread(target=serving.run)
    thread.start()
    while not serving.started:
        time.sleep(0.01)
    yield serving
    serving.should_exit = True
    thread.join(20)
    assert not thread.is_alive()


@pytest.fixture
def connect(serving: Server) -> Iterator[Connect]:
    """Opens connections, and sends the beginning of something on each."""
    with ExitStack() as opened:

        def connected(told: bytes) -> socket.socket:
            address = ("127.0.0.1", serving.config.port)
            connection = opened.enter_context(socket.create_connection(address, timeout=20))
            connection.sendall(told)
            return connection

        yield connected


def answer(connection: socket.socket) -> tuple[int, Any]:
    """The status and the document of an answer after which the server hangs up."""
    told = b""
    while more := connection.recv(65536):
        told += more
    head, _, body = told.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def test_who_does_not_send_on_is_told_that_it_is_too_slow(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "PATIENCE_SECONDS", 0.5)
    slow = [connect(told) for told in (b"", b"POST /bo", POST, POST + b"abc")]
    for connection in slow:
        status, problem = answer(connection)
        assert (status, problem["code"]) == (408, "too-slow")


def test_who_does_not_read_its_answer_is_not_waited_for(
    serving: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server, "PATIENCE_SECONDS", 1.5)
    large = b"GET /large HTTP/1.1\r\nHost: parley\r\n\r\n"
    idle, reading = connect(large), connect(large.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    came = 0
    while some := reading.recv(2**20):
        came += len(some)
        time.sleep(0.05)
    assert came > 64 * 2**20
    deadline = time.monotonic() + 20
    while serving.server_state.connections and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not serving.server_state.connections
    idle.close()


def test_a_body_of_many_bytes_has_more_time(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(http_server, "BODY_BYTES_A_SECOND", 1)
    connection = connect(POST)
    for byte in b"abcd":
        time.sleep(0.6)
        connection.sendall(bytes([byte]))
    assert b"200 OK" in connection.recv(65536)


def test_more_connections_than_there_may_be_are_told_so(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "CONNECTIONS_MAX", 2)
    first, _ = connect(POST), connect(b"")
    time.sleep(0.2)
    status, problem = answer(connect(POST + b"abcd"))
    assert (status, problem["code"]) == (503, "too-many-connections")
    first.sendall(b"abcd")
    assert b"200 OK" in first.recv(65536)


@pytest.mark.parametrize(
    "more",
    [
        b"GET /body?" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: parley\r\n\r\n",
        b"GET /body HTTP/1.1\r\nHost: parley\r\nCookie: " + b"a" * 70_000 + b"\r\n\r\n",
        b"GET /body HTTP/1.1\r\n" + b"".join(b"X-%d: 1\r\n" % number for number in range(20_000)) + b"\r\n",
        b"GET /body HTTP/1.1\r\nHost: parley\r\nCookie: " + b"a" * 5_000_000,
    ],
)
@pytest.mark.parametrize("length", [10**7, 4_000])
def test_a_head_that_is_too_long_is_not_taken(connect: Connect, more: bytes, length: int) -> None:
    """In one piece and in many, come to its end or not."""
    connection = connect(b"")
    with suppress(ConnectionError):  # it hangs up in the middle of what is still sent
        for start in range(0, len(more), length):
            connection.sendall(more[start : start + length])
    with suppress(ConnectionResetError):  # the answer is lost with what was still on its way
        status, problem = answer(connection)
        assert (status, problem["code"]) == (431, "head-too-long")


def test_a_long_body_and_many_requests_at_once_are_no_long_head(connect: Connect) -> None:
    body = b"a" * 100_000
    long = POST.replace(b"Length: 4", b"Length: 100000") + body
    connection = connect(long + (POST + b"abcd") * 3 + long[:-10])
    time.sleep(0.2)
    connection.sendall(body[:10] + POST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + b"abcd")
    told = b""
    while more := connection.recv(65536):
        told += more
    assert told.count(b"200 OK") == 6


@pytest.mark.parametrize("protocol", [b"websocket", b"h2c"])
def test_whoever_asks_for_another_protocol_is_answered_in_this_one(connect: Connect, protocol: bytes) -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: " + protocol + b"\r\n"
    connection = connect(b"GET /nothing HTTP/1.1\r\nHost: parley\r\n" + upgrade + b"\r\n")
    assert connection.recv(65536).startswith(b"HTTP/1.1 404")
    connection.sendall(b"GET /nothing HTTP/1.1\r\nHost: parley\r\nConnection: close\r\n\r\n")
    assert answer(connection)[0] == 404
    status, problem = answer(connect(POST.replace(b"\r\n\r\n", b"\r\n" + upgrade + b"\r\n") + b"1234"))
    assert (status, problem["code"]) == (400, "no-upgrade")


def test_what_comes_after_a_body_is_no_header(connect: Connect) -> None:
    head = b"POST /headers HTTP/1.1\r\nHost: parley\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    told = answer(connect(head + b"4\r\n1234\r\n0\r\nAuthorization: Bearer x\r\n\r\n"))
    assert told == (200, ["host", "transfer-encoding", "connection"])


def test_what_is_no_request_is_a_problem_too(connect: Connect) -> None:
    status, problem = answer(connect(b"Hello?\r\n\r\n"))
    assert (status, problem["code"]) == (400, "malformed-request")


def test_at_the_end_each_has_an_answer(
    serving: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(http_server, "GRACE_SECONDS", 0.5)
    monkeypatch.setattr(http_server, "give_up_later", lambda: None)
    serving.config.timeout_graceful_shutdown = 1
    idle, slow = connect(b""), connect(POST)
    long = connect(b"GET /long HTTP/1.1\r\nHost: parley\r\n\r\n")
    pipelined = connect(b"GET /long HTTP/1.1\r\nHost: parley\r\n\r\n" * 2)
    time.sleep(0.2)
    serving.handle_exit(15, None)
    assert idle.recv(1) == b""
    status, problem = answer(slow)
    assert (status, problem["code"]) == (503, "stopping")
    for one in (long, pipelined):
        status, problem = answer(one)
        assert (status, problem["code"]) == (503, "stopping")
        assert "Idempotency-Key" in problem["detail"]
    assert not [told for told in caplog.records if told.exc_info]
