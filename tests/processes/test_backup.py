"""Backup and restore: a service that is killed under load, and what of it stands again elsewhere."""

import os
import stat
import threading
import time
import zipfile
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import httpx2
import msgspec
import pytest
from typer.testing import CliRunner, Result

from infrastructure import backup as backups
from infrastructure.database import Database
from infrastructure.kept_tables import kept
from infrastructure.log import Log, LogReader, LogRow
from infrastructure.log_tables import TABLES as LOG
from infrastructure.migrating import migrate
from infrastructure.projector import Projector
from infrastructure.settings import Settings
from interfaces.cli import app
from interfaces.main import now
from tests.conftest import STORES
from tests.faults.checks import Found, check_views, rebuild
from tests.processes.conftest import Start, wait_until

CASE = Path("tests/cases/japan-us-2025.ndjson")
RECORDS = 150
"""How many are acknowledged before the backup of the drill begins."""

Parley = Callable[..., Result]
New = Callable[[str], str]


@pytest.fixture
def parley(monkeypatch: pytest.MonkeyPatch) -> Parley:
    """Runs a command on a store."""

    def run(address: str, *command: str) -> Result:
        monkeypatch.setenv("PARLEY_DATABASE", address)
        return CliRunner().invoke(app, command)

    return run


class Case(NamedTuple):
    """The first case in one of the stores, and its backup."""

    kind: str
    address: str
    file: Path


@pytest.fixture(scope="module", params=STORES)
def case(request: pytest.FixtureRequest, new_store: New, tmp_path_factory: pytest.TempPathFactory) -> Case:
    case = Case(request.param, new_store(request.param), tmp_path_factory.mktemp("backup") / "case.backup")
    migrate(Settings(database=case.address).store())
    for command in (("record", str(CASE)), ("backup", str(case.file))):
        result = CliRunner().invoke(app, command, env={"PARLEY_DATABASE": case.address})
        assert result.exit_code == 0, result.output
    return case


def rows(address: str) -> list[LogRow]:
    """The records of a store, as they are stored."""
    with closing(LogReader(Settings(database=address).store())) as log:
        return log.select({}, 0, 10**6, stored=True)


def refused(result: Result) -> str:
    """The one sentence of a command that failed."""
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    (line,) = (line for line in result.output.splitlines() if not line.startswith(("restoring", "writing")))
    return line


def is_empty(address: str) -> bool:
    database = Settings(database=address).store()
    with closing(Log(database)) as log:
        return log.head() == 0


class Client(threading.Thread):
    """Records as fast as it is answered, until nobody answers any more."""

    def __init__(self, url: str, number: int) -> None:
        super().__init__(daemon=True)
        self._url, self._number = url, number
        self.acknowledged: list[dict[str, Any]] = []

    def run(self) -> None:
        with httpx2.Client(base_url=self._url, timeout=30) as http, suppress(httpx2.TransportError):
            for count in range(100_000):
                note = {"negotiation": "talks", "occurred": "2025-01-02", "note": f"Note {count} of {self._number}."}
                self.acknowledged.append(http.post("/v1/records/annotate", json=note).raise_for_status().json())


def test_a_store_that_is_lost_under_load_stands_again_elsewhere(
    address: str, new_store: New, start: Start, parley: Parley, tmp_path: Path, capsys: Any
) -> None:
    kind = "sqlite" if address.startswith("sqlite") else "postgresql"
    file, other = tmp_path / "drill.backup", new_store(kind)
    service = start("serve", address=address).wait_until_it_serves()
    assert service.tell("open-negotiation", title="Talks").status_code == 201
    clients = [Client(service.url, number) for number in range(3)]
    for client in clients:
        client.start()

    def acknowledged() -> list[dict[str, Any]]:
        return [answer for client in clients for answer in list(client.acknowledged)]

    wait_until(lambda: len(acknowledged()) > RECORDS)
    before = acknowledged()

    def wait_for_more(count: int, total: int) -> None:
        """The backup is not done before others have recorded more: it holds up nobody."""
        wait_until(lambda: len(acknowledged()) > len(before) + 20)

    backups.back_up(Settings(database=address).store(), file, now(), wait_for_more)
    service.popen.kill()
    for client in clients:
        client.join()

    began = time.monotonic()
    result = parley(other, "restore", str(file))
    assert result.exit_code == 0, result.output
    rebuild(Settings(database=other).store())
    seconds = time.monotonic() - began
    there, lost = rows(other), rows(address)

    positions = {msgspec.json.decode(state)["envelope"]["id"]: position for position, _, state, _ in there}
    assert {answer["id"]: answer["position"] for answer in before}.items() <= positions.items()
    assert there == lost[: len(there)]
    assert len(there) < len(acknowledged())
    found = Found()
    check_views(Settings(database=other).store(), found)
    assert found.all == []
    with capsys.disabled():
        print(f"\n{len(there)} records restored onto {kind}, with views that serve, in {seconds:.2f} s")


