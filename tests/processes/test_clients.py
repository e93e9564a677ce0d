"""Clients that are slow, go away, or come by the thousand: each has one clear answer, and nobody else notices."""

import asyncio
import resource
import socket
import time
from collections import Counter
from collections.abc import Callable

import pytest

from tests.processes.conftest import Process, Start, answer, request

NOTE = {"negotiation": "talks", "occurred": "2025-01-02", "note": "Noted."}
THOUSANDS = 10_000


@pytest.fixture
def address(new_store: Callable[[str], str]) -> str:
    return new_store("sqlite")


def serving(process: Process) -> Process:
    process.wait_until_it_serves()
    assert process.tell("open-negotiation", title="Talks").status_code == 201
    return process


def test_who_sends_too_slowly_is_told_so_and_nobody_waits_for_it(address: str, start: Start) -> None:
    process = serving(start("serve", address=address, patched={"interfaces.http_server.PATIENCE_SECONDS": 2}))
    says_nothing, head, body, unread = slow = [process.connect() for _ in range(4)]
    head.sendall(b"GET /healthz HT")
    whole = request("/v1/records/annotate", NOTE)
    cut = whole.index(b"\r\n\r\n") + 4
    body.sendall(whole[:cut])
    unread.sendall(whole.replace(b"POST /v1/records/annotate", b"GET /healthz")[:cut])
    since = time.monotonic()
    for byte in range(cut, cut + 3):
        assert process.tell("annotate", note="Another.").elapsed.total_seconds() < 1
        body.sendall(whole[byte : byte + 1])
        time.sleep(0.5)
    for one in (says_nothing, head, body):
        status, problem = answer(one)
        assert (status, problem["code"]) == (408, "too-slow")
    assert b"200 OK" in unread.recv(65536)
    for one in slow:
        one.close()
    assert time.monotonic() - since < 6
    assert process.get("/v1/records").headers["parley-position"] == "4"
    assert process.stop() == 0
    assert "Traceback" not in process.told


def test_who_goes_away_in_the_middle_stores_all_or_nothing(address: str, start: Start) -> None:
    process = serving(start("serve", address=address))
    whole = request("/v1/records/annotate", NOTE)
    for sent in (10, len(whole) - 1, len(whole)):
        for linger in (False, True):
            gone = process.connect()
            gone.sendall(whole[:sent])
            if linger:  # the system then tells the service at once that it was cut off
                gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            gone.close()
    assert process.tell("annotate", note="Another.").status_code == 201
    notes = process.get("/v1/records").json()["items"]
    assert {item["note"] for item in notes[1:]} <= {"Noted.", "Another."}
    assert 2 <= len(notes) <= 4
    assert process.stop() == 0
    assert "Traceback" not in process.told
    assert "error" not in process.told.lower()


def files(most: int) -> None:
    """Let this process, too, open so many files."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < most:
        pytest.skip(f"this system lets a process open {hard} files: {most} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(most, resource.getrlimit(resource.RLIMIT_NOFILE)[0]), hard))


async def statuses(port: int, told: list[bytes]) -> list[int]:
    """How requests are answered, each on a connection of its own, when all of those are open; 0 is not at all."""

    async def one(request: bytes) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            opened.append(request)
            if len(opened) == len(told):
                all_open.set()
            await all_open.wait()
            writer.write(request)
            return int((await reader.readuntil(b"\r\n\r\n")).split()[1])
        except (ConnectionError, asyncio.IncompleteReadError):
            return 0
        finally:
            writer.close()

    opened: list[bytes] = []
    all_open = asyncio.Event()
    return await asyncio.gather(*map(one, told))


def test_ten_thousand_connections_are_all_answered(address: str, start: Start) -> None:
    files(THOUSANDS + 500)
    process = serving(start("serve", address=address))
    write, read = request("/v1/records/annotate", NOTE), request("/v1/negotiations/talks")
    answered = asyncio.run(statuses(process.port, [write, write, write, read] * (THOUSANDS // 4)))
    read_with, written_with = Counter(answered[3::4]), Counter(answered) - Counter(answered[3::4])
    assert set(read_with) == {200}
    assert set(written_with) <= {201, 503}
    assert process.get("/v1/records", limit=1).headers["parley-position"] == str(1 + written_with[201])
    assert process.stop() == 0
    assert "Traceback" not in process.told


def test_more_connections_than_there_are_files_for_are_told_so(address: str, start: Start) -> None:
    process = serving(start("serve", address=address, limits={resource.RLIMIT_NOFILE: 400}))
    answered = Counter(asyncio.run(statuses(process.port, [request("/v1/records/annotate", NOTE)] * 200)))
    assert set(answered) == {201, 503}
    assert answered[201] > 50
    assert process.tell("annotate", note="Another.").status_code == 201
    assert process.get("/v1/records", limit=1).headers["parley-position"] == str(2 + answered[201])
    assert process.stop() == 0
    assert "Traceback" not in process.told
