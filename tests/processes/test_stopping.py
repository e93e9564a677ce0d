"""Told to stop, each process ends with exit code 0 in a short time, and what it acknowledged is stored."""

import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress

import httpx2
import pytest
from psycopg.conninfo import conninfo_to_dict

from infrastructure.log import LogReader
from infrastructure.settings import Settings
from infrastructure.view_reader import ViewReader
from tests.processes.conftest import Process, Start, answer, request, wait_until

NOTE = {"negotiation": "talks", "occurred": "2025-01-02", "note": "Noted."}


class Writer(threading.Thread):
    """Records one thing after another, until it is told that the service stops or nobody answers any more."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self.acknowledged: list[str] = []
        self.refused: set[tuple[int, str]] = set()

    def run(self) -> None:
        with httpx2.Client(base_url=self._url) as client:
            while not self.refused:
                try:
                    answer = client.post("/v1/records/annotate", json=NOTE)
                except httpx2.TransportError:
                    return
                if answer.status_code == 201:
                    self.acknowledged.append(answer.json()["id"])
                else:
                    self.refused.add((answer.status_code, answer.json()["code"]))


def stored(address: str) -> tuple[int, set[str], int]:
    """The head of the log, the ids of its records, and how far the views are."""
    database = Settings(database=address).store()
    log, views = LogReader(database), ViewReader(database)
    try:
        return log.head(), {str(record.event.envelope.id) for record in log.after(0)}, views.position()
    finally:
        log.close()
        views.close()


def acknowledged_under_load(process: Process) -> set[str]:
    """What is acknowledged while the process is told to stop, and ends."""
    writers = [Writer(process.url) for _ in range(8)]
    for writer in writers:
        writer.start()
    wait_until(lambda: sum(len(writer.acknowledged) for writer in writers) > 100)
    assert process.stop() == 0
    for writer in writers:
        writer.join()
        assert writer.refused <= {(503, "stopping")}
    return {one for writer in writers for one in writer.acknowledged}


def test_all_in_one_stores_what_it_acknowledged_and_folds_it(address: str, start: Start) -> None:
    process = start("serve", address=address).wait_until_it_serves()
    assert process.tell("open-negotiation", title="Talks").status_code == 201
    acknowledged = acknowledged_under_load(process)
    head, ids, folded = stored(address)
    assert acknowledged <= ids
    assert len(ids) == head == folded
    assert "Traceback" not in process.told


def test_to_be_told_twice_changes_nothing(new_store: Callable[[str], str], start: Start) -> None:
    """Somebody who is impatient presses Ctrl-C again, and again."""
    process = start("serve", address=new_store("sqlite")).wait_until_it_serves()
    for _ in range(4):
        process.popen.send_signal(signal.SIGINT)
        time.sleep(0.2)
    assert process.popen.wait(10) == 0


def test_views_that_another_version_has_made_anew_are_left_to_it(new_store: Callable[[str], str], start: Start) -> None:
    address = new_store("sqlite")
    process = start("serve", address=address).wait_until_it_serves()
    process.tell("open-negotiation", title="Talks")
    assert process.get("/v1/negotiations", min_position=1).status_code == 200
    with closing(Settings(database=address).store().writer("views")) as connection:
        connection.run("UPDATE builds SET fold = 'next'")
    process.tell("annotate", note="Noted.")
    wait_until(lambda: "another version" in process.told)
    time.sleep(3)
    with closing(Settings(database=address).store().reader("views")) as connection:
        assert connection.rows("SELECT fold FROM builds") == [("next",)]
    assert process.stop() == 0


def test_the_parts_end_cleanly_each_by_itself_and_a_standby_takes_over(address: str, start: Start) -> None:
    recording = start("serve", "--only", "recording", address=address).wait_until_it_serves()
    first = start("project", address=address).wait_until_it_serves()
    reading = start("serve", "--only", "reading", address=address).wait_until_it_serves()
    standby = start("project", address=address).wait_until_it_serves()
    position = recording.tell("open-negotiation", title="Talks").json()["position"]
    assert reading.get("/v1/negotiations", min_position=position).status_code == 200
    assert first.stop() == 0
    position = recording.tell("annotate", note="Noted.").json()["position"]
    since = time.monotonic()
    wait_until(lambda: reading.get("/v1/negotiations", min_position=position).status_code == 200)
    assert time.monotonic() - since < 5
    acknowledged = acknowledged_under_load(recording)
    assert standby.stop() == 0
    assert reading.stop() == 0
    head, ids, folded = stored(address)
    assert acknowledged <= ids
    assert len(ids) == head == folded
    assert "Traceback" not in recording.told + first.told + standby.told + reading.told


def test_no_client_holds_up_the_end(new_store: Callable[[str], str], start: Start) -> None:
    """Neither one that says nothing, nor one that sends its request by and by."""
    address = new_store("sqlite")
    both = start("serve", address=address).wait_until_it_serves()
    assert both.tell("open-negotiation", title="Talks").status_code == 201
    recording, reading = (start("serve", "--only", part, address=address) for part in ("recording", "reading"))
    record, suppose = "/v1/records/annotate", "/v1/negotiations/talks/suppose?view=ledger"
    for process, path, media_type in (
        (both, record, b"json"),
        (recording, record, b"json"),
        (reading, suppose, b"x-ndjson"),
    ):
        process.wait_until_it_serves()
        idle, kept_alive, begun, slow = connections = [process.connect() for _ in range(4)]
        kept_alive.sendall(request("/healthz"))
        told = b""
        while not told.endswith(b"}"):
            told += kept_alive.recv(65536)
        begun.sendall(b"GET /healthz HT")
        slow.sendall(request(path, NOTE).replace(b"/json", b"/" + media_type)[:-1])
        time.sleep(0.3)
        since = time.monotonic()
        process.popen.send_signal(signal.SIGTERM)
        status, problem = answer(slow)
        assert (status, problem["code"]) == (503, "stopping")
        assert [one.recv(1) for one in (idle, kept_alive, begun)] == [b"", b"", b""]
        assert process.popen.wait(10) == 0
        assert time.monotonic() - since < 4
        with pytest.raises(ConnectionRefusedError):
            process.connect()
        assert "Traceback" not in process.told
        for one in connections:
            one.close()


class Frozen:
    """Stands between Parley and a server on a socket, and passes nothing on from a moment on: not even an end."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._sockets = [self._listening]
        self.port = self._listening.getsockname()[1]
        self.frozen = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._path)
                self._sockets += [near, far]
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while told := one.recv(65536):
                if not self.frozen.is_set():
                    other.sendall(told)

    def close(self) -> None:
        for one in self._sockets:
            one.close()