@pytest.mark.parametrize("onto", STORES)
def test_a_restored_store_gives_the_same_backup(
    case: Case, onto: str, new_store: New, parley: Parley, tmp_path: Path
) -> None:
    other, again = new_store(onto), tmp_path / "again.backup"
    result = parley(other, "restore", str(case.file))
    assert result.exit_code == 0, result.output
    assert "read back and found alike" in result.output
    assert rows(other) == rows(case.address)
    assert parley(other, "backup", str(again)).exit_code == 0
    assert backups.Backup(again).manifest.tables == backups.Backup(case.file).manifest.tables
    # What was recorded with a key before is known there, too.
    assert parley(other, "record", str(CASE)).exit_code == 0
    assert len(rows(other)) == len(rows(case.address))


def test_every_table_of_a_kept_part_is_in_a_backup_by_itself(case: Case) -> None:
    versions, tables = kept()
    assert {"records", "record_parties", "receipts"} <= {table.name for table in tables}
    assert all(table.key for table in tables), "a table without a key has no order"
    with zipfile.ZipFile(case.file) as archive:
        manifest = msgspec.json.decode(archive.read("manifest.json"))
        assert sorted(archive.namelist()) == sorted([*(table.file for table in tables), "manifest.json"])
        assert manifest["parts"] == versions
        assert archive.read("log/records.ndjson").count(b"\n") == manifest["head"]


def test_a_backup_is_its_owner_s_alone_and_takes_the_place_of_no_file(
    case: Case, parley: Parley, tmp_path: Path
) -> None:
    assert stat.S_IMODE(case.file.stat().st_mode) == 0o600
    kept_bytes = case.file.read_bytes()
    assert "File exists" in refused(parley(case.address, "backup", str(case.file)))
    assert case.file.read_bytes() == kept_bytes
    assert "No such file" in refused(parley(case.address, "backup", str(tmp_path / "nowhere" / "b")))
    assert "No such file" in refused(parley(case.address, "restore", str(tmp_path / "nothing")))
    assert "There is no store" in refused(parley(f"sqlite:///{tmp_path}/none.db", "backup", str(tmp_path / "n")))
    assert not (tmp_path / "n").exists()


def test_a_backup_that_cannot_be_finished_leaves_no_file(case: Case, tmp_path: Path) -> None:
    def full(count: int, total: int) -> None:
        raise OSError(28, "No space left on device")

    file = tmp_path / "cut-off"
    with pytest.raises(backups.BackupRefused, match="No space left on device"):
        backups.back_up(Settings(database=case.address).store(), file, now(), full)
    assert not file.exists()


def test_a_store_that_holds_something_is_left_alone(case: Case, parley: Parley) -> None:
    before = rows(case.address)
    assert "is not empty; a backup is restored into an empty one." in refused(
        parley(case.address, "restore", str(case.file))
    )
    assert rows(case.address) == before


