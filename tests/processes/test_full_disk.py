"""A disk that fills up: writes are answered with 507, reads go on, and nothing that was acknowledged is lost."""

import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import httpx2
import psycopg
import pytest

from infrastructure.log import LogReader
from infrastructure.settings import Settings
from tests.processes.conftest import Process, Start, wait_until

NOTE = {"negotiation": "talks", "occurred": "2025-01-02", "note": "Noted. " * 2000}
ROOM = 1024 * 1024


def filled(process: Process) -> int:
    """Record until there is no room left; gives how many records were acknowledged."""
    with httpx2.Client(base_url=process.url, timeout=30) as client:
        for taken in range(5000):
            answer = client.post("/v1/records/annotate", json=NOTE)
            if answer.status_code != 201:
                assert (answer.status_code, answer.json()["code"]) == (507, "store-full")
                return taken
    raise AssertionError("there is still room")


def goes_through_a_full_disk(process: Process, address: str, make_room: Callable[[], None]) -> None:
    process.wait_until_it_serves()
    assert process.tell("open-negotiation", title="Talks").status_code == 201
    assert process.get("/v1/negotiations", min_position=1).status_code == 200
    taken = 1 + filled(process)
    for _ in range(4):
        assert process.get("/v1/negotiations/talks").status_code == 200
        assert process.get("/v1/negotiations/talks/timeline", as_of="2025-02-01").status_code == 200
        assert process.get("/v1/records", limit=1).headers["parley-position"] == str(taken)
        time.sleep(0.6)
        taken += filled(process)  # none, but for the room that another process on the same disk has given back
    assert process.told.count("the views cannot be stored") <= 1
    make_room()
    wait_until(lambda: process.tell("annotate", note="There is room.").status_code == 201)
    assert process.get("/v1/negotiations", min_position=taken + 1).status_code == 200
    assert process.stop() == 0
    assert "Traceback" not in process.told
    with closing(LogReader(Settings(database=address).store())) as log:
        assert [record.position for record in log.after(0)] == list(range(1, taken + 2))


def test_a_file_that_may_not_grow(new_store: Callable[[str], str], start: Start) -> None:
    address = new_store("sqlite")
    process = start("serve", address=address, limits={resource.RLIMIT_FSIZE: 2 * ROOM})

    def make_room() -> None:
        """For the service, and for the process beside it that keeps the views."""
        own = process.popen.pid
        for pid in (own, *map(int, Path(f"/proc/{own}/task/{own}/children").read_text().split())):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, resource.getrlimit(resource.RLIMIT_FSIZE))

    goes_through_a_full_disk(process, address, make_room)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of a few megabytes, for any user."""
    if os.getuid() or not shutil.which("mount"):
        pytest.skip("a small file system is mounted by root alone: a full disk is not tried here")
    disk = tempfile.mkdtemp(prefix="parley-disk-")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m,mode=0777", "parley", disk], check=False)
    if mounted.returncode == 0:
        yield Path(disk)
        subprocess.run(["umount", "--lazy", disk], check=True)
    os.rmdir(disk)
    if mounted.returncode:
        pytest.skip("no file system can be mounted: a full disk is not tried here")


def ballast(disk: Path, leaving: int) -> Path:
    """A file that fills a disk but for some bytes."""
    file = disk / "ballast"
    file.write_bytes(b"\0" * (shutil.disk_usage(disk).free - leaving))
    return file


def test_a_file_on_a_full_disk(small_disk: Path, start: Start) -> None:
    address = f"sqlite:///{small_disk}/parley.db"
    process = start("serve", address=address).wait_until_it_serves()
    goes_through_a_full_disk(process, address, ballast(small_disk, ROOM).unlink)


def test_a_server_on_a_full_disk(small_disk: Path, server: str, new_database: Callable[[], str], start: Start) -> None:
    """The tables on a small disk, PostgreSQL's own journal elsewhere: without room for that the server stops."""
    address = new_database()
    folder = small_disk / "tables"
    folder.mkdir(0o777)
    with suppress(LookupError, PermissionError):
        shutil.chown(folder, "pgserver")  # whom the package runs the server as, when the tests are root's
    with psycopg.connect(address, autocommit=True) as connection:
        name = connection.info.dbname
        connection.execute(f"CREATE TABLESPACE small_{name} LOCATION '{folder}'")  # type: ignore[arg-type]
        connection.execute(f"ALTER DATABASE {name} SET default_tablespace = small_{name}")  # type: ignore[arg-type]
    assert start("migrate", address=address).popen.wait(30) == 0
    process = start("serve", address=address).wait_until_it_serves()
    goes_through_a_full_disk(process, address, ballast(small_disk, ROOM).unlink)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")  # type: ignore[arg-type]
        connection.execute(f"DROP TABLESPACE small_{name}")  # type: ignore[arg-type]