def test_a_store_that_falls_silent_does_not_hold_up_the_end_for_ever(
    new_store: Callable[[str], str], start: Start
) -> None:
    told = conninfo_to_dict(new_store("postgresql"))
    between = Frozen(f"{told['host']}/.s.PGSQL.{told.get('port', 5432)}")
    address = f"postgresql://postgres@127.0.0.1:{between.port}/{told['dbname']}"
    bounds = {"interfaces.http_server.GRACE_SECONDS": 1, "interfaces.stopping.STOP_SECONDS": 4}
    processes = [
        start("serve", "--only", "recording", address=address, patched=bounds).wait_until_it_serves(),
        start("project", address=address, patched=bounds).wait_until_it_serves(),
    ]
    assert processes[0].tell("open-negotiation", title="Talks").status_code == 201
    between.frozen.set()
    with processes[0].connect() as waiting:
        waiting.sendall(request("/v1/records/annotate", NOTE))
        time.sleep(0.5)
        for process in processes:
            process.popen.send_signal(signal.SIGTERM)
        status, problem = answer(waiting)
        assert (status, problem["code"]) == (503, "stopping")
        assert "Idempotency-Key" in problem["detail"]
    for process in processes:
        assert process.popen.wait(10) == 1
        assert "cut short" in process.told
        assert "Traceback" not in process.told
    between.close()