@pytest.mark.parametrize("case", ["sqlite"], indirect=True)
def test_a_damaged_backup_is_refused_wherever_it_is_damaged(
    case: Case, parley: Parley, new_store: New, tmp_path: Path
) -> None:
    whole, random = case.file.read_bytes(), Random(7)
    places = [0, 10, len(whole) - 1, len(whole) - 64, len(whole) - 70, *random.sample(range(len(whole)), 200)]
    broken = [whole[:place] + bytes([whole[place] ^ 1 << random.randrange(8)]) + whole[place + 1 :] for place in places]
    broken += [whole[:length] for length in (0, 1, 63, 64, 65, len(whole) // 2, len(whole) - 1)] + [whole + b"0"]
    file = tmp_path / "damaged"
    for content in broken:
        file.write_bytes(content)
        with pytest.raises(backups.BackupRefused, match=r"is no backup, or damaged: .*\."):
            backups.Backup(file)
    other = new_store("sqlite")
    assert "it does not end with the hash of what it holds." in refused(parley(other, "restore", str(file)))
    assert not Path(other.removeprefix("sqlite:///")).exists()


def changed(backup: Path, file: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    """A backup that somebody has changed and sealed again."""
    with zipfile.ZipFile(backup) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    with file.open("w+b") as stream:
        with zipfile.ZipFile(stream, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
            archive.comment = b"0" * 64
        backups.seal(stream)
    return file


def replaced(name: str, old: bytes, new: bytes) -> Callable[[dict[str, bytes]], None]:
    def change(files: dict[str, bytes]) -> None:
        assert old in files[name]
        files[name] = files[name].replace(old, new, 1)

    return change


def without(name: str) -> Callable[[dict[str, bytes]], None]:
    return lambda files: files.pop(name) and None  # type: ignore[func-returns-value]


MANIFEST, RECORDS_FILE = "manifest.json", "log/records.ndjson"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (replaced(RECORDS_FILE, b"Japan", b"Jopan"), "the rows of records are not those that the manifest tells of"),
        (replaced(RECORDS_FILE, b"[1,", b"[2,"), "is no backup, or damaged"),
        (replaced(RECORDS_FILE, b"[1,", b"[1,2,"), "a row of records has 12 values"),
        (replaced(RECORDS_FILE, b"[1,", b"[[1],"), "is no backup, or damaged"),
        (without(RECORDS_FILE), "no item named"),
        (without(MANIFEST), "no item named"),
        (replaced(MANIFEST, b'"format": 1', b'"format": 2'), "is of another format than 1"),
        (
            replaced(MANIFEST, b'"log": %d' % LOG.version, b'"log": 1'),
            "the log is of another version (1): restore it with Parley",
        ),
        (replaced(MANIFEST, b'"position"', b'"place"'), "its tables are not those of its version"),
        (replaced(MANIFEST, b'"rows"', b'"lines"'), "is no backup, or damaged"),
        (replaced(MANIFEST, b"{", b"[1]//"), "is no backup, or damaged"),
        (lambda files: files.update({MANIFEST: b"[1]"}), "is no backup, or damaged"),
    ],
)
def test_a_backup_that_says_something_else_than_it_holds_leaves_the_store_empty(
    case: Case, change: Any, said: str, new_store: New, parley: Parley, tmp_path: Path
) -> None:
    other = new_store(case.kind)
    told = refused(parley(other, "restore", str(changed(case.file, tmp_path / "changed", change))))
    assert said in told
    assert is_empty(other)


def test_what_a_restoring_left_that_was_killed_between_two_parts_is_no_other_store(
    case: Case, new_store: New, parley: Parley
) -> None:
    other = new_store(case.kind)
    assert parley(other, "restore", str(case.file)).exit_code == 0
    with closing(Settings(database=other).store().writer("log")) as connection:
        for table in [table for table in kept()[1] if table.part == "log"]:
            connection.run(f"DELETE FROM {table.name}")
    assert parley(other, "restore", str(case.file)).exit_code == 0
    assert rows(other) == rows(case.address)


def test_views_that_stood_there_before_are_made_again(case: Case, new_store: New, parley: Parley) -> None:
    """A log that was longer, and is gone: the views would seem to be up to date."""
    other = new_store(case.kind)
    assert parley(other, "rebuild").exit_code in {0, 1}
    database: Database = Settings(database=other).store()
    with closing(Log(database)):
        rebuild(database)
    assert parley(other, "restore", str(case.file)).exit_code == 0
    with closing(Projector(database, now)) as projector:
        assert not projector.is_current()


def test_records_that_cannot_be_read_are_restored_and_told(
    database: Database, address: str, parley: Parley, new_store: New, tmp_path: Path
) -> None:
    assert parley(address, "record", str(CASE)).exit_code == 0
    with closing(database.writer("log")) as connection:
        connection.run("UPDATE records SET topic = 'Nobody.KnowsThis' WHERE position = 3")
    file, other = tmp_path / "b", new_store("sqlite")
    assert parley(address, "backup", str(file)).exit_code == 0
    result = parley(other, "restore", str(file))
    assert result.exit_code == 1
    assert "this version cannot read it: KeyError: 'Nobody.KnowsThis'" in result.output
    assert "It was restored as it was backed up, and does not hold" in " ".join(result.output.split())
    assert rows(other) == rows(address)


def test_a_store_of_another_version_is_not_backed_up(
    database: Database, address: str, parley: Parley, tmp_path: Path
) -> None:
    with closing(database.writer("log")) as connection:
        connection.set_version("log", 1)
    assert "run `parley migrate`" in refused(parley(address, "backup", os.fspath(tmp_path / "b")))
