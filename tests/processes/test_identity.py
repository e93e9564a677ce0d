"""Who may ask a service that runs: how it starts where nobody is known, how that ends, and what a client is told."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from tests.interfaces import office
from tests.processes.conftest import Start, wait_until

CASE = Path(__file__).parent.parent / "cases" / "japan-us-2025.ndjson"


def parley(address: str, *arguments: str, key: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "interfaces", *arguments],
        env=os.environ | {"PARLEY_DATABASE": address, "COLUMNS": "300", "PARLEY_KEY": key},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_service_on_this_machine_runs_open_until_a_first_key_is_made(address: str, start: Start) -> None:
    service = start("serve", address=address).wait_until_it_serves()
    assert "It runs open: whoever is on this machine may read and record all." in service.told
    assert service.tell("open-negotiation", title="Talks").status_code == 201
    made = parley(address, "keys", "create", "boss", "--role", "administrator:*", "--role", "reader:*")
    assert made.returncode == 0, made.stderr
    key = made.stdout.strip()
    wait_until(lambda: service.get("/v1/negotiations").status_code == 401)
    assert service.tell("add-party", party="north", name="North", kind="state").status_code == 401

    refused = parley(address, "show", "negotiations", "--url", service.url)
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    assert "Say who asks" in line
    shown = parley(address, "show", "negotiations", "--url", service.url, key=key)
    assert (shown.returncode, "Talks" in shown.stdout) == (0, True)
    forbidden = parley(address, "record", str(CASE), "--url", service.url, key=key)
    assert forbidden.returncode == 1
    assert (
        "boss may not open-negotiation: that takes the role of recorder of japan-us-2025."
        in forbidden.stderr.replace("\n", " ")
    )

    made = parley(address, "keys", "create", "desk", "--role", "reader:talks", "--url", service.url, key=key)
    desk = made.stdout.strip()
    assert desk.startswith("parley_desk_")
    listed = json.loads(parley(address, "keys", "list", "--json", "--url", service.url, key=key).stdout)
    assert [(item["name"], item["created_by"]) for item in listed] == [("boss", "local"), ("desk", "boss")]
    assert parley(address, "people", "set", "a/b", "--role", "reader:*", "--url", service.url, key=key).returncode == 0
    assert parley(address, "people", "remove", "a/b", "--url", service.url, key=key).returncode == 0
    assert parley(address, "keys", "revoke", "desk", "--url", service.url, key=key).returncode == 0
    again = parley(address, "show", "negotiations", "--url", service.url, key=desk)
    assert "The key desk was revoked" in again.stderr
    assert not any(secret in service.told for secret in (key[-43:], desk[-43:]))
    assert not any(secret in again.stderr + forbidden.stderr for secret in (key[-43:], desk[-43:]))
    assert service.stop() == 0


@pytest.mark.parametrize("only", [(), ("--only", "recording"), ("--only", "reading")], ids=str)
def test_at_another_address_a_service_does_not_start_where_nobody_is_known(
    only: tuple[str, ...], address: str, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARLEY_DATABASE", address)
    assert office.parley("record", str(CASE)).exit_code == 0
    if only == ("--only", "reading"):
        assert office.parley("rebuild").exit_code == 0
    for host in ("0.0.0.0",) if only else ("0.0.0.0", "::", "192.0.2.1", ""):  # noqa: S104
        process = start("serve", *only, "--host", host, address=address)
        assert process.popen.wait(30) == 1
        (line,) = process.told.splitlines()
        assert "`parley keys create NAME --role administrator:*`" in line
        assert line.startswith(f"On {host or 'all addresses'} others could reach the service")


def test_at_another_address_a_service_starts_once_somebody_is_known(address: str, start: Start) -> None:
    assert parley(address, "keys", "create", "boss", "--role", "administrator:*").returncode == 0
    service = start("serve", "--host", "0.0.0.0", address=address).wait_until_it_serves()  # noqa: S104
    assert "runs open" not in service.told
    assert service.get("/v1/negotiations").status_code == 401
    assert service.stop() == 0


def test_each_process_on_one_store_learns_of_a_change(new_store: Callable[[str], str], start: Start) -> None:
    """Also of a key that is revoked while its commands are on their way: what was let in is answered."""
    address = new_store("postgresql")
    made = parley(address, "keys", "create", "desk", "--role", "recorder:*", "--role", "administrator:*")
    headers = {"Authorization": f"Bearer {made.stdout.strip()}"}
    recording = start("serve", "--only", "recording", address=address).wait_until_it_serves()
    reading = start("serve", "--only", "reading", address=address)
    project = start("project", address=address)
    reading.wait_until_it_serves()
    body = {"negotiation": "talks", "title": "Talks", "occurred": "2025-01-02"}
    told = httpx2.post(f"{recording.url}/v1/records/open-negotiation", json=body, headers=headers)
    assert told.status_code == 201
    assert httpx2.delete(f"{recording.url}/v1/keys/desk", headers=headers).status_code == 200
    again = httpx2.post(f"{recording.url}/v1/records/open-negotiation", json=body, headers=headers)
    assert (again.status_code, again.json()["code"]) == (401, "credential-revoked")
    wait_until(lambda: httpx2.get(f"{reading.url}/v1/negotiations", headers=headers).status_code == 401, 2)
    assert [process.stop() for process in (recording, reading, project)] == [0, 0, 0]


def test_a_body_that_nobody_may_send_is_not_taken_in(address: str, start: Start) -> None:
    """Whoever is not known is answered and hung up on, however much it means to send."""
    assert parley(address, "keys", "create", "boss", "--role", "administrator:*").returncode == 0
    service = start("serve", address=address).wait_until_it_serves()
    with service.connect() as connection:
        connection.sendall(
            b"POST /v1/records HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nContent-Length: 99999999999\r\n\r\n"
        )
        assert b"401 Unauthorized" in connection.recv(65536)
        sent = _sent_until_hung_up(connection)
    assert sent < 16 * 1024 * 1024
    assert service.stop() == 0


def _sent_until_hung_up(connection: socket.socket) -> int:
    sent, chunk = 0, b"x" * 65536
    try:
        while sent < 64 * 1024 * 1024:
            sent += connection.send(chunk)
    except OSError:
        pass
    return sent


def test_no_help_holds_a_secret(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PARLEY_DATABASE": address, "COLUMNS": "300", "PARLEY_KEY": "hush-hush-hush"}.items():
        monkeypatch.setenv(name, value)
    for command in ((), ("serve",), ("show",), ("keys", "create"), ("people", "set"), ("migrate",)):
        shown = office.parley(*command, "--help")
        assert shown.exit_code == 0
        assert "hush" not in shown.output
        assert address not in shown.output
